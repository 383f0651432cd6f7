//! The door: text in, tree and errors out.

use std::num::NonZeroUsize;

use pest::Parser as _;
use pest_derive::Parser;

use super::build::Builder;
use super::scan::{Scan, scan};
use super::{Parsed, SyntaxError, SyntaxErrorKind, ast};
use crate::source::{FileId, Span};

/// The largest file that is read, in bytes.
pub const MAX_BYTES: usize = 4 * 1024 * 1024;
/// The deepest nesting of brackets that is read.
pub const MAX_DEPTH: usize = 64;
/// The most operators and operands that one expression, with the expressions around it, may hold: a tree is walked
/// by recursion.
pub const MAX_OPERATORS: usize = 512;
/// Rule calls that a byte of text may cost before the parser gives up; ordinary text costs under 40.
const CALLS_PER_BYTE: usize = 2_000;

#[derive(Parser)]
#[grammar = "../grammar/mlp.pest"]
pub(super) struct Grammar;

/// Parses a file. Never fails: what could not be read is in `errors`.
pub fn parse(file: FileId, text: &str) -> Parsed {
    if text.len() > MAX_BYTES {
        return failed(SyntaxErrorKind::TooLarge, Span::new(file, 0..0), Vec::new());
    }
    let scan = scan(file, text);
    if scan.fatal {
        return Parsed { errors: scan.errors, ..Parsed::default() };
    }
    pest::set_call_limit(NonZeroUsize::new(CALLS_PER_BYTE * (text.len() + 64)));
    match Grammar::parse(Rule::file, &scan.repaired) {
        Ok(pairs) => Builder::new(file, text, &scan).file(pairs),
        Err(error) => failed(SyntaxErrorKind::Unexpected { expected: Vec::new() }, place(file, &error), scan.errors),
    }
}

/// Parses one expression, such as a default of the schema.
pub fn parse_expr(text: &str) -> Option<ast::Expr> {
    let scan = Scan { repaired: text.to_owned(), errors: Vec::new(), covered: Vec::new(), comments: Vec::new(), fatal: false };
    let pairs = Grammar::parse(Rule::strict_expr, text).ok()?;
    Builder::new(FileId::default(), text, &scan).only_expr(pairs)
}

fn failed(kind: SyntaxErrorKind, span: Span, mut errors: Vec<SyntaxError>) -> Parsed {
    if errors.is_empty() {
        errors.push(SyntaxError { kind, span });
    }
    Parsed { errors, ..Parsed::default() }
}

/// Where pest stopped.
pub(super) fn place(file: FileId, error: &pest::error::Error<Rule>) -> Span {
    match error.location {
        pest::error::InputLocation::Pos(at) => Span::new(file, at..at),
        pest::error::InputLocation::Span((start, end)) => Span::new(file, start..end),
    }
}
