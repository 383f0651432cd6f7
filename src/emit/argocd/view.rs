//! What the Application's template places.

use serde::Serialize;

#[derive(Debug, Serialize)]
pub struct Application {
    pub source: String,
    pub name: String,
    pub argocd_namespace: String,
    pub description: String,
    pub repository: String,
    pub branch: String,
    pub path: String,
    pub cluster: String,
    pub namespace: String,
    pub kinds: Vec<Kind>,
    pub policies: Vec<String>,
}

#[derive(Debug, Serialize)]
pub struct Kind {
    pub group: &'static str,
    pub kind: &'static str,
}
