use crate::diagnostic::{Code, Diagnostic, Severity};
use crate::lint::{Context, Rule, Sink};

pub static RULE: Rule = Rule {
    code: Code { id: "MLP0908", name: "canary-unsupported", severity: Severity::Error, docs: include_str!("canary_unsupported.md") },
    check,
};

fn check(context: &Context<'_>, sink: &mut Sink) {
    let deploys = context.pipelines().flat_map(|(pipeline, _)| pipeline.of_kind("deploy"));
    for canary in deploys.filter_map(|deploy| deploy.attrs.get("canary")) {
        sink.push(
            Diagnostic::new(&RULE.code, canary.span, "a canary would get no requests: KServe 0.20 does not route to it in standard mode")
                .label("cannot be emitted yet")
                .help("leave `canary` out and let `verify` test the release and `rollback` take it back"),
        );
    }
}
