use crate::diagnostic::{Code, Diagnostic, Severity};
use crate::lint::{Context, Rule, Sink, walk};
use crate::resolve::hir::Stage;

pub static RULE: Rule = Rule {
    code: Code { id: "MLP0905", name: "no-smoke-test", severity: Severity::Warning, docs: include_str!("no_smoke_test.md") },
    check,
};

fn check(context: &Context<'_>, sink: &mut Sink) {
    for (pipeline, _) in context.pipelines() {
        for stage in pipeline.of_kind("verify").filter(|stage| stage.smokes.is_empty()) {
            sink.push(report(context, stage));
        }
    }
}

fn report(context: &Context<'_>, stage: &Stage) -> Diagnostic {
    let message = format!("`{}` waits for the rollout, but never asks the model anything", stage.name.text);
    Diagnostic::new(&RULE.code, stage.name.span, message)
        .label("no `smoke` test")
        .help("add at least `smoke ready`; `smoke golden` compares what the model answers")
        .fix(walk::append(context, stage, "smoke ready", false))
}
