use crate::diagnostic::{Code, Diagnostic, Severity};
use crate::lint::{Context, Rule, Sink};
use crate::resolve::hir::{Pipeline, Stage};

pub static RULE: Rule = Rule {
    code: Code { id: "MLP0911", name: "protocol-not-served", severity: Severity::Error, docs: include_str!("protocol_not_served.md") },
    check,
};

/// Formats whose runtime in a default KServe installation speaks v2 alone.
const V2_ALONE: &[&str] = &["mlflow", "onnx"];

fn check(context: &Context<'_>, sink: &mut Sink) {
    for (pipeline, _) in context.pipelines() {
        sink.diagnostics.extend(pipeline.of_kind("deploy").filter_map(|deploy| report(pipeline, deploy)));
    }
}

fn report(pipeline: &Pipeline, deploy: &Stage) -> Option<Diagnostic> {
    let protocol = deploy.attrs.get("protocol").filter(|_| deploy.attrs.string("protocol") == Some("v1"))?;
    let export = pipeline.stage(deploy.attrs.output("model")?.stage)?;
    let format = export.attrs.string("format").filter(|format| V2_ALONE.contains(format))?;
    let place = export.attrs.get("format").map_or(export.name.span, |format| format.span);
    Some(
        Diagnostic::new(&RULE.code, protocol.span, format!("a model of format `{format}` is not served over `v1`"))
            .label("no runtime of KServe offers this")
            .related(place, format!("`{}` exports this format", export.name.text))
            .help("leave `protocol` out, or write `protocol = v2`"),
    )
}
