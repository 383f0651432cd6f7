use crate::diagnostic::{Code, Diagnostic, Severity};
use crate::graph::Graph;
use crate::lint::{Context, Rule, Sink};
use crate::resolve::hir::{Pipeline, Spanned, Stage};

pub static RULE: Rule =
    Rule { code: Code { id: "MLP1102", name: "critical-path", severity: Severity::Error, docs: include_str!("critical_path.md") }, check };

/// Minutes that a job may take on a machine of GitHub's. <https://docs.github.com/en/actions/reference/limits>
const JOB: f64 = 6.0 * 60.0;
/// Minutes that a job has beside its stages, to set up and to clear away.
const MARGIN: f64 = 10.0;
/// Minutes that a whole run may take, approvals included.
const RUN: f64 = 35.0 * 24.0 * 60.0;
/// Labels of GitHub's own machines begin so.
const HOSTED: &[&str] = &["ubuntu-", "windows-", "macos-"];

fn check(context: &Context<'_>, sink: &mut Sink) {
    for (pipeline, graph) in context.pipelines() {
        sink.extend(pipeline.stages.iter().filter_map(|stage| job_too_long(pipeline, stage)));
        sink.extend(run_too_long(pipeline, graph));
    }
}

fn limit(stage: &Stage) -> Option<&Spanned> {
    stage.attrs.get(if stage.kind() == "verify" { "within" } else { "timeout" })
}

fn minutes(stage: &Stage) -> f64 {
    limit(stage).and_then(|limit| limit.value.number()).unwrap_or_default() / 60_000.0
}

/// Whether it runs on a machine of GitHub's.
fn hosted(stage: &Stage) -> bool {
    let gpu = stage.attrs.block.attr("gpu").is_some() && stage.attrs.get("gpu").is_some();
    match stage.attrs.string("runner") {
        Some(label) => HOSTED.iter().any(|prefix| label.starts_with(prefix)),
        None => !gpu,
    }
}

/// Minutes of a stage's job: the stage, a gate that shares the job, and what surrounds them.
fn job_minutes(pipeline: &Pipeline, stage: &Stage) -> f64 {
    let guests = pipeline.of_kind("gate").filter(|gate| pipeline.host(gate) == Some(stage.id));
    minutes(stage) + guests.map(minutes).sum::<f64>() + MARGIN
}

/// A job that GitHub would stop.
pub fn job_too_long(pipeline: &Pipeline, stage: &Stage) -> Option<Diagnostic> {
    let total = job_minutes(pipeline, stage);
    let limit = limit(stage).filter(|_| hosted(stage) && total > JOB && pipeline.host(stage).is_none())?;
    let message =
        format!("the job of `{}` may take {total} minutes, but GitHub stops jobs on its own machines after {JOB}", stage.name.text);
    let diagnostic =
        Diagnostic::new(&RULE.code, limit.span, message).label(format!("and {MARGIN} minutes for setting up and clearing away"));
    let diagnostic = match stage.attrs.get("runner") {
        Some(runner) => diagnostic.related(runner.span, "a machine of GitHub's"),
        None => diagnostic.related(stage.name.span, "runs on `ubuntu-24.04`, a machine of GitHub's, by default"),
    };
    let guest = pipeline.of_kind("gate").find(|gate| pipeline.host(gate) == Some(stage.id));
    let diagnostic = match guest {
        Some(gate) => diagnostic.related(gate.name.span, format!("judges in the same job, for up to {} minutes", minutes(gate))),
        None => diagnostic,
    };
    Some(diagnostic.help("shorten it, or let it run on a machine of yours with `runner = \"…\"`"))
}

fn run_too_long(pipeline: &Pipeline, graph: &Graph) -> Option<Diagnostic> {
    let (total, path) = graph.critical_path(|id| pipeline.stage(id).map_or(0.0, minutes));
    if total <= RUN {
        return None;
    }
    let days = total / (24.0 * 60.0);
    let message = format!("a run of `{}` may take {days:.1} days, but GitHub ends every run after 35", pipeline.name.text);
    let longest = path.iter().filter_map(|id| pipeline.stage(*id)).filter(|stage| minutes(stage) > RUN / 10.0);
    let diagnostic = Diagnostic::new(&RULE.code, pipeline.name.span, message).label("longest way through its stages");
    let add = |diagnostic: Diagnostic, stage: &Stage| {
        let text = format!("`{}` alone may take {:.1} days", stage.name.text, minutes(stage) / (24.0 * 60.0));
        diagnostic.related(limit(stage).map_or(stage.name.span, |limit| limit.span), text)
    };
    Some(longest.fold(diagnostic, add).help("shorten the time limits of these stages, or split the pipeline"))
}
