//! Fixes: edits of the text that make a finding go away.

use crate::source::{FileId, Span};

/// A fix.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fix {
    /// What it does.
    pub title: String,
    /// Whether the meaning stays what the user certainly intended; `check --fix` applies only such.
    pub safe: bool,
    /// The edits.
    pub edits: Vec<Edit>,
}

/// The text that replaces a span.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Edit {
    /// What is replaced; empty for an insertion.
    pub span: Span,
    /// By what.
    pub text: String,
}

impl Fix {
    /// One edit that certainly keeps the meaning.
    pub fn safe(title: impl Into<String>, span: Span, text: impl Into<String>) -> Self {
        Self { title: title.into(), safe: true, edits: vec![Edit { span, text: text.into() }] }
    }

    /// One edit that the user should look at.
    pub fn unsafe_edit(title: impl Into<String>, span: Span, text: impl Into<String>) -> Self {
        Self { safe: false, ..Self::safe(title, span, text) }
    }
}

/// Applies the fixes that touch `file`; of two that overlap, the first wins. Gives the text and how many were applied.
pub fn apply<'f>(text: &str, file: FileId, fixes: impl IntoIterator<Item = &'f Fix>) -> (String, usize) {
    let mut taken: Vec<&Edit> = Vec::new();
    let mut applied = 0;
    for fix in fixes {
        let clash = |edit: &Edit| taken.iter().any(|other| overlaps(edit.span, other.span));
        if fix.edits.iter().all(|edit| edit.span.file == file && !clash(edit)) {
            taken.extend(&fix.edits);
            applied += 1;
        }
    }
    taken.sort_by_key(|edit| edit.span);
    let mut out = String::with_capacity(text.len());
    let mut at = 0;
    for edit in taken {
        out.push_str(text.get(at..edit.span.range().start).unwrap_or_default());
        out.push_str(&edit.text);
        at = edit.span.range().end;
    }
    out.push_str(text.get(at..).unwrap_or_default());
    (out, applied)
}

fn overlaps(a: Span, b: Span) -> bool {
    a == b || (a.start < b.end && b.start < a.end)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn overlapping_fixes_are_left_for_the_next_run() {
        let span = |a, b| Span::new(FileId(0), a..b);
        let (one, two) = (Fix::safe("", span(0, 2), "x"), Fix::safe("", span(1, 3), "y"));
        let three = Fix::safe("", span(3, 3), "!");
        assert_eq!(apply("abcd", FileId(0), [&one, &two, &three]), ("xc!d".to_owned(), 2));
    }
}
