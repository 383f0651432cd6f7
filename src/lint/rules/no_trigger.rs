use crate::diagnostic::{Code, Diagnostic, Fix, Severity};
use crate::lint::order::whole;
use crate::lint::text::{damaged, enclosing_directive};
use crate::lint::{Context, Rule, Sink};
use crate::resolve::hir::Pipeline;
use crate::syntax::ast::Stmt;

pub static RULE: Rule =
    Rule { code: Code { id: "MLP0403", name: "no-trigger", severity: Severity::Warning, docs: include_str!("no_trigger.md") }, check };

fn check(context: &Context<'_>, sink: &mut Sink) {
    for (pipeline, _) in context.pipelines().filter(|(pipeline, _)| pipeline.triggers.is_empty()) {
        // A trigger with a mistake of its own is no missing one.
        let whole = whole(context, pipeline);
        if !damaged(context, whole) && !has_trigger(context, pipeline) {
            sink.push(report(pipeline));
        }
    }
}

fn has_trigger(context: &Context<'_>, pipeline: &Pipeline) -> bool {
    let stmts = enclosing_directive(context, pipeline.name.span, |keyword| keyword == "pipeline").map_or(&[][..], |found| found.stmts());
    stmts.iter().filter_map(Stmt::directive).any(|directive| directive.keyword.text == "on")
}

fn report(pipeline: &Pipeline) -> Diagnostic {
    let found = Diagnostic::new(&RULE.code, pipeline.name.span, format!("nothing starts the pipeline `{}`", pipeline.name.text))
        .label("it has no trigger")
        .help("write when it runs: `on push { branches = [\"main\"] }`, `on schedule { cron = \"17 3 * * 1\" }` or `on manual`");
    found.fix(pipeline.attrs.insert.map(|at| Fix::unsafe_edit("let people start it by hand", at, "\n  on manual")))
}
