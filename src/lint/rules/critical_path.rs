use crate::diagnostic::{Code, Diagnostic, Severity};
use crate::lint::{Context, Rule, Sink};
use crate::resolve::hir::{Pipeline, Spanned, Stage};

pub static RULE: Rule =
    Rule { code: Code { id: "MLP1102", name: "critical-path", severity: Severity::Error, docs: include_str!("critical_path.md") }, check };

/// Minutes that a job may take on a machine of GitHub's. <https://docs.github.com/en/actions/reference/limits>
const JOB: f64 = 6.0 * 60.0;
/// Minutes that a job has beside its stages, to set up and to clear away.
const MARGIN: f64 = 10.0;
/// Labels of GitHub's own machines begin so.
const HOSTED: &[&str] = &["ubuntu-", "windows-", "macos-"];

fn check(context: &Context<'_>, sink: &mut Sink) {
    for (pipeline, _) in context.pipelines() {
        sink.extend(pipeline.stages.iter().filter_map(|stage| job_too_long(pipeline, stage)));
    }
}

fn limit(stage: &Stage) -> Option<&Spanned> {
    stage.attrs.get(if stage.kind() == "verify" { "within" } else { "timeout" })
}

fn minutes(stage: &Stage) -> f64 {
    limit(stage).and_then(|limit| limit.value.number()).unwrap_or_default() / 60_000.0
}

/// Whether it runs on a machine of GitHub's.
pub fn hosted(stage: &Stage) -> bool {
    let gpu = stage.attrs.block.attr("gpu").is_some() && stage.attrs.get("gpu").is_some();
    match stage.attrs.string("runner") {
        Some(label) => HOSTED.iter().any(|prefix| label.starts_with(prefix)),
        None => !gpu,
    }
}

/// Minutes of a stage's job: the stage, a gate that shares the job, and what surrounds them.
fn job_minutes(pipeline: &Pipeline, stage: &Stage) -> f64 {
    minutes(stage) + guests(pipeline, stage).map(minutes).sum::<f64>() + MARGIN
}

/// The gates that share a stage's job.
fn guests<'p>(pipeline: &'p Pipeline, stage: &'p Stage) -> impl Iterator<Item = &'p Stage> {
    let gates = (stage.kind() == "train").then(|| pipeline.of_kind("gate")).into_iter().flatten();
    gates.filter(|gate| pipeline.host(gate) == Some(stage.id))
}

/// A job that GitHub would stop.
pub fn job_too_long(pipeline: &Pipeline, stage: &Stage) -> Option<Diagnostic> {
    let total = job_minutes(pipeline, stage);
    // A stage that is too long for a step already is reported as that.
    let steps = guests(pipeline, stage).chain([stage]).all(|stage| minutes(stage) <= JOB);
    let limit = limit(stage).filter(|_| hosted(stage) && total > JOB && steps && pipeline.host(stage).is_none())?;
    let message =
        format!("the job of `{}` may take {total} minutes, but GitHub stops jobs on its own machines after {JOB}", stage.name.text);
    let diagnostic =
        Diagnostic::new(&RULE.code, limit.span, message).label(format!("and {MARGIN} minutes for setting up and clearing away"));
    let diagnostic = match stage.attrs.get("runner") {
        Some(runner) => diagnostic.related(runner.span, "a machine of GitHub's"),
        None => diagnostic.related(stage.name.span, "runs on `ubuntu-24.04`, a machine of GitHub's, by default"),
    };
    let diagnostic = match guests(pipeline, stage).next() {
        Some(gate) => diagnostic.related(gate.name.span, format!("judges in the same job, for up to {} minutes", minutes(gate))),
        None => diagnostic,
    };
    Some(diagnostic.help("shorten it, or let it run on a machine of yours with `runner = \"…\"`"))
}
