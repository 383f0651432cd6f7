use crate::diagnostic::{Code, Diagnostic, Severity};
use crate::lint::{Context, Rule, Sink};
use crate::resolve::hir::Pipeline;

pub static RULE: Rule = Rule {
    code: Code { id: "MLP1003", name: "overlapping-runs", severity: Severity::Warning, docs: include_str!("overlapping_runs.md") },
    check,
};

fn check(context: &Context<'_>, sink: &mut Sink) {
    for (pipeline, _) in context.pipelines() {
        if pipeline.attrs.string("concurrency") == Some("unlimited") {
            sink.extend(pipeline.of_kind("deploy").take(1).map(|deploy| report(pipeline, deploy.name.span)));
        }
    }
}

fn report(pipeline: &Pipeline, deploy: crate::source::Span) -> Diagnostic {
    let span = pipeline.attrs.get("concurrency").map_or(pipeline.name.span, |value| value.span);
    Diagnostic::new(&RULE.code, span, format!("runs of `{}` may overlap, and each of them deploys", pipeline.name.text))
        .label("runs may overlap")
        .related(deploy, "the run that comes second here loses its work: git refuses to deploy over a newer release")
        .help("leave `concurrency` out: runs then queue, and the newest waiting one is next")
}
