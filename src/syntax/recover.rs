//! What was wrong with a line that no rule takes: it is read again by a rule of its own.

use pest::Parser as _;
use pest::error::ErrorVariant;

use super::parse::{Grammar, Rule};
use super::{SyntaxError, SyntaxErrorKind};
use crate::source::{FileId, Span};

/// Says what is wrong with `text`, which begins at `offset`. What stands before a block is no attribute.
pub fn diagnose(file: FileId, text: &str, offset: usize, before_block: bool) -> SyntaxError {
    let attribute = if before_block { None } else { missing_equals(file, text, offset) };
    attribute.unwrap_or_else(|| unexpected(file, text, offset))
}

/// `key value` and `key: value`: where the `=` belongs, or what stands in its place.
fn missing_equals(file: FileId, text: &str, offset: usize) -> Option<SyntaxError> {
    let read = |rule| Grammar::parse(rule, text).ok()?.find(|pair| pair.as_rule() == rule);
    let mut parts = read(Rule::strict_pair).or_else(|| read(Rule::strict_colon))?.into_inner();
    let key = parts.next()?;
    let start = key.as_span().end();
    let end = parts.next().filter(|part| part.as_rule() == Rule::colon).map_or(start, |colon| colon.as_span().end());
    let kind = SyntaxErrorKind::MissingEquals { key: key.as_str().to_owned() };
    Some(SyntaxError { kind, span: Span::new(file, offset + start..offset + end) })
}

fn unexpected(file: FileId, text: &str, offset: usize) -> SyntaxError {
    let (at, expected) = match Grammar::parse(Rule::strict_stmt, text) {
        Ok(_) => (text.len(), vec!["the end of the line"]),
        Err(error) => (start(&error), expectations(&error)),
    };
    let rest = text.get(at..).unwrap_or_default();
    let word = rest.split([' ', '\t', '\n', ',']).next().unwrap_or_default();
    let length = word.len().max(rest.chars().next().map_or(0, char::len_utf8));
    let span = Span::new(file, offset + at..offset + at + length);
    SyntaxError { kind: SyntaxErrorKind::Unexpected { expected }, span }
}

fn start(error: &pest::error::Error<Rule>) -> usize {
    match error.location {
        pest::error::InputLocation::Pos(at) | pest::error::InputLocation::Span((at, _)) => at,
    }
}

fn expectations(error: &pest::error::Error<Rule>) -> Vec<&'static str> {
    let ErrorVariant::ParsingError { positives, .. } = &error.variant else { return Vec::new() };
    let mut words: Vec<&'static str> = positives.iter().filter_map(|rule| describe(*rule)).collect();
    words.sort_unstable();
    words.dedup();
    words
}

fn describe(rule: Rule) -> Option<&'static str> {
    Some(match rule {
        Rule::ident | Rule::slashed | Rule::path => "a name",
        Rule::expr | Rule::number | Rule::list | Rule::paren | Rule::call | Rule::neg | Rule::not => "a value",
        Rule::string => "a quoted string",
        Rule::assign => "`=`",
        Rule::colon => "`:`",
        Rule::body => "`{`",
        Rule::type_ref => "a type",
        Rule::or | Rule::and | Rule::add | Rule::sub | Rule::mul | Rule::div => "an operator",
        Rule::EOI => "the end of the line",
        _ => return None,
    })
}
