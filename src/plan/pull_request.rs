//! What runs on a pull request: a check, and the jobs up to the gate. Nothing of it reads a secret or releases.

use super::build::{Planner, text};
use super::jobs::{checkout, step};
use crate::lock::{Lock, Source};

use super::{Action, Condition, Env, EnvValue, Job, PullRequest, Step};

impl Planner<'_> {
    /// What the trigger asks for, out of the pipeline's own jobs.
    pub(super) fn pull_request(&self, jobs: &[Job]) -> Option<PullRequest> {
        let trigger = self.pipeline.triggers.iter().find(|trigger| trigger.attrs.block.name == "pull_request")?;
        let check = self.check_job();
        let wanted = trigger.attrs.string("until") == Some("gate");
        let before_gate = |job: &&Job| wanted && matches!(job.condition, Condition::Success { .. }) && self.leads_to_gate(&job.id);
        let judged: Vec<&Job> = jobs.iter().filter(before_gate).collect();
        let known: Vec<&str> = judged.iter().map(|job| job.id.as_str()).collect();
        let judged: Vec<Job> = judged.iter().map(|job| without_secrets(job, &known, &check.id)).collect();
        let branches = trigger.attrs.list("branches").iter().filter_map(text).collect();
        Some(PullRequest { branches, jobs: std::iter::once(check).chain(judged).collect() })
    }

    /// Whether a job is a gate's, or one that a gate waits for; one that needs no secret and releases nothing.
    fn leads_to_gate(&self, job: &str) -> bool {
        let harmless = |kind| matches!(kind, "data" | "train" | "gate" | "job");
        let of_job = |stage: &&crate::resolve::hir::Stage| self.job_id(stage) == job && harmless(stage.kind());
        let gates: Vec<_> = self.pipeline.of_kind("gate").map(|gate| gate.id).collect();
        let leads = |id| gates.iter().any(|gate| *gate == id || self.graph.is_ancestor(id, *gate));
        self.pipeline.stages.iter().filter(of_job).any(|stage| leads(stage.id))
    }

    fn check_job(&self) -> Job {
        let run = |name: &str, text: String| step(name, Action::Run { text, folder: String::new() });
        let source = super::command::shell_line(&[self.source.to_owned()]);
        Job {
            id: "check".into(),
            title: "Check".into(),
            comment: Some("Whether the pipeline is right, and whether what is generated from it is up to date.".into()),
            needs: Vec::new(),
            condition: Condition::Success { first: false },
            runner: "ubuntu-24.04".into(),
            minutes: 15,
            environment: None,
            permissions: Vec::new(),
            outputs: Vec::new(),
            env: Env::new(),
            steps: vec![
                checkout(),
                run("Install mlp", install(self.lock)),
                run("Check the pipeline", format!("mlp check --output-format github {source}")),
                run("Compare what is generated", format!("mlp build --check {source}")),
            ],
        }
    }
}

fn install(lock: &Lock) -> String {
    match &lock.mlp {
        Some(Source { git, sha }) => format!("cargo install --locked --git {git} --rev {sha} mlp"),
        None => format!("cargo install --locked --version {} mlp", env!("CARGO_PKG_VERSION")),
    }
}

fn without_secrets(job: &Job, known: &[&str], check: &str) -> Job {
    let mut job = job.clone();
    job.environment = None;
    job.permissions.clear();
    job.needs.retain(|need| known.contains(&need.as_str()));
    job.condition = among(known, job.condition);
    job.steps.retain(|step| !matches!(step.action, Action::AppToken { .. }));
    job.steps.iter_mut().for_each(|step| hide(step, known));
    hide_in(&mut job.env, known);
    if job.needs.is_empty() {
        job.needs.push(check.to_owned());
    }
    job
}

/// A condition without the jobs that pull requests do not run.
fn among(known: &[&str], condition: Condition) -> Condition {
    let keep = |jobs: Vec<String>| jobs.into_iter().filter(|job| known.contains(&job.as_str())).collect::<Vec<_>>();
    let Condition::Gated { approved, succeeded } = condition else { return Condition::Success { first: false } };
    match (keep(approved), keep(succeeded)) {
        (approved, succeeded) if approved.is_empty() && succeeded.is_empty() => Condition::Success { first: false },
        (approved, succeeded) => Condition::Gated { approved, succeeded },
    }
}

/// No secrets, and inputs as they are in a run that nobody starts by hand.
fn hide(step: &mut Step, known: &[&str]) {
    hide_in(&mut step.env, known);
    if let Action::Uses { with, .. } = &mut step.action {
        hide_in(with, known);
    }
}

fn hide_in(env: &mut Env, known: &[&str]) {
    let gone = |value: &EnvValue| matches!(value, EnvValue::Need(job, _) if !known.contains(&job.as_str()));
    env.retain(|(_, value)| !value.is_secret() && !gone(value));
    for (_, value) in env {
        if let EnvValue::Input(_, otherwise) = value {
            *value = EnvValue::Literal(std::mem::take(otherwise));
        }
    }
}
