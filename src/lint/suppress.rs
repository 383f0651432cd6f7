//! `# mlp: allow(MLP0805) reason`

use super::Context;
use super::rules::unused_suppression::unused;
use crate::analysis::Analysis;
use crate::diagnostic::{Code, Diagnostic, Severity};
use crate::source::{FileId, SourceFile, Span};
use crate::syntax::trivia::Comment;

/// Errors that rest on what the compiler believes of the outside, where the user may know better. After every other error there
/// is nothing sound to compile, whatever a comment says.
const ALLOWABLE_ERRORS: &[&str] = &["MLP0702", "MLP0803", "MLP1002", "MLP1102"];
/// Rules that also look at other files; whether a suppression of theirs is used cannot be told from one.
const ACROSS: &[&str] = &["MLP0904", "MLP0907"];

/// A suppression comment.
#[derive(Clone, Debug)]
pub struct Suppression {
    /// The comment.
    pub span: Span,
    /// The codes it names.
    pub codes: Vec<String>,
    /// Why.
    pub reason: String,
    /// The zero-based line it is for: its own, or where it stands alone the next one that is more than a comment.
    line: usize,
}

/// Whether a comment may allow findings of a rule.
pub fn can_be_allowed(code: &Code) -> bool {
    code.severity < Severity::Error || ALLOWABLE_ERRORS.contains(&code.id)
}

/// The suppressions of a file and of those it imports.
pub fn suppressions(context: &Context<'_>) -> Vec<Suppression> {
    let files = context.resolved.parsed.iter().filter_map(|(id, parsed)| Some((*id, parsed, context.sources.get(*id)?)));
    files.flat_map(|(id, parsed, source)| in_file(id, &parsed.trivia.comments, source)).collect()
}

fn in_file(file: FileId, comments: &[Comment], source: &SourceFile) -> Vec<Suppression> {
    let alone = |line: usize| comments.iter().any(|c| c.own_line && source.lines.line(c.span.start as usize) == line);
    let read = |comment: &Comment| {
        let (codes, reason) = words(&comment.text)?;
        let own = source.lines.line(comment.span.start as usize);
        let line = if comment.own_line { (own..).find(|line| !alone(*line)).unwrap_or(own) } else { own };
        Some(Suppression { span: Span { file, ..comment.span }, codes, reason, line })
    };
    comments.iter().filter_map(read).collect()
}

/// The codes and the reason of a comment, if it is a suppression.
fn words(comment: &str) -> Option<(Vec<String>, String)> {
    let rest = comment.trim_start_matches('#').trim_start().strip_prefix("mlp:")?.trim_start().strip_prefix("allow(")?;
    let (codes, reason) = rest.split_once(')')?;
    let codes = codes.split(',').map(|code| code.trim().to_owned()).collect();
    Some((codes, reason.trim().to_owned()))
}

impl Suppression {
    /// Whether it stands where a finding is.
    fn beside(&self, context: &Context<'_>, diagnostic: &Diagnostic) -> bool {
        let line = |source: &SourceFile| source.lines.line(diagnostic.span.start as usize);
        diagnostic.span.file == self.span.file && context.sources.get(self.span.file).map(line) == Some(self.line)
    }

    fn covers(&self, context: &Context<'_>, diagnostic: &Diagnostic) -> bool {
        let named = self.codes.iter().any(|code| code == diagnostic.code.id);
        named && can_be_allowed(diagnostic.code) && self.beside(context, diagnostic)
    }

    /// The comment with the blanks before it, and its line if it stands alone.
    pub fn whole(&self, context: &Context<'_>) -> Span {
        let Some(source) = context.sources.get(self.span.file) else { return self.span };
        let before = source.text.get(..self.span.range().start).unwrap_or_default();
        let kept = before.trim_end_matches([' ', '\t']);
        let alone = kept.is_empty() || kept.ends_with('\n');
        let after = source.text.get(self.span.range().end..).unwrap_or_default();
        let line_end = if alone && after.starts_with('\n') { 1 } else { 0 };
        Span::new(self.span.file, kept.len()..self.span.range().end + line_end)
    }
}

/// Leaves out what is suppressed, and adds the suppressions of the file itself that suppress nothing.
pub fn filter(context: &Context<'_>, found: Vec<Diagnostic>) -> Vec<Diagnostic> {
    let allowed = suppressions(context);
    if allowed.is_empty() {
        return found;
    }
    let idle = idle(context, &allowed, &found);
    let kept = found.into_iter().filter(|d| !allowed.iter().any(|s| s.covers(context, d)));
    kept.chain(idle).collect()
}

/// Leaves out what is suppressed of the findings between several files, each with the index of its file.
pub fn filter_across(analyses: &[&Analysis<'_>], found: Vec<(usize, Diagnostic)>) -> Vec<(usize, Diagnostic)> {
    let covered = |(file, diagnostic): &(usize, Diagnostic)| {
        let context = analyses.get(*file).map(|analysis| analysis.context());
        context.is_some_and(|context| suppressions(&context).iter().any(|s| s.covers(&context, diagnostic)))
    };
    found.into_iter().filter(|one| !covered(one)).collect()
}

/// A file without a pipeline is not judged: what it declares is looked at through the pipelines that import it.
fn idle(context: &Context<'_>, allowed: &[Suppression], found: &[Diagnostic]) -> Vec<Diagnostic> {
    if context.hir().pipelines.is_empty() {
        return Vec::new();
    }
    let own = allowed.iter().filter(|s| s.span.file == context.file);
    let pairs = own.flat_map(|s| s.codes.iter().map(move |code| (s, code.as_str())));
    let judged =
        pairs.filter(|(_, code)| !ACROSS.contains(code) && super::all().iter().any(|r| r.code.id == *code && can_be_allowed(&r.code)));
    let idle = judged.filter(|(s, code)| !found.iter().any(|d| d.code.id == *code && s.beside(context, d)));
    idle.map(|(s, code)| unused(context, s, code)).collect()
}
