use crate::diagnostic::{Code, Diagnostic, Severity};
use crate::lint::{Context, Rule, Sink};
use crate::syntax::ast::Ident;

pub static RULE: Rule = Rule {
    code: Code { id: "MLP0805", name: "wide-permission", severity: Severity::Warning, docs: include_str!("wide_permission.md") },
    check,
};

/// What writing means where it reaches beyond the run.
const WIDE: &[(&str, &str)] = &[
    ("actions", "cancel, re-run and delete any workflow run"),
    ("attestations", "vouch for the origin of artifacts"),
    ("contents", "push to branches and publish releases"),
    ("deployments", "mark anything as deployed"),
    ("id_token", "sign in to cloud accounts as this repository"),
    ("packages", "replace published packages and images"),
    ("pages", "publish the repository's site"),
    ("security_events", "add and dismiss security alerts"),
];

fn check(context: &Context<'_>, sink: &mut Sink) {
    let stages = context.pipelines().flat_map(|(pipeline, _)| &pipeline.stages);
    for (scope, level) in stages.flat_map(|stage| &stage.permissions).filter(|(_, level)| level.text == "write") {
        let wide = WIDE.iter().find(|(name, _)| *name == scope.text);
        sink.extend(wide.map(|(_, means)| report(scope, level, means)));
    }
}

fn report(scope: &Ident, level: &Ident, means: &str) -> Diagnostic {
    let message = format!("`{} = write` lets every step of this stage {means}", scope.text);
    Diagnostic::new(&RULE.code, scope.span.to(level.span), message)
        .label("more than most stages need")
        .help("leave it out, or say why it must be with `# mlp: allow(MLP0805) reason`")
}
