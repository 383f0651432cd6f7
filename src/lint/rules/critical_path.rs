use crate::diagnostic::{Code, Diagnostic, Severity};
use crate::graph::Graph;
use crate::lint::{Context, Rule, Sink};
use crate::resolve::hir::{Pipeline, Spanned, Stage};

pub static RULE: Rule = Rule {
    code: Code { id: "MLP1102", name: "critical-path", severity: Severity::Error, docs: include_str!("critical_path.md") },
    check,
};

/// Minutes that a job may take on a machine of GitHub's. <https://docs.github.com/en/actions/reference/limits>
const JOB: f64 = 6.0 * 60.0;
/// Minutes that a whole run may take, approvals included.
const RUN: f64 = 35.0 * 24.0 * 60.0;
/// Labels of GitHub's own machines begin so.
const HOSTED: &[&str] = &["ubuntu-", "windows-", "macos-"];

fn check(context: &Context<'_>, sink: &mut Sink) {
    for (pipeline, graph) in context.pipelines() {
        sink.extend(pipeline.stages.iter().filter(|stage| hosted(stage)).filter_map(job_too_long));
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

fn job_too_long(stage: &Stage) -> Option<Diagnostic> {
    // The job of a verification ends a little after the deadline within it.
    let over = if stage.kind() == "verify" { minutes(stage) >= JOB } else { minutes(stage) > JOB };
    let limit = limit(stage).filter(|_| over)?;
    let message = format!("`{}` may take longer than the 6 hours after which GitHub stops a job on its own machines", stage.name.text);
    let diagnostic = Diagnostic::new(&RULE.code, limit.span, message).label("over the limit");
    let diagnostic = match stage.attrs.get("runner") {
        Some(runner) => diagnostic.related(runner.span, "a machine of GitHub's"),
        None => diagnostic.related(stage.name.span, "runs on `ubuntu-24.04`, a machine of GitHub's, by default"),
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
