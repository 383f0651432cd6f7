use crate::diagnostic::{Code, Diagnostic, Fix, Severity};
use crate::lint::text::enclosing_directive;
use crate::lint::{Context, Rule, Sink};
use crate::resolve::hir::Pipeline;
use crate::syntax::ast::Stmt;

pub static RULE: Rule = Rule {
    code: Code { id: "MLP0409", name: "only-pull-requests", severity: Severity::Error, docs: include_str!("only_pull_requests.md") },
    check,
};

fn check(context: &Context<'_>, sink: &mut Sink) {
    sink.extend(context.pipelines().filter_map(|(pipeline, _)| report(context, pipeline)));
}

/// Every trigger that is written, those with a mistake of their own included.
fn triggers<'a>(context: &Context<'a>, pipeline: &Pipeline) -> impl Iterator<Item = Option<&'a str>> {
    let whole = enclosing_directive(context, pipeline.name.span, |keyword| keyword == "pipeline");
    let stmts = whole.map_or(&[][..], |found| found.stmts()).iter().filter_map(Stmt::directive);
    stmts.filter(|directive| directive.keyword.text == "on").map(|on| on.name().map(|name| name.text.as_str()))
}

fn report(context: &Context<'_>, pipeline: &Pipeline) -> Option<Diagnostic> {
    let first = pipeline.triggers.first()?;
    if triggers(context, pipeline).any(|name| name != Some("pull_request")) {
        return None;
    }
    let found = Diagnostic::new(&RULE.code, pipeline.name.span, format!("nothing but pull requests starts `{}`", pipeline.name.text))
        .label("its own workflow has no trigger")
        .related(first.attrs.head, "starts the workflow for pull requests alone, which releases nothing")
        .help("write when the pipeline itself runs: `on push { branches = [\"main\"] }`, `on schedule { cron = \"17 3 * * 1\" }` or `on manual`");
    Some(found.fix(pipeline.attrs.insert.map(|at| Fix::unsafe_edit("let people start it by hand", at, "\n  on manual"))))
}
