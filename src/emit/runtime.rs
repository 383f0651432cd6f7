//! The scripts that emitted workflows call: the same bytes in every repository.

use super::{Artifact, Owner};

macro_rules! runtime {
    ($($name:literal),* $(,)?) => {
        &[$(($name, include_str!(concat!("../../templates/runtime/", $name)))),*]
    };
}

const FILES: &[(&str, &str)] = runtime![
    "argocd.py",
    "artifacts.py",
    "bootstrap.py",
    "checks.py",
    "common.py",
    "data.py",
    "deploy.py",
    "evaluation.py",
    "export.py",
    "formats.py",
    "gate.py",
    "gitrepo.py",
    "host.py",
    "outcome.py",
    "predict.py",
    "preflight.py",
    "publish.py",
    "pyproject.toml",
    "registry.py",
    "release.py",
    "rollback.py",
    "rollout.py",
    "rules.py",
    "smoke.py",
    "snapshot.py",
    "splice.py",
    "store.py",
    "tableschema.py",
    "train.py",
    "usercode.py",
    "uv.lock",
    "verdict.py",
    "verify.py",
    "web.py",
];

/// The runtime's files.
pub fn emit() -> Vec<Artifact> {
    let artifact = |(name, text): &(&str, &'static str)| Artifact {
        path: format!(".github/mlp/{name}"),
        text: (*text).into(),
        owner: Owner::Compiler,
    };
    FILES.iter().map(artifact).collect()
}
