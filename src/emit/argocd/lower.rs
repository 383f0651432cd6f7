//! From a release to the Application's view.

use super::view::{Application, Kind};
use crate::plan::{EnvValue, Plan, Release, Target};

/// The Application of a release. `repository` is this repository as `owner/name`.
pub fn application(plan: &Plan, release: &Release, repository: &str) -> Application {
    let name = release.application.clone();
    let path = match &release.target {
        Target::Owned(path) => format!("{path}/overlays/{}", release.environment),
        Target::Patched(path) => path.clone(),
    };
    let url = match &release.repository {
        EnvValue::Literal(url) => url.clone(),
        _ => format!("https://github.com/{}.git", repository),
    };
    let may = |action: &str| format!("p, proj:{name}:pipeline, applications, {action}, {name}/{name}, allow");
    Application {
        source: plan.source.clone(),
        argocd_namespace: release.argocd_namespace.clone(),
        description: format!("What the {} pipeline may do in {}", plan.name, release.environment),
        repository: url,
        branch: release.branch.clone(),
        path,
        cluster: release.cluster.clone(),
        namespace: release.namespace.clone(),
        kinds: kinds(release),
        policies: vec![may("get"), may("sync")],
        name,
    }
}

/// What is emitted, and Deployments: an object that KServe made is in an application's tree only if its kind is allowed too, and
/// verification looks at the Deployments (tried with Argo CD 3.5.1).
fn kinds(release: &Release) -> Vec<Kind> {
    let account = release.service_account.is_none().then_some(Kind { group: "", kind: "ServiceAccount" });
    let serving = [Kind { group: "serving.kserve.io", kind: "InferenceService" }, Kind { group: "apps", kind: "Deployment" }];
    account.into_iter().chain(serving).collect()
}
