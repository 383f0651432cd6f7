//! Connections as environment variables, in the names of the runtime's contract.

use crate::resolve::hir::{Connection, ConnectionId, Hir, Pipeline, Value};

use super::{Action, Env, EnvValue, Permission, Step};

/// A value as an environment variable.
pub fn env_value(value: &Value) -> EnvValue {
    match value {
        Value::String(text) => EnvValue::Literal(text.clone()),
        Value::Int(n) => EnvValue::Literal(n.to_string()),
        Value::Float(n) | Value::Percent(n) => EnvValue::Literal(n.to_string()),
        Value::Bool(b) => EnvValue::Literal(b.to_string()),
        Value::Word(word) => EnvValue::Literal((*word).to_owned()),
        Value::Var(name) => EnvValue::Var(name.clone()),
        Value::Secret(name) => EnvValue::Secret(name.clone()),
        Value::Input(name, value) => match env_value(value) {
            EnvValue::Literal(text) => EnvValue::Input(name.clone(), text),
            other => other,
        },
        _ => EnvValue::Literal(String::new()),
    }
}

/// The connections of a pipeline.
#[derive(Clone, Copy)]
pub struct Connections<'a> {
    hir: &'a Hir,
    pipeline: &'a Pipeline,
}

impl<'a> Connections<'a> {
    /// Those of a pipeline.
    pub fn new(hir: &'a Hir, pipeline: &'a Pipeline) -> Self {
        Self { hir, pipeline }
    }

    /// One of them.
    pub fn get(self, id: ConnectionId) -> Option<&'a Connection> {
        self.hir.connections.get(id.0)
    }

    /// The one of a kind that is used where none is named.
    pub fn of_kind(self, kind: &str) -> Option<&'a Connection> {
        self.get(*self.pipeline.connections.get(kind)?)
    }

    /// Variables of that connection.
    pub fn env(self, kind: &str) -> Env {
        self.of_kind(kind).map(env).unwrap_or_default()
    }
}

/// Attribute → variable, per kind.
const NAMES: &[(&str, &str, &str)] = &[
    ("mlflow", "uri", "MLFLOW_TRACKING_URI"),
    ("mlflow", "user", "MLFLOW_TRACKING_USERNAME"),
    ("mlflow", "password", "MLFLOW_TRACKING_PASSWORD"),
    ("mlflow", "token", "MLFLOW_TRACKING_TOKEN"),
    ("s3", "endpoint", "AWS_ENDPOINT_URL_S3"),
    ("s3", "region", "AWS_DEFAULT_REGION"),
    ("s3", "bucket", "MLP_STORE_BUCKET"),
    ("s3", "access_key", "AWS_ACCESS_KEY_ID"),
    ("s3", "secret_key", "AWS_SECRET_ACCESS_KEY"),
    ("container_registry", "url", "REGISTRY_URL"),
    ("container_registry", "user", "REGISTRY_USERNAME"),
    ("container_registry", "password", "REGISTRY_PASSWORD"),
    ("git", "branch", "GITOPS_BRANCH"),
    ("argocd", "server", "ARGOCD_SERVER"),
    ("argocd", "token", "ARGOCD_AUTH_TOKEN"),
    ("kserve", "api", "KUBE_API_SERVER"),
    ("kserve", "token", "KUBE_TOKEN"),
];

/// The variables of a connection.
pub fn env(connection: &Connection) -> Env {
    let kind = connection.kind();
    let mut env = Env::new();
    if kind == "git" {
        env.push(("GITOPS_URL".to_owned(), git_url(connection)));
    }
    for (_, attr, name) in NAMES.iter().filter(|(of, ..)| *of == kind) {
        if let Some(value) = connection.attrs.get(attr) {
            env.push(((*name).to_owned(), env_value(&value.value)));
        }
    }
    if kind == "container_registry" {
        default_to(&mut env, "REGISTRY_USERNAME", EnvValue::GitHub("github.actor"));
        default_to(&mut env, "REGISTRY_PASSWORD", EnvValue::GitHub("github.token"));
    }
    env
}

fn default_to(env: &mut Env, name: &str, value: EnvValue) {
    if !env.iter().any(|(key, _)| key == name) {
        env.push((name.to_owned(), value));
    }
}

/// Clone URL of the GitOps repository.
pub fn git_url(connection: &Connection) -> EnvValue {
    match connection.attrs.string("repository") {
        Some(repository) => EnvValue::Literal(format!("https://github.com/{repository}.git")),
        None => EnvValue::ThisRepository,
    }
}

/// Whether a container registry takes the workflow's own token.
pub fn uses_workflow_token(connection: &Connection) -> bool {
    connection.attrs.get("password").is_none()
}

/// What pushing to a registry asks of the workflow's token.
pub fn registry_permission(connection: &Connection, why: &str) -> Option<Permission> {
    let url = connection.attrs.string("url").unwrap_or_default();
    let needed = uses_workflow_token(connection) && url.starts_with("ghcr.io");
    needed.then(|| Permission { scope: "packages".into(), access: "write".into(), why: format!("{why} {url}") })
}

/// The step that gets a token for the GitOps repository, the value of `GITOPS_TOKEN`, and what it asks of the workflow's token.
pub fn git_token(connection: &Connection, write: bool) -> (Option<Step>, EnvValue, Option<Permission>) {
    let (Some(id), Some(key)) = (connection.attrs.get("app_id"), connection.attrs.get("app_key")) else {
        let why = "pushes the release to this repository".to_owned();
        let permission = write.then(|| Permission { scope: "contents".into(), access: "write".into(), why });
        return (None, EnvValue::GitHub("github.token"), permission);
    };
    let repository = connection.attrs.string("repository");
    let step = Step {
        id: Some("gitops".into()),
        name: format!("Get a token for {}", repository.unwrap_or("this repository")),
        comment: None,
        only_if: None,
        minutes: None,
        env: Env::new(),
        action: Action::AppToken {
            client_id: env_value(&id.value),
            private_key: env_value(&key.value),
            repository: repository.and_then(|text| text.split_once('/')).map(|(owner, name)| (owner.to_owned(), name.to_owned())),
            write,
        },
    };
    (Some(step), EnvValue::Step("gitops".into(), "token".into()), None)
}
