//! Manifests as read back: what a rendering must turn out to be.

use std::collections::BTreeMap;

use serde::Deserialize;

use super::view;

type Map = BTreeMap<String, String>;

/// Name, labels and annotations.
#[derive(Debug, Deserialize, PartialEq)]
#[serde(deny_unknown_fields)]
struct Metadata {
    name: String,
    #[serde(default)]
    labels: Map,
    #[serde(default)]
    annotations: Map,
}

impl Metadata {
    fn named(name: &str) -> Self {
        Self { name: name.to_owned(), labels: Map::new(), annotations: Map::new() }
    }
}

/// An InferenceService.
#[derive(Debug, Deserialize, PartialEq)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct InferenceService {
    api_version: String,
    kind: String,
    metadata: Metadata,
    spec: Spec,
}

#[derive(Debug, Deserialize, PartialEq)]
#[serde(deny_unknown_fields)]
struct Spec {
    predictor: Predictor,
    transformer: Option<Transformer>,
}

#[derive(Debug, Deserialize, PartialEq)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
struct Predictor {
    service_account_name: String,
    min_replicas: u32,
    max_replicas: u32,
    scale_metric: Option<String>,
    scale_target: Option<u32>,
    deployment_strategy: Option<Strategy>,
    model: Model,
}

#[derive(Debug, Deserialize, PartialEq)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
struct Strategy {
    r#type: String,
    rolling_update: BTreeMap<String, u32>,
}

#[derive(Debug, Deserialize, PartialEq)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
struct Model {
    model_format: Map,
    runtime: String,
    protocol_version: String,
    resources: Resources,
    readiness_probe: Probe,
}

#[derive(Debug, Deserialize, PartialEq)]
#[serde(deny_unknown_fields)]
struct Resources {
    requests: Map,
    limits: Map,
}

#[derive(Debug, Deserialize, PartialEq)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
struct Probe {
    http_get: HttpGet,
    period_seconds: u32,
    timeout_seconds: u32,
    failure_threshold: u32,
}

#[derive(Debug, Deserialize, PartialEq)]
#[serde(deny_unknown_fields)]
struct HttpGet {
    path: String,
    port: u32,
}

#[derive(Debug, Deserialize, PartialEq)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
struct Transformer {
    min_replicas: u32,
    max_replicas: u32,
    containers: Vec<Container>,
}

#[derive(Debug, Deserialize, PartialEq)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
struct Container {
    name: String,
    image: String,
    args: Vec<String>,
    ports: Vec<Port>,
    resources: Resources,
    readiness_probe: Probe,
}

#[derive(Debug, Deserialize, PartialEq)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
struct Port {
    container_port: u32,
    protocol: String,
}

fn map<const N: usize>(pairs: [(&str, &str); N]) -> Map {
    pairs.into_iter().map(|(key, value)| (key.to_owned(), value.to_owned())).collect()
}

fn probe(path: &str) -> Probe {
    Probe { http_get: HttpGet { path: path.to_owned(), port: 8080 }, period_seconds: 5, timeout_seconds: 2, failure_threshold: 3 }
}

impl From<&view::InferenceService> for InferenceService {
    fn from(view: &view::InferenceService) -> Self {
        let labels = map([("app.kubernetes.io/name", &view.service), ("app.kubernetes.io/managed-by", "mlp")]);
        let annotations = map([("serving.kserve.io/deploymentMode", "Standard"), ("serving.kserve.io/autoscalerClass", view.autoscaler)]);
        Self {
            api_version: "serving.kserve.io/v1beta1".into(),
            kind: "InferenceService".into(),
            metadata: Metadata { name: view.service.clone(), labels, annotations },
            spec: Spec { predictor: Predictor::from(view), transformer: view.transformer.as_ref().map(Transformer::from) },
        }
    }
}

impl From<&view::InferenceService> for Predictor {
    fn from(view: &view::InferenceService) -> Self {
        let strategy = || Strategy {
            r#type: "RollingUpdate".into(),
            rolling_update: BTreeMap::from([("maxSurge".to_owned(), 0), ("maxUnavailable".to_owned(), 1)]),
        };
        Self {
            service_account_name: view.service_account.clone(),
            min_replicas: view.min_replicas,
            max_replicas: view.max_replicas,
            scale_metric: view.scale_metric.clone(),
            scale_target: view.scale_metric.as_ref().map(|_| view.scale_target),
            deployment_strategy: view.recreate.then(strategy),
            model: Model {
                model_format: map([("name", &view.format), ("version", view.format_version)]),
                runtime: view.runtime.into(),
                protocol_version: view.protocol.clone(),
                resources: Resources::from(&view.resources),
                readiness_probe: probe(&view.ready_path),
            },
        }
    }
}

impl From<&view::Resources> for Resources {
    fn from(view: &view::Resources) -> Self {
        let mut amounts = map([("cpu", &view.cpu), ("memory", &view.memory)]);
        amounts.extend(view.gpu.as_ref().map(|gpu| ("nvidia.com/gpu".to_owned(), gpu.clone())));
        Self { requests: amounts.clone(), limits: amounts }
    }
}

impl From<&view::Transformer> for Transformer {
    fn from(view: &view::Transformer) -> Self {
        let container = Container {
            name: "kserve-container".into(),
            image: view.image.clone(),
            args: vec![view.protocol_argument.clone()],
            ports: vec![Port { container_port: 8080, protocol: "TCP".into() }],
            resources: Resources::from(&view.resources),
            readiness_probe: probe(&view.ready_path),
        };
        Self { min_replicas: 1, max_replicas: 1, containers: vec![container] }
    }
}

/// A ServiceAccount.
#[derive(Debug, Deserialize, PartialEq)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct ServiceAccount {
    api_version: String,
    kind: String,
    metadata: Metadata,
    automount_service_account_token: bool,
    #[serde(default)]
    secrets: Vec<Map>,
}

impl From<&view::ServiceAccount> for ServiceAccount {
    fn from(view: &view::ServiceAccount) -> Self {
        Self {
            api_version: "v1".into(),
            kind: "ServiceAccount".into(),
            metadata: Metadata::named(&view.name),
            automount_service_account_token: false,
            secrets: view.secret.iter().map(|secret| map([("name", secret)])).collect(),
        }
    }
}

/// A Kustomization.
#[derive(Debug, Deserialize, PartialEq)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct Kustomization {
    api_version: String,
    kind: String,
    namespace: Option<String>,
    resources: Vec<String>,
    #[serde(default)]
    components: Vec<String>,
}

impl From<&view::Kustomization> for Kustomization {
    fn from(view: &view::Kustomization) -> Self {
        Self {
            api_version: "kustomize.config.k8s.io/v1beta1".into(),
            kind: "Kustomization".into(),
            namespace: view.namespace.clone(),
            resources: view.resources.clone(),
            components: view.components.clone(),
        }
    }
}

/// The release component before the first deploy.
#[derive(Debug, Deserialize, PartialEq)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct Component {
    api_version: String,
    kind: String,
    patches: Vec<Patch>,
}

#[derive(Debug, Deserialize, PartialEq)]
#[serde(deny_unknown_fields)]
struct Patch {
    path: String,
    target: Map,
}

impl From<&view::Component> for Component {
    fn from(view: &view::Component) -> Self {
        let target = map([("group", "serving.kserve.io"), ("kind", "InferenceService"), ("name", &view.service)]);
        Self {
            api_version: "kustomize.config.k8s.io/v1alpha1".into(),
            kind: "Component".into(),
            patches: vec![Patch { path: "release.yaml".into(), target }],
        }
    }
}

/// The patch that leaves the service out.
#[derive(Debug, Deserialize, PartialEq)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct NoRelease {
    #[serde(rename = "$patch")]
    patch: String,
    api_version: String,
    kind: String,
    metadata: Metadata,
}

impl From<&view::Component> for NoRelease {
    fn from(view: &view::Component) -> Self {
        Self {
            patch: "delete".into(),
            api_version: "serving.kserve.io/v1beta1".into(),
            kind: "InferenceService".into(),
            metadata: Metadata::named(&view.service),
        }
    }
}
