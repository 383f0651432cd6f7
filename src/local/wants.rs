//! What a job wants of the machine, and why it may not be able to run there.

use std::collections::BTreeMap;

use crate::plan::{Action, Condition, Env, EnvValue, Job, Step};

/// What the machine has, and what the user allows.
#[derive(Clone, Copy, Debug)]
pub struct Machine {
    /// Whether images can be built.
    pub docker: bool,
    /// Whether the run may release.
    pub release: bool,
}

/// A variable of the environment that a job reads.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Want {
    /// Whether it is shown to nobody.
    pub secret: bool,
    /// Whether the job cannot do without it.
    pub required: bool,
}

impl Want {
    const fn secret(required: bool) -> Self {
        Self { secret: true, required }
    }
}

/// Stands for the token of a GitHub App.
const GIT_TOKEN: &str = "GITOPS_TOKEN";
/// Stands for the workflow's own token.
const GITHUB_TOKEN: &str = "GITHUB_TOKEN";

/// The variables that a job reads, by name.
pub fn wants(job: &Job) -> BTreeMap<String, Want> {
    let mut found = BTreeMap::new();
    in_env(&job.env, job, &mut found);
    for step in &job.steps {
        in_env(&step.env, job, &mut found);
        match &step.action {
            Action::AppToken { .. } => add(&mut found, GIT_TOKEN, Want::secret(false)),
            Action::Uses { with, .. } => in_env(with, job, &mut found),
            _ => {}
        }
    }
    found
}

fn in_env(env: &Env, job: &Job, found: &mut BTreeMap<String, Want>) {
    env.iter().for_each(|(name, value)| in_value(name, value, job, found));
}

fn in_value(name: &str, value: &EnvValue, job: &Job, found: &mut BTreeMap<String, Want>) {
    match value {
        EnvValue::Var(name) => add(found, name, Want { secret: false, required: true }),
        EnvValue::Secret(name) => add(found, name, Want::secret(true)),
        EnvValue::GitHub("github.actor") => add(found, "GITHUB_ACTOR", Want { secret: false, required: true }),
        // No run of GitHub's is asked about approvals.
        EnvValue::GitHub("github.token") if matches!(job.condition, Condition::Outcome) => {}
        // Without a token, git uses the credentials that it knows.
        EnvValue::GitHub("github.token") => add(found, GITHUB_TOKEN, Want::secret(name != GIT_TOKEN)),
        EnvValue::Concat(parts) => parts.iter().for_each(|part| in_value(name, part, job, found)),
        _ => {}
    }
}

fn add(found: &mut BTreeMap<String, Want>, name: &str, want: Want) {
    let entry = found.entry(name.to_owned()).or_insert(want);
    *entry = Want { secret: entry.secret || want.secret, required: entry.required || want.required };
}

/// The programs that a job starts.
pub fn programs(job: &Job) -> Vec<&'static str> {
    let uv = job.steps.iter().any(|step| matches!(step.action, Action::SetupUv(_)));
    uv.then_some("uv").into_iter().chain(["bash"]).collect()
}

/// Whether a job changes what is released, or waits for it.
pub fn releases(job: &Job) -> bool {
    let script = |step: &Step| matches!(step.action, Action::Script { script: "deploy" | "verify" | "rollback", .. });
    job.steps.iter().any(script)
}

/// The jobs that cannot run here, and why: of their own, or because of one above them.
pub fn obstacles(jobs: &[Job], machine: Machine) -> BTreeMap<&str, String> {
    let mut found: BTreeMap<&str, String> = jobs.iter().filter_map(|job| Some((job.id.as_str(), obstacle(job, jobs, machine)?))).collect();
    while let Some((id, why)) = jobs.iter().find_map(|job| behind(job, &found)) {
        found.insert(id, why);
    }
    found
}

/// A job that is not known yet to need one that cannot run. The last job runs in any case.
fn behind<'j>(job: &'j Job, found: &BTreeMap<&str, String>) -> Option<(&'j str, String)> {
    if found.contains_key(job.id.as_str()) || matches!(job.condition, Condition::Outcome) {
        return None;
    }
    let need = job.needs.iter().find(|need| found.contains_key(need.as_str()))?;
    Some((&job.id, not_here(need)))
}

/// Why a job does not run that needs one which did not.
pub(super) fn not_here(need: &str) -> String {
    format!("needs `{need}`, which does not run here")
}

fn obstacle(job: &Job, jobs: &[Job], machine: Machine) -> Option<String> {
    if releases(job) && !machine.release {
        return Some("needs `--release`".to_owned());
    }
    if let Some(image) = unpushed(job, jobs).filter(|_| !machine.release) {
        return Some(format!("reads the digest of `{image}`, which is pushed with `--release` alone"));
    }
    job.steps.iter().find_map(|step| of_action(&step.action, machine))
}

/// The image whose digest a job reads; an image that was not pushed has none.
fn unpushed<'j>(job: &Job, jobs: &'j [Job]) -> Option<&'j str> {
    let pushes = |image: &&Job| image.steps.iter().any(|step| matches!(&step.action, Action::Uses { name, .. } if name == BUILD));
    let images = jobs.iter().filter(pushes).map(|image| image.id.as_str());
    let values = || job.steps.iter().flat_map(|step| &step.env).chain(&job.env);
    images.filter(|image| *image != job.id).find(|image| values().any(|(_, value)| reads(value, image)))
}

fn reads(value: &EnvValue, image: &str) -> bool {
    match value {
        EnvValue::Need(job, output) => job == image && output == "digest",
        EnvValue::Concat(parts) => parts.iter().any(|part| reads(part, image)),
        _ => false,
    }
}

const BUILD: &str = "docker/build-push-action";

/// The actions that have a counterpart here, with the inputs that it knows.
const KNOWN: &[(&str, &[&str])] = &[
    (BUILD, &["context", "file", "platforms", "push", "tags"]),
    ("docker/setup-buildx-action", &["version", "cache-binary"]),
    ("docker/login-action", &["registry", "username", "password"]),
    ("actions/upload-artifact", &["name", "path", "if-no-files-found", "include-hidden-files", "overwrite", "retention-days"]),
    ("actions/download-artifact", &["name", "path"]),
];

fn of_action(action: &Action, machine: Machine) -> Option<String> {
    let Action::Uses { name, with, .. } = action else { return None };
    let Some((_, inputs)) = KNOWN.iter().find(|(known, _)| known == name) else {
        return Some(format!("uses the action `{name}`, which runs on GitHub alone"));
    };
    if name.starts_with("docker/") && !machine.docker {
        return Some("needs `docker buildx`, which is not there".to_owned());
    }
    if let Some((input, _)) = with.iter().find(|(input, _)| !inputs.contains(&input.as_str())) {
        return Some(format!("gives `{input}` to the action `{name}`, which only GitHub's knows"));
    }
    pattern(with).then(|| format!("gives a pattern to the action `{name}`, which only GitHub's knows"))
}

/// Whether a path is no plain one.
fn pattern(with: &Env) -> bool {
    with.iter().any(|(key, value)| key == "path" && !matches!(value, EnvValue::Literal(text) if !text.contains(['*', '?', '[', '!', '\n'])))
}
