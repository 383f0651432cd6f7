//! Rules: each looks at a resolved file and says what it finds.

mod algebra;
pub mod cron;
pub mod files;
pub mod glob;
mod order;
pub mod rules;
pub mod suppress;
mod text;
pub mod walk;

use std::sync::Arc;

use crate::analysis::Analysis;
use crate::diagnostic::{Code, Diagnostic};
use crate::graph::Graph;
use crate::lock::Lock;
use crate::resolve::Resolved;
use crate::resolve::hir::{Hir, Pipeline};
use crate::resolve::problem::Problem;
use crate::source::{FileId, SourceSet, Span};
use crate::syntax::{Parsed, SyntaxError};

/// A rule.
#[derive(Debug)]
pub struct Rule {
    /// Its code and documentation.
    pub code: Code,
    /// What it does.
    pub check: fn(&Context<'_>, &mut Sink),
}

/// What rules look at.
#[derive(Clone, Copy)]
pub struct Context<'a> {
    /// The sources.
    pub sources: &'a SourceSet,
    /// The file.
    pub file: FileId,
    /// Its meaning.
    pub resolved: &'a Resolved,
    /// The graph of each pipeline, in order.
    pub graphs: &'a [Graph],
    /// Known pins.
    pub lock: &'a Lock,
}

impl<'a> Context<'a> {
    /// What is wrong with names, types and units.
    pub fn problems(&self) -> &'a [Problem] {
        &self.resolved.problems
    }

    /// What is wrong with the text, of this file and of those it imports.
    pub fn syntax_errors(&self) -> impl Iterator<Item = &'a SyntaxError> + use<'a> {
        self.resolved.parsed.values().flat_map(|parsed| &parsed.errors)
    }

    /// The meaning.
    pub fn hir(&self) -> &'a Hir {
        &self.resolved.hir
    }

    /// The syntax of the file itself.
    pub fn parsed(&self) -> Option<&'a Parsed> {
        self.resolved.parsed.get(&self.file).map(Arc::as_ref)
    }

    /// Each pipeline with its graph.
    pub fn pipelines(&self) -> impl Iterator<Item = (&'a Pipeline, &'a Graph)> + use<'a> {
        self.resolved.hir.pipelines.iter().zip(self.graphs)
    }

    /// The text of a span.
    pub fn text(&self, span: Span) -> &'a str {
        self.sources.slice(span)
    }
}

/// Where findings go.
#[derive(Debug, Default)]
pub struct Sink {
    /// What was found.
    pub diagnostics: Vec<Diagnostic>,
}

impl Sink {
    /// Takes a finding.
    pub fn push(&mut self, diagnostic: Diagnostic) {
        self.diagnostics.push(diagnostic);
    }

    /// Takes several.
    pub fn extend(&mut self, diagnostics: impl IntoIterator<Item = Diagnostic>) {
        self.diagnostics.extend(diagnostics);
    }
}

/// All rules, by code.
pub fn all() -> &'static [&'static Rule] {
    rules::RULES
}

/// Every code there is: those of files, then those of the rules.
pub fn codes() -> impl Iterator<Item = &'static Code> {
    files::CODES.iter().copied().chain(all().iter().map(|rule| &rule.code))
}

/// The code of an id (`MLP0101`, in either case) or a name (`missing-equals`).
pub fn find_code(name: &str) -> Option<&'static Code> {
    codes().find(|code| code.id.eq_ignore_ascii_case(name) || code.name == name)
}

/// The rule of a code or name.
pub fn find(name: &str) -> Option<&'static Rule> {
    all().iter().copied().find(|rule| rule.code.id.eq_ignore_ascii_case(name) || rule.code.name == name)
}

/// Runs all rules; findings in the order of the text, suppressed ones left out.
pub fn run(context: &Context<'_>) -> Vec<Diagnostic> {
    let mut sink = Sink::default();
    for rule in all() {
        (rule.check)(context, &mut sink);
    }
    let mut found = suppress::filter(context, sink.diagnostics);
    found.sort_by_key(|d| (d.span.file, d.span.start, d.code.id, d.span.end));
    found.dedup_by(|a, b| a.code == b.code && a.span == b.span && a.message == b.message);
    found
}

/// What is wrong between the pipelines of several files: the index of the file complained about, and the complaint. Spans are of
/// that file's own sources; what is said of other files names their paths.
pub fn across(analyses: &[&Analysis<'_>]) -> Vec<(usize, Diagnostic)> {
    let found = [rules::shared_release_path::across(analyses), rules::duplicate_pipeline::across(analyses)].concat();
    suppress::filter_across(analyses, found)
}

/// The candidate most like `name`, if any is like enough.
pub fn did_you_mean<'c>(name: &str, candidates: impl IntoIterator<Item = &'c str>) -> Option<&'c str> {
    let score = |candidate: &str| strsim::damerau_levenshtein(&name.to_lowercase(), &candidate.to_lowercase());
    let limit = (name.chars().count() / 3).max(1);
    // Names that differ more in length alone need no closer look; a repository has many paths.
    let near = |candidate: &&str| candidate.len().abs_diff(name.len()) <= 4 * limit;
    candidates.into_iter().filter(near).map(|c| (score(c), c)).filter(|(d, _)| *d <= limit).min().map(|(_, c)| c)
}
