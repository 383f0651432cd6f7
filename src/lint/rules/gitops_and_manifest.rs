use crate::diagnostic::{Code, Diagnostic, Severity};
use crate::lint::walk::stands;
use crate::lint::{Context, Rule, Sink};
use crate::resolve::hir::Stage;

pub static RULE: Rule = Rule {
    code: Code { id: "MLP0910", name: "gitops-and-manifest", severity: Severity::Error, docs: include_str!("gitops_and_manifest.md") },
    check,
};

fn check(context: &Context<'_>, sink: &mut Sink) {
    for (pipeline, _) in context.pipelines() {
        for stage in pipeline.of_kind("deploy").filter(|stage| stands(stage, "gitops") && stands(stage, "manifest")) {
            sink.push(report(stage));
        }
    }
}

fn report(stage: &Stage) -> Diagnostic {
    let place = |attr| stage.attrs.get(attr).map_or(stage.name.span, |value| value.span);
    let message = format!("`{}` would both own a folder of manifests and patch a manifest of yours", stage.name.text);
    Diagnostic::new(&RULE.code, place("manifest"), message)
        .label("a manifest of yours, to patch")
        .related(place("gitops"), "a folder that mlp writes whole")
        .help("keep `gitops` for a new service, or `manifest` for one that exists")
}
