//! One call from sources to findings: what the command line, an editor and a page all use.

use crate::diagnostic::{Diagnostic, Severity};
use crate::graph::Graph;
use crate::lint::{self, Context};
use crate::lock::Lock;
use crate::resolve::{Resolved, resolve};
use crate::source::{FileId, SourceSet};

/// Everything known of a file.
pub struct Analysis<'a> {
    /// The sources.
    pub sources: &'a SourceSet,
    /// The pins.
    pub lock: &'a Lock,
    /// The file.
    pub file: FileId,
    /// Its meaning.
    pub resolved: Resolved,
    /// The graph of each pipeline, in order.
    pub graphs: Vec<Graph>,
    /// What was found.
    pub diagnostics: Vec<Diagnostic>,
}

/// Proof that a file has no error: only [`Analysis::checked`] makes one, and only with one can a plan be made.
pub struct Checked<'a>(&'a Analysis<'a>);

impl<'a> Checked<'a> {
    /// The analysis that found no error.
    pub fn analysis(&self) -> &'a Analysis<'a> {
        self.0
    }
}

/// Analyses a file of a set.
pub fn analyze<'a>(sources: &'a SourceSet, file: FileId, lock: &'a Lock) -> Analysis<'a> {
    let resolved = resolve(sources, file);
    let graphs: Vec<Graph> = resolved.hir.pipelines.iter().map(Graph::new).collect();
    let diagnostics = lint::run(&Context { sources, file, resolved: &resolved, graphs: &graphs, lock });
    Analysis { sources, lock, file, resolved, graphs, diagnostics }
}

impl<'a> Analysis<'a> {
    /// What rules look at.
    pub fn context(&self) -> Context<'_> {
        Context { sources: self.sources, file: self.file, resolved: &self.resolved, graphs: &self.graphs, lock: self.lock }
    }

    /// Whether anything found is an error.
    pub fn has_errors(&self) -> bool {
        self.diagnostics.iter().any(|d| d.severity() == Severity::Error)
    }

    /// The proof that there is none.
    pub fn checked(&'a self) -> Option<Checked<'a>> {
        let clean = self.resolved.problems.is_empty() && self.resolved.parsed.values().all(|parsed| parsed.errors.is_empty());
        (!self.has_errors() && (clean || self.only_warnings())).then_some(Checked(self))
    }

    /// Whether every problem found while resolving is of a kind that still gives a value.
    fn only_warnings(&self) -> bool {
        use crate::resolve::problem::Problem;
        let parsed = self.resolved.parsed.values().all(|parsed| parsed.errors.is_empty());
        parsed && self.resolved.problems.iter().all(|p| matches!(p, Problem::RatioForPercent { .. } | Problem::FileReference { .. }))
    }
}
