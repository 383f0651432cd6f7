//! The jobs up to the deploy, one function a stage kind.

use serde_json::{Value as Json, json};

use super::build::{Body, Planner, minutes};
use super::command::Python;
use super::connections::{self, env_value, git_token, registry_permission};
use super::release::{serving_env, small};
use super::rules::{number, rules};
use super::{Action, Env, EnvValue, Environment, Permission, Step, StepCondition};
use crate::resolve::hir::{Command, Dimension, RuleExpr, RuleKind, Stage, Value};

/// What a job has for setting up, fetching and clearing away, beside its stages' own time, in milliseconds.
pub(super) const MARGIN: f64 = 10.0 * 60_000.0;
/// How often a paired bootstrap resamples.
const RESAMPLES: u32 = 1000;

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

fn time(stage: &Stage) -> f64 {
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

    fn user_value(&self, value: &Value) -> EnvValue {
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
    fn command_step(&self, stage: &Stage, command: &Command, python: &Python, extra: Env) -> Step {
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

    fn permissions(&self, stage: &Stage) -> Vec<Permission> {
        let ask = |(scope, access): &(crate::syntax::ast::Ident, crate::syntax::ast::Ident)| Permission {
            scope: scope.text.replace('_', "-"),
            access: access.text.clone(),
            why: format!("asked for by {}", stage.name.text),
        };
        stage.permissions.iter().map(ask).collect()
    }

    /// What starts every job that runs the user's code.
    fn setting_up(&self, stage: &Stage, python: &Python) -> Vec<Step> {
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
    fn pull_step(&self, stage: &Stage, attr: &str, name: &str) -> Option<Step> {
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
            ("overwrite".to_owned(), EnvValue::Flag(true)),
            ("retention-days".to_owned(), literal("7")),
        ];
        let comment = "No store is declared: whoever can read this repository can download the data.".to_owned();
        let action = Action::Uses { name: "actions/upload-artifact".into(), pin: self.pin("actions/upload-artifact"), with };
        Step { comment: Some(comment), ..step("Pass the snapshot on", action) }
    }

    fn download(&self, data: &Stage) -> Option<Step> {
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
    fn dataset(&self, train: &Stage) -> Option<&crate::resolve::hir::Stage> {
        self.pipeline.stage(train.attrs.output("input")?.stage)
    }

    /// Variables and steps that training and gate share: registry, store, snapshot.
    fn registry_env(&self, train: &Stage) -> (Env, Env) {
        let all = self.connections.env("mlflow").into_iter().chain(self.connections.env("s3")).collect();
        let (mut env, secrets) = split(all);
        if let Some(data) = self.dataset(train) {
            let job = self.job_id(data);
            env.push(("SNAPSHOT_URI".into(), EnvValue::Need(job.clone(), "snapshot_uri".into())));
            env.push(("SNAPSHOT_SHA256".into(), EnvValue::Need(job, "snapshot_sha256".into())));
        }
        (env, secrets)
    }

    fn holdout(&self, gate: Option<&Stage>) -> Option<String> {
        let (_, path) = dvc_file(gate?.attrs.get("holdout")?)?;
        Some(path.strip_suffix(".dvc").unwrap_or(&path).to_owned())
    }

    /// The gate that judges a training's model.
    fn judge(&self, train: &Stage) -> Option<&Stage> {
        self.pipeline.of_kind("gate").find(|gate| gate.attrs.output("candidate").is_some_and(|output| output.stage == train.id))
    }

    pub(super) fn train(&self, stage: &Stage) -> Body {
        let python = self.python(stage);
        let (env, secrets) = self.registry_env(stage);
        let guest = self.guest(stage);
        let mut steps = self.setting_up(stage, &python);
        if let Some(data) = self.dataset(stage).filter(|_| self.connections.of_kind("s3").is_none()) {
            steps.extend(self.download(data));
        }
        steps.extend(self.judge(stage).and_then(|gate| self.pull_step(gate, "holdout", "Pull the holdout set")));
        let config = json!({
            "pipeline": self.pipeline.name.text,
            "stage": stage.name.text,
            "snapshot": self.dataset(stage).and_then(|data| data.attrs.string("output")),
            "holdout": self.holdout(self.judge(stage)),
            "metrics": stage.metrics.iter().map(|metric| &metric.name.text).collect::<Vec<_>>(),
        });
        let prepare = script("Prepare the training", "train", Some("prepare"), &["registry"], config.clone());
        steps.push(Step { id: Some("prepare".into()), env: secrets.clone(), ..prepare });
        if let Some(command) = stage.attrs.command("run") {
            steps.push(self.training_step(stage, command, &python, &secrets));
        }
        let finish = script("Find the candidate", "train", Some("finish"), &["registry"], config);
        steps.push(Step { id: Some("finish".into()), env: secrets.clone(), ..finish });
        let mut handed = outputs("finish", &["run_id", "model_id"]);
        let mut time = time(stage);
        if let Some(gate) = guest {
            let ids = ["run_id", "model_id"].map(|name| EnvValue::Step("finish".into(), name.into()));
            steps.push(self.gate_step(gate, stage, &secrets, ids));
            handed.extend(outputs(&gate.name.text, &["approved", "champion_version", "reason"]));
            time += self::time(gate);
        }
        Body {
            title: guest.map_or_else(
                || title("Train", stage),
                |gate| format!("{} and {}", title("Train", stage), title("gate", gate).to_lowercase()),
            ),
            comment: guest.map(|_| LOST.to_owned()),
            env,
            steps,
            outputs: handed,
            permissions: self.permissions(stage),
            environment: None,
            minutes: time + MARGIN,
        }
    }

    fn training_step(&self, stage: &Stage, command: &Command, python: &Python, secrets: &Env) -> Step {
        let context = ("MLFLOW_RUN_CONTEXT".to_owned(), EnvValue::Step("prepare".into(), "run_context".into()));
        let env = secrets.iter().cloned().chain([context]).collect();
        Step {
            only_if: Some(StepCondition::Unless("prepare".into(), "reuse".into())),
            comment: Some("A re-run of failed jobs keeps the candidate that it has trained already.".into()),
            ..self.command_step(stage, command, python, env)
        }
    }

    /// A gate that has a job of its own.
    pub(super) fn gate_alone(&self, stage: &Stage) -> Body {
        let python = self.python(stage);
        let train = stage.attrs.output("candidate").and_then(|output| self.pipeline.stage(output.stage)).unwrap_or(stage);
        let (env, secrets) = if train.kind() == "train" { self.registry_env(train) } else { (Env::new(), Env::new()) };
        let job = self.job_id(train);
        let ids = ["run_id", "model_id"].map(|name| EnvValue::Need(job.clone(), name.into()));
        let mut steps = self.setting_up(stage, &python);
        if let Some(data) = self.dataset(train).filter(|_| self.connections.of_kind("s3").is_none()) {
            steps.extend(self.download(data));
        }
        steps.extend(self.pull_step(stage, "holdout", "Pull the holdout set"));
        steps.push(self.gate_step(stage, train, &secrets, ids));
        Body {
            title: title("Gate", stage),
            comment: Some(LOST.to_owned()),
            env,
            steps,
            outputs: outputs(&stage.name.text, &["model_id", "approved", "champion_version", "reason"]),
            permissions: Vec::new(),
            environment: None,
            minutes: time(stage) + MARGIN,
        }
    }

    fn gate_step(&self, gate: &Stage, train: &Stage, secrets: &Env, [run, model]: [EnvValue; 2]) -> Step {
        let snapshot = self.dataset(train).and_then(|data| data.attrs.string("output"));
        let holdout = self.holdout(Some(gate));
        let evaluate = gate.attrs.command("evaluate").map(|command| self.command_argv(gate, command)).map(
            |argv| json!({ "argv": argv, "data": holdout.as_deref().or(snapshot).unwrap_or("."), "seconds": number(evaluation(gate)) }),
        );
        let champion = match gate.attrs.get("champion").map(|value| &value.value) {
            Some(Value::Model(_, name, alias)) => Some(json!({ "model": name, "alias": alias })),
            _ => None,
        };
        let confidence = gate.attrs.number("confidence").map(|level| json!({ "level": level, "samples": RESAMPLES }));
        let config = json!({
            "pipeline": self.pipeline.name.text,
            "stage": gate.name.text,
            "snapshot": snapshot,
            "holdout": holdout,
            "champion": champion,
            "evaluate": evaluate,
            "metrics": metrics(gate, train),
            "require": rules(&gate.rules),
            "without_champion": rules(gate.fallback.iter().flatten()),
            "confidence": confidence,
            "champion_unusable": gate.attrs.string("champion_unusable"),
            "suspicious_above": gate.attrs.number("suspicious_above"),
        });
        let decide = script(&format!("Decide ({})", gate.name.text), "gate", None, &["registry"], config);
        let env =
            secrets.iter().cloned().chain([("RUN_ID".into(), run), ("MODEL_ID".into(), model)]).chain(self.user_env(&gate.env)).collect();
        Step { id: Some(gate.name.text.clone()), minutes: Some(minutes(time(gate))), env, ..decide }
    }

    /// The words that run a command from a script of ours.
    pub(super) fn command_argv(&self, stage: &Stage, command: &Command) -> Vec<String> {
        self.python(stage).command_argv(command)
    }

    pub(super) fn export(&self, stage: &Stage) -> Body {
        let gate = stage.attrs.output("from").and_then(|output| self.pipeline.stage(output.stage));
        let all = self.connections.env("mlflow").into_iter().chain(self.connections.env("s3")).collect();
        let (env, mut secrets) = split(all);
        let train = gate.and_then(|gate| gate.attrs.output("candidate")).and_then(|output| self.pipeline.stage(output.stage));
        if let (Some(gate), Some(train)) = (gate, train) {
            let need = |stage: &Stage, name: &str| EnvValue::Need(self.job_id(stage), name.to_owned());
            secrets.push(("RUN_ID".into(), need(train, "run_id")));
            secrets.push(("MODEL_ID".into(), need(train, "model_id")));
            secrets.push(("CHAMPION_VERSION".into(), need(gate, "champion_version")));
            if let Some(data) = self.dataset(train) {
                secrets.push(("SNAPSHOT_SHA256".into(), need(data, "snapshot_sha256")));
            }
        }
        let artifact_root = self.connections.of_kind("mlflow").and_then(|mlflow| mlflow.attrs.string("artifact_root"));
        let config = json!({
            "pipeline": self.pipeline.name.text,
            "model": self.registered_model(stage),
            "service": self.service_of(stage),
            "format": stage.attrs.string("format"),
            "artifact_root": artifact_root,
            "golden": self.golden(train.unwrap_or(stage)),
        });
        let register = script("Register the model", "export", None, &["registry"], config);
        let register = Step { id: Some("export".into()), minutes: Some(minutes(time(stage))), env: secrets, ..register };
        Body {
            title: title("Export", stage),
            comment: None,
            env,
            steps: vec![checkout(), uv(&train.map_or_else(|| self.python(stage), |train| self.python(train)).version), register],
            outputs: outputs("export", &["storage_uri", "model_version", "model_id", "run_id"]),
            permissions: Vec::new(),
            environment: None,
            minutes: time(stage) + MARGIN,
        }
    }

    /// The name in the model registry: given, the champion's, or the pipeline's.
    pub(super) fn registered_model(&self, stage: &Stage) -> String {
        let given = stage.attrs.block.attr("model").filter(|_| stage.kind() == "export").and_then(|_| stage.attrs.string("model"));
        let champion = || self.champion(stage).map(|(model, _)| model);
        given.map(str::to_owned).or_else(champion).unwrap_or_else(|| self.pipeline.name.text.clone())
    }

    /// The service that will serve what a stage exports.
    fn service_of(&self, export: &Stage) -> String {
        let serves = |deploy: &&Stage| deploy.attrs.output("model").is_some_and(|output| output.stage == export.id);
        let name = self.pipeline.of_kind("deploy").find(serves).and_then(|deploy| deploy.attrs.string("name"));
        name.unwrap_or(&self.pipeline.name.text).to_owned()
    }

    /// Rows for golden predictions, those of the first golden smoke test, and the training's own Python to make them.
    fn golden(&self, train: &Stage) -> Option<Json> {
        let tests = self.pipeline.of_kind("verify").flat_map(|verify| &verify.smokes);
        let mut golden = tests.filter(|smoke| smoke.attrs.block.name == "golden");
        let (rows, _) = golden.find_map(|smoke| smoke.file.as_ref())?;
        Some(json!({ "rows": rows, "argv": self.python(train).argv(true) }))
    }

    pub(super) fn image_job(&self, stage: &Stage) -> Body {
        let registry = stage.attrs.connection("registry").and_then(|id| self.connections.get(id));
        let url = registry.and_then(|registry| registry.attrs.string("url")).unwrap_or_default();
        let host = url.split('/').next().unwrap_or_default().to_owned();
        let login: Env = registry.map(connections::env).unwrap_or_default();
        let value = |name: &str| login.iter().find(|(key, _)| key == name).map(|(_, value)| value.clone());
        let with_login = [
            ("registry", Some(EnvValue::Literal(host.clone()))),
            ("username", value("REGISTRY_USERNAME")),
            ("password", value("REGISTRY_PASSWORD")),
        ];
        let with_login = with_login.into_iter().filter_map(|(key, value)| Some((key.to_owned(), value?))).collect();
        let image = self.image(stage).unwrap_or_default();
        let build = self.uses(&format!("Build and push {image}"), "docker/build-push-action", self.build_inputs(stage, &image));
        let steps = vec![
            checkout(),
            self.uses("Set up Buildx", "docker/setup-buildx-action", buildx(self.lock.tool("buildx"))),
            self.uses(&format!("Log in to {host}"), "docker/login-action", with_login),
            Step { id: Some("build".into()), minutes: Some(minutes(time(stage))), ..build },
        ];
        Body {
            title: title("Image", stage),
            comment: None,
            env: Env::new(),
            steps,
            outputs: outputs("build", &["digest"]),
            permissions: registry.and_then(|registry| registry_permission(registry, "pushes to")).into_iter().collect(),
            environment: None,
            minutes: time(stage) + MARGIN,
        }
    }

    fn uses(&self, name: &str, action: &str, with: Env) -> Step {
        step(name, Action::Uses { name: action.to_owned(), pin: self.pin(action), with })
    }

    fn build_inputs(&self, stage: &Stage, image: &str) -> Env {
        let literal = |text: &str| EnvValue::Literal(text.to_owned());
        let context = stage.attrs.string("context").unwrap_or(".").trim_end_matches('/');
        let dockerfile = stage.attrs.string("dockerfile").map(|path| ("file".to_owned(), literal(path)));
        let tag = EnvValue::Concat(vec![literal(&format!("{image}:")), EnvValue::GitHub("github.sha")]);
        let mut with = vec![("context".to_owned(), literal(context))];
        with.extend(dockerfile);
        with.extend([
            ("platforms".to_owned(), literal(stage.attrs.string("platform").unwrap_or("linux/amd64"))),
            ("push".to_owned(), EnvValue::Flag(true)),
            ("tags".to_owned(), tag),
        ]);
        with
    }

    pub(super) fn deploy(&self, stage: &Stage) -> Option<Body> {
        let release = self.release(stage)?;
        let environment = self.environment(stage)?;
        let git = self.connections.of_kind("git")?;
        let (token, token_value, permission) = git_token(git, true);
        let (env, mut secrets) = split(connections::env(git));
        secrets.push(("GITOPS_TOKEN".into(), token_value));
        secrets.extend(self.release_env(stage));
        let commit = script("Commit the release", "deploy", None, &["gitops"], self.deploy_config(stage, &release));
        let commit = Step { id: Some("deploy".into()), minutes: Some(minutes(time(stage))), env: secrets, ..commit };
        let url = serving_env(environment).into_iter().find(|(name, _)| name == "SERVING_ENDPOINT").and_then(|(_, value)| match value {
            EnvValue::Literal(text) => Some(text),
            _ => None,
        });
        Some(Body {
            title: format!("{} to {}", title("Deploy", stage), release.environment),
            comment: environment.attrs.flag("approval").then(|| "Waits for a person to approve.".to_owned()),
            env,
            steps: [checkout(), uv("3.12")].into_iter().chain(token).chain([commit]).collect(),
            outputs: outputs("deploy", &["commit", "changed", "previous_uri", "previous_version"]),
            permissions: permission.into_iter().collect(),
            environment: Some(Environment { name: environment.name.text.clone(), deploys_to: Some(url) }),
            minutes: time(stage) + MARGIN,
        })
    }

    /// What a deploy takes from the jobs above.
    pub(super) fn release_env(&self, deploy: &Stage) -> Env {
        let mut env = Env::new();
        let need = |job: String, name: &str| EnvValue::Need(job, name.to_owned());
        if let Some(export) = deploy.attrs.output("model") {
            let job = self.job_of(export.stage);
            for (name, output) in [("STORAGE_URI", "storage_uri"), ("MODEL_VERSION", "model_version"), ("RUN_ID", "run_id")] {
                env.push((name.to_owned(), need(job.clone(), output)));
            }
            env.extend(self.lineage(export.stage));
        }
        env.extend(self.image_digest(deploy));
        env
    }

    /// Data and champion behind an exported model.
    fn lineage(&self, export: crate::resolve::hir::StageId) -> Env {
        let gate =
            self.pipeline.stage(export).and_then(|stage| stage.attrs.output("from")).and_then(|output| self.pipeline.stage(output.stage));
        let Some(gate) = gate else { return Env::new() };
        let mut env = vec![("CHAMPION_VERSION".to_owned(), EnvValue::Need(self.job_id(gate), "champion_version".into()))];
        let train = gate.attrs.output("candidate").and_then(|output| self.pipeline.stage(output.stage));
        if let Some(data) = train.and_then(|train| self.dataset(train)) {
            env.push(("SNAPSHOT_SHA256".into(), EnvValue::Need(self.job_id(data), "snapshot_sha256".into())));
        }
        env
    }

    /// The digest of a deploy's transformer.
    pub(super) fn image_digest(&self, deploy: &Stage) -> Env {
        let value = match deploy.attrs.get("transformer").map(|value| &value.value) {
            Some(Value::Output(output)) => EnvValue::Need(self.job_of(output.stage), "digest".into()),
            Some(Value::String(text)) => EnvValue::Literal(text.split_once('@').map_or(text.as_str(), |(_, digest)| digest).to_owned()),
            _ => return Env::new(),
        };
        vec![("IMAGE_DIGEST".into(), value)]
    }

    /// Whether the gate above a deploy compares with the champion.
    pub(super) fn reads_champion(&self, deploy: &Stage) -> bool {
        let above = self.graph.ancestors(deploy.id).into_iter().filter_map(|id| self.pipeline.stage(id));
        above.filter(|stage| stage.kind() == "gate").any(|gate| gate.rules.iter().any(|rule| rule.condition.reads_champion()))
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

const LOST: &str = "A candidate that loses is no error: the jobs below are skipped and the run is green.";

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

fn buildx(version: Option<&str>) -> Env {
    let version = version.map(|version| ("version".to_owned(), EnvValue::Literal(version.to_owned())));
    version.into_iter().chain([("cache-binary".to_owned(), EnvValue::Flag(false))]).collect()
}

/// Seconds for each of a gate's two evaluations; a tenth of its time is left for the decision.
fn evaluation(gate: &Stage) -> f64 {
    (time(gate) * 0.45 / 1000.0).floor()
}

/// The metrics that a gate's rules read, with direction and unit.
fn metrics(gate: &Stage, train: &Stage) -> Json {
    let mut read = Vec::new();
    let mut visit = |e: &RuleExpr| {
        if let RuleKind::Metric(name, _) | RuleKind::Champion(name, _) = &e.kind {
            read.push(name.split('/').next().unwrap_or_default().to_owned());
        }
    };
    gate.rules.iter().chain(gate.fallback.iter().flatten()).for_each(|rule| rule.condition.walk(&mut visit));
    let used = train.metrics.iter().filter(|metric| read.contains(&metric.name.text));
    let describe = |metric: &crate::resolve::hir::Metric| {
        let mut value = json!({ "direction": if metric.higher { "higher" } else { "lower" } });
        if let Some(map) = value.as_object_mut().filter(|_| !matches!(metric.unit.dimension, Dimension::Number)) {
            map.insert("unit".into(), json!(metric.unit.name));
        }
        (metric.name.text.clone(), value)
    };
    Json::Object(used.map(describe).collect())
}
