//! From the plan to the workflow's view: here GitHub's syntax is decided.

use super::json;
use super::view::{Environment, Input, Job, Pair, Permission, Push, Scalar, Schedule, Step, Workflow};
use crate::lock::Lock;
use crate::plan::{self, Action, Condition, Env, EnvValue, Plan, StepCondition, Trigger};

/// The workflow of a plan.
pub fn workflow(plan: &Plan, lock: &Lock) -> Workflow {
    let mut view = Workflow {
        source: plan.source.clone(),
        doc: plan.doc.clone(),
        name: plan.name.clone(),
        pushes: Vec::new(),
        schedules: Vec::new(),
        pull_requests: Vec::new(),
        manual: false,
        inputs: Vec::new(),
        group: if plan.queue { format!("mlp-{}", plan.name) } else { format!("mlp-{}-{}", plan.name, expression("github.run_id")) },
        cancel: false,
        overlap: if plan.queue {
            "One run at a time; of those that wait, the newest."
        } else {
            "Runs may overlap; git refuses a deploy over a newer release."
        },
        jobs: plan.jobs.iter().map(|job| lower_job(job, lock)).collect(),
    };
    plan.triggers.iter().for_each(|trigger| lower_trigger(trigger, &mut view));
    // A workflow that nothing starts is refused by GitHub; by hand it can always be started.
    view.manual |= view.pushes.is_empty() && view.schedules.is_empty();
    view
}

/// The workflow for manifests that change alone.
pub fn publish(plan: &Plan, wanted: &plan::Publish, lock: &Lock) -> Workflow {
    let pushes = plan.triggers.iter().filter_map(|trigger| match trigger {
        Trigger::Push { branches, .. } => Some(Push { branches: branches.clone(), paths: vec![format!("{}/**", wanted.tree)] }),
        _ => None,
    });
    Workflow {
        name: format!("{} (manifests)", plan.name),
        group: format!("mlp-{}-manifests", plan.name),
        overlap: "One run at a time, beside those that train; git refuses what is older.",
        doc: None,
        pushes: pushes.take(1).collect(),
        schedules: Vec::new(),
        manual: true,
        inputs: Vec::new(),
        jobs: wanted.jobs.iter().map(|job| lower_job(job, lock)).collect(),
        ..workflow(plan, lock)
    }
}

/// The workflow for pull requests.
pub fn pull_request(plan: &Plan, wanted: &plan::PullRequest, lock: &Lock) -> Workflow {
    Workflow {
        source: plan.source.clone(),
        doc: None,
        name: format!("{} (pull request)", plan.name),
        pushes: Vec::new(),
        schedules: Vec::new(),
        pull_requests: vec![Push { branches: wanted.branches.clone(), paths: Vec::new() }],
        manual: false,
        inputs: Vec::new(),
        group: format!("mlp-{}-pr-{}", plan.name, expression("github.ref")),
        cancel: true,
        overlap: "A newer commit of the pull request replaces the run of an older one.",
        jobs: wanted.jobs.iter().map(|job| lower_job(job, lock)).collect(),
    }
}

fn lower_trigger(trigger: &Trigger, view: &mut Workflow) {
    match trigger {
        Trigger::Push { branches, paths } => view.pushes.push(Push { branches: branches.clone(), paths: paths.clone() }),
        Trigger::Schedule { cron, timezone } => view.schedules.push(Schedule { cron: cron.clone(), timezone: timezone.clone() }),
        Trigger::Manual(inputs) => {
            view.manual = true;
            view.inputs.extend(inputs.iter().map(lower_input));
        }
    }
}

/// The default of a switch is one itself; that of a number may be text.
fn lower_input(input: &plan::Input) -> Input {
    let typed = |text: &String| if input.ty == "boolean" { Scalar::Flag(text == "true") } else { Scalar::Text(text.clone()) };
    Input { name: input.name.clone(), r#type: input.ty, default: input.default.as_ref().map(typed) }
}

fn expression(text: &str) -> String {
    format!("${{{{ {text} }}}}")
}

fn lower_job(job: &plan::Job, lock: &Lock) -> Job {
    let environment = job.environment.as_ref().map(|environment| Environment {
        name: environment.name.clone(),
        url: environment.deploys_to.clone().flatten(),
        deployment: environment.deploys_to.is_some(),
    });
    Job {
        id: job.id.clone(),
        comment: job.comment.clone(),
        name: job.title.clone(),
        needs: job.needs.clone(),
        condition_comment: matches!(job.condition, Condition::Success { first: true })
            .then_some("A fork has neither the secrets nor the services."),
        condition: condition(&job.condition),
        runner: job.runner.clone(),
        minutes: job.minutes,
        environment,
        permissions: permissions(&job.permissions),
        outputs: job.outputs.iter().map(|(name, step, output)| pair(name, expression(&format!("steps.{step}.outputs.{output}")))).collect(),
        env: pairs(&job.env),
        steps: job.steps.iter().map(|step| lower_step(step, lock)).collect(),
    }
}

fn condition(condition: &Condition) -> Option<String> {
    const NO_FORK: &str = "!github.event.repository.fork";
    let text = match condition {
        Condition::Success { first: false } => return None,
        Condition::Success { first: true } => NO_FORK.to_owned(),
        Condition::Gated { approved, succeeded } => gated(approved, succeeded),
        Condition::Changed(job) => format!("needs.{job}.outputs.changed == 'true'"),
        Condition::Rollback { deploy, verify } => {
            let released = format!("(needs.{deploy}.result != 'skipped' || github.run_attempt > 1)");
            format!("always() && {NO_FORK} && {released} && needs.{verify}.result != 'success'")
        }
        Condition::Outcome => format!("always() && {NO_FORK}"),
    };
    Some(expression(&text))
}

/// Skipping is transitive and does not recover by itself, so every job behind a gate says what it waits for.
fn gated(approved: &[String], succeeded: &[String]) -> String {
    let approvals = approved.iter().map(|job| format!("needs.{job}.outputs.approved == 'true'"));
    if succeeded.is_empty() {
        return approvals.collect::<Vec<_>>().join(" && ");
    }
    let gates = approved.iter().map(|job| format!("needs.{job}.result == 'success'"));
    let results = succeeded.iter().map(|job| format!("needs.{job}.result == 'success'"));
    let all: Vec<String> = std::iter::once("!cancelled()".to_owned()).chain(gates).chain(approvals).chain(results).collect();
    all.join(" && ")
}

/// Reading the repository goes without saying; whatever is asked twice is granted once, at the wider access.
fn permissions(asked: &[plan::Permission]) -> Vec<Permission> {
    let mut granted = vec![Permission { scope: "contents".into(), access: "read".into(), why: None }];
    for permission in asked {
        match granted.iter_mut().find(|other| other.scope == permission.scope) {
            Some(other) if other.access == "write" || permission.access == "read" => {}
            Some(other) => (other.access, other.why) = (permission.access.clone(), Some(permission.why.clone())),
            None => granted.push(Permission {
                scope: permission.scope.clone(),
                access: permission.access.clone(),
                why: Some(permission.why.clone()),
            }),
        }
    }
    granted
}

fn pair(key: &str, value: String) -> Pair {
    Pair { key: key.to_owned(), value: Scalar::Text(value) }
}

fn flag(key: &str, value: bool) -> Pair {
    Pair { key: key.to_owned(), value: Scalar::Flag(value) }
}

fn pairs(env: &Env) -> Vec<Pair> {
    env.iter().map(|(name, value)| if let EnvValue::Flag(on) = value { flag(name, *on) } else { pair(name, env_value(value)) }).collect()
}

fn env_value(value: &EnvValue) -> String {
    match value {
        EnvValue::Literal(text) | EnvValue::Block(text) => text.clone(),
        EnvValue::Flag(on) => on.to_string(),
        EnvValue::Var(name) => expression(&format!("vars.{name}")),
        EnvValue::Secret(name) => expression(&format!("secrets.{name}")),
        EnvValue::Input(name, otherwise) => input(name, otherwise),
        EnvValue::Need(job, output) => expression(&format!("needs.{job}.outputs.{output}")),
        EnvValue::Step(step, output) => expression(&format!("steps.{step}.outputs.{output}")),
        EnvValue::GitHub(name) => expression(name),
        EnvValue::ThisRepository => format!("{}/{}.git", expression("github.server_url"), expression("github.repository")),
        EnvValue::Result(job) => expression(&format!("needs.{job}.result")),
        EnvValue::Needs => expression("toJSON(needs)"),
        EnvValue::Concat(parts) => parts.iter().map(env_value).collect(),
    }
}

/// An input of a manual run; other runs have none. As text, or `false` and `0` would count as absent.
fn input(name: &str, otherwise: &str) -> String {
    expression(&format!("format('{{0}}', inputs.{name}) || '{}'", otherwise.replace('\'', "''")))
}

fn lower_step(step: &plan::Step, lock: &Lock) -> Step {
    let condition = step.only_if.as_ref().map(|only_if| match only_if {
        StepCondition::Unless(step, output) => expression(&format!("steps.{step}.outputs.{output} != 'true'")),
        StepCondition::Always => expression("always()"),
    });
    let view = Step {
        name: step.name.clone(),
        id: step.id.clone(),
        comment: step.comment.clone(),
        condition,
        minutes: step.minutes,
        env: pairs(&step.env),
        ..Step::default()
    };
    lower_action(&step.action, view, lock)
}

fn lower_action(action: &Action, view: Step, lock: &Lock) -> Step {
    match action {
        Action::Checkout => own(view, lock, "actions/checkout", vec![flag("persist-credentials", false)]),
        Action::SetupUv(python) => {
            let version = lock.tool("uv").unwrap_or_default();
            // A cache that another branch filled has no place in a run that releases.
            let with = vec![pair("version", version.to_owned()), pair("python-version", python.clone()), flag("enable-cache", false)];
            own(view, lock, "astral-sh/setup-uv", with)
        }
        Action::AppToken { client_id, private_key, repository, write } => {
            own(view, lock, "actions/create-github-app-token", app_token(client_id, private_key, repository.as_ref(), *write))
        }
        Action::Script { groups, script, subcommand, config } => script_step(view, groups, script, *subcommand, config),
        Action::Run { text, folder } => {
            let working_directory = Some(folder.clone()).filter(|folder| !folder.is_empty());
            Step { working_directory, run: Some(text.clone()), ..view }
        }
        Action::Uses { name, pin: (sha, tag), with } => {
            let tag = Some(tag.clone()).filter(|tag| !tag.is_empty());
            Step { uses: Some(format!("{name}@{sha}")), tag, with: pairs(with), ..view }
        }
    }
}

fn own(view: Step, lock: &Lock, action: &str, with: Vec<Pair>) -> Step {
    let pin = lock.action(action);
    let uses = pin.map(|pin| format!("{action}@{}", pin.sha));
    Step { uses, tag: pin.map(|pin| pin.tag.clone()), with, ..view }
}

fn app_token(client_id: &EnvValue, private_key: &EnvValue, repository: Option<&(String, String)>, write: bool) -> Vec<Pair> {
    let mut with = vec![pair("client-id", env_value(client_id)), pair("private-key", env_value(private_key))];
    match repository {
        Some((owner, name)) => with.extend([pair("owner", owner.clone()), pair("repositories", name.clone())]),
        None => with.push(pair("repositories", expression("github.event.repository.name"))),
    }
    with.push(pair("permission-contents", if write { "write" } else { "read" }.to_owned()));
    with
}

fn script_step(view: Step, groups: &[&str], script: &str, subcommand: Option<&str>, config: &serde_json::Value) -> Step {
    let run = plan::script_line(groups, script, subcommand);
    let mut env = view.env;
    env.push(pair("MLP_CONFIG", json::pretty(config)));
    Step { env, run: Some(run), ..view }
}
