//! `# mlp: allow(MLP0703) reason`

use super::Context;
use crate::diagnostic::Diagnostic;
use crate::source::Span;

/// A suppression comment.
#[derive(Clone, Debug)]
pub struct Suppression {
    /// The comment.
    pub span: Span,
    /// The codes it names.
    pub codes: Vec<String>,
    /// Why.
    pub reason: String,
    /// The zero-based line it is for: its own, or the next one where it stands alone.
    line: usize,
}

/// The suppressions of a file.
pub fn suppressions(context: &Context<'_>) -> Vec<Suppression> {
    let (Some(parsed), Some(source)) = (context.parsed(), context.sources.get(context.file)) else { return Vec::new() };
    let read = |comment: &crate::syntax::trivia::Comment| {
        let rest = comment.text.trim_start_matches('#').trim().strip_prefix("mlp: allow(")?;
        let (codes, reason) = rest.split_once(')')?;
        let codes = codes.split(',').map(|code| code.trim().to_owned()).collect();
        let line = source.lines.line(comment.span.start as usize) + usize::from(comment.own_line);
        Some(Suppression { span: comment.span, codes, reason: reason.trim().to_owned(), line })
    };
    parsed.trivia.comments.iter().filter_map(read).collect()
}

impl Suppression {
    /// Whether it covers a finding.
    pub fn covers(&self, context: &Context<'_>, diagnostic: &Diagnostic) -> bool {
        let Some(source) = context.sources.get(context.file) else { return false };
        let line = source.lines.line(diagnostic.span.start as usize);
        diagnostic.span.file == context.file && line == self.line && self.codes.iter().any(|code| code == diagnostic.code.id)
    }
}

/// Leaves out what is suppressed.
pub fn filter(context: &Context<'_>, found: Vec<Diagnostic>) -> Vec<Diagnostic> {
    let allowed = suppressions(context);
    found.into_iter().filter(|d| !allowed.iter().any(|s| s.covers(context, d))).collect()
}
