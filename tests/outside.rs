//! What programs that nobody here wrote say of the emitted files. They come from `tools/install`; a missing one fails.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::string_slice,
    reason = "a test may fail"
)]
#![cfg(feature = "outside")]

mod generator;
mod workflow;

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use generator::Repository;
use workflow::Workflow;

/// Where actionlint looks for the labels of the user's own machines.
const MACHINES: &str = ".github/actionlint.yaml";

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// An empty folder below `target`.
fn folder(name: &str) -> PathBuf {
    let path = root().join("target/outside").join(name);
    if path.exists() {
        fs::remove_dir_all(&path).unwrap();
    }
    fs::create_dir_all(&path).unwrap();
    path
}

fn write(folder: &Path, path: &str, text: &str) {
    let path = folder.join(path);
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(path, text).unwrap();
}

/// Writes a repository with all that it compiles to, and tells actionlint which machines are the user's own.
fn build(folder: &Path, repository: &Repository) {
    let artifacts = repository.compile().unwrap();
    for (path, text) in &repository.files {
        write(folder, path, text);
    }
    for file in &artifacts {
        write(folder, &file.path, &file.text);
    }
    if repository.files.contains_key(MACHINES) {
        return;
    }
    let workflows = Workflow::all(&artifacts);
    let runners: BTreeSet<&str> = workflows.iter().flat_map(|workflow| workflow.jobs.values()).map(|job| job.runs_on.as_str()).collect();
    let labels: Vec<&&str> = runners.iter().filter(|label| !label.starts_with("ubuntu-")).collect();
    write(folder, MACHINES, &serde_json::json!({ "self-hosted-runner": { "labels": labels } }).to_string());
}

fn succeeds(command: &mut Command) {
    let output = command.output().unwrap_or_else(|error| panic!("{command:?}: {error}: run tools/install"));
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    assert!(output.status.success(), "{command:?}\n{}{}", text(&output.stdout), text(&output.stderr));
}

fn check(folder: &Path) {
    succeeds(Command::new(root().join("tools/check")).arg(folder));
}

#[test]
fn random_repositories_have_no_finding() {
    let all = folder("random");
    for (number, repository) in generator::cases().iter().enumerate() {
        build(&all.join(format!("{number:03}")), repository);
    }
    let python = root().join("target/tools/python/bin/python");
    succeeds(Command::new(python).arg(root().join("tests/generator/configurations.py")).arg(root().join("templates/runtime")).arg(&all));
    check(&all);
}

#[test]
fn examples_have_no_finding() {
    let all = folder("examples");
    for example in fs::read_dir(root().join("examples")).unwrap() {
        let example = example.unwrap().path();
        for repository in repositories(&example) {
            build(&all.join(example.file_name().unwrap()), &repository);
        }
    }
    check(&all);
}

/// The repository below a folder, once for each of its pipelines.
fn repositories(folder: &Path) -> Vec<Repository> {
    let listed = Command::new("git").args(["ls-files", "-z"]).current_dir(folder).output().unwrap();
    let paths = String::from_utf8(listed.stdout).unwrap();
    let read = |path: &str| fs::read_to_string(folder.join(path)).unwrap_or_default();
    let files: std::collections::BTreeMap<String, String> =
        paths.split('\0').filter(|path| !path.is_empty() && folder.join(path).exists()).map(|path| (path.to_owned(), read(path))).collect();
    let pipelines =
        files.iter().filter(|(path, text)| path.ends_with(".mlp") && text.contains("\npipeline \"")).map(|(path, _)| path.clone());
    pipelines.map(|pipeline| Repository { files: files.clone(), pipeline }).collect()
}
