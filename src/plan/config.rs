//! What preflight checks.

use serde_json::{Map, Value as Json, json};

use super::build::Planner;
use super::jobs::dvc_file;
use super::release::{Release, Target};
use crate::resolve::hir::{Stage, Value};

impl Planner<'_> {
    /// Preflight's configuration, and the kinds of connection that it reads.
    pub(super) fn preflight_config(&self, stage: &Stage) -> (Json, Vec<&'static str>) {
        let mut checks = Map::new();
        let mut skipped = Map::new();
        let mut kinds = Vec::new();
        for (kind, check) in self.checks() {
            let Some(connection) = self.connections.of_kind(kind) else { continue };
            let skip = stage.skips.iter().find(|(id, _)| self.connections.get(*id).is_some_and(|c| c.name.text == connection.name.text));
            match skip {
                Some((_, reason)) => drop(skipped.insert(kind.to_owned(), json!(reason))),
                None => {
                    kinds.push(kind);
                    checks.insert(kind.to_owned(), check);
                }
            }
        }
        // KServe is asked for through Argo CD where no address of its own is given.
        let through_argo = kinds.contains(&"kserve") && self.connections.of_kind("kserve").is_some_and(|k| k.attrs.get("api").is_none());
        if through_argo && let Some(reason) = skipped.get("argocd").cloned() {
            kinds.retain(|kind| *kind != "kserve");
            checks.shift_remove("kserve");
            skipped.insert("kserve".to_owned(), reason);
        }
        if kinds.contains(&"dvc") && !kinds.contains(&"s3") {
            kinds.push("s3");
        }
        let champions = self.champions();
        if !champions.is_empty() {
            kinds.extend(["mlflow", "git"].into_iter().filter(|kind| !kinds.contains(kind)).collect::<Vec<_>>());
        }
        let config = json!({ "pipeline": self.pipeline.name.text, "checks": checks, "skipped": skipped, "champions": champions });
        (config, kinds)
    }

    /// The checks that a pipeline gives rise to, by kind of connection.
    fn checks(&self) -> Vec<(&'static str, Json)> {
        let stages = |kind: &'static str| self.pipeline.of_kind(kind);
        let releases: Vec<Release> = stages("deploy").filter_map(|deploy| self.release(deploy)).collect();
        let mut checks = Vec::new();
        let registers = stages("export").next().or_else(|| stages("gate").next());
        if stages("train").next().is_some() {
            let model = registers.map_or_else(|| self.pipeline.name.text.clone(), |stage| self.registered_model(stage));
            checks.push(("mlflow", json!({ "model": model })));
        }
        if ["data", "train", "export"].iter().any(|kind| stages(kind).next().is_some()) {
            checks.push(("s3", json!({})));
        }
        checks.extend(self.dvc_check());
        let images: Vec<String> = stages("image").map(|image| self.image_name(image)).collect();
        if !images.is_empty() {
            checks.push(("container_registry", json!({ "images": images })));
        }
        checks.extend(releases.first().map(|release| ("git", git_check(release))));
        if !releases.is_empty() {
            let applications: Vec<Json> = releases.iter().map(application).collect();
            checks.push(("argocd", json!({ "applications": applications })));
            checks.push(("kserve", json!({})));
        }
        checks
    }

    fn dvc_check(&self) -> Option<(&'static str, Json)> {
        let pulled = self.pipeline.of_kind("data").flat_map(|stage| stage.attrs.list("pull"));
        let holdouts = self.pipeline.of_kind("gate").filter_map(|stage| stage.attrs.get("holdout"));
        let targets: Vec<String> = pulled.chain(holdouts).filter_map(|value| Some(dvc_file(value)?.1)).collect();
        let remote = self.connections.of_kind("dvc").and_then(|dvc| dvc.attrs.string("remote"));
        (!targets.is_empty()).then(|| ("dvc", json!({ "remote": remote, "targets": targets })))
    }

    /// Whether a release that fails its verification is taken back.
    fn is_guarded(&self, deploy: &Stage) -> bool {
        self.verify_of(deploy).and_then(|verify| verify.on_failure.as_ref()).is_some_and(|failure| failure.rollback.is_some())
    }

    /// The aliases that preflight repairs from git.
    fn champions(&self) -> Vec<Json> {
        let reads =
            self.pipeline.of_kind("gate").any(|gate| matches!(gate.attrs.get("champion").map(|c| &c.value), Some(Value::Model(..))));
        let deploys = self.pipeline.of_kind("deploy").filter(|_| reads);
        let entry = |deploy: &Stage| {
            let release = self.release(deploy)?;
            Some(json!({
                "model": self.registered_model(deploy),
                "alias": self.alias(deploy)?,
                "environment": release.environment,
                "manifest": self.manifest(&release),
                "verified": self.is_guarded(deploy),
            }))
        };
        deploys.filter_map(entry).collect()
    }
}

fn git_check(release: &Release) -> Json {
    match &release.target {
        Target::Owned(path) => json!({ "path": path, "must_exist": false }),
        Target::Patched(path) => json!({ "path": path, "must_exist": true }),
    }
}

fn application(release: &Release) -> Json {
    let path = match &release.target {
        Target::Owned(path) => Some(format!("{path}/overlays/{}", release.environment)),
        Target::Patched(_) => None,
    };
    json!({ "name": release.application, "path": path })
}
