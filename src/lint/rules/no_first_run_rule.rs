use crate::diagnostic::{Code, Diagnostic, Severity};
use crate::lint::algebra::champion;
use crate::lint::text::{broken, enclosing_directive};
use crate::lint::{Context, Rule, Sink};
use crate::resolve::hir::Stage;
use crate::source::Span;
use crate::syntax::ast::{Directive, Stmt};

pub static RULE: Rule = Rule {
    code: Code { id: "MLP0506", name: "no-first-run-rule", severity: Severity::Error, docs: include_str!("no_first_run_rule.md") },
    check,
};

fn check(context: &Context<'_>, sink: &mut Sink) {
    for gate in context.pipelines().flat_map(|(pipeline, _)| pipeline.of_kind("gate")) {
        if !broken(context, gate.span) {
            sink.diagnostics.extend(verdict(context, gate));
        }
    }
}

fn verdict(context: &Context<'_>, gate: &Stage) -> Option<Diagnostic> {
    let reads = gate.rules.iter().find_map(|rule| champion(&rule.condition));
    let absolute = gate.rules.iter().any(|rule| champion(&rule.condition).is_none());
    match (reads, &gate.fallback) {
        (Some(span), None) => Some(missing(gate, span, "nothing to compare with on the first run")),
        (Some(_), Some(rules)) if rules.is_empty() && !absolute => {
            Some(missing(gate, without(context, gate), "asks nothing of the first model"))
        }
        (None, Some(_)) if !gate.rules.is_empty() => Some(needless(context, gate)),
        _ => None,
    }
}

fn missing(gate: &Stage, span: Span, label: &str) -> Diagnostic {
    let message = format!("`{}` does not say what a model must achieve while there is no champion", gate.name.text);
    Diagnostic::new(&RULE.code, span, message)
        .label(label)
        .help("write `without champion { require … }` with what the first model must achieve")
}

fn needless(context: &Context<'_>, gate: &Stage) -> Diagnostic {
    let span = without(context, gate);
    Diagnostic::new(&RULE.code, span, "`without champion` changes nothing: no rule reads the champion")
        .label("needless")
        .help("move its rules out of the block, or compare with the champion")
}

/// The place of `without champion`.
fn without(context: &Context<'_>, gate: &Stage) -> Span {
    let whole = enclosing_directive(context, gate.name.span, |keyword| keyword == "gate");
    let inner = whole.and_then(|gate| gate.stmts().iter().filter_map(Stmt::directive).find(|inner| inner.keyword.text == "without"));
    inner.map_or(gate.name.span, Directive::head)
}
