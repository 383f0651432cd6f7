use crate::diagnostic::{Code, Diagnostic, Fix, Severity};
use crate::lint::text::{broken, enclosing, removal};
use crate::lint::{Context, Rule, Sink};
use crate::source::Span;

pub static RULE: Rule = Rule {
    code: Code {
        id: "MLP0511",
        name: "no-confidence-possible",
        severity: Severity::Warning,
        docs: include_str!("no_confidence_possible.md"),
    },
    check,
};

fn check(context: &Context<'_>, sink: &mut Sink) {
    for gate in context.pipelines().flat_map(|(pipeline, _)| pipeline.of_kind("gate")) {
        let reads = gate.rules.iter().any(|rule| rule.condition.reads_champion());
        if gate.attrs.written("confidence") && !reads && !gate.rules.is_empty() && !broken(context, gate.span) {
            sink.diagnostics.extend(gate.attrs.get("confidence").map(|value| report(context, value.span)));
        }
    }
}

fn report(context: &Context<'_>, value: Span) -> Diagnostic {
    let whole = enclosing(context, value).last().map_or(value, |stmt| stmt.span);
    Diagnostic::new(&RULE.code, whole, "`confidence` has no effect: no rule compares with the champion")
        .label("a bootstrap needs two models")
        .fix(Fix::safe("remove `confidence`", removal(context, whole), ""))
}
