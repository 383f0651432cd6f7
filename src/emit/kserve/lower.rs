//! From a release to the manifests' views: here KServe's facts are decided.

use super::quantity::{cpu, memory};
use super::view::{InferenceService, Resources, ServiceAccount, Transformer};
use crate::plan::{self, Plan, Release};

/// Format → its version, and the runtime of a default KServe installation that serves it.
/// <https://github.com/kserve/kserve/tree/v0.20.0/config/runtimes>
const RUNTIMES: &[(&str, &str, &str)] = &[
    ("mlflow", "2", "kserve-mlserver"),
    ("sklearn", "1", "kserve-sklearnserver"),
    ("xgboost", "2", "kserve-xgbserver"),
    ("onnx", "1", "kserve-tritonserver"),
    ("huggingface", "1", "kserve-huggingfaceserver"),
];

/// The InferenceService of a release.
pub fn inference_service(plan: &Plan, release: &Release) -> InferenceService {
    let (_, format_version, runtime) = RUNTIMES.iter().find(|(format, ..)| *format == release.format).copied().unwrap_or(("", "1", ""));
    let scale = release.autoscale.as_ref();
    InferenceService {
        source: plan.source.clone(),
        service: release.service.clone(),
        autoscaler: if scale.is_some() { "hpa" } else { "none" },
        service_account: account_name(plan, release),
        min_replicas: scale.map_or(1, |scale| scale.min),
        max_replicas: scale.map_or(1, |scale| scale.max),
        scale_metric: scale.map(|scale| scale.metric.clone()),
        scale_target: scale.map_or(0, |scale| scale.target),
        recreate: release.resources.gpu > 0,
        format: release.format.clone(),
        format_version,
        runtime,
        protocol: release.protocol.clone(),
        resources: resources(release.resources),
        ready_path: ready_path(&release.protocol, &release.service),
        transformer: release.transformer.as_ref().map(|transformer| lower_transformer(transformer, release)),
    }
}

fn lower_transformer(transformer: &plan::Transformer, release: &Release) -> Transformer {
    let image = match &transformer.digest {
        Some(digest) => format!("{}@{digest}", transformer.image),
        None => transformer.image.clone(),
    };
    Transformer {
        image,
        digest: transformer.digest.is_some(),
        protocol_argument: format!("--predictor_protocol={}", release.protocol),
        resources: resources(release.transformer_resources),
        ready_path: "/v2/health/ready".to_owned(),
    }
}

fn resources(resources: plan::Resources) -> Resources {
    let gpu = (resources.gpu > 0).then(|| resources.gpu.to_string());
    Resources { cpu: cpu(resources.cpu), memory: memory(resources.memory), gpu }
}

/// Where a loaded model says so.
fn ready_path(protocol: &str, service: &str) -> String {
    if protocol == "v1" { format!("/v1/models/{service}") } else { format!("/v2/models/{service}/ready") }
}

fn account_name(plan: &Plan, release: &Release) -> String {
    release.service_account.clone().unwrap_or_else(|| plan.name.clone())
}

/// The service account that mlp emits, unless every environment has one of its own.
pub fn service_account(plan: &Plan, owned: &[&Release]) -> Option<ServiceAccount> {
    let without = owned.iter().find(|release| release.service_account.is_none())?;
    let secret = without.store_credentials.then(|| format!("{}-storage", plan.name));
    Some(ServiceAccount { source: plan.source.clone(), name: plan.name.clone(), secret })
}
