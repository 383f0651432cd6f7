//! The jobs of a model: training, gate, export.

use serde_json::{Value as Json, json};

use super::build::{Body, Planner, minutes};
use super::command::Python;
use super::jobs::{MARGIN, checkout, dvc_file, outputs, script, split, time, title, uv};
use super::rules::{number, rules};
use super::{Env, EnvValue, Step, StepCondition};
use crate::resolve::hir::{Command, Dimension, RuleExpr, RuleKind, Stage, Value};

/// How often a paired bootstrap resamples.
const RESAMPLES: u32 = 1000;
const LOST: &str = "A candidate that loses is no error: the jobs below are skipped and the run is green.";

impl Planner<'_> {
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

    /// Rows for golden predictions, those of the first golden smoke test, and the training's own Python to make them. A test
    /// with a `reference` makes its own: its rows are what a transformer takes, and the model itself could not read them.
    fn golden(&self, train: &Stage) -> Option<Json> {
        let tests = self.pipeline.of_kind("verify").flat_map(|verify| &verify.smokes);
        let mut golden = tests.filter(|smoke| smoke.attrs.block.name == "golden" && smoke.attrs.command("reference").is_none());
        let (rows, _) = golden.find_map(|smoke| smoke.file.as_ref())?;
        Some(json!({ "rows": rows, "argv": self.python(train).argv(true) }))
    }
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
