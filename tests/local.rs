//! A run on this machine ends as GitHub's does: the same jobs run, are skipped, fail.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::string_slice,
    reason = "a test may fail"
)]

mod generator;
mod workflow;

use std::collections::{BTreeMap, BTreeSet};

use generator::{CASES, Repository, repositories, runner};
use mlp::local::{Done, Ending, Facts, JobFacts, Machine, Outputs, Schedule, needs, obstacles, releases};
use mlp::plan::{self, Condition, Job, Plan};
use proptest::prelude::*;
use proptest::test_runner::TestCaseError;
use workflow::{Map, Outcome, Workflow, simulate_all};

/// What happens in jobs: how each ends if it starts, and whether its gate approves.
type Happens<'h> = &'h dyn Fn(&str) -> (Outcome, bool);

/// The lists of jobs of a plan: its own, those of pull requests, those of manifests.
fn runs(plan: &Plan) -> Vec<&[Job]> {
    let pull_request = plan.pull_request.iter().map(|wanted| wanted.jobs.as_slice());
    std::iter::once(plan.jobs.as_slice()).chain(pull_request).chain(plan.publish.iter().map(|wanted| wanted.jobs.as_slice())).collect()
}

fn ids(jobs: &[Job]) -> BTreeSet<&str> {
    jobs.iter().map(|job| job.id.as_str()).collect()
}

fn plans(repository: &Repository) -> Vec<Plan> {
    let ((sources, file), lock) = (repository.sources(), repository.lock());
    let analysis = mlp::analyze(&sources, file, &lock);
    plan::plan(&analysis.checked().unwrap())
}

/// What a job hands on: all outputs that it has, with those that conditions read.
fn outputs(job: &Job, approves: bool) -> Outputs {
    let value = |name: &str| if matches!(name, "approved" | "changed") { approves.to_string() } else { format!("{name} of {}", job.id) };
    job.outputs.iter().map(|(name, ..)| (name.clone(), value(name))).collect()
}

fn ending(outcome: Outcome) -> Ending {
    match outcome {
        Outcome::Success => Ending::Success,
        Outcome::Failure => Ending::Failure,
        Outcome::Cancelled => Ending::Cancelled,
        Outcome::Skipped => Ending::Skipped,
    }
}

/// How every job ends here. All that start together end together, and a job that is cancelled is so because the run is.
fn run(jobs: &[Job], happens: Happens<'_>) -> BTreeMap<String, Ending> {
    let mut schedule = Schedule::new(jobs);
    while !schedule.is_over() {
        let started = schedule.start();
        assert!(!started.is_empty() || schedule.is_over(), "nothing starts any more");
        for job in started {
            sees_what_it_needs(&schedule, job);
            let (outcome, approves) = happens(&job.id);
            let outputs = if outcome == Outcome::Success { outputs(job, approves) } else { Outputs::new() };
            schedule.end(job, Done { ending: ending(outcome), outputs });
            if outcome == Outcome::Cancelled {
                schedule.cancel();
            }
        }
    }
    jobs.iter().map(|job| (job.id.clone(), schedule.done(&job.id).unwrap().ending.clone())).collect()
}

/// Every output that a job reads of one that has succeeded has its value.
fn sees_what_it_needs(schedule: &Schedule<'_>, job: &Job) {
    let facts = Facts::default();
    let known = JobFacts::new(&facts, job, needs(schedule, job));
    let values = job.env.iter().chain(job.steps.iter().flat_map(|step| &step.env)).map(|(_, value)| value);
    for value in values {
        if let plan::EnvValue::Need(need, output) = value {
            let there = schedule.done(need).is_some_and(|done| done.outputs.contains_key(output));
            assert_eq!(!known.text(value).is_empty(), there, "{}: {need}.{output}", job.id);
        }
    }
}

/// What differs between here and GitHub.
fn compare(workflow: &Workflow, jobs: &[Job], happens: Happens<'_>) -> Result<(), TestCaseError> {
    let there: Map<Outcome> = simulate_all(workflow, happens);
    let here = run(jobs, happens);
    let expected: BTreeMap<String, Ending> = there.into_iter().map(|(id, outcome)| (id, ending(outcome))).collect();
    prop_assert_eq!(here, expected);
    Ok(())
}

fn check(repository: &Repository, tape: &[u8]) -> Result<(), TestCaseError> {
    let workflows = Workflow::all(&repository.compile().unwrap());
    for plan in plans(repository) {
        for jobs in runs(&plan) {
            let of = |workflow: &&Workflow| workflow.jobs.keys().map(String::as_str).collect::<BTreeSet<_>>() == ids(jobs);
            let workflow = workflows.iter().find(of).unwrap();
            by_chance(workflow, jobs, tape)?;
            cancelled(workflow, jobs)?;
        }
        not_here(&plan.jobs)?;
    }
    Ok(())
}

/// Any job may fail and any gate may be lost.
fn by_chance(workflow: &Workflow, jobs: &[Job], tape: &[u8]) -> Result<(), TestCaseError> {
    for round in 0..8 {
        let happens = |id: &str| {
            let place = jobs.iter().position(|job| job.id == id).unwrap() + round * jobs.len();
            let chance = tape[place % tape.len()];
            (if chance < 50 { Outcome::Failure } else { Outcome::Success }, !chance.is_multiple_of(7))
        };
        compare(workflow, jobs, &happens)?;
    }
    Ok(())
}

/// Somebody ends the run during any job.
fn cancelled(workflow: &Workflow, jobs: &[Job]) -> Result<(), TestCaseError> {
    jobs.iter().try_for_each(|bad| compare(workflow, jobs, &|id| (if id == bad.id { Outcome::Cancelled } else { Outcome::Success }, true)))
}

/// Without `--release` nothing that releases starts, what starts is what GitHub would start, and the run is as green.
fn not_here(jobs: &[Job]) -> Result<(), TestCaseError> {
    let obstacles = obstacles(jobs, Machine { docker: false, release: false });
    let mut schedule = Schedule::new(jobs);
    while !schedule.is_over() {
        for job in schedule.start() {
            let ending = obstacles.get(job.id.as_str()).cloned().map_or(Ending::Success, Ending::NotHere);
            prop_assert!(!releases(job) || ending != Ending::Success, "{} releases", job.id);
            schedule.end(job, Done { ending, outputs: outputs(job, true) });
        }
    }
    for job in jobs {
        let ended = &schedule.done(&job.id).unwrap().ending;
        let rollback = matches!(job.condition, Condition::Rollback { .. });
        let expected = obstacles.contains_key(job.id.as_str());
        prop_assert_eq!(matches!(ended, Ending::NotHere(_)), expected && !rollback, "{}: {:?}", job.id, ended);
        prop_assert_eq!(*ended == Ending::Skipped, rollback, "{}: {:?}", job.id, ended);
    }
    prop_assert!(!schedule.is_red());
    Ok(())
}

#[test]
fn jobs_end_as_on_github() {
    let tapes = proptest::collection::vec(any::<u8>(), 64);
    if let Err(error) = runner(CASES).run(&(repositories(), tapes), |(repository, tape)| check(&repository, &tape)) {
        panic!("{error}");
    }
}
