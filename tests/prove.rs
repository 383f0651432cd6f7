//! What is proved of the examples, and of every way to spoil them by one change.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, reason = "a test may fail")]

mod mutants;

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

/// Spoilt ones that are neither caught nor do the same as the original.
fn survivors(path: &Path, example: &str) -> (usize, usize, Vec<String>) {
    let scripts = scripts(example);
    let text = fs::read_to_string(path).unwrap();
    let original = prove("w.yml", &text, &scripts, Depth::Full).unwrap();
    let (mut caught, mut same, mut survivors) = (0, 0, Vec::new());
    for Mutant { what, text } in mutants(&text) {
        let prove = |depth| prove("w.yml", &text, &scripts, depth);
        if !prove(Depth::First).is_ok_and(|proof| proof.holds()) {
            caught += 1;
        } else if prove(Depth::Full).unwrap().is_equivalent(&original) {
            same += 1;
        } else {
            survivors.push(what);
        }
    }
    (caught, same, survivors)
}

#[test]
fn every_mutant_is_caught() {
    let path = Path::new("examples/hello/.github/workflows/mlp-hello.yml");
    let (caught, same, survivors) = survivors(path, "hello");
    println!("{caught} caught, {same} equivalent, {} survive", survivors.len());
    assert!(survivors.is_empty(), "{}", survivors.join("\n"));
    assert!(caught > 100 && same * 4 < caught, "{caught} caught, {same} equivalent");
}

#[test]
fn scripts_that_were_changed_prove_nothing() {
    let mut scripts = scripts("hello");
    scripts.entry(".github/mlp/gate.py".to_owned()).or_default().push('#');
    let path = &workflows("hello")[0];
    let proof = prove("w.yml", &fs::read_to_string(path).unwrap(), &scripts, Depth::First).unwrap();
    assert!(proof.unproven.iter().any(|(_, what)| what.contains(".github/mlp/gate.py")));
}
