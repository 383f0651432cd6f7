//! Argo CD: an Application and the least-privilege AppProject it lives in.

mod lower;
mod model;
mod view;

use super::{Artifact, CompileError, Owner, template};
use crate::plan::{EnvValue, Plan, Release, Target};

/// The Applications of all releases that mlp owns.
pub fn emit(plan: &Plan, repository: Option<&str>) -> Result<Vec<Artifact>, CompileError> {
    let owned = plan.releases.iter().filter(|release| matches!(release.target, Target::Owned(_)));
    owned.map(|release| application(&lower::application(plan, release, known(plan, release, repository)?))).collect()
}

/// The repository that Argo CD is to watch must be known when compiling.
fn known<'r>(plan: &Plan, release: &Release, repository: Option<&'r str>) -> Result<&'r str, CompileError> {
    let named = release.repository != EnvValue::ThisRepository;
    repository.or(named.then_some("")).ok_or_else(|| CompileError {
        path: format!("argocd/mlp/{}.yaml", release.application),
        message: format!(
            "Argo CD must know which repository to watch, and the git connection of {} names none: write `repository = \"owner/name\"` there, or build in a clone whose remote `origin` is on GitHub",
            plan.source
        ),
    })
}

fn application(view: &view::Application) -> Result<Artifact, CompileError> {
    let path = format!("argocd/mlp/{}.yaml", view.name);
    let text = template::render("argocd/application.yaml.j2", &path, view)?;
    let (project, application) = text.split_once("\n---\n").unwrap_or((&text, ""));
    template::confirm(&path, project, &model::project(view))?;
    template::confirm(&path, application, &model::application(view))?;
    Ok(Artifact { path, text: text.into(), owner: Owner::Compiler })
}
