//! GitHub Actions workflows.

mod json;
mod lower;
mod model;
mod view;

use super::{Artifact, CompileError, Owner, template};
use crate::lock::Lock;
use crate::plan::Plan;

/// GitHub's limit on the characters of a workflow file. <https://docs.github.com/en/actions/reference/limits>
const MAX_CHARACTERS: usize = 1_048_576;

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
    if text.len() > MAX_CHARACTERS && text.chars().count() > MAX_CHARACTERS {
        let message = format!("the workflow would have more than {MAX_CHARACTERS} characters, which GitHub refuses: split the pipeline");
        return Err(CompileError { path, message });
    }
    Ok(Artifact { path, text, owner: Owner::Compiler })
}
