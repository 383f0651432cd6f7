//! What runs when manifests alone change: they are published and verified; nothing is trained.

use super::build::{Planner, minutes};
use super::connections::{self, git_token};
use super::jobs::{checkout, outputs, script, split, uv};
use super::release::{Release, Target};
use super::{Action, Condition, EnvValue, Environment, Job, Publish, Step};
use crate::resolve::hir::Stage;

/// What publishing has time for, in milliseconds.
const TIME: f64 = 10.0 * 60_000.0;
const JOB: &str = "publish";

impl Planner<'_> {
    /// Publishes the tree where the GitOps repository is another one, or has it at another path.
    pub(super) fn publish(&self) -> Option<Publish> {
        let owned = |deploy: &&Stage| self.release(deploy).is_some_and(|r| matches!(r.target, Target::Owned(_)) && !self.in_place(&r));
        let deploys: Vec<&Stage> = self.pipeline.of_kind("deploy").filter(owned).collect();
        let publish = self.publish_job(deploys.last()?)?;
        let watches = |verify: &&Stage| verify.attrs.output("release").is_some_and(|r| deploys.iter().any(|deploy| deploy.id == r.stage));
        let verified = self.pipeline.of_kind("verify").filter(watches).filter_map(|verify| self.verify_published(verify));
        Some(Publish { tree: self.tree(), jobs: std::iter::once(publish).chain(verified).collect() })
    }

    /// The last environment's people approve, for the tree holds every environment.
    fn publish_job(&self, deploy: &Stage) -> Option<Job> {
        let release = self.release(deploy)?;
        let environment = self.environment(deploy)?;
        let git = self.connections.of_kind("git")?;
        let (token, token_value, permission) = git_token(git, true);
        let (env, mut secrets) = split(connections::env(git));
        secrets.push(("GITOPS_TOKEN".into(), token_value));
        let publish = script("Publish the manifests", "deploy", Some("publish"), &["gitops"], self.deploy_config(deploy, &release));
        let publish = Step { id: Some(JOB.into()), minutes: Some(minutes(TIME)), env: secrets, ..publish };
        Some(Job {
            id: JOB.into(),
            title: "Publish".into(),
            comment: Some("Only manifests: what is released stays as it is.".into()),
            needs: Vec::new(),
            condition: Condition::Success { first: true },
            runner: super::build::runner(deploy),
            minutes: minutes(2.0 * TIME),
            environment: Some(Environment { name: environment.name.text.clone(), deploys_to: None }),
            permissions: permission.into_iter().collect(),
            outputs: outputs(JOB, &["commit", "changed"]),
            env,
            steps: [checkout(), uv("3.12")].into_iter().chain(token).chain([publish]).collect(),
        })
    }

    fn verify_published(&self, verify: &Stage) -> Option<Job> {
        let body = self.verify(verify)?;
        let mut job = Job {
            id: self.job_id(verify),
            title: body.title,
            comment: None,
            needs: vec![JOB.into()],
            condition: Condition::Changed(JOB.into()),
            runner: super::build::runner(verify),
            minutes: minutes(body.minutes),
            environment: body.environment,
            permissions: body.permissions,
            outputs: body.outputs,
            env: body.env,
            steps: body.steps,
        };
        job.steps.iter_mut().filter(|step| matches!(step.action, Action::Script { .. })).for_each(of_publish);
        Some(job)
    }

    /// `MLP_CONFIG` of the script that deploys.
    pub(super) fn deploy_config(&self, deploy: &Stage, release: &Release) -> serde_json::Value {
        // An environment that the champion's alias does not follow may hold a version that no gate has compared with.
        let followed = self.champion(deploy).is_some_and(|(_, alias)| self.alias(deploy) == Some(alias));
        let replaces = if followed && self.reads_champion(deploy) { "champion" } else { "older" };
        let source = matches!(release.target, Target::Owned(_)).then(|| self.tree()).filter(|_| !self.in_place(release));
        // A later environment's manifests are published by its own deploy, with its own approval.
        let later = self.pipeline.of_kind("deploy").any(|other| other.id > deploy.id);
        let overlays = source.as_ref().filter(|_| later).map(|_| [&release.environment]);
        serde_json::json!({
            "pipeline": self.pipeline.name.text,
            "environment": release.environment,
            "manifest": self.manifest(release),
            "source": source,
            "overlays": overlays,
            "replaces": replaces,
        })
    }
}

/// The commit is that of the manifests, and there is no new model.
fn of_publish(step: &mut Step) {
    step.env.retain(|(name, _)| name != "STORAGE_URI");
    for (name, value) in &mut step.env {
        if name == "RELEASE_COMMIT" {
            *value = EnvValue::Need(JOB.into(), "commit".into());
        }
    }
}
