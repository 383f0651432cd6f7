use crate::diagnostic::{Code, Diagnostic, Severity};
use crate::lint::{Context, Rule, Sink};
use crate::resolve::hir::Connection;

pub static RULE: Rule = Rule {
    code: Code { id: "MLP0914", name: "token-cannot-push", severity: Severity::Error, docs: include_str!("token_cannot_push.md") },
    check,
};

fn check(context: &Context<'_>, sink: &mut Sink) {
    for (pipeline, _) in context.pipelines().filter(|(pipeline, _)| pipeline.of_kind("deploy").next().is_some()) {
        let git = pipeline.connections.get("git").and_then(|id| context.hir().connections.get(id.0));
        sink.diagnostics.extend(git.and_then(|git| report(context, git)));
    }
}

fn report(context: &Context<'_>, git: &Connection) -> Option<Diagnostic> {
    let repository = git.attrs.get("repository")?;
    let name = git.attrs.string("repository")?;
    let here = context.lock.repository.as_deref() == Some(name);
    let has_app = git.attrs.get("app_id").is_some() && git.attrs.get("app_key").is_some();
    (!here && !has_app).then(|| {
        Diagnostic::new(&RULE.code, repository.span, format!("nothing lets the pipeline push to `{name}`"))
            .label("another repository")
            .help("give the connection `app_id` and `app_key` of a GitHub App that may write there")
    })
}
