//! What the manifests' templates place.

use serde::Serialize;

#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct InferenceService {
    pub source: String,
    pub service: String,
    pub autoscaler: &'static str,
    pub service_account: String,
    pub min_replicas: u32,
    pub max_replicas: u32,
    pub scale_metric: Option<String>,
    pub scale_target: u32,
    pub recreate: bool,
    pub format: String,
    pub format_version: &'static str,
    pub runtime: &'static str,
    pub protocol: String,
    pub resources: Resources,
    pub ready_path: String,
    pub transformer: Option<Transformer>,
}

#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Resources {
    pub cpu: String,
    pub memory: String,
    pub gpu: Option<String>,
}

#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Transformer {
    pub image: String,
    pub digest: bool,
    pub protocol_argument: String,
    pub resources: Resources,
    pub ready_path: String,
}

#[derive(Debug, Serialize)]
pub struct ServiceAccount {
    pub source: String,
    pub name: String,
    pub secret: Option<String>,
}

#[derive(Debug, Serialize)]
pub struct Kustomization {
    pub source: String,
    pub namespace: Option<String>,
    pub resources: Vec<String>,
    pub components: Vec<String>,
}

#[derive(Debug, Serialize)]
pub struct Component {
    pub service: String,
}
