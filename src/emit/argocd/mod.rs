//! Argo CD: an Application and the least-privilege AppProject it lives in.

mod lower;
mod model;
mod view;

use super::{Artifact, CompileError, Owner, template};
use crate::plan::{Plan, Target};

/// The Applications of all releases that mlp owns.
pub fn emit(plan: &Plan, repository: Option<&str>) -> Result<Vec<Artifact>, CompileError> {
    let owned = plan.releases.iter().filter(|release| matches!(release.target, Target::Owned(_)));
    owned.map(|release| application(&lower::application(plan, release, repository))).collect()
}

fn application(view: &view::Application) -> Result<Artifact, CompileError> {
    let path = format!("argocd/mlp/{}.yaml", view.name);
    let text = template::render("argocd/application.yaml.j2", &path, view)?;
    let (project, application) = text.split_once("\n---\n").unwrap_or((&text, ""));
    template::confirm(&path, project, &model::project(view))?;
    template::confirm(&path, application, &model::application(view))?;
    Ok(Artifact { path, text, owner: Owner::Compiler })
}
