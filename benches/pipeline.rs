//! Speed and memory of each step from text to files: of the examples, and of a made-up pipeline of 7 to 7000 jobs.
//!
//! `cargo bench` runs all of it, `cargo bench -- compile` one step. Memory is counted by the allocator: every allocation of one
//! iteration, and how much of them was alive at once.

#![allow(clippy::expect_used, reason = "a benchmark may panic")]

use std::fmt::Write as _;
use std::fs;
use std::path::Path;

use divan::{AllocProfiler, Bencher};
use mlp::prove::{Depth, prove};
use mlp::source::{FileId, SourceFile, SourceSet};
use mlp::{analyze, compile, fmt, lock::Lock, syntax};

#[global_allocator]
static ALLOCATOR: AllocProfiler = AllocProfiler::system();

/// Stages of one round; the fifth and the sixth run side by side.
const ROUND: [&str; 7] = ["preflight", "data", "train", "gate", "export", "image", "verify"];
const INPUTS: [&str; 6] = ["hello", "churn", "7", "70", "700", "7000"];
/// A workflow of 7000 jobs would be larger than GitHub takes.
const COMPILED: [&str; 5] = ["hello", "churn", "7", "70", "700"];

fn main() {
    divan::main();
}

/// A stage that runs a script; thousands of them end within the 35 days that a run may take.
fn job(name: &str, round: usize) -> String {
    format!("job {name}_{round} {{\n  timeout = 5min\n  run = bash\"\"\"\n    python -m ml.{name}\n    \"\"\"\n}}\n")
}

/// A pipeline of so many jobs, a multiple of seven, one round after the other.
fn made(jobs: usize) -> SourceSet {
    let mut text = String::from("mlp 1\n\npipeline \"big\" {\non manual\n");
    for round in 0..jobs / ROUND.len() {
        let [first @ .., export, image, last] = ROUND.map(|name| job(name, round));
        let _ = write!(text, "{}parallel {{\n{export}{image}}}\n{last}", first.concat());
    }
    text.push_str("}\n");
    SourceSet::single("big.mlp", text)
}

/// The pipeline of an example, and what it imports.
fn example(name: &str) -> SourceSet {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("examples").join(name);
    let mut sources = SourceSet::default();
    for path in [format!("{name}.mlp"), "platform.mlp".to_owned()] {
        if let Ok(text) = fs::read_to_string(folder.join(&path)) {
            sources.add(SourceFile::new(path, text));
        }
    }
    sources
}

/// Sources remember their trees, so each iteration that is to parse needs new ones.
fn input(name: &str) -> SourceSet {
    name.parse().map_or_else(|_| example(name), made)
}

/// mlp's own pins, in a repository: hello does not say which one Argo CD is to watch.
fn lock() -> Lock {
    Lock { repository: Some("acme/models".to_owned()), ..Lock::built_in().clone() }
}

fn text(sources: &SourceSet) -> &str {
    &sources.get(FileId(0)).expect("a file").text
}

/// Text to tree.
#[divan::bench(args = INPUTS)]
fn parse(bencher: Bencher<'_, '_>, name: &str) {
    let sources = input(name);
    bencher.bench(|| syntax::parse(FileId(0), text(&sources)));
}

/// Text to formatted text, with the formatter's proof.
#[divan::bench(args = INPUTS)]
fn format(bencher: Bencher<'_, '_>, name: &str) {
    let sources = input(name);
    bencher.bench(|| fmt::format(text(&sources)).expect("formatted"));
}

/// Text to findings: all that `mlp check` does, but for reading the file.
#[divan::bench(args = INPUTS)]
fn check(bencher: Bencher<'_, '_>, name: &str) {
    let lock = lock();
    bencher.with_inputs(|| input(name)).bench_refs(|sources| analyze(sources, FileId(0), &lock).diagnostics);
}

/// Findings to files: plan, render, read back.
#[divan::bench(args = COMPILED)]
fn emit(bencher: Bencher<'_, '_>, name: &str) {
    let (sources, lock) = (input(name), lock());
    let analysis = analyze(&sources, FileId(0), &lock);
    let checked = analysis.checked().expect("no errors");
    bencher.bench(|| compile(&checked).expect("compiled"));
}

/// Text to files: all that `mlp build` does, but for reading and writing.
#[divan::bench(args = COMPILED)]
fn whole(bencher: Bencher<'_, '_>, name: &str) {
    let lock = lock();
    bencher.with_inputs(|| input(name)).bench_refs(|sources| {
        let analysis = analyze(sources, FileId(0), &lock);
        compile(&analysis.checked().expect("no errors")).expect("compiled")
    });
}

/// A workflow to its proof.
#[divan::bench(args = ["hello", "churn"])]
fn proof(bencher: Bencher<'_, '_>, name: &str) {
    let (sources, lock) = (input(name), lock());
    let analysis = analyze(&sources, FileId(0), &lock);
    let files = compile(&analysis.checked().expect("no errors")).expect("compiled");
    let text = |path: &str| files.iter().find(|file| file.path == path).expect("a workflow").text.to_string();
    let workflow = text(&format!(".github/workflows/mlp-{name}.yml"));
    let scripts =
        files.iter().filter(|file| file.path.starts_with(".github/mlp/")).map(|file| (file.path.clone(), file.text.to_string())).collect();
    bencher.bench(|| prove("w.yml", &workflow, &scripts, Depth::Full).expect("a workflow").states);
}
