//! From text to tree. The only place that knows pest.

pub mod ast;
mod build;
mod parse;
mod recover;
mod scan;
pub mod trivia;

pub use parse::{MAX_BYTES, MAX_DEPTH, MAX_OPERATORS, parse, parse_expr};

use crate::source::Span;

/// What a parse gives: always a tree, with whatever was wrong beside it.
#[derive(Clone, Debug, Default)]
pub struct Parsed {
    /// The tree.
    pub file: ast::File,
    /// The comments.
    pub trivia: trivia::Trivia,
    /// What was wrong.
    pub errors: Vec<SyntaxError>,
}

/// Something wrong with the text itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SyntaxError {
    /// What.
    pub kind: SyntaxErrorKind,
    /// Where.
    pub span: Span,
}

/// What can be wrong with the text itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SyntaxErrorKind {
    /// `timeout 2h`: the place after the key.
    MissingEquals {
        /// The key.
        key: String,
    },
    /// A bracket without its partner; the span is the opening one.
    Unclosed(char),
    /// A closing bracket that nothing opened.
    Unopened(char),
    /// A string without its second quote.
    UnterminatedString,
    /// A script without its closing fence.
    UnterminatedScript,
    /// A script line left of its closing fence; the span is the line.
    Outdented {
        /// The fence.
        fence: Span,
    },
    /// `\q` in a string.
    UnknownEscape(char),
    /// A character that has no meaning here.
    StrayCharacter(char),
    /// `${{`
    TemplateExpression,
    /// Brackets nested beyond [`MAX_DEPTH`], or an expression beyond [`MAX_OPERATORS`].
    TooDeep,
    /// A file beyond [`MAX_BYTES`].
    TooLarge,
    /// Anything else.
    Unexpected {
        /// What could have stood here.
        expected: Vec<&'static str>,
    },
}
