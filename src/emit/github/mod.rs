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

/// The workflow of a plan.
pub fn emit(plan: &Plan, lock: &Lock) -> Result<Vec<Artifact>, CompileError> {
    let path = format!(".github/workflows/mlp-{}.yml", plan.name);
    let view = lower::workflow(plan, lock);
    let text = template::render("github/workflow.yml.j2", &path, &view)?;
    template::confirm(&path, &text, &model::Workflow::from(&view))?;
    if text.len() > MAX_CHARACTERS && text.chars().count() > MAX_CHARACTERS {
        let message = format!("the workflow would have more than {MAX_CHARACTERS} characters, which GitHub refuses: split the pipeline");
        return Err(CompileError { path, message });
    }
    Ok(vec![Artifact { path, text, owner: Owner::Compiler }])
}
