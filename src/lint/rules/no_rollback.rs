use crate::diagnostic::{Code, Diagnostic, Severity};
use crate::lint::text::damaged;
use crate::lint::{Context, Rule, Sink, walk};
use crate::resolve::hir::Stage;

pub static RULE: Rule =
    Rule { code: Code { id: "MLP0901", name: "no-rollback", severity: Severity::Warning, docs: include_str!("no_rollback.md") }, check };

fn check(context: &Context<'_>, sink: &mut Sink) {
    for (pipeline, _) in context.pipelines() {
        for stage in pipeline.of_kind("verify").filter(|stage| !rolls_back(stage) && !damaged(context, stage.span)) {
            sink.push(report(context, stage));
        }
    }
}

fn rolls_back(stage: &Stage) -> bool {
    stage.on_failure.as_ref().is_some_and(|on| on.rollback.is_some())
}

fn report(context: &Context<'_>, stage: &Stage) -> Diagnostic {
    let message = format!("when `{}` fails, the release that failed stays live", stage.name.text);
    let diagnostic =
        Diagnostic::new(&RULE.code, stage.name.span, message).label("nothing rolls back").help("add `on failure { rollback }`");
    match &stage.on_failure {
        Some(on) => diagnostic.related(on.attrs.head, "this does not say `rollback`"),
        None => diagnostic.fix(walk::append(context, stage, "on failure { rollback }", false)),
    }
}
