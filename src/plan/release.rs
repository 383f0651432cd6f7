//! What a deploy releases: the facts behind manifests, Application and release commit.

use serde_json::{Value as Json, json};

use super::build::Planner;
use super::connections::git_url;
use super::{EnvValue, connections};
use crate::resolve::hir::{Attrs, Environment, Stage, Value};

/// A release: one service in one environment.
#[derive(Clone, Debug)]
pub struct Release {
    /// The deploy's stage name.
    pub stage: String,
    /// The environment's name, as Kubernetes takes it.
    pub environment: String,
    /// The namespace.
    pub namespace: String,
    /// Name of the InferenceService.
    pub service: String,
    /// `mlflow`, `sklearn`, …
    pub format: String,
    /// `v1` or `v2`
    pub protocol: String,
    /// The transformer in front of the model.
    pub transformer: Option<Transformer>,
    /// What the model server gets.
    pub resources: Resources,
    /// What the transformer gets.
    pub transformer_resources: Resources,
    /// How many replicas.
    pub autoscale: Option<Autoscale>,
    /// Where in the GitOps repository it stands.
    pub target: Target,
    /// Clone URL of the GitOps repository.
    pub repository: EnvValue,
    /// The branch that Argo CD follows.
    pub branch: String,
    /// Name of the Argo CD Application.
    pub application: String,
    /// The namespace of Argo CD.
    pub argocd_namespace: String,
    /// The cluster, as Argo CD knows it.
    pub cluster: String,
    /// A service account of the user's own.
    pub service_account: Option<String>,
    /// Whether the store needs credentials.
    pub store_credentials: bool,
}

/// Where a release stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Target {
    /// A folder that mlp owns.
    Owned(String),
    /// A manifest of the user's.
    Patched(String),
}

/// A transformer's image.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Transformer {
    /// Image without tag or digest.
    pub image: String,
    /// The digest, if it is known when compiling.
    pub digest: Option<String>,
    /// The job whose output is the digest, otherwise.
    pub job: Option<String>,
}

/// Requests and limits of a container.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Resources {
    /// CPUs.
    pub cpu: f64,
    /// Bytes.
    pub memory: f64,
    /// GPUs.
    pub gpu: u32,
}

/// How many replicas.
#[derive(Clone, Debug, PartialEq)]
pub struct Autoscale {
    /// Fewest.
    pub min: u32,
    /// Most.
    pub max: u32,
    /// `cpu` or `memory`
    pub metric: String,
    /// Utilisation in percent.
    pub target: u32,
}

/// A value that must be a small whole number by now.
#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "`as` saturates; ranges are checked by rules")]
pub fn small(value: f64) -> u32 {
    value.round() as u32
}

impl Planner<'_> {
    /// The release of a deploy.
    pub(super) fn release(&self, deploy: &Stage) -> Option<Release> {
        let environment = self.environment(deploy)?;
        let git = self.connections.of_kind("git")?;
        let argo = self.connections.of_kind("argocd")?;
        let export = deploy.attrs.output("model").and_then(|output| self.pipeline.stage(output.stage));
        let format = export.and_then(|stage| stage.attrs.string("format")).unwrap_or("mlflow").to_owned();
        let default_protocol = if format == "huggingface" { "v1" } else { "v2" };
        let name = kebab(&environment.name.text);
        Some(Release {
            stage: deploy.name.text.clone(),
            namespace: environment.attrs.string("namespace").unwrap_or_default().to_owned(),
            service: deploy.attrs.string("name").unwrap_or(&self.pipeline.name.text).to_owned(),
            protocol: deploy.attrs.string("protocol").unwrap_or(default_protocol).to_owned(),
            format,
            transformer: self.transformer(deploy),
            resources: resources(deploy.block("resources"), MODEL_SERVER),
            transformer_resources: resources(deploy.block("transformer_resources"), TRANSFORMER),
            autoscale: deploy.block("autoscale").map(autoscale),
            target: self.target(deploy)?,
            repository: git_url(git),
            branch: git.attrs.string("branch").unwrap_or("main").to_owned(),
            application: format!("{}-{name}", self.pipeline.name.text),
            argocd_namespace: argo.attrs.string("namespace").unwrap_or("argocd").to_owned(),
            cluster: argo.attrs.string("cluster").unwrap_or_default().to_owned(),
            service_account: environment.attrs.string("service_account").map(str::to_owned),
            store_credentials: self.connections.of_kind("s3").is_some_and(|store| store.attrs.get("access_key").is_some()),
            environment: name,
        })
    }

    /// The environment of a deploy.
    pub(super) fn environment(&self, deploy: &Stage) -> Option<&Environment> {
        match deploy.attrs.get("environment")?.value {
            Value::Environment(id) => self.pipeline.environments.get(id.0),
            _ => None,
        }
    }

    fn target(&self, deploy: &Stage) -> Option<Target> {
        match (deploy.attrs.get("manifest").map(|m| &m.value), deploy.attrs.get("gitops").map(|g| &g.value)) {
            (Some(Value::GitFile(_, path)), _) => Some(Target::Patched(path.clone())),
            (_, Some(Value::GitPath(_, path))) => Some(Target::Owned(path.clone())),
            _ => None,
        }
    }

    fn transformer(&self, deploy: &Stage) -> Option<Transformer> {
        match &deploy.attrs.get("transformer")?.value {
            Value::String(text) => {
                let (image, digest) = text.split_once('@')?;
                let image = image.rsplit_once(':').filter(|(_, tag)| !tag.contains('/')).map_or(image, |(name, _)| name);
                Some(Transformer { image: image.to_owned(), digest: Some(digest.to_owned()), job: None })
            }
            Value::Output(output) => {
                let stage = self.pipeline.stage(output.stage)?;
                Some(Transformer { image: self.image(stage)?, digest: None, job: Some(self.job_id(stage)) })
            }
            _ => None,
        }
    }

    /// The image that a stage pushes, without tag.
    pub(super) fn image(&self, stage: &Stage) -> Option<String> {
        let registry = self.connections.get(stage.attrs.connection("registry")?)?;
        let url = registry.attrs.string("url")?.trim_end_matches('/');
        Some(format!("{url}/{}", self.image_name(stage)))
    }

    /// Its name below the registry's path.
    pub(super) fn image_name(&self, stage: &Stage) -> String {
        let default = || format!("{}-{}", self.pipeline.name.text, kebab(&stage.name.text));
        stage.attrs.string("name").map_or_else(default, str::to_owned)
    }

    /// `manifest` of the scripts that read or write a release.
    pub(super) fn manifest(&self, release: &Release) -> Json {
        let (path, patch) = match &release.target {
            Target::Owned(path) => (Some(path), None),
            Target::Patched(path) => (None, Some(path)),
        };
        let image = release.transformer.as_ref().map(|t| &t.image);
        json!({ "service": release.service, "path": path, "patch": patch, "image": image })
    }

    /// The registry alias that follows an environment: the champion's for the last, its own name for earlier ones.
    pub(super) fn alias(&self, deploy: &Stage) -> Option<String> {
        let environment = self.environment(deploy)?;
        if let Some(alias) = environment.attrs.string("alias") {
            return Some(alias.to_owned());
        }
        let later = self.pipeline.of_kind("deploy").any(|other| other.id > deploy.id && self.exported(other) == self.exported(deploy));
        Some(if later {
            kebab(&environment.name.text)
        } else {
            self.champion(deploy).map_or_else(|| "champion".into(), |(_, alias)| alias)
        })
    }

    /// The stage whose model a deploy serves.
    fn exported(&self, deploy: &Stage) -> Option<crate::resolve::hir::StageId> {
        deploy.attrs.output("model").map(|output| output.stage)
    }

    /// Whether Argo CD watches the very branch that the pipeline is built on, and the tree where it was compiled to.
    pub(super) fn in_place(&self, release: &Release) -> bool {
        let pushes = self.pipeline.triggers.iter().filter(|trigger| trigger.attrs.block.name == "push");
        let mut branches = pushes.flat_map(|trigger| trigger.attrs.list("branches"));
        let same_branch = branches.all(|branch| branch.value == Value::String(release.branch.clone()));
        same_branch && release.repository == EnvValue::ThisRepository && release.target == Target::Owned(self.tree())
    }

    /// Where the compiled manifests stand in this repository.
    pub(super) fn tree(&self) -> String {
        format!("deploy/mlp/{}", self.pipeline.name.text)
    }
}

const MODEL_SERVER: Resources = Resources { cpu: 1.0, memory: 2_147_483_648.0, gpu: 0 };
const TRANSFORMER: Resources = Resources { cpu: 0.5, memory: 536_870_912.0, gpu: 0 };

fn resources(attrs: Option<&Attrs>, default: Resources) -> Resources {
    let Some(attrs) = attrs else { return default };
    Resources {
        cpu: attrs.number("cpu").unwrap_or(default.cpu),
        memory: attrs.number("memory").unwrap_or(default.memory),
        gpu: attrs.number("gpu").map_or(0, small),
    }
}

fn autoscale(attrs: &Attrs) -> Autoscale {
    Autoscale {
        min: attrs.number("min").map_or(1, small),
        max: attrs.number("max").map_or(1, small),
        metric: attrs.string("metric").unwrap_or("cpu").to_owned(),
        target: small(attrs.number("target").unwrap_or(0.8) * 100.0),
    }
}

/// `ml_dev` → `ml-dev`
pub fn kebab(name: &str) -> String {
    crate::resolve::dns_label(name)
}

/// Endpoint, host and token of an environment.
pub fn serving_env(environment: &Environment) -> super::Env {
    let names = [("endpoint", "SERVING_ENDPOINT"), ("host", "SERVING_HOST"), ("token", "SERVING_TOKEN")];
    let value = |attr: &str| environment.attrs.get(attr).map(|value| connections::env_value(&value.value));
    names.into_iter().filter_map(|(attr, name)| Some((name.to_owned(), value(attr)?))).collect()
}
