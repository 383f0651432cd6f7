use crate::diagnostic::{Code, Diagnostic, Severity};
use crate::lint::text::enclosing_directive;
use crate::lint::{Context, Rule, Sink, walk};
use crate::resolve::hir::Pipeline;
use crate::source::Span;
use crate::syntax::ast::{Directive, Stmt};

pub static RULE: Rule = Rule {
    code: Code { id: "MLP0408", name: "second-of-its-kind", severity: Severity::Error, docs: include_str!("second_of_its_kind.md") },
    check,
};

fn check(context: &Context<'_>, sink: &mut Sink) {
    for (pipeline, _) in context.pipelines() {
        triggers(pipeline, sink);
        verifications(pipeline, sink);
        if let Some(whole) = enclosing_directive(context, pipeline.name.span, |keyword| keyword == "pipeline") {
            walk::directives(whole.stmts(), &mut |stage| parts(stage, sink));
        }
    }
}

/// Several schedules are one trigger of GitHub's; everything else is written once.
fn triggers(pipeline: &Pipeline, sink: &mut Sink) {
    let once = || pipeline.triggers.iter().map(|trigger| &trigger.attrs).filter(|attrs| attrs.block.name != "schedule");
    for (at, attrs) in once().enumerate() {
        let first = once().take(at).find(|first| first.block.name == attrs.block.name);
        sink.extend(first.map(|first| {
            let message = format!("a second `on {}` in `{}`", attrs.block.name, pipeline.name.text);
            report(attrs.head, message, first.head, "write one trigger for both, with all of their branches and paths")
        }));
    }
}

/// Two verifications of one release would each take it back.
fn verifications(pipeline: &Pipeline, sink: &mut Sink) {
    let release = |verify: &crate::resolve::hir::Stage| Some(verify.attrs.output("release")?.stage);
    for verify in pipeline.of_kind("verify") {
        let same = |first: &&crate::resolve::hir::Stage| first.id < verify.id && release(first) == release(verify);
        let Some(deploy) = release(verify).and_then(|id| pipeline.stage(id)) else { continue };
        sink.extend(pipeline.of_kind("verify").find(same).map(|first| {
            let message = format!("a second `verify` of the release of `{}`", deploy.name.text);
            report(verify.name.span, message, first.name.span, "write the smoke tests of both into one `verify`")
        }));
    }
}

/// `on failure` and `without champion` of a stage.
fn parts(stage: &Directive, sink: &mut Sink) {
    for (kind, keyword) in [("verify", "on"), ("gate", "without")].iter().filter(|(kind, _)| stage.keyword.text == *kind) {
        let mut found = stage.stmts().iter().filter_map(Stmt::directive).filter(|part| part.keyword.text == *keyword);
        let Some(first) = found.next() else { continue };
        sink.extend(found.map(|part| {
            let name = part.name().map(|name| name.text.as_str()).unwrap_or_default();
            let message = format!("a second `{keyword} {name}` in this `{kind}`");
            report(part.head(), message, first.head(), "write what is in both into one block")
        }));
    }
}

fn report(span: Span, message: String, first: Span, help: &str) -> Diagnostic {
    Diagnostic::new(&RULE.code, span, message).label("there may be one").related(first, "the first one").help(help)
}
