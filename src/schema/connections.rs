//! Connections: the systems a pipeline talks to.

use super::{Block, Ty, default, inferred, optional, required};

/// Every kind of connection.
pub static CONNECTIONS: &[&Block] = &[&MLFLOW, &S3, &DVC, &CONTAINER_REGISTRY, &GIT, &ARGOCD, &KSERVE];

static MLFLOW: Block = Block {
    name: "mlflow",
    doc: "An MLflow tracking server with its model registry. `NAME.model(\"churn\", alias = \"champion\")` names a registered model.",
    attrs: &[
        required("uri", Ty::Text, "Address of the tracking server."),
        optional("user", Ty::Text, "User for basic authentication."),
        optional("password", Ty::Secret, "Password for basic authentication."),
        optional("token", Ty::Secret, "Bearer token, instead of user and password."),
        optional("artifact_root", Ty::String, "The `s3://` location behind a server that proxies artifacts; KServe reads from there."),
    ],
    statements: &[],
};

static S3: Block = Block {
    name: "s3",
    doc: "An S3 object store: snapshots of data, models, golden predictions.",
    attrs: &[
        optional("endpoint", Ty::Text, "Address of the store; without it, Amazon's own."),
        required("bucket", Ty::Text, "The bucket."),
        default("region", Ty::Text, "\"us-east-1\"", "The region."),
        optional("access_key", Ty::Secret, "Access key id; without keys, the store is open to the runner."),
        optional("secret_key", Ty::Secret, "Secret access key."),
    ],
    statements: &[],
};

static DVC: Block = Block {
    name: "dvc",
    doc: "A DVC remote. `NAME.file(\"data/x.csv.dvc\")` names a dataset.",
    attrs: &[
        optional("remote", Ty::String, "Name of the remote in `.dvc/config`; without it, the default remote."),
        required("storage", Ty::Connection("s3"), "The store behind the remote."),
    ],
    statements: &[],
};

static CONTAINER_REGISTRY: Block = Block {
    name: "container_registry",
    doc: "A container registry that images are pushed to.",
    attrs: &[
        required("url", Ty::String, "Registry and path below it, without a scheme: `ghcr.io/acme`."),
        inferred("user", Ty::Text, "the actor of the run", "User to log in as."),
        inferred("password", Ty::Secret, "the workflow's own token", "Password or token to log in with."),
    ],
    statements: &[],
};

static GIT: Block = Block {
    name: "git",
    doc: "The GitOps repository that Argo CD watches. `NAME.path(\"apps/x\")` names a folder that mlp owns, `NAME.file(\"apps/x.yaml\")` a manifest of yours to patch.",
    attrs: &[
        inferred("repository", Ty::String, "the repository of the pipeline", "`owner/name` on GitHub."),
        default("branch", Ty::String, "\"main\"", "The branch that Argo CD follows."),
        optional("app_id", Ty::Text, "Client id of the GitHub App that may push."),
        optional("app_key", Ty::Secret, "Private key of that App."),
    ],
    statements: &[],
};

static ARGOCD: Block = Block {
    name: "argocd",
    doc: "The Argo CD that syncs the GitOps repository.",
    attrs: &[
        required("server", Ty::Text, "Address of its API server."),
        required("token", Ty::Secret, "Token of a role that may get and sync the application."),
        default("namespace", Ty::String, "\"argocd\"", "The namespace Argo CD runs in."),
        default("cluster", Ty::String, "\"https://kubernetes.default.svc\"", "The cluster it deploys to, as Argo CD knows it."),
    ],
    statements: &[],
};

static KSERVE: Block = Block {
    name: "kserve",
    doc: "The KServe that serves the model.",
    attrs: &[
        default("version", Ty::String, "\"0.20\"", "KServe's version; 0.16 or newer."),
        default("mode", Ty::Word(&["standard"]), "standard", "How KServe deploys: `standard` uses plain Deployments."),
        optional("api", Ty::Text, "Address of the Kubernetes API, for the preflight check; without it Argo CD is asked."),
        optional("token", Ty::Secret, "Token for that address."),
    ],
    statements: &[],
};
