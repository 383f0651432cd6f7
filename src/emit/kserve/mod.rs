//! KServe manifests in a Kustomize tree: a base, an overlay for each environment, and in it the release.

mod lower;
mod model;
mod quantity;
mod view;

use serde::Serialize;
use serde::de::DeserializeOwned;

use super::{Artifact, CompileError, Owner, template};
use crate::plan::{Plan, Release, Target};

/// The manifests of all releases that mlp owns.
pub fn emit(plan: &Plan) -> Result<Vec<Artifact>, CompileError> {
    let owned: Vec<&Release> = plan.releases.iter().filter(|release| matches!(release.target, Target::Owned(_))).collect();
    if owned.is_empty() {
        return Ok(Vec::new());
    }
    let tree = format!("deploy/mlp/{}", plan.name);
    let services: Vec<view::InferenceService> = owned.iter().map(|release| lower::inference_service(plan, release)).collect();
    // What all environments share stands in the base; where they differ, each overlay has its own.
    let shared = services.iter().all(|service| Some(service) == services.first());
    let account = lower::service_account(plan, &owned);
    let mut files = base(&tree, plan, shared.then(|| services.first()).flatten(), account.as_ref())?;
    for (release, service) in owned.iter().zip(&services) {
        // An environment with an account of its own may hold no other.
        let based = shared || (account.is_some() && release.service_account.is_none());
        files.extend(overlay(&tree, plan, release, (!shared).then_some(service), based)?);
    }
    Ok(files)
}

fn base(
    tree: &str,
    plan: &Plan,
    service: Option<&view::InferenceService>,
    account: Option<&view::ServiceAccount>,
) -> Result<Vec<Artifact>, CompileError> {
    let mut files = Vec::new();
    let mut resources = Vec::new();
    if let Some(service) = service {
        resources.push("inferenceservice.yaml".to_owned());
        files.push(inference_service(&format!("{tree}/base"), service)?);
    }
    if let Some(account) = account {
        resources.push("serviceaccount.yaml".to_owned());
        let path = format!("{tree}/base/serviceaccount.yaml");
        files.push(compiled("kserve/serviceaccount.yaml.j2", path, account, &model::ServiceAccount::from(account))?);
    }
    if !resources.is_empty() {
        let view = view::Kustomization { source: plan.source.clone(), namespace: None, resources, components: Vec::new() };
        files.push(kustomization(format!("{tree}/base/kustomization.yaml"), &view)?);
    }
    Ok(files)
}

fn overlay(
    tree: &str,
    plan: &Plan,
    release: &Release,
    service: Option<&view::InferenceService>,
    has_base: bool,
) -> Result<Vec<Artifact>, CompileError> {
    let folder = format!("{tree}/overlays/{}", release.environment);
    let mut files = Vec::new();
    let mut resources: Vec<String> = has_base.then(|| "../../base".to_owned()).into_iter().collect();
    if let Some(service) = service {
        resources.push("inferenceservice.yaml".to_owned());
        files.push(inference_service(&folder, service)?);
    }
    let view = view::Kustomization {
        source: plan.source.clone(),
        namespace: Some(release.namespace.clone()),
        resources,
        components: vec!["release".to_owned()],
    };
    files.push(kustomization(format!("{folder}/kustomization.yaml"), &view)?);
    let view = view::Component { service: release.service.clone() };
    let component = format!("{folder}/release/kustomization.yaml");
    files.push(at_run_time("kserve/component.yaml.j2", component, &view, &model::Component::from(&view))?);
    files.push(at_run_time("kserve/release.yaml.j2", format!("{folder}/release/release.yaml"), &view, &model::NoRelease::from(&view))?);
    Ok(files)
}

fn inference_service(folder: &str, view: &view::InferenceService) -> Result<Artifact, CompileError> {
    let path = format!("{folder}/inferenceservice.yaml");
    compiled("kserve/inferenceservice.yaml.j2", path, view, &model::InferenceService::from(view))
}

fn kustomization(path: String, view: &view::Kustomization) -> Result<Artifact, CompileError> {
    compiled("kserve/kustomization.yaml.j2", path, view, &model::Kustomization::from(view))
}

fn compiled<M: DeserializeOwned + PartialEq>(
    template: &str,
    path: String,
    view: &impl Serialize,
    meant: &M,
) -> Result<Artifact, CompileError> {
    let text = template::render(template, &path, view)?;
    template::confirm(&path, &text, meant)?;
    Ok(Artifact { path, text: text.into(), owner: Owner::Compiler })
}

fn at_run_time<M: DeserializeOwned + PartialEq>(
    template: &str,
    path: String,
    view: &impl Serialize,
    meant: &M,
) -> Result<Artifact, CompileError> {
    Ok(Artifact { owner: Owner::Runtime, ..compiled(template, path, view, meant)? })
}
