//! Limits of GitHub that no checker knows: a file beyond them is refused as a whole, and only when it is pushed.
//! <https://docs.github.com/en/actions/reference/limits>

use std::collections::BTreeSet;

use super::view::{Job, Pair, Scalar, Workflow};

/// Characters of a file.
const FILE: usize = 1_048_576;
/// Characters of a text that holds an expression.
const EXPRESSION: usize = 21_000;
/// Inputs of a manual run.
const INPUTS: usize = 25;
/// An id has fewer characters than this.
const ID: usize = 100;

/// What GitHub would refuse, in words.
pub fn check(view: &Workflow, text: &str) -> Result<(), String> {
    if view.inputs.len() > INPUTS {
        return Err(format!("a manual run would ask for {} inputs, and GitHub takes at most {INPUTS}: leave some out", view.inputs.len()));
    }
    view.jobs.iter().try_for_each(job)?;
    distinct(view.jobs.iter().map(|job| job.id.as_str()))?;
    if text.len() > FILE && text.chars().count() > FILE {
        return Err(format!("the workflow would have more than {FILE} characters, which GitHub refuses: split the pipeline"));
    }
    Ok(())
}

fn job(job: &Job) -> Result<(), String> {
    let ids = job.steps.iter().filter_map(|step| step.id.as_ref());
    ids.chain([&job.id]).try_for_each(|id| short(id))?;
    let pairs = job.steps.iter().flat_map(|step| step.env.iter().chain(&step.with));
    pairs.chain(&job.env).try_for_each(|pair| value(&job.id, pair))?;
    job.condition.as_deref().map_or(Ok(()), |condition| expression(&job.id, "if", condition))
}

/// GitHub does not tell `Fit` from `fit`.
fn distinct<'i>(mut ids: impl Iterator<Item = &'i str>) -> Result<(), String> {
    let mut seen = BTreeSet::new();
    match ids.find(|id| !seen.insert(id.to_ascii_lowercase())) {
        Some(id) => Err(format!("two jobs would have the id `{id}`, in which GitHub takes no notice of case: rename a stage")),
        None => Ok(()),
    }
}

fn short(id: &str) -> Result<(), String> {
    if id.len() < ID {
        return Ok(());
    }
    Err(format!("the id `{id}` has {} characters, and GitHub takes fewer than {ID}: give the stage a shorter name", id.len()))
}

fn value(job: &str, pair: &Pair) -> Result<(), String> {
    match &pair.value {
        Scalar::Text(text) => expression(job, &pair.key, text),
        Scalar::Flag(_) => Ok(()),
    }
}

fn expression(job: &str, key: &str, text: &str) -> Result<(), String> {
    if text.len() <= EXPRESSION || !text.contains("${{") || text.chars().count() <= EXPRESSION {
        return Ok(());
    }
    Err(format!("`{key}` of job `{job}` holds an expression and more than {EXPRESSION} characters, which GitHub refuses: shorten it"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_are_distinct_without_their_case() {
        assert_eq!(distinct(["fit", "fits", "rollback"].into_iter()), Ok(()));
        for ids in [["fit", "quality", "fit"], ["fit", "quality", "Fit"]] {
            let error = distinct(ids.into_iter()).expect_err("the last is the first again");
            assert!(error.contains(&format!("`{}`", ids[2])), "{error}");
        }
    }

    #[test]
    fn ids_are_short() {
        assert_eq!(short(&"a".repeat(ID - 1)), Ok(()));
        assert!(short(&"a".repeat(ID)).is_err());
    }

    #[test]
    fn only_texts_with_an_expression_are_bounded() {
        let text = |length: usize| "ü".repeat(length) + "${{ x }}";
        assert_eq!(expression("fit", "X", &text(EXPRESSION - 8)), Ok(()));
        assert!(expression("fit", "X", &text(EXPRESSION - 7)).is_err());
        assert_eq!(expression("fit", "X", &"ü".repeat(2 * EXPRESSION)), Ok(()));
    }
}
