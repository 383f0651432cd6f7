//! From syntax to meaning: names, types, units, defaults.

mod attrs;
mod condition;
mod declare;
pub mod defaults;
pub mod hir;
pub mod names;
pub use names::dns_label;
pub mod paths;
mod pipeline;
pub mod problem;
mod rules;
mod scope;
mod stage;
pub mod units;
mod value;
mod values;

use std::collections::{BTreeMap, HashMap, HashSet};
use std::mem::Discriminant;
use std::sync::Arc;

use crate::schema::Ty;
use crate::source::{FileId, SourceSet, Span};
use crate::syntax::Parsed;
use hir::{Hir, Stage, StageId, Value};
use problem::Problem;
use scope::Scope;
pub use values::compare;

/// A resolved file, what it is made of, and what was wrong.
#[derive(Clone, Debug, Default)]
pub struct Resolved {
    /// Its meaning, as far as it has one.
    pub hir: Hir,
    /// What was wrong.
    pub problems: Vec<Problem>,
    /// The syntax of the file and of what it imports.
    pub parsed: BTreeMap<FileId, Arc<Parsed>>,
    /// Outputs that something refers to, per pipeline.
    pub used_outputs: Vec<HashSet<(StageId, String)>>,
}

/// Resolves a file of a set.
pub fn resolve(sources: &SourceSet, file: FileId) -> Resolved {
    let mut resolver = Resolver::new(sources, file);
    resolver.root(file);
    resolver.out.hir = resolver.hir;
    resolver.out
}

/// The files that a file imports, as paths from the repository's root.
pub fn imports(folder: &str, parsed: &Parsed) -> Vec<String> {
    let uses = parsed.file.stmts.iter().filter_map(|stmt| stmt.directive()).filter(|d| d.keyword.text == "use");
    uses.filter_map(|d| paths::resolve(folder, &d.name()?.text)).collect()
}

struct Resolver<'a> {
    sources: &'a SourceSet,
    out: Resolved,
    hir: Hir,
    scope: Scope,
    /// Names that each file declares, once read.
    files: HashMap<FileId, Scope>,
    /// Files being read, for import cycles.
    reading: Vec<FileId>,
    /// Parameters that `on manual` of the present pipeline feeds.
    inputs: HashSet<String>,
    /// Stages of the present pipeline.
    stages: Vec<Stage>,
    used_outputs: Vec<(StageId, String)>,
    defaults: HashMap<(&'static str, Discriminant<Ty>), Value>,
    /// Declarations referred to: their places.
    used: HashSet<Span>,
}

impl<'a> Resolver<'a> {
    fn new(sources: &'a SourceSet, file: FileId) -> Self {
        Self {
            sources,
            out: Resolved::default(),
            hir: Hir { file, ..Hir::default() },
            scope: Scope::default(),
            files: HashMap::new(),
            reading: Vec::new(),
            inputs: HashSet::new(),
            stages: Vec::new(),
            used_outputs: Vec::new(),
            defaults: HashMap::new(),
            used: HashSet::new(),
        }
    }

    fn problem(&mut self, problem: Problem) {
        self.out.problems.push(problem);
    }

    fn mark_used(&mut self, _name: &str, declared: Span) {
        self.used.insert(declared);
    }

    fn tree(&mut self, file: FileId) -> Arc<Parsed> {
        let tree = self.sources.tree(file);
        self.out.parsed.insert(file, Arc::clone(&tree));
        tree
    }
}
