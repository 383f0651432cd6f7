//! What a run would do.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use serde_json::{Value as Json, json};

use super::variables::Variables;
use crate::local::{condition, programs, wants};
use crate::plan::{Action, Job, Plan, Step, StepCondition, script_line};

/// The jobs in order, as text or JSON.
pub fn dry(plan: &Plan, jobs: &[&Job], obstacles: &BTreeMap<&str, String>, variables: &Variables, as_json: bool) -> String {
    let told: Vec<Json> = jobs.iter().map(|job| tell(job, obstacles.get(job.id.as_str()), variables)).collect();
    if as_json {
        return format!("{:#}\n", json!({ "pipeline": plan.name, "jobs": told }));
    }
    told.iter().map(text).fold(format!("{}\n", plan.name), |all, job| all + "\n" + &job)
}

fn tell(job: &Job, obstacle: Option<&String>, variables: &Variables) -> Json {
    let own = wants(job);
    let wanted = variables
        .wanted()
        .filter(|(name, ..)| own.contains_key(*name))
        .map(|(name, want, _, there)| json!({ "name": name, "secret": want.secret, "required": want.required, "set": there }));
    let steps = job.steps.iter().map(|step| json!({ "name": step.name, "does": does(step), "when": when(step), "minutes": step.minutes }));
    json!({
        "id": job.id,
        "title": job.title,
        "needs": job.needs,
        "when": condition(&job.condition),
        "minutes": job.minutes,
        "not_here": obstacle,
        "programs": programs(job),
        "variables": wanted.collect::<Vec<_>>(),
        "steps": steps.collect::<Vec<_>>(),
    })
}

fn does(step: &Step) -> String {
    match &step.action {
        Action::Checkout => "copies the repository".to_owned(),
        Action::SetupUv(python) => format!("uses uv with Python {python}"),
        Action::AppToken { .. } => "takes the token from GITOPS_TOKEN".to_owned(),
        Action::Script { groups, script, subcommand, .. } => script_line(groups, script, *subcommand),
        Action::Run { text, .. } => text.trim_start().lines().next().unwrap_or_default().to_owned(),
        Action::Uses { name, .. } => format!("does what {name} does"),
    }
}

/// When a step runs, if it has a condition of its own.
fn when(step: &Step) -> Option<String> {
    step.only_if.as_ref().map(|only_if| match only_if {
        StepCondition::Unless(step, output) => format!("unless {step} says {output}"),
        StepCondition::Always => "whatever happened before".to_owned(),
    })
}

fn text(job: &Json) -> String {
    let word = |value: &Json, key: &str| value.get(key).and_then(Json::as_str).unwrap_or_default().to_owned();
    let items = |key: &str| job.get(key).and_then(Json::as_array).into_iter().flatten();
    let mut out = format!("{}: {}\n  when   {}\n", word(job, "id"), word(job, "title"), word(job, "when"));
    let not_here = word(job, "not_here");
    if !not_here.is_empty() {
        let _ = writeln!(out, "  not here: {not_here}");
    }
    for step in items("steps") {
        let when = Some(word(step, "when")).filter(|when| !when.is_empty()).map(|when| format!(" ({when})")).unwrap_or_default();
        let _ = writeln!(out, "  step   {}{when}: {}", word(step, "name"), word(step, "does"));
    }
    for variable in items("variables") {
        let is = |key: &str| variable.get(key) == Some(&Json::Bool(true));
        let state = if is("set") {
            "set"
        } else if is("required") {
            "missing"
        } else {
            "not set, and not needed"
        };
        let kind = if is("secret") { "secret" } else { "variable" };
        let _ = writeln!(out, "  reads  {} ({kind}, {state})", word(variable, "name"));
    }
    out
}
