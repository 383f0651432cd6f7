use super::critical_path::job_too_long;
use super::out_of_range::WITHIN;
use crate::diagnostic::{Code, Diagnostic, Severity};
use crate::lint::{Context, Rule, Sink};
use crate::resolve::hir::Stage;

pub static RULE: Rule =
    Rule { code: Code { id: "MLP0906", name: "no-deadline", severity: Severity::Warning, docs: include_str!("no_deadline.md") }, check };

/// Milliseconds of an hour.
const HOUR: f64 = 3_600_000.0;

fn check(context: &Context<'_>, sink: &mut Sink) {
    for (pipeline, _) in context.pipelines() {
        for stage in pipeline.of_kind("verify") {
            // A job or step that GitHub would stop before the deadline is reported as that instead.
            let stopped = job_too_long(pipeline, stage).is_some();
            if !stopped && stage.attrs.number("within").is_some_and(|within| within > HOUR && within <= WITHIN) {
                sink.push(report(context, stage));
            }
        }
    }
}

fn report(context: &Context<'_>, stage: &Stage) -> Diagnostic {
    let span = stage.attrs.get("within").map_or(stage.name.span, |within| within.span);
    let message = format!("a release that does not come up stays live for `{}` before anything is done about it", context.text(span));
    Diagnostic::new(&RULE.code, span, message)
        .label("too long to be a deadline")
        .help("a rollout takes minutes: allow at most `1h`, with `10min` a good start")
}
