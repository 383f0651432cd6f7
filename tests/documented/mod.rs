//! The examples in the rules' documentation, as sets of files that can be analysed.
//!
//! A fence ```` ```mlp bad ```` or ```` ```mlp good ```` begins an example; ```` ```mlp bad platform.mlp ```` adds a file to it, and
//! ```` ```paths ```` lists further paths of its repository. Without such a list the repository is unknown and no file is missed.

#![allow(dead_code, reason = "each test takes what it needs")]
#![allow(clippy::expect_used, clippy::indexing_slicing, reason = "a test may panic")]

use std::collections::BTreeSet;

use mlp::diagnostic::Diagnostic;
use mlp::lock::Lock;
use mlp::source::{SourceFile, SourceSet};
use mlp::{Analysis, analyze};

/// Where an example's first file stands.
pub const PRIMARY: &str = "demo.mlp";

/// An example of a rule.
#[derive(Clone, Debug)]
pub struct Example {
    /// Whether the rule must complain about it.
    pub bad: bool,
    /// Path and text; the first one is the example itself.
    pub files: Vec<(String, String)>,
    /// Further paths of its repository, if it is known.
    pub paths: Option<BTreeSet<String>>,
}

/// A fenced block: the words behind the fence, and the text.
struct Fence {
    info: Vec<String>,
    text: String,
}

fn fences(markdown: &str) -> Vec<Fence> {
    let mut found = Vec::new();
    let mut lines = markdown.lines();
    while let Some(line) = lines.next() {
        let Some(info) = line.strip_prefix("```") else { continue };
        let mut body: Vec<String> = Vec::new();
        for line in lines.by_ref().take_while(|line| !line.starts_with("```")) {
            match repeated(line) {
                Some(times) => body.extend(vec![body.last().expect("a line to repeat").clone(); times]),
                None => body.push(line.to_owned()),
            }
        }
        found.push(Fence { info: info.split_whitespace().map(str::to_owned).collect(), text: body.join("\n") + "\n" });
    }
    found
}

/// `# … 1000 more lines like this …`: for examples that are too long to print.
fn repeated(line: &str) -> Option<usize> {
    line.trim().strip_prefix("# … ")?.strip_suffix(" more lines like this …")?.parse().ok()
}

/// The examples of a page.
pub fn examples(markdown: &str) -> Vec<Example> {
    let mut found: Vec<Example> = Vec::new();
    for fence in fences(markdown) {
        let info: Vec<&str> = fence.info.iter().map(String::as_str).collect();
        match info.as_slice() {
            ["mlp", kind @ ("bad" | "good")] => {
                found.push(Example { bad: *kind == "bad", files: vec![(PRIMARY.to_owned(), fence.text)], paths: None });
            }
            ["mlp", "bad" | "good", path] => found.last_mut().expect("an example").files.push(((*path).to_owned(), fence.text)),
            ["paths"] => found.last_mut().expect("an example").paths = Some(fence.text.split_whitespace().map(str::to_owned).collect()),
            _ => {}
        }
    }
    found
}

impl Example {
    /// Its files, that of `first` in front.
    fn sources(&self, first: usize) -> SourceSet {
        let mut files = self.files.clone();
        files.swap(0, first);
        let mut sources = SourceSet::default();
        for (path, text) in &files {
            sources.add(SourceFile::new(path, text));
        }
        let own = files.into_iter().map(|(path, _)| path);
        sources.paths = self.paths.clone().map(|paths| paths.into_iter().chain(own).collect());
        sources
    }

    /// A set for its first file, and for each other that holds a pipeline.
    pub fn sets(&self) -> Vec<SourceSet> {
        let pipelines = |at: &usize| *at == 0 || self.files[*at].1.contains("\npipeline ");
        (0..self.files.len()).filter(pipelines).map(|at| self.sources(at)).collect()
    }

    /// What is found in it.
    pub fn findings(&self) -> Vec<Diagnostic> {
        analyze_all(&self.sets())
    }

    /// The codes of what is found in it.
    pub fn codes(&self) -> BTreeSet<&'static str> {
        codes(&self.findings())
    }
}

/// What is found in the first file of each set, alone and side by side.
pub fn analyze_all(sets: &[SourceSet]) -> Vec<Diagnostic> {
    let first = |sources| analyze(sources, mlp::source::FileId(0), Lock::built_in());
    let analyses: Vec<Analysis<'_>> = sets.iter().map(first).collect();
    let alone = analyses.iter().flat_map(|analysis| analysis.diagnostics.clone());
    let across = mlp::lint::across(&analyses.iter().collect::<Vec<_>>());
    alone.chain(across.into_iter().map(|(_, finding)| finding)).collect()
}

/// The codes of findings.
pub fn codes(findings: &[Diagnostic]) -> BTreeSet<&'static str> {
    findings.iter().map(|finding| finding.code.id).collect()
}
