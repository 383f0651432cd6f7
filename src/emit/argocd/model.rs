//! The two documents as read back: few kinds of value, so they are compared as plain trees.

use serde_json::{Value as Json, json};

use super::view::Application;

/// What the AppProject must turn out to be.
pub fn project(view: &Application) -> Json {
    let kinds: Vec<Json> = view.kinds.iter().map(|kind| json!({ "group": kind.group, "kind": kind.kind })).collect();
    json!({
        "apiVersion": "argoproj.io/v1alpha1",
        "kind": "AppProject",
        "metadata": { "name": view.name, "namespace": view.argocd_namespace },
        "spec": {
            "description": view.description,
            "sourceRepos": [view.repository],
            "destinations": [{ "server": view.cluster, "namespace": view.namespace }],
            "clusterResourceWhitelist": [],
            "namespaceResourceWhitelist": kinds,
            "roles": [{ "name": "pipeline", "description": "Reads the application and ends a sync that hangs", "policies": view.policies }],
        },
    })
}

/// What the Application must turn out to be.
pub fn application(view: &Application) -> Json {
    json!({
        "apiVersion": "argoproj.io/v1alpha1",
        "kind": "Application",
        "metadata": { "name": view.name, "namespace": view.argocd_namespace },
        "spec": {
            "project": view.name,
            "source": { "repoURL": view.repository, "targetRevision": view.branch, "path": view.path },
            "destination": { "server": view.cluster, "namespace": view.namespace },
            "syncPolicy": {
                "automated": { "prune": true, "selfHeal": true },
                "syncOptions": ["FailOnSharedResource=true"],
                "retry": { "limit": 5, "refresh": true, "backoff": { "duration": "10s", "factor": 2, "maxDuration": "3m" } },
            },
        },
    })
}
