//! `# mlp: allow(MLP0805) reason`

use std::collections::{BTreeMap, HashSet};

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
}

/// Whether a comment may allow findings of a rule.
pub fn can_be_allowed(code: &Code) -> bool {
    code.severity < Severity::Error || ALLOWABLE_ERRORS.contains(&code.id)
}

/// The suppressions of a file and of those it imports, by file and line.
#[derive(Clone, Debug, Default)]
pub struct Suppressions(BTreeMap<(FileId, usize), Vec<Suppression>>);

impl Suppressions {
    /// Reads them.
    pub fn new(context: &Context<'_>) -> Self {
        let mut all = Self::default();
        for (id, parsed) in &context.resolved.parsed {
            if let Some(source) = context.sources.get(*id) {
                all.read(*id, &parsed.trivia.comments, source);
            }
        }
        all
    }

    fn read(&mut self, file: FileId, comments: &[Comment], source: &SourceFile) {
        // Of comments that stand alone on lines that follow each other, all are for the line below the last.
        let mut below: Option<(usize, usize)> = None;
        for comment in comments.iter().rev() {
            let own = source.lines.line(comment.span.start as usize);
            let line = match below {
                _ if !comment.own_line => own,
                Some((next, line)) if next == own + 1 => line,
                _ => own + 1,
            };
            below = comment.own_line.then_some((own, line));
            if let Some((codes, reason)) = words(&comment.text) {
                self.0.entry((file, line)).or_default().push(Suppression { span: Span { file, ..comment.span }, codes, reason });
            }
        }
    }

    /// Those that stand where something was found.
    fn beside(&self, context: &Context<'_>, found: &Diagnostic) -> &[Suppression] {
        let line = context.sources.get(found.span.file).map_or(0, |source| source.lines.line(found.span.start as usize));
        self.0.get(&(found.span.file, line)).map(Vec::as_slice).unwrap_or_default()
    }

    fn cover(&self, context: &Context<'_>, found: &Diagnostic) -> bool {
        let named = |s: &Suppression| s.codes.iter().any(|code| code == found.code.id);
        can_be_allowed(found.code) && self.beside(context, found).iter().any(named)
    }

    /// Those of the file itself.
    pub fn own(&self, context: &Context<'_>) -> impl Iterator<Item = &Suppression> {
        let first = (context.file, 0);
        self.0.range(first..).take_while(move |((file, _), _)| *file == first.0).flat_map(|(_, all)| all)
    }
}

/// The codes and the reason of a comment, if it is a suppression.
fn words(comment: &str) -> Option<(Vec<String>, String)> {
    let rest = comment.trim_start_matches('#').trim_start().strip_prefix("mlp:")?.trim_start().strip_prefix("allow(")?;
    let (codes, reason) = rest.split_once(')')?;
    let codes = codes.split(',').map(|code| code.trim().to_owned()).collect();
    Some((codes, reason.trim().to_owned()))
}

impl Suppression {
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
    let allowed = Suppressions::new(context);
    if allowed.0.is_empty() {
        return found;
    }
    let idle = idle(context, &allowed, &found);
    let kept = found.into_iter().filter(|one| !allowed.cover(context, one));
    kept.chain(idle).collect()
}

/// Leaves out what is suppressed of the findings between several files, each with the index of its file.
pub fn filter_across(analyses: &[&Analysis<'_>], found: Vec<(usize, Diagnostic)>) -> Vec<(usize, Diagnostic)> {
    let covered = |(file, diagnostic): &(usize, Diagnostic)| {
        let context = analyses.get(*file).map(|analysis| analysis.context());
        context.is_some_and(|context| Suppressions::new(&context).cover(&context, diagnostic))
    };
    found.into_iter().filter(|one| !covered(one)).collect()
}

/// A file without a pipeline is not judged: what it declares is looked at through the pipelines that import it.
fn idle(context: &Context<'_>, allowed: &Suppressions, found: &[Diagnostic]) -> Vec<Diagnostic> {
    if context.hir().pipelines.is_empty() {
        return Vec::new();
    }
    let beside = found.iter().flat_map(|one| allowed.beside(context, one).iter().map(|s| (s.span, one.code.id)));
    let used: HashSet<(Span, &str)> = beside.collect();
    let pairs = allowed.own(context).flat_map(|s| s.codes.iter().map(move |code| (s, code.as_str())));
    let idle = pairs.filter(|(s, code)| judged(code) && !used.contains(&(s.span, *code)));
    idle.map(|(s, code)| unused(context, s, code)).collect()
}

/// Whether a suppression of a code can be told to be unused; what is wrong with any other is reported without that.
fn judged(code: &str) -> bool {
    let allowable = super::all().iter().any(|rule| rule.code.id == code && can_be_allowed(&rule.code));
    allowable && !ACROSS.contains(&code)
}
