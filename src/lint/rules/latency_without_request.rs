use crate::diagnostic::{Code, Diagnostic, Severity};
use crate::lint::{Context, Rule, Sink};
use crate::resolve::hir::Stage;

pub static RULE: Rule = Rule {
    code: Code { id: "MLP0912", name: "latency-without-request", severity: Severity::Error, docs: include_str!("latency_without_request.md") },
    check,
};

fn check(context: &Context<'_>, sink: &mut Sink) {
    for (pipeline, _) in context.pipelines() {
        sink.diagnostics.extend(pipeline.of_kind("verify").filter_map(report));
    }
}

fn report(verify: &Stage) -> Option<Diagnostic> {
    let test = |kind| verify.smokes.iter().find(|smoke| smoke.attrs.block.name == kind);
    let p95 = test("contract").filter(|_| test("golden").is_none())?.attrs.get("p95")?;
    Some(
        Diagnostic::new(&RULE.code, p95.span, format!("`{}` has no request to time", verify.name.text))
            .label("a budget for requests that nobody wrote")
            .help("add `smoke golden \"rows.json\"`, whose request is the one that is timed"),
    )
}
