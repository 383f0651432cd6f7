//! Proofs of what pipelines compile to.

use std::collections::BTreeMap;

use super::exit::Failure;
use super::outputs::SHARED_FOLDER;
use crate::analysis::Analysis;
use crate::lint::files;
use crate::prove::{Counter, Depth, Proof, Scene, prove, render};
use crate::{Artifact, compile};

const WORKFLOWS: &str = ".github/workflows/";

/// The proofs of the workflows of pipelines; those without errors only.
pub fn compiled(analyses: &[Analysis<'_>], failures: &mut Vec<Failure>) -> Vec<(Proof, String)> {
    let mut proofs = Vec::new();
    for checked in analyses.iter().filter_map(Analysis::checked) {
        let emitted = compile(&checked)
            .map_err(|error| Failure::new(&files::NOT_COMPILED, error.path.clone(), error.to_string()))
            .and_then(|artifacts| emitted(&artifacts));
        match emitted {
            Ok(more) => proofs.extend(more),
            Err(failure) => failures.push(failure),
        }
    }
    proofs
}

fn emitted(artifacts: &[Artifact]) -> Result<Vec<(Proof, String)>, Failure> {
    let below = |folder: &'static str| artifacts.iter().filter(move |artifact| artifact.path.starts_with(folder));
    let scripts: BTreeMap<String, String> = below(SHARED_FOLDER).map(|file| (file.path.clone(), file.text.to_string())).collect();
    below(WORKFLOWS).map(|file| Ok((proof(&file.path, &file.text, &scripts)?, file.text.to_string()))).collect()
}

/// The proof of a workflow's text.
pub fn proof(path: &str, text: &str, scripts: &BTreeMap<String, String>) -> Result<Proof, Failure> {
    prove(path, text, scripts, Depth::Full)
        .map_err(|error| Failure::new(&files::UNREADABLE, path, format!("`{path}` is no workflow: {error}")))
}

/// What keeps a proof from holding, each at its line of the workflow.
pub fn failures(proof: &Proof, text: &str) -> Vec<Failure> {
    let broken = proof.verdicts.iter().filter_map(|verdict| Some((verdict.property, verdict.counter.as_ref()?)));
    let broken = broken.map(|(property, counter)| disproved(proof, text, property, counter));
    let unproven = proof.unproven.iter().map(|(line, what)| {
        let message = format!("the proof of `{}` is none: {what}", proof.path);
        Failure::new(&files::UNPROVEN, &proof.path, message).at(text, range(text, *line))
    });
    broken.chain(unproven).collect()
}

fn disproved(proof: &Proof, text: &str, property: &str, counter: &Counter) -> Failure {
    let message = format!("`{property}` does not hold of `{}`: {}", proof.path, counter.why);
    let failure = Failure::new(&files::DISPROVED, &proof.path, message).at(text, range(text, counter.line));
    if counter.story.is_empty() { failure } else { failure.help(told(&counter.story)) }
}

fn told(story: &[Scene]) -> String {
    let scenes: Vec<String> = story.iter().map(render::line).collect();
    format!("it happens so: {}", scenes.join("; "))
}

/// A line without its indentation; the first where there is none.
fn range(text: &str, line: u64) -> std::ops::Range<usize> {
    let before = usize::try_from(line.saturating_sub(1)).unwrap_or_default();
    let start: usize = text.split_inclusive('\n').take(before).map(str::len).sum();
    let line = text.get(start..).and_then(|rest| rest.lines().next()).unwrap_or_default();
    let indent = line.len() - line.trim_start().len();
    start + indent..start + line.len()
}
