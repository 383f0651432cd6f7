//! The jobs that ship a model: image and deploy.

use super::build::{Body, Planner, minutes};
use super::connections::{self, git_token, registry_permission};
use super::jobs::{MARGIN, checkout, outputs, script, split, step, time, title, uv};
use super::release::serving_env;
use super::{Action, Env, EnvValue, Environment, Step};
use crate::resolve::hir::{Stage, Value};

impl Planner<'_> {
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
}

fn buildx(version: Option<&str>) -> Env {
    let version = version.map(|version| ("version".to_owned(), EnvValue::Literal(version.to_owned())));
    version.into_iter().chain([("cache-binary".to_owned(), EnvValue::Flag(false))]).collect()
}
