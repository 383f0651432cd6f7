//! The jobs after the deploy: verification, rollback, outcome.

use serde_json::{Value as Json, json};

use super::build::{Body, Planner, minutes};
use super::connections::git_token;
use super::jobs::{checkout, outputs, script, split, step, title, uv};
use super::release::{Release, serving_env};
use super::rules::number;
use super::{Condition, Env, EnvValue, Environment, Job, Permission, Step, StepCondition};
use crate::resolve::hir::{Smoke, Stage};

/// How far a step's time limit lies above its script's own deadline, and the job's above the step's, in milliseconds.
const ABOVE: f64 = 5.0 * 60_000.0;
const GROUPS: &[&str] = &["gitops", "registry"];

/// A deploy with what is to be verified of it.
struct Watched<'a> {
    deploy: &'a Stage,
    release: Release,
}

impl Planner<'_> {
    /// The deploy that a verify watches.
    fn watched(&self, verify: &Stage) -> Option<Watched<'_>> {
        let deploy = self.pipeline.stage(verify.attrs.output("release")?.stage)?;
        Some(Watched { deploy, release: self.release(deploy)? })
    }

    /// Variables that verification and rollback share: the job's, and those of the one step that needs them.
    fn watching_env(&self, watched: &Watched<'_>) -> (Env, Env) {
        let kinds = ["mlflow", "s3", "git", "argocd"];
        let serving = self.environment(watched.deploy).map(serving_env).unwrap_or_default();
        split(kinds.iter().flat_map(|kind| self.connections.env(kind)).chain(serving).collect())
    }

    pub(super) fn verify(&self, stage: &Stage) -> Option<Body> {
        let watched = self.watched(stage)?;
        let (env, mut secrets) = self.watching_env(&watched);
        let (token, token_value, _) = git_token(self.connections.of_kind("git")?, false);
        secrets.push(("GITOPS_TOKEN".into(), token_value));
        secrets.push(("RELEASE_COMMIT".into(), EnvValue::Need(self.job_id(watched.deploy), "commit".into())));
        secrets.extend(self.release_env(watched.deploy).into_iter().filter(|(name, _)| name == "STORAGE_URI"));
        let within = stage.attrs.number("within").unwrap_or(0.0);
        let wait = script("Wait for this release, then test it", "verify", None, GROUPS, self.verify_config(stage, &watched)?);
        let wait = Step {
            id: Some("verify".into()),
            comment: Some("Above the script's own deadline, and below the job's, at which GitHub would cancel instead of fail.".into()),
            minutes: Some(minutes(within + ABOVE)),
            env: secrets,
            ..wait
        };
        Some(Body {
            title: title("Verify", stage),
            comment: None,
            env,
            steps: [checkout(), uv(&self.python(stage).version)].into_iter().chain(token).chain([wait]).collect(),
            outputs: outputs("verify", &["verified", "p95_seconds", "reason"]),
            permissions: Vec::new(),
            environment: self.release_environment(watched.deploy),
            minutes: within + 2.0 * ABOVE,
        })
    }

    /// The environment of jobs that must never wait for a person.
    fn release_environment(&self, deploy: &Stage) -> Option<Environment> {
        let environment = self.environment(deploy)?;
        Some(Environment { name: format!("{}-release", environment.name.text), deploys_to: None })
    }

    fn verify_config(&self, stage: &Stage, watched: &Watched<'_>) -> Option<Json> {
        let release = &watched.release;
        Some(json!({
            "pipeline": self.pipeline.name.text,
            "environment": release.environment,
            "manifest": self.manifest(release),
            "application": release.application,
            "namespace": release.namespace,
            "model_name": self.registered_model(watched.deploy),
            "alias": self.alias(watched.deploy),
            "within_seconds": number(stage.attrs.number("within")? / 1000.0),
            "protocol": release.protocol,
            "smoke": {
                "ready": stage.smokes.iter().any(|smoke| smoke.attrs.block.name == "ready"),
                "golden": smoke(stage, "golden").and_then(|test| self.golden_config(stage, test)),
                "contract": smoke(stage, "contract").map(contract_config),
            },
        }))
    }

    fn golden_config(&self, stage: &Stage, test: &Smoke) -> Option<Json> {
        let (rows, _) = test.file.as_ref()?;
        let reference = test.attrs.command("reference").map(|command| self.command_argv(stage, command));
        Some(json!({ "rows": rows, "tolerance": test.attrs.number("tolerance"), "reference": reference }))
    }

    /// The job that takes a release back when its verification did not succeed.
    pub(super) fn rollback(&self, verify: &Stage) -> Option<Job> {
        let failure = verify.on_failure.as_ref()?;
        failure.rollback?;
        let watched = self.watched(verify)?;
        let (env, mut secrets) = self.watching_env(&watched);
        let (token, token_value, permission) = git_token(self.connections.of_kind("git")?, true);
        let (deploy, verify_id) = (self.job_id(watched.deploy), self.job_id(verify));
        secrets.push(("GITOPS_TOKEN".into(), token_value));
        secrets.push(("VERIFY_RESULT".into(), EnvValue::Result(verify_id.clone())));
        let within = verify.attrs.number("within").unwrap_or(0.0);
        let revert = script(
            "Revert this run's release, then test what it restores",
            "rollback",
            None,
            GROUPS,
            self.verify_config(verify, &watched)?,
        );
        let revert = Step { id: Some("rollback".into()), minutes: Some(minutes(within + ABOVE)), env: secrets, ..revert };
        let after = failure.attrs.command("run").map(|command| {
            let (run, script) = self.python(verify).run(command, 0);
            Step { only_if: Some(StepCondition::Always), env: script, ..step("Run what follows a rollback", run) }
        });
        Some(Job {
            id: self.rollback_id(watched.deploy),
            title: format!("Roll back {}", watched.release.environment),
            comment: Some(
                "Reached from every bad end: a failure, a time limit, a cancelled run, a lost machine; and in every later attempt. Without a release it does nothing."
                    .into(),
            ),
            needs: vec![deploy.clone(), verify_id.clone()],
            condition: Condition::Rollback { deploy, verify: verify_id },
            runner: super::build::runner(verify),
            minutes: minutes(within + 2.0 * ABOVE),
            environment: self.release_environment(watched.deploy),
            permissions: permission.map(|p| Permission { why: "pushes the revert to this repository".into(), ..p }).into_iter().collect(),
            outputs: outputs("rollback", &["result", "changed", "commit", "restored_uri", "restored_version"]),
            env,
            steps: [checkout(), uv(&self.python(verify).version)].into_iter().chain(token).chain([revert]).chain(after).collect(),
        })
    }

    /// The stage that verifies a deploy's release.
    pub(super) fn verify_of(&self, deploy: &Stage) -> Option<&Stage> {
        self.pipeline.of_kind("verify").find(|verify| verify.attrs.output("release").is_some_and(|release| release.stage == deploy.id))
    }

    /// `rollback`, or one for each deploy where there are several.
    fn rollback_id(&self, deploy: &Stage) -> String {
        let several = self.pipeline.of_kind("deploy").count() > 1;
        if several { format!("rollback_{}", deploy.name.text) } else { "rollback".into() }
    }

    /// The last job: says how the run ended.
    pub(super) fn outcome(&self, jobs: &[Job]) -> Job {
        let ids = |kind: &'static str| self.pipeline.of_kind(kind).map(|stage| self.job_id(stage)).collect::<Vec<_>>();
        let exists = |id: &String| jobs.iter().any(|job| job.id == *id);
        let release = |deploy: &Stage| {
            let verify = self.verify_of(deploy);
            json!({
                "environment": self.release(deploy).map(|release| release.environment),
                "deploy": self.job_id(deploy),
                "verify": verify.map(|stage| self.job_id(stage)),
                "rollback": Some(self.rollback_id(deploy)).filter(exists),
            })
        };
        let releases: Vec<Json> = self.pipeline.of_kind("deploy").map(release).collect();
        let config = json!({ "pipeline": self.pipeline.name.text, "gates": ids("gate"), "exports": ids("export"), "releases": releases });
        let state = script("State the outcome", "outcome", None, &["gitops"], config);
        let env = vec![("GITHUB_TOKEN".to_owned(), EnvValue::GitHub("github.token")), ("NEEDS".to_owned(), EnvValue::Needs)];
        Job {
            id: "outcome".into(),
            title: "Outcome".into(),
            comment: Some("Says how the run ended; this is the job to require on a branch.".into()),
            needs: jobs.iter().map(|job| job.id.clone()).collect(),
            condition: Condition::Outcome,
            runner: "ubuntu-24.04".into(),
            minutes: 10,
            environment: None,
            permissions: vec![Permission {
                scope: "actions".into(),
                access: "read".into(),
                why: "tells a refused approval from a failure".into(),
            }],
            outputs: outputs("outcome", &["outcome"]),
            env: Env::new(),
            steps: vec![checkout(), uv("3.12"), Step { id: Some("outcome".into()), minutes: Some(5), env, ..state }],
        }
    }
}

fn smoke<'s>(stage: &'s Stage, kind: &str) -> Option<&'s Smoke> {
    stage.smokes.iter().find(|smoke| smoke.attrs.block.name == kind)
}

fn contract_config(test: &Smoke) -> Json {
    let seconds = test.attrs.number("p95").map(|ms| number(ms / 1000.0));
    json!({ "requests": test.file.as_ref().map(|(path, _)| path), "p95_seconds": seconds })
}
