//! What is proved of the examples, and of every way to spoil them by one change.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, reason = "a test may fail")]

#[cfg(feature = "outside")]
mod act;
mod mutants;
#[cfg(feature = "outside")]
mod replay;

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use mlp::prove::{Depth, Proof, prove, render};
use mutants::{Mutant, mutants};

fn scripts(example: &str) -> BTreeMap<String, String> {
    let files = fs::read_dir(format!("examples/{example}/.github/mlp")).unwrap().map(|entry| entry.unwrap().path());
    let name = |path: &PathBuf| format!(".github/mlp/{}", path.file_name().unwrap().to_str().unwrap());
    files.filter(|path| path.is_file()).map(|path| (name(&path), fs::read_to_string(&path).unwrap())).collect()
}

fn workflows(example: &str) -> Vec<PathBuf> {
    let mut found: Vec<PathBuf> =
        fs::read_dir(format!("examples/{example}/.github/workflows")).unwrap().map(|entry| entry.unwrap().path()).collect();
    found.sort();
    found
}

fn proof(path: &Path, example: &str) -> Proof {
    prove(path.to_str().unwrap(), &fs::read_to_string(path).unwrap(), &scripts(example), Depth::Full).unwrap()
}

fn is_proved(example: &str) {
    for path in workflows(example) {
        let proof = proof(&path, example);
        assert!(proof.holds(), "{}", render::text(&proof));
    }
}

#[test]
fn the_examples_are_proved() {
    is_proved("churn");
    is_proved("hello");
}

#[cfg(feature = "outside")]
#[test]
fn the_large_example_is_proved() {
    is_proved("monorepo");
}

/// What became of the mutants of a workflow.
#[derive(Default)]
struct Score {
    caught: usize,
    /// The original, and what does the same.
    alike: Vec<String>,
    equivalent: Vec<String>,
    survivors: Vec<String>,
}

/// A mutant is caught by a property that breaks, or else does the same as the original whatever happens.
fn score(path: &Path, example: &str) -> Score {
    let scripts = scripts(example);
    let text = fs::read_to_string(path).unwrap();
    let original = prove("w.yml", &text, &scripts, Depth::Full).unwrap();
    let mut score = Score { alike: vec![text.clone()], ..Score::default() };
    for Mutant { what, text } in mutants(&text) {
        let prove = |depth| prove("w.yml", &text, &scripts, depth).unwrap_or_else(|error| panic!("{what}: {error}"));
        let proof = prove(Depth::First);
        if proof.verdicts.iter().any(|verdict| verdict.counter.is_some()) {
            score.caught += 1;
        } else if prove(Depth::Full).is_equivalent(&original) {
            score.equivalent.push(what);
            score.alike.push(text);
        } else {
            score.survivors.push(what);
        }
    }
    score
}

/// What a runner makes otherwise of workflows that are said to do the same as the first.
#[cfg(feature = "outside")]
fn differ(alike: &[String]) -> Vec<String> {
    replay::differ(alike)
}

#[cfg(not(feature = "outside"))]
fn differ(_: &[String]) -> Vec<String> {
    Vec::new()
}

#[test]
fn every_mutant_is_caught() {
    for example in ["hello", "churn"] {
        for path in workflows(example) {
            let Score { caught, alike, equivalent, survivors } = score(&path, example);
            println!("{}: {caught} caught, {} equivalent, {} survive", path.display(), equivalent.len(), survivors.len());
            println!("{}", equivalent.join("\n"));
            assert!(survivors.is_empty(), "{}", survivors.join("\n"));
            assert!(equivalent.len() * 2 < caught, "{caught} caught, equivalent:\n{}", equivalent.join("\n"));
            assert_eq!(differ(&alike), [""; 0], "{}", path.display());
        }
    }
}

#[test]
fn scripts_that_were_changed_prove_nothing() {
    let mut scripts = scripts("hello");
    scripts.entry(".github/mlp/gate.py".to_owned()).or_default().push('#');
    let path = &workflows("hello")[0];
    let proof = prove("w.yml", &fs::read_to_string(path).unwrap(), &scripts, Depth::First).unwrap();
    assert!(proof.unproven.iter().any(|(_, what)| what.contains(".github/mlp/gate.py")));
}
