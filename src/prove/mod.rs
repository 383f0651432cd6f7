//! Proves what an emitted workflow cannot do, by running it in every way in which GitHub could run it. It reads the file, not the plan.

mod begin;
mod coerce;
mod contract;
mod effect;
mod expr;
mod judge;
mod merge;
mod outcome;
#[cfg(all(test, feature = "outside"))]
mod outside;
mod pack;
mod place;
mod program;
mod read;
pub mod render;
mod run;
mod state;
mod statics;
#[cfg(test)]
mod tests;
mod walk;
mod ways;
mod yaml;

use std::collections::{BTreeMap, BTreeSet};

use program::{Program, Refusal};
use read::At;
use run::{Chapter, Found, Run};
use state::Ending;
use walk::Story;

/// A property: its name, and what it says.
pub const PROPERTIES: &[(&str, &str)] = &[
    ("approved-only", "nothing is deployed unless every gate approved that very model, and its export and image succeeded"),
    ("provenance", "what a release says of its origin is true: run, data, and the champion it was compared with"),
    ("lost-gate", "a lost gate ends green, with nothing deployed and the champion untouched"),
    ("broken-gate", "a gate that could not decide ends red"),
    (
        "rolled-back",
        "a release that is not verified, for whatever reason, is taken back, or its rollback is seen to fail; a verified one is not",
    ),
    ("contained", "nothing below a failed step or job runs, except rollback and reporting"),
    ("reported", "the outcome job always reports, and truthfully"),
    ("promotes", "a run in which nothing goes wrong outside, and whose gates approve, promotes its model"),
    ("starts", "every job can have its turn"),
    ("exclusive", "two runs never hold the deploy section together, and none is cancelled by a newer one"),
    ("approval", "what changes an environment runs in that environment"),
    ("secrets", "no secret reaches a job without an environment, nor a step that does not name it"),
    ("privilege", "each job's token may do what its steps need, and nothing else"),
    ("fork", "nothing runs in a fork"),
    ("bounded", "every path ends within the sum of its time limits, and what must fail does so before its job is cancelled"),
];

/// What was found about one workflow file.
#[derive(Clone, Debug)]
pub struct Proof {
    /// The file.
    pub path: String,
    /// What holds, and what does not.
    pub verdicts: Vec<Verdict>,
    /// What keeps the proof from being one: a line, and what is not understood there.
    pub unproven: Vec<(u64, String)>,
    /// How a run can end.
    pub endings: Vec<End>,
    /// How many states were told apart.
    pub states: usize,
    /// The longest that a run may take, in minutes.
    pub minutes: u64,
    /// What two workflows have in common that do the same.
    table: BTreeSet<String>,
    /// How all jobs can end together.
    outcomes: BTreeSet<u64>,
}

/// Whether a property holds.
#[derive(Clone, Debug)]
pub struct Verdict {
    /// Its name.
    pub property: &'static str,
    /// What it says.
    pub sentence: &'static str,
    /// Why it does not hold.
    pub counter: Option<Counter>,
}

/// A run that breaks a property, as unusual as it has to be and no more.
#[derive(Clone, Debug)]
pub struct Counter {
    /// The line of the condition, edge or step.
    pub line: u64,
    /// What is wrong.
    pub why: String,
    /// Job by job, what happens.
    pub story: Vec<Scene>,
}

/// A job in a story.
#[derive(Clone, Debug)]
pub struct Scene {
    /// Its id.
    pub job: String,
    /// `success`, `failure`, `cancelled`, `skipped`; nothing while it runs.
    pub result: Option<&'static str>,
    /// What is worth telling.
    pub text: String,
}

/// A way in which a run ends.
#[derive(Clone, Debug)]
pub struct End {
    /// What the outcome job says; nothing where it says nothing.
    pub told: Option<&'static str>,
    /// Whether the run is red.
    pub red: bool,
    /// What of this run's is in place: environment, and whether it is verified.
    pub released: Vec<(String, bool)>,
    /// The least unusual run that ends so.
    pub story: Vec<Scene>,
}

impl Proof {
    /// Whether everything is proved.
    pub fn holds(&self) -> bool {
        self.unproven.is_empty() && self.verdicts.iter().all(|verdict| verdict.counter.is_none())
    }

    /// Whether the two workflows do the same, whatever happens: all jobs together end in the same ways. Both proofs are [`Depth::Joint`].
    pub fn is_equivalent(&self, other: &Self) -> bool {
        let whole = |proof: &Self| proof.unproven.is_empty() && !proof.outcomes.is_empty();
        whole(self) && whole(other) && self.table == other.table && self.outcomes == other.outcomes
    }

    /// How many joint outcomes of all jobs there are; none if they were not asked for.
    pub fn outcomes(&self) -> usize {
        self.outcomes.len()
    }
}

/// How much is wanted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Depth {
    /// Every property, and every way in which a run can end.
    Full,
    /// Whether all holds: what is found first is enough.
    First,
    /// Also how all jobs can end together, for comparing two workflows.
    Joint,
}

/// Proves a workflow file. `scripts` are the files below `.github/mlp/` that stand beside it, by path.
///
/// # Errors
///
/// When the text is no workflow.
pub fn prove(path: &str, text: &str, scripts: &BTreeMap<String, String>, depth: Depth) -> Result<Proof, String> {
    let workflow = read::read(text)?;
    let altered = effect::altered(scripts);
    let mut unproven: Vec<At<String>> = workflow.strange.clone();
    unproven.extend(altered.iter().map(|name| At { line: 0, value: format!("`{name}` is not the script of this mlp") }));
    let mut proof = Proof {
        path: path.to_owned(),
        verdicts: Vec::new(),
        unproven: Vec::new(),
        endings: Vec::new(),
        states: 0,
        minutes: 0,
        table: BTreeSet::new(),
        outcomes: BTreeSet::new(),
    };
    let mut found = BTreeMap::new();
    match Program::new(&workflow, altered.is_none()) {
        Ok(program) => unproven.extend(run(&program, &mut proof, &mut found, depth)),
        Err(Refusal::Unclear(at)) => unproven.push(at),
        Err(Refusal::Invalid(at)) => drop(found.insert("starts", Counter { line: at.line, why: at.value, story: Vec::new() })),
    }
    proof.unproven = unproven.into_iter().map(|at| (at.line, at.value)).collect();
    let verdict = |(property, sentence): &(&'static str, &'static str)| Verdict { property, sentence, counter: found.remove(property) };
    proof.verdicts = PROPERTIES.iter().map(verdict).collect();
    Ok(proof)
}

/// Runs a program in every way; what of it is not understood.
fn run(program: &Program<'_>, proof: &mut Proof, found: &mut BTreeMap<&'static str, Counter>, depth: Depth) -> Vec<At<String>> {
    for (property, line, why) in statics::check(program) {
        proof.table.insert(format!("{property}: {why}"));
        found.entry(property).or_insert(Counter { line, why, story: Vec::new() });
    }
    if depth == Depth::First && !found.is_empty() {
        return Vec::new();
    }
    let run = Run::new(program, depth == Depth::Joint);
    let explored = run.explore(depth == Depth::First);
    proof.states = run.states.get();
    proof.minutes = statics::longest(program);
    proof.table.extend(run.table.borrow().iter().cloned());
    proof.outcomes = run.outcomes.take();
    for (shape, story) in run.shapes.borrow().iter() {
        proof.table.insert(format!("{shape:?}"));
        proof.endings.push(End {
            told: shape.told.map(state::Line::text),
            red: shape.red,
            released: shape.released.iter().map(|(name, verified, _)| (name.clone(), *verified)).collect(),
            story: scenes(program, story, None),
        });
    }
    for (property, wrong) in run.into_found() {
        let Found { line, why, story, job, .. } = wrong;
        found.insert(property, Counter { line, why, story: scenes(program, &story, job) });
    }
    let mut unproven = statics::holders(program);
    unproven.extend(explored.err().map(|value| At { line: 0, value }));
    unproven
}

/// A story, job by job, with the one that is running.
fn scenes(program: &Program<'_>, story: &Story, running: Option<usize>) -> Vec<Scene> {
    let name = |job: usize| program.jobs.get(job).map_or_else(String::new, |unit| unit.job.id.clone());
    let mut scenes: Vec<Scene> =
        running.map(|job| Scene { job: name(job), result: None, text: story.notes.join("; ") }).into_iter().collect();
    let mut next = story.before.as_deref();
    while let Some(Chapter { job, result, text, before }) = next {
        scenes.push(Scene { job: name(*job), result: Some(Ending::text(*result)), text: text.to_string() });
        next = before.as_deref();
    }
    scenes.reverse();
    scenes
}
