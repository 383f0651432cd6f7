//! Comments: kept beside the tree, not in it.

use crate::source::Span;

/// A comment and where it stands.
#[derive(Clone, Debug)]
pub struct Comment {
    /// From `#` to the end of its line.
    pub span: Span,
    /// The text, `#` included, without blanks at its end.
    pub text: String,
    /// Whether nothing stands before it on its line.
    pub own_line: bool,
}

impl Comment {
    /// Whether it documents the statement below: `## …` on a line of its own.
    pub fn is_doc(&self) -> bool {
        self.own_line && self.text.starts_with("##") && !self.text.starts_with("###")
    }
}

/// The comments of a file in order.
#[derive(Clone, Debug, Default)]
pub struct Trivia {
    /// All of them.
    pub comments: Vec<Comment>,
}
