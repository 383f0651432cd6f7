//! The text a tree was read from: its comments, taken in order, and its line breaks.

use crate::source::{FileId, Span};
use crate::syntax::trivia::{Comment, Trivia};

/// Where nodes and comments come from.
pub struct Origin<'a> {
    source: Option<(FileId, &'a str)>,
    comments: &'a [Comment],
}

/// A comment behind code on the same line.
#[derive(Clone, Debug)]
pub struct Trailing {
    /// The comment.
    pub text: String,
    /// Blanks before it, two at least.
    pub gap: usize,
    /// The column where it stood.
    pub column: usize,
}

impl<'a> Origin<'a> {
    /// The origin of a tree and its comments; without a text there are no comments.
    pub fn new(source: Option<(FileId, &'a str)>, trivia: &'a Trivia) -> Self {
        let comments = if source.is_some() { trivia.comments.as_slice() } else { &[] };
        Self { source, comments }
    }

    /// The same text without its comments.
    pub fn without_comments(&self) -> Self {
        Self { source: self.source, comments: &[] }
    }

    fn text(&self) -> &'a str {
        self.source.map_or("", |(_, text)| text)
    }

    /// The text of a node, unless it was made up or comes from another file.
    pub fn slice(&self, span: Span) -> Option<&'a str> {
        let (_, text) = self.source.filter(|(file, _)| span.file == *file && span.start < span.end)?;
        text.get(span.range())
    }

    /// Whether a node stands in the text.
    pub fn holds(&self, span: Span) -> bool {
        self.slice(span).is_some()
    }

    /// Takes the comments before an offset that have not been taken yet.
    pub fn before(&mut self, offset: u32) -> &'a [Comment] {
        let count = self.comments.iter().take_while(|comment| comment.span.start < offset).count();
        let (taken, left) = self.comments.split_at_checked(count).unwrap_or_default();
        self.comments = left;
        taken
    }

    /// Takes the comments before a node, none if it does not stand in the text.
    pub fn before_node(&mut self, span: Span) -> &'a [Comment] {
        if self.holds(span) { self.before(span.start) } else { &[] }
    }

    /// Line ends between two offsets.
    pub fn newlines(&self, from: u32, to: u32) -> usize {
        let between = self.text().get(from as usize..to as usize);
        between.unwrap_or_default().matches('\n').count()
    }

    /// The end of the line that holds an offset.
    pub fn line_end(&self, offset: u32) -> u32 {
        let rest = self.text().get(offset as usize..).unwrap_or_default();
        let length = rest.find('\n').unwrap_or(rest.len());
        offset.saturating_add(u32::try_from(length).unwrap_or(0))
    }

    /// A comment as it stands behind code.
    pub fn trailing(&self, comment: &Comment) -> Trailing {
        let before = self.text().get(..comment.span.start as usize).unwrap_or_default();
        let line = before.rsplit('\n').next().unwrap_or_default();
        let code = line.trim_end_matches([' ', '\t', '\u{FEFF}']);
        let column = line.chars().count();
        let gap = column.saturating_sub(code.chars().count()).max(2);
        Trailing { text: comment.text.clone(), gap, column }
    }
}
