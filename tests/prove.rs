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

use mlp::lock::Lock;
use mlp::prove::{Depth, Proof, prove, render};
use mlp::source::{FileId, SourceSet};
use mlp::{analyze, compile};
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

#[test]
fn the_large_example_is_proved() {
    is_proved("monorepo");
}

/// A pipeline of 60 jobs: many side by side, then five environments, one after the other.
fn wide() -> String {
    let side = |number: usize| format!("job side{number} {{\n  timeout = 5min\n  run = bash\"\"\"true\"\"\"\n}}\n");
    let release = |number: usize| {
        let deploy = format!("deploy to{number} {{ environment = e{number}, model = winner.artifact }}\n");
        format!("{deploy}verify v{number} {{\n  release = to{number}.release\n  smoke ready\n  on failure {{ rollback }}\n}}\n")
    };
    let environment = |number: usize| format!("environment e{number} {{ namespace = \"ns{number}\" }}\n");
    let all = |count: usize, text: &dyn Fn(usize) -> String| (0..count).map(text).collect::<String>();
    format!(
        "mlp 1\npipeline \"wide\" {{\non push {{ branches = [\"main\"] }}\n{}train fit {{\n  run = bash\"\"\"true\"\"\"\n  metric accuracy: float higher\n}}\n\
         gate quality {{ require accuracy >= 0.90 }}\nexport winner {{ from = quality.approved }}\nparallel {{\n{}}}\n{}}}\n",
        all(5, &environment),
        all(41, &side),
        all(5, &release),
    )
}

#[test]
fn sixty_jobs_are_few_states() {
    let sources = SourceSet::single("wide.mlp", wide());
    let lock = Lock { repository: Some("acme/ml".to_owned()), ..Lock::default() };
    let analysis = analyze(&sources, FileId(0), &lock);
    let emitted = compile(&analysis.checked().unwrap()).unwrap();
    let scripts = emitted.iter().map(|file| (file.path.clone(), file.text.to_string())).collect();
    let workflow = emitted.iter().find(|file| file.path == ".github/workflows/mlp-wide.yml").unwrap();
    let proof = prove(&workflow.path, &workflow.text, &scripts, Depth::Full).unwrap();
    assert!(proof.holds(), "{}", render::text(&proof));
    assert_eq!(workflow.text.matches("\n    runs-on: ").count(), 60);
    assert!(proof.states < 200_000, "{} states", proof.states);
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

/// A mutant is caught by a property that breaks, or else all its jobs together end in the same ways as the original's, whatever happens.
fn score(path: &Path, example: &str, chosen: fn(usize) -> bool) -> Score {
    let scripts = scripts(example);
    let text = fs::read_to_string(path).unwrap();
    let original = prove("w.yml", &text, &scripts, Depth::Joint).unwrap();
    let mut score = Score { alike: vec![text.clone()], ..Score::default() };
    for (_, Mutant { what, text }) in mutants(&text).into_iter().enumerate().filter(|(number, _)| chosen(*number)) {
        let prove = |depth| prove("w.yml", &text, &scripts, depth).unwrap_or_else(|error| panic!("{what}: {error}"));
        let proof = prove(Depth::First);
        if proof.verdicts.iter().any(|verdict| verdict.counter.is_some()) {
            score.caught += 1;
        } else if prove(Depth::Joint).is_equivalent(&original) {
            score.equivalent.push(what);
            score.alike.push(text);
        } else {
            score.survivors.push(what);
        }
    }
    println!("{}: {} joint outcomes in {} states", path.display(), original.outcomes(), original.states);
    assert!(original.holds(), "{}", render::text(&original));
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

fn none_survives(example: &str, chosen: fn(usize) -> bool) {
    for path in workflows(example) {
        let Score { caught, alike, equivalent, survivors } = score(&path, example, chosen);
        println!("{}: {caught} caught, {} equivalent, {} survive", path.display(), equivalent.len(), survivors.len());
        println!("{}", equivalent.join("\n"));
        assert!(survivors.is_empty(), "{}", survivors.join("\n"));
        assert!(equivalent.len() * 2 <= caught, "{caught} caught, equivalent:\n{}", equivalent.join("\n"));
        assert_eq!(differ(&alike), [""; 0], "{}", path.display());
    }
}

#[test]
fn every_mutant_is_caught() {
    none_survives("hello", |_| true);
    none_survives("churn", |_| true);
}

#[cfg(not(feature = "outside"))]
#[test]
fn mutants_of_the_large_example_are_caught() {
    none_survives("monorepo", |number| number % 16 == 5);
}

#[cfg(feature = "outside")]
#[test]
fn every_mutant_of_the_large_example_is_caught() {
    none_survives("monorepo", |_| true);
}

#[test]
fn scripts_that_were_changed_prove_nothing() {
    let mut scripts = scripts("hello");
    scripts.entry(".github/mlp/gate.py".to_owned()).or_default().push('#');
    let path = &workflows("hello")[0];
    let proof = prove("w.yml", &fs::read_to_string(path).unwrap(), &scripts, Depth::First).unwrap();
    assert!(proof.unproven.iter().any(|(_, what)| what.contains(".github/mlp/gate.py")));
}
