//! Words and places that several rules share.

use super::{Context, did_you_mean};
use crate::diagnostic::{Diagnostic, Fix};
use crate::resolve::problem::Problem;
use crate::schema::{self, Ty};
use crate::source::{FileId, Span};
use crate::syntax::ast::{Directive, Ident, Stmt, StmtKind};

/// The longest text of the user's that a message repeats, in characters.
const LONGEST: usize = 60;
/// The most names that a message lists.
const MOST_NAMES: usize = 12;

/// `a`, `b` or `c`
pub fn choice<S: AsRef<str>>(words: &[S]) -> String {
    joined(&words.iter().map(|word| format!("`{}`", word.as_ref())).collect::<Vec<_>>(), "or")
}

/// a, b and c
pub fn joined(words: &[String], last: &str) -> String {
    match words {
        [] => String::new(),
        [only] => only.clone(),
        [rest @ .., end] => format!("{} {last} {end}", rest.join(", ")),
    }
}

/// The user's text on one line, cut where it is long.
pub fn snippet(context: &Context<'_>, span: Span) -> String {
    let text = context.text(span).trim_end();
    let line: String = text.lines().next().unwrap_or_default().trim_end().chars().take(LONGEST).collect();
    if line.len() < text.len() { line + "…" } else { line }
}

/// Help and a fix with the candidate most like a name; where none is like it, what there is.
pub fn suggest(diagnostic: Diagnostic, name: &Ident, candidates: &[String]) -> Diagnostic {
    if let Some(like) = did_you_mean(&name.text, candidates.iter().map(String::as_str)) {
        let fix = Fix::unsafe_edit(format!("replace `{}` by `{like}`", name.text), name.span, like);
        return diagnostic.help(format!("did you mean `{like}`?")).fix(fix);
    }
    match candidates.len() {
        0 => diagnostic,
        1..=MOST_NAMES => {
            let names: Vec<String> = candidates.iter().map(|c| format!("`{c}`")).collect();
            diagnostic.help(format!("there is {}", joined(&names, "and")))
        }
        _ => diagnostic,
    }
}

/// The statements that contain a place, outermost first.
pub fn enclosing<'a>(context: &Context<'a>, place: Span) -> Vec<&'a Stmt> {
    let mut found = Vec::new();
    let mut stmts = context.resolved.parsed.get(&place.file).map_or(&[][..], |parsed| &parsed.file.stmts);
    while let Some(stmt) = stmts.iter().find(|stmt| stmt.span.contains(place)) {
        found.push(stmt);
        stmts = match &stmt.kind {
            StmtKind::Directive(directive) => directive.stmts(),
            StmtKind::Junk(Some(body)) => &body.stmts,
            _ => &[],
        };
    }
    found
}

/// The innermost directive that contains a place and is of one of these keywords.
pub fn enclosing_directive<'a>(context: &Context<'a>, place: Span, wanted: impl Fn(&str) -> bool) -> Option<&'a Directive> {
    let stmts = enclosing(context, place);
    stmts.into_iter().rev().filter_map(Stmt::directive).find(|directive| wanted(&directive.keyword.text))
}

/// The key of the attribute that a place is the value of.
pub fn key_of<'a>(context: &Context<'a>, place: Span) -> Option<&'a Ident> {
    match &enclosing(context, place).last()?.kind {
        StmtKind::Attr(attr) => Some(&attr.key),
        _ => None,
    }
}

/// The type of the attribute that a place is the value of.
pub fn key_type(context: &Context<'_>, place: Span) -> Option<Ty> {
    let key = key_of(context, place)?;
    let blocks = schema::STAGES.iter().chain(schema::SMOKE_TESTS).chain(schema::CONNECTIONS).copied();
    blocks
        .chain([&schema::RESOURCES, &schema::TRANSFORMER_RESOURCES, &schema::AUTOSCALE])
        .find_map(|block| block.attr(&key.text))
        .map(|attr| attr.ty)
}

/// The place of `mlp 1`, where it is the first statement.
pub fn edition(context: &Context<'_>, file: FileId) -> Option<Span> {
    let first = context.resolved.parsed.get(&file)?.file.stmts.first()?;
    first.directive().filter(|directive| directive.keyword.text == "mlp").map(|_| first.span)
}

/// The attribute of a name in the body of a directive.
pub fn written<'d>(directive: &'d Directive, key: &str) -> Option<&'d Stmt> {
    directive.stmts().iter().find(|stmt| matches!(&stmt.kind, StmtKind::Attr(attr) if attr.key.text == key))
}

/// Whether something in a place was reported that leaves a gap in its meaning.
pub fn broken(context: &Context<'_>, place: Span) -> bool {
    let gap = |problem: &&Problem| !matches!(problem, Problem::RatioForPercent { .. } | Problem::FileReference { .. });
    let problem = context.problems().iter().filter(gap).any(|problem| place.contains(problem.span()));
    problem || garbled(context, place)
}

/// Whether a whole statement in a place could not be read.
pub fn damaged(context: &Context<'_>, place: Span) -> bool {
    let lost = |problem: &&Problem| matches!(problem, Problem::WrongForm { .. } | Problem::UnknownKeyword { .. });
    garbled(context, place) || context.problems().iter().filter(lost).any(|problem| place.contains(problem.span()))
}

/// Whether some of the text in a place could not be read.
pub fn garbled(context: &Context<'_>, place: Span) -> bool {
    context.syntax_errors().any(|error| place.contains(error.span))
}

/// Whether a word stands more than once in a place.
pub fn repeated(context: &Context<'_>, place: Span, word: &str) -> bool {
    let words = context.text(place).split(|c: char| !c.is_ascii_alphanumeric() && c != '_');
    words.filter(|found| *found == word).nth(1).is_some()
}

/// What to delete so that nothing of a statement or list item remains: its lines, or its part of a line with one comma.
pub fn removal(context: &Context<'_>, span: Span) -> Span {
    let text = context.sources.get(span.file).map_or("", |file| file.text.as_str());
    let before = text.get(..span.start as usize).unwrap_or_default();
    let after = text.get(span.end as usize..).unwrap_or_default();
    let (left, right) = (blanks(before.bytes().rev()), blanks(after.bytes()));
    let rest = after.get(right..).unwrap_or_default();
    let head = before.get(..before.len() - left).unwrap_or_default();
    let starts_line = head.is_empty() || head.ends_with('\n');
    let range = if starts_line && (rest.is_empty() || rest.starts_with(['\n', '\r'])) {
        let newline = rest.find('\n').map_or(rest.len(), |at| at + 1);
        head.len()..span.end as usize + right + newline
    } else if let Some(tail) = rest.strip_prefix(',') {
        let end = span.end as usize + right + 1;
        span.start as usize..end + blanks(tail.bytes())
    } else if head.ends_with(',') {
        head.len() - 1..span.end as usize
    } else {
        span.range()
    };
    Span::new(span.file, range)
}

fn blanks(bytes: impl Iterator<Item = u8>) -> usize {
    bytes.take_while(|b| matches!(b, b' ' | b'\t')).count()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diagnostic::apply;
    use crate::lock::Lock;
    use crate::resolve::resolve;
    use crate::source::SourceSet;

    fn without(text: &str, part: &str) -> String {
        let sources = SourceSet::single("a.mlp", text);
        let resolved = resolve(&sources, FileId(0));
        let context = Context { sources: &sources, file: FileId(0), resolved: &resolved, graphs: &[], lock: Lock::built_in() };
        let at = text.find(part).unwrap();
        let span = removal(&context, Span::new(FileId(0), at..at + part.len()));
        apply(text, FileId(0), [&Fix::safe("", span, "")]).0
    }

    #[test]
    fn removals_take_their_line_or_their_comma() {
        assert_eq!(without("a\n  b = 1\nc", "b = 1"), "a\nc");
        assert_eq!(without("a\nb = 1", "b = 1"), "a\n");
        assert_eq!(without("x { a, b }", "a"), "x { b }");
        assert_eq!(without("x { a, b }", "b"), "x { a }");
        assert_eq!(without("x { b }", "b"), "x {  }");
        assert_eq!(without("[a, b]", "b"), "[a]");
    }

    #[test]
    fn words_are_joined() {
        assert_eq!(choice(&["a"]), "`a`");
        assert_eq!(choice(&["a", "b", "c"]), "`a`, `b` or `c`");
    }
}
