//! Conditions for a reader.

use crate::plan::Condition;

/// When a job runs, in words.
pub fn condition(condition: &Condition) -> String {
    match condition {
        Condition::Success { first: true } => "at once".to_owned(),
        Condition::Success { first: false } => "when all above it succeeded".to_owned(),
        Condition::Gated { approved, succeeded } => gated(approved, succeeded),
        Condition::Changed(job) => format!("when {job} changed something"),
        Condition::Rollback { deploy, verify } => format!("when {deploy} ran and {verify} did not succeed"),
        Condition::Outcome => "at the end, however it comes".to_owned(),
    }
}

fn gated(approved: &[String], succeeded: &[String]) -> String {
    let approvals = (!approved.is_empty()).then(|| format!("the gate of {} approved", approved.join(" and ")));
    let successes = (!succeeded.is_empty()).then(|| format!("{} succeeded", succeeded.join(" and ")));
    format!("when {}", approvals.into_iter().chain(successes).collect::<Vec<_>>().join(", and "))
}
