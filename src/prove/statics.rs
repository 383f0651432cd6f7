//! The properties that the text alone decides.

use std::collections::{BTreeMap, BTreeSet};

use super::effect::Kind;
use super::expr::{Part, Template};
use super::program::{Act, Program, Unit};
use super::read::{At, Pair, Step};

/// What is wrong: property, line and why.
pub type Wrong = (&'static str, u64, String);

pub fn check(program: &Program<'_>) -> Vec<Wrong> {
    let jobs = program.jobs.iter().flat_map(|unit| [secrets_of(unit), privilege(program, unit), approval(unit), bounds(unit)].concat());
    let shared = program.workflow.env.iter().filter(|pair| holds_secret(pair));
    let shared = shared.map(|pair| ("secrets", pair.value.line, format!("`{}` hands a secret to every job", pair.key)));
    [exclusive(program), jobs.chain(shared).collect(), report(program)].concat()
}

fn paths(text: &str) -> Vec<Vec<Part>> {
    Template::parse(text).map(|template| template.paths()).unwrap_or_default()
}

fn is(path: &[Part], names: &[&str]) -> bool {
    path.len() == names.len() && path.iter().zip(names).all(|(part, name)| matches!(part, Part::Name(known) if known == name))
}

/// The secrets that a text reads; `*` for all of them.
fn secrets(text: &str) -> Vec<String> {
    let secret = |path: Vec<Part>| match path.as_slice() {
        [Part::Name(secrets), Part::Name(name)] if secrets == "secrets" => (name != "github_token").then(|| name.clone()),
        [Part::Name(secrets), ..] if secrets == "secrets" => Some("*".to_owned()),
        _ => None,
    };
    paths(text).into_iter().filter_map(secret).collect()
}

fn holds_secret(pair: &Pair) -> bool {
    !secrets(&pair.value.value).is_empty()
}

fn is_token(text: &str) -> bool {
    paths(text).iter().any(|path| is(path, &["github", "token"]) || is(path, &["secrets", "github_token"]))
}

fn given(step: &Step) -> impl Iterator<Item = &Pair> {
    step.env.iter().chain(&step.with)
}

fn secrets_of(unit: &Unit<'_>) -> Vec<Wrong> {
    let job = unit.job;
    let wide = job.env.iter().chain(&job.outputs).filter(|pair| holds_secret(pair));
    let wide =
        wide.map(|pair| ("secrets", pair.value.line, format!("`{}` of `{}` is a secret that more than one step sees", pair.key, job.id)));
    let bare = unit.acts.iter().flat_map(|act| given(act.step)).filter(|pair| job.environment.is_none() && holds_secret(pair));
    let bare = bare
        .map(|pair| ("secrets", pair.value.line, format!("`{}` reads a secret, and its job `{}` has no environment", pair.key, job.id)));
    let all = unit.acts.iter().flat_map(|act| given(act.step)).filter(|pair| secrets(&pair.value.value).iter().any(|name| name == "*"));
    let all = all.map(|pair| ("secrets", pair.value.line, format!("`{}` of `{}` reads secrets that it does not name", pair.key, job.id)));
    wide.chain(bare).chain(all).collect()
}

/// A deploy stands in the environment it deploys to, verification and rollback in one that belongs to it.
fn approval(unit: &Unit<'_>) -> Vec<Wrong> {
    // Names of environments reach Kubernetes with `-` for `_`.
    let at = unit.job.environment.as_ref().map_or_else(String::new, |at| at.value.replace('_', "-"));
    let wrong = |act: &Act<'_>| {
        let meant = act.effect.text("environment");
        let right = match act.effect.kind {
            Kind::Deploy | Kind::Publish => at == meant,
            Kind::Verify | Kind::Rollback => at == format!("{meant}-release"),
            _ => true,
        };
        (!right).then(|| ("approval", unit.job.line, format!("`{}` changes {meant}, and its environment is `{at}`", unit.job.id)))
    };
    unit.acts.iter().filter_map(wrong).collect()
}

/// What each job may do with the token, and what its steps need.
fn privilege(program: &Program<'_>, unit: &Unit<'_>) -> Vec<Wrong> {
    let stated = unit.job.permissions.as_ref().or(program.workflow.permissions.as_ref());
    let line = unit.job.line;
    let Some(stated) = stated else { return vec![("privilege", line, format!("`{}` does not say what it may do", unit.job.id))] };
    let has: BTreeMap<&str, &str> =
        stated.iter().map(|pair| (pair.key.as_str(), pair.value.value.as_str())).filter(|(_, level)| *level != "none").collect();
    let needed = needed(unit);
    let lacks = needed.iter().filter(|(scope, level)| !has.get(*scope).is_some_and(|has| has == *level || *has == "write"));
    let lacks = lacks.map(|(scope, level)| ("privilege", line, format!("`{}` lacks `{scope}: {level}`", unit.job.id)));
    let free = unit.acts.iter().any(|act| act.effect.kind == Kind::Foreign && uses_token(act.step));
    let extra = has.iter().filter(|(scope, level)| !free && needed.get(*scope) != Some(*level));
    let extra =
        extra.map(|(scope, level)| ("privilege", line, format!("`{}` has `{scope}: {level}`, which no step of it needs", unit.job.id)));
    lacks.chain(extra).collect()
}

/// Whether a foreign step can have the token: actions take it without being given it.
fn uses_token(step: &Step) -> bool {
    step.uses.is_some() || given(step).any(|pair| is_token(&pair.value.value))
}

fn needed(unit: &Unit<'_>) -> BTreeMap<&'static str, &'static str> {
    let mut needed = BTreeMap::from([("contents", "read")]);
    for act in &unit.acts {
        let has = |name: &str| given(act.step).any(|pair| pair.key == name && is_token(&pair.value.value));
        let pushes = matches!(act.effect.kind, Kind::Deploy | Kind::Publish | Kind::Rollback | Kind::Preflight);
        if pushes && has("GITOPS_TOKEN") {
            needed.insert("contents", "write");
        }
        if has("REGISTRY_PASSWORD") || has("password") {
            needed.insert("packages", "write");
        }
        if act.effect.kind == Kind::Outcome && has("GITHUB_TOKEN") {
            needed.insert("actions", "read");
        }
    }
    needed
}

/// Minutes, where they are stated as a number.
pub fn minutes(at: Option<&At<String>>) -> Option<u64> {
    at?.value.parse().ok().filter(|minutes| *minutes > 0)
}

/// Every job ends by itself, and what must fail rather than be cancelled does so before the job's time is up.
fn bounds(unit: &Unit<'_>) -> Vec<Wrong> {
    let Some(job) = minutes(unit.job.minutes.as_ref()) else {
        return vec![("bounded", unit.job.line, format!("`{}` does not say how long it may take", unit.job.id))];
    };
    let careful = [Kind::Gate, Kind::Export, Kind::Deploy, Kind::Publish, Kind::Verify, Kind::Rollback, Kind::Outcome];
    let late = |act: &&Act<'_>| careful.contains(&act.effect.kind) && minutes(act.step.minutes.as_ref()).is_none_or(|step| step >= job);
    let wrong =
        |act: &Act<'_>| ("bounded", act.step.line, format!("`{}` has no time limit below that of `{}`", act.step.name, unit.job.id));
    unit.acts.iter().filter(late).map(wrong).collect()
}

fn exclusive(program: &Program<'_>) -> Vec<Wrong> {
    let pushes = [Kind::Deploy, Kind::Publish].iter().any(|kind| program.steps(*kind).next().is_some());
    if !pushes {
        return Vec::new();
    }
    let Some(concurrency) = &program.workflow.concurrency else {
        return vec![("exclusive", 1, "two runs may hold the deploy section together: there is no `concurrency`".to_owned())];
    };
    if concurrency.group.is_empty() || concurrency.group.contains("${{") {
        return vec![("exclusive", concurrency.line, "runs may be in different groups".to_owned())];
    }
    let keeps = concurrency.cancel == "false" || concurrency.cancel.is_empty();
    if keeps { Vec::new() } else { vec![("exclusive", concurrency.line, "a newer run cancels one that is deploying".to_owned())] }
}

/// Outputs that the outcome script reads, by the step that makes them.
const TOLD: &[(Kind, &[&str])] = &[
    (Kind::Gate, &["approved", "champion_version", "reason"]),
    (Kind::Export, &["model_version", "storage_uri"]),
    (Kind::Deploy, &["commit", "previous_version"]),
    (Kind::Verify, &["reason", "p95_seconds"]),
    (Kind::Rollback, &["result", "changed", "commit", "restored_uri", "restored_version"]),
];

/// The outcome script is told of every gate, export and release, under the names that it knows.
fn report(program: &Program<'_>) -> Vec<Wrong> {
    let told = program.report.as_ref();
    let decides = [Kind::Gate, Kind::Export, Kind::Deploy].iter().find_map(|kind| program.steps(*kind).next());
    let Some(report) = told else {
        let missing = |(_, _, act): (usize, usize, &Act<'_>)| ("reported", act.step.line, "no job says how the run ended".to_owned());
        return decides.map(missing).into_iter().collect();
    };
    let named: BTreeSet<usize> =
        report.gates.iter().chain(&report.exports).copied().chain(report.releases.iter().flat_map(super::program::Trio::jobs)).collect();
    let mut wrong = Vec::new();
    for (kind, outputs) in TOLD {
        for (job, _, act) in program.steps(*kind) {
            let Some(unit) = program.jobs.get(job) else { continue };
            if !named.contains(&job) {
                wrong.push(("reported", unit.job.line, format!("the outcome script does not look at `{}`", unit.job.id)));
            }
            wrong.extend(outputs.iter().filter(|name| !passes(unit, act, name)).map(|name| {
                ("reported", unit.job.line, format!("`{}` does not pass on the output `{name}` of `{}`", unit.job.id, act.step.name))
            }));
        }
    }
    wrong
}

fn passes(unit: &Unit<'_>, act: &Act<'_>, name: &str) -> bool {
    let id = act.step.id.as_deref().unwrap_or_default().to_ascii_lowercase();
    let output = unit.outputs.iter().find(|(key, _)| key == name).and_then(|(_, template)| template.only_path());
    output.is_some_and(|path| is(&path, &["steps", &id, "outputs", name]))
}

/// Steps of which nothing is known and which hold what a release is pushed with.
pub fn holders(program: &Program<'_>) -> Vec<At<String>> {
    let keys = release_secrets(program);
    let own = program
        .steps(Kind::Deploy)
        .any(|(_, _, act)| given(act.step).any(|pair| pair.key == "GITOPS_TOKEN" && is_token(&pair.value.value)));
    let foreign = program.steps(Kind::Foreign).filter_map(|(job, _, act)| Some((program.jobs.get(job)?, act)));
    let holds = |(unit, act): &(&Unit<'_>, &Act<'_>)| {
        let writes = unit
            .job
            .permissions
            .iter()
            .flatten()
            .any(|pair| matches!(pair.key.as_str(), "contents" | "*") && pair.value.value.contains("write"));
        let pairs: Vec<&Pair> = given(act.step).chain(&unit.job.env).chain(&program.workflow.env).collect();
        let named = pairs.iter().flat_map(|pair| secrets(&pair.value.value)).any(|name| name == "*" || keys.contains(&name));
        let made = pairs.iter().any(|pair| made_token(unit, &pair.value.value));
        named || made || (own && writes && uses_token(act.step))
    };
    let remark = |(unit, act): (&Unit<'_>, &Act<'_>)| At {
        line: act.step.line,
        value: format!("`{}` of `{}` holds release credentials, and nothing is known of what it does", act.step.name, unit.job.id),
    };
    foreign.filter(holds).map(remark).collect()
}

fn release_secrets(program: &Program<'_>) -> BTreeSet<String> {
    let kinds = [Kind::Deploy, Kind::Publish, Kind::Verify, Kind::Rollback];
    let jobs = program.jobs.iter().filter(|unit| kinds.iter().any(|kind| unit.has(*kind)));
    let pairs = jobs.flat_map(|unit| &unit.acts).flat_map(|act| given(act.step));
    let keys = pairs.filter(|pair| ["GITOPS_TOKEN", "ARGOCD_AUTH_TOKEN", "private-key"].contains(&pair.key.as_str()));
    keys.flat_map(|pair| secrets(&pair.value.value)).collect()
}

/// Whether a text reads the token that a step of the job makes.
fn made_token(unit: &Unit<'_>, text: &str) -> bool {
    let makers: Vec<String> = unit
        .acts
        .iter()
        .filter(|act| act.effect.kind == Kind::Token)
        .filter_map(|act| act.step.id.as_deref())
        .map(str::to_ascii_lowercase)
        .collect();
    paths(text).iter().any(|path| makers.iter().any(|id| is(path, &["steps", id, "outputs", "token"])))
}

/// The longest that a run may take, in minutes, apart from waiting for approval and machines.
pub fn longest(program: &Program<'_>) -> u64 {
    let mut ends: BTreeMap<usize, u64> = BTreeMap::new();
    for job in &program.order {
        let Some(unit) = program.jobs.get(*job) else { continue };
        let start = unit.needs.iter().filter_map(|need| ends.get(need)).max().copied().unwrap_or_default();
        ends.insert(*job, start + minutes(unit.job.minutes.as_ref()).unwrap_or(360));
    }
    ends.into_values().max().unwrap_or_default()
}
