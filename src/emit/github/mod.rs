//! GitHub Actions workflows.

mod json;
mod limits;
mod lower;
mod model;
mod view;

pub use json::pretty as config_text;

use super::{Artifact, CompileError, Owner, template};
use crate::lock::Lock;
use crate::plan::Plan;

/// The workflows of a plan: its own, one for pull requests where they are a trigger, and one for manifests that are published elsewhere.
pub fn emit(plan: &Plan, lock: &Lock) -> Result<Vec<Artifact>, CompileError> {
    let own = workflow(format!(".github/workflows/mlp-{}.yml", plan.name), &lower::workflow(plan, lock))?;
    let pull_request = plan
        .pull_request
        .as_ref()
        .map(|wanted| workflow(format!(".github/workflows/mlp-{}-pr.yml", plan.name), &lower::pull_request(plan, wanted, lock)));
    let publish = plan
        .publish
        .as_ref()
        .map(|wanted| workflow(format!(".github/workflows/mlp-{}-manifests.yml", plan.name), &lower::publish(plan, wanted, lock)));
    std::iter::once(Ok(own)).chain(pull_request).chain(publish).collect()
}

fn workflow(path: String, view: &view::Workflow) -> Result<Artifact, CompileError> {
    let text = template::render("github/workflow.yml.j2", &path, view)?;
    template::confirm(&path, &text, &model::Workflow::from(view))?;
    limits::check(view, &text).map_err(|message| CompileError { path: path.clone(), message })?;
    Ok(Artifact { path, text: text.into(), owner: Owner::Compiler })
}
