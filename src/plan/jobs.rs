//! What jobs have in common, and those of preflight, data and `job`.

use serde_json::{Value as Json, json};

use super::build::{Body, Planner, minutes};
use super::command::Python;
use super::connections::{env_value, git_token, registry_permission};
use super::release::small;
use super::rules::{number, rules};
use super::{Action, Env, EnvValue, Permission, Step};
use crate::resolve::hir::{Command, Stage, Value};

/// What a job has for setting up, fetching and clearing away, beside its stages' own time, in milliseconds.
pub(super) const MARGIN: f64 = 10.0 * 60_000.0;

pub(super) fn step(name: impl Into<String>, action: Action) -> Step {
    Step { id: None, name: name.into(), comment: None, only_if: None, minutes: None, env: Env::new(), action }
}

pub(super) fn script(
    name: &str,
    script: &'static str,
    subcommand: Option<&'static str>,
    groups: &'static [&'static str],
    config: Json,
) -> Step {
    step(name, Action::Script { groups, script, subcommand, config })
}

pub(super) fn checkout() -> Step {
    step("Check out", Action::Checkout)
}

pub(super) fn uv(python: &str) -> Step {
    step("Install uv", Action::SetupUv(python.to_owned()))
}

/// The part of an environment that is no secret and may stand at the job, and the rest, for single steps.
pub(super) fn split(env: Env) -> (Env, Env) {
    env.into_iter().partition(|(_, value)| !matches!(value, EnvValue::Secret(_) | EnvValue::GitHub("github.token") | EnvValue::Step(..)))
}

fn output(step: &str, name: &str) -> (String, String, String) {
    (name.to_owned(), step.to_owned(), name.to_owned())
}

pub(super) fn outputs(step: &str, names: &[&str]) -> Vec<(String, String, String)> {
    names.iter().map(|name| output(step, name)).collect()
}

/// `Train (fit)`, or the kind alone where the stage is named after it.
pub(super) fn title(kind: &str, stage: &Stage) -> String {
    if kind.eq_ignore_ascii_case(&stage.name.text) { kind.to_owned() } else { format!("{kind} ({})", stage.name.text) }
}

/// What a log calls the user's command.
fn run_title(command: &Command, otherwise: &str) -> String {
    match command {
        Command::File { path, .. } => format!("Run {path}"),
        Command::Bash(_) | Command::Python(_) => format!("Run {otherwise}"),
    }
}

pub(super) fn time(stage: &Stage) -> f64 {
    stage.attrs.number("timeout").unwrap_or(0.0)
}

impl Planner<'_> {
    pub(super) fn python(&self, stage: &Stage) -> Python {
        Python::new(self.sources, self.folder, &stage.attrs)
    }

    /// A stage's `env`, with outputs of other stages as what their jobs hand on.
    pub(super) fn user_env(&self, env: &[(crate::syntax::ast::Ident, crate::resolve::hir::Spanned)]) -> Env {
        env.iter().map(|(name, value)| (name.text.clone(), self.user_value(&value.value))).collect()
    }

    pub(super) fn user_value(&self, value: &Value) -> EnvValue {
        let Value::Output(output) = value else { return env_value(value) };
        let name = match output.ty {
            crate::schema::Output::Dataset => "snapshot_uri",
            crate::schema::Output::Run => "run_id",
            crate::schema::Output::Model => "model_id",
            crate::schema::Output::ModelArtifact => "storage_uri",
            crate::schema::Output::Release => "commit",
            crate::schema::Output::Live => "verified",
            _ => &output.name,
        };
        EnvValue::Need(self.job_of(output.stage), name.to_owned())
    }

    /// The user's command as a step.
    pub(super) fn command_step(&self, stage: &Stage, command: &Command, python: &Python, extra: Env) -> Step {
        let retries = if stage.attrs.block.attr("retries").is_some() { stage.attrs.number("retries").map_or(0, small) } else { 0 };
        let (run, script) = python.run(command, retries);
        let name = run_title(command, &stage.name.text);
        let env = extra.into_iter().chain(self.user_env(&stage.env)).chain(script).collect();
        Step { minutes: Some(minutes(time(stage))), env, ..step(name, run) }
    }

    /// Whether the machine is what the stage asks for.
    fn host_step(&self, stage: &Stage) -> Option<Step> {
        let asked_for = |name: &str| stage.attrs.number(name).map(number);
        let config = json!({
            "cpu": asked_for("cpu"),
            "memory": asked_for("memory"),
            "disk": asked_for("disk"),
            "gpu": asked_for("gpu"),
        });
        let asked = config.as_object().is_some_and(|map| map.values().any(|value| !value.is_null()));
        asked.then(|| script("Check the machine", "host", None, &[], config))
    }

    /// The user's own steps.
    fn own_steps(&self, stage: &Stage, python: &Python) -> Vec<Step> {
        stage.steps.iter().filter_map(|own| self.own_step(own, python)).collect()
    }

    fn own_step(&self, own: &crate::resolve::hir::Step, python: &Python) -> Option<Step> {
        let named = own.attrs.string("name").filter(|name| !name.trim().is_empty()).map(str::to_owned);
        let env = self.user_env(&own.env);
        if let Some(Value::Action(reference)) = own.attrs.get("uses").map(|value| &value.value) {
            let (name, version) = reference.split_once('@')?;
            let pin = if version.len() == 40 { (version.to_owned(), String::new()) } else { self.pin(&repository_of(name)) };
            let action = Action::Uses { name: name.to_owned(), pin, with: self.user_env(&own.with) };
            return Some(Step { env, ..step(named.unwrap_or_else(|| format!("Use {name}")), action) });
        }
        let command = own.attrs.command("run")?;
        let (run, script) = python.run(command, 0);
        let env = env.into_iter().chain(script).collect();
        Some(Step { env, ..step(named.unwrap_or_else(|| run_title(command, "a step")), run) })
    }

    pub(super) fn permissions(&self, stage: &Stage) -> Vec<Permission> {
        let ask = |(scope, access): &(crate::syntax::ast::Ident, crate::syntax::ast::Ident)| Permission {
            scope: scope.text.replace('_', "-"),
            access: access.text.clone(),
            why: format!("asked for by {}", stage.name.text),
        };
        stage.permissions.iter().map(ask).collect()
    }

    /// What starts every job that runs the user's code.
    pub(super) fn setting_up(&self, stage: &Stage, python: &Python) -> Vec<Step> {
        let mut steps = vec![checkout(), uv(&python.version)];
        steps.extend(self.host_step(stage));
        steps.extend(self.own_steps(stage, python));
        steps
    }

    pub(super) fn preflight(&self, stage: &Stage) -> Body {
        let python = self.python(stage);
        let (config, kinds) = self.preflight_config(stage);
        let all: Env = kinds.iter().flat_map(|kind| self.connections.env(kind)).collect();
        let (env, mut secrets) = split(all);
        let mut steps = vec![checkout(), uv(&python.version)];
        let mut permissions = Vec::new();
        if let Some(git) = self.connections.of_kind("git").filter(|_| kinds.contains(&"git")) {
            let (token, value, permission) = git_token(git, true);
            steps.extend(token);
            permissions.extend(permission.map(|p| Permission { why: "tries whether a release could be pushed".into(), ..p }));
            secrets.push(("GITOPS_TOKEN".into(), value));
        }
        if let Some(registry) = self.connections.of_kind("container_registry").filter(|_| kinds.contains(&"container_registry")) {
            permissions.extend(registry_permission(registry, "opens an upload and drops it:"));
        }
        let checks = script("Check the services", "preflight", None, &["preflight"], config);
        steps.push(Step { minutes: Some(minutes(time(stage))), env: secrets, ..checks });
        let command = stage.attrs.command("run");
        steps.extend(command.map(|command| self.command_step(stage, command, &python, Env::new())));
        let timed = if command.is_some() { 2.0 } else { 1.0 };
        Body {
            title: title("Preflight", stage),
            comment: Some("Asks every service for what the run will want of it, before any money is spent.".into()),
            env,
            steps,
            outputs: Vec::new(),
            permissions,
            environment: None,
            minutes: timed * time(stage) + MARGIN,
        }
    }

    pub(super) fn data(&self, stage: &Stage) -> Body {
        let python = self.python(stage);
        let (env, secrets) = split(self.connections.env("s3"));
        let mut steps = self.setting_up(stage, &python);
        if let Some(pull) = self.pull_step(stage, "pull", "Pull the data") {
            steps.push(pull);
        }
        if let Some(command) = stage.attrs.command("run") {
            steps.push(self.command_step(stage, command, &python, Env::new()));
        }
        let path = stage.attrs.string("output").unwrap_or_default();
        let config = json!({
            "pipeline": self.pipeline.name.text,
            "path": path,
            "schema": stage.attrs.string("schema"),
            "expect": rules(&stage.rules),
        });
        let check = script("Check and keep the snapshot", "data", Some("check"), &["data"], config);
        steps.push(Step { id: Some("check".into()), env: secrets, ..check });
        if self.connections.of_kind("s3").is_none() {
            steps.push(self.upload(stage, path));
        }
        Body {
            title: title("Data", stage),
            comment: None,
            env,
            steps,
            outputs: outputs("check", &["snapshot_uri", "snapshot_sha256"]),
            permissions: self.permissions(stage),
            environment: None,
            minutes: time(stage) + MARGIN,
        }
    }

    /// Pulls the DVC files that an attribute names.
    pub(super) fn pull_step(&self, stage: &Stage, attr: &str, name: &str) -> Option<Step> {
        let files: Vec<(Option<_>, String)> = stage.attrs.list(attr).iter().filter_map(dvc_file).collect();
        let (connection, _) = files.first()?;
        let remote = match connection {
            Some(id) => self.connections.get(*id),
            None => self.connections.of_kind("dvc"),
        };
        let remote = remote.and_then(|dvc| dvc.attrs.string("remote").map(str::to_owned));
        let targets: Vec<&String> = files.iter().map(|(_, path)| path).collect();
        let pull = script(name, "data", Some("pull"), &["data"], json!({ "targets": targets, "remote": remote }));
        let (_, secrets) = split(self.connections.env("s3"));
        Some(Step { env: secrets, ..pull })
    }

    /// Without a store, a snapshot is passed on as an artifact, which whoever reads the repository can download.
    fn upload(&self, stage: &Stage, path: &str) -> Step {
        let literal = |text: &str| EnvValue::Literal(text.to_owned());
        let with = vec![
            ("name".to_owned(), EnvValue::Literal(format!("snapshot-{}", stage.name.text))),
            ("path".to_owned(), literal(path)),
            ("if-no-files-found".to_owned(), literal("error")),
            // The snapshot's hash counts hidden files too.
            ("include-hidden-files".to_owned(), EnvValue::Flag(true)),
            ("overwrite".to_owned(), EnvValue::Flag(true)),
            ("retention-days".to_owned(), literal("7")),
        ];
        let comment = "No store is declared: whoever can read this repository can download the data.".to_owned();
        let action = Action::Uses { name: "actions/upload-artifact".into(), pin: self.pin("actions/upload-artifact"), with };
        Step { comment: Some(comment), ..step("Pass the snapshot on", action) }
    }

    pub(super) fn download(&self, data: &Stage) -> Option<Step> {
        let path = data.attrs.string("output")?;
        // An artifact of a folder holds what is in it, one of a file the file: a name with an extension is a file's.
        let (folder, name) = path.rsplit_once('/').unwrap_or((".", path));
        let target = if name.contains('.') { folder } else { path };
        let with = vec![
            ("name".to_owned(), EnvValue::Literal(format!("snapshot-{}", data.name.text))),
            ("path".to_owned(), EnvValue::Literal(target.to_owned())),
        ];
        let action = Action::Uses { name: "actions/download-artifact".into(), pin: self.pin("actions/download-artifact"), with };
        Some(step("Fetch the snapshot", action))
    }

    /// The data stage behind a training.
    pub(super) fn dataset(&self, train: &Stage) -> Option<&crate::resolve::hir::Stage> {
        self.pipeline.stage(train.attrs.output("input")?.stage)
    }

    /// A job of the user's own.
    pub(super) fn free(&self, stage: &Stage) -> Body {
        let python = self.python(stage);
        let mut steps = self.setting_up(stage, &python);
        if let Some(command) = stage.attrs.command("run") {
            let run = self.command_step(stage, command, &python, Env::new());
            steps.push(Step { id: Some("run".into()).filter(|_| !stage.outputs.is_empty()), ..run });
        }
        let declared = stage.outputs.iter().filter(|_| stage.attrs.command("run").is_some());
        let names: Vec<&str> = declared.map(|name| name.text.as_str()).collect();
        Body {
            title: title("Job", stage),
            comment: None,
            env: Env::new(),
            steps,
            outputs: outputs("run", &names),
            permissions: self.permissions(stage),
            environment: None,
            minutes: time(stage) + MARGIN,
        }
    }
}

/// The file of a DVC value, with its connection.
pub(super) fn dvc_file(value: &crate::resolve::hir::Spanned) -> Option<(Option<crate::resolve::hir::ConnectionId>, String)> {
    match &value.value {
        Value::Dvc(connection, path) => Some((*connection, path.clone())),
        _ => None,
    }
}

/// `owner/name` of `owner/name/path`.
fn repository_of(action: &str) -> String {
    action.splitn(3, '/').take(2).collect::<Vec<_>>().join("/")
}
