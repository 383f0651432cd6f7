//! Whole small repositories with valid pipelines, made up from a tape of numbers along the tables of `mlp::schema`.
#![allow(dead_code, unused_imports, reason = "each test uses a part of it")]

mod choices;
mod connections;
mod flow;
mod rules;
mod stages;
mod text;
mod triggers;
mod values;
mod write;

use std::collections::{BTreeMap, BTreeSet};

use mlp::lock::Lock;
use mlp::source::{FileId, SourceFile, SourceSet};
use mlp::{Artifact, CompileError};
use proptest::strategy::{Strategy, ValueTree};
use proptest::test_runner::{Config, RngAlgorithm, TestRng, TestRunner};

use choices::Choices;
pub use flow::LOCK;

/// How many repositories CI looks at.
pub const CASES: usize = 200;
/// Where their tapes come from; the same everywhere.
const SEED: [u8; 32] = *b"one seed for each run and place.";

/// A repository: its files by path, the pipeline's among them.
#[derive(Clone, Default)]
pub struct Repository {
    pub files: BTreeMap<String, String>,
    pub pipeline: String,
}

impl Repository {
    /// The pins of its lock file.
    pub fn lock(&self) -> Lock {
        self.files.get("mlp.lock").map_or_else(Lock::default, |text| Lock::parse(text).unwrap())
    }

    /// What an analysis looks at: the pipeline's file, whatever it may import, and all paths where there are others.
    pub fn sources(&self) -> (SourceSet, FileId) {
        let known = self.files.keys().any(|path| !path.ends_with(".mlp") && path != "mlp.lock");
        let paths = known.then(|| self.files.keys().cloned().collect::<BTreeSet<_>>());
        let mut sources = SourceSet::default();
        sources.paths = paths;
        for (path, text) in self.files.iter().filter(|(path, _)| path.ends_with(".mlp")) {
            sources.add(SourceFile::new(path.as_str(), text.as_str()));
        }
        let file = sources.find(&self.pipeline).unwrap();
        (sources, file)
    }

    /// Errors of the analysis, as lines of text.
    pub fn errors(&self) -> Vec<String> {
        let ((sources, file), lock) = (self.sources(), self.lock());
        let analysis = mlp::analyze(&sources, file, &lock);
        let found = analysis.diagnostics.iter().filter(|d| d.severity() == mlp::diagnostic::Severity::Error);
        let mut lines: Vec<String> = found.map(|d| format!("{}: {} at `{}`", d.code.id, d.message, sources.slice(d.span))).collect();
        if lines.is_empty() && analysis.checked().is_none() {
            lines = analysis.resolved.problems.iter().map(|problem| format!("{problem:?}")).collect();
            lines.push("not checked".into());
        }
        lines
    }

    /// How many stages of a kind its pipeline has.
    pub fn count(&self, kind: &str) -> usize {
        let ((sources, file), lock) = (self.sources(), self.lock());
        mlp::analyze(&sources, file, &lock).resolved.hir.pipelines.iter().map(|pipeline| pipeline.of_kind(kind).count()).sum()
    }

    /// The files that the compiler makes of it.
    pub fn compile(&self) -> Result<Vec<Artifact>, CompileError> {
        let ((sources, file), lock) = (self.sources(), self.lock());
        let analysis = mlp::analyze(&sources, file, &lock);
        mlp::compile(&analysis.checked().unwrap_or_else(|| panic!("{self}\n{:#?}", self.errors())))
    }
}

impl std::fmt::Display for Repository {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let sources = self.files.iter().filter(|(path, _)| path.ends_with(".mlp"));
        sources.into_iter().try_for_each(|(path, text)| writeln!(f, "=== {path}\n{text}"))
    }
}

impl std::fmt::Debug for Repository {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{:?}", self.pipeline)
    }
}

/// Repositories, with all that proptest needs to make a failing one smaller.
pub fn repositories() -> impl Strategy<Value = Repository> {
    proptest::collection::vec(proptest::num::u16::ANY, 0..1200).prop_map(|tape| flow::Author::new(Choices::new(tape)).repository())
}

/// A runner that starts from the one seed.
pub fn runner(cases: usize) -> TestRunner {
    let config = Config { cases: u32::try_from(cases).unwrap(), failure_persistence: None, max_shrink_iters: 400, ..Config::default() };
    TestRunner::new_with_rng(config, TestRng::from_seed(RngAlgorithm::ChaCha, &SEED))
}

/// The repositories of CI.
pub fn cases() -> Vec<Repository> {
    let (mut runner, strategy) = (runner(CASES), repositories());
    (0..CASES).map(|_| strategy.new_tree(&mut runner).unwrap().current()).collect()
}
