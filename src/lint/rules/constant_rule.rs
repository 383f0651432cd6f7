use crate::diagnostic::{Code, Diagnostic, Severity};
use crate::lint::algebra::{comparison, leaves, truth};
use crate::lint::text::snippet;
use crate::lint::{Context, Rule, Sink};
use crate::resolve::hir::RuleExpr;

pub static RULE: Rule =
    Rule { code: Code { id: "MLP0503", name: "constant-rule", severity: Severity::Error, docs: include_str!("constant_rule.md") }, check };

fn check(context: &Context<'_>, sink: &mut Sink) {
    for stage in context.pipelines().flat_map(|(pipeline, _)| &pipeline.stages) {
        for rule in stage.rules.iter().chain(stage.fallback.iter().flatten()) {
            for leaf in leaves(&rule.condition) {
                sink.diagnostics.extend(truth(leaf).map(|value| report(context, leaf, value)));
            }
        }
    }
}

fn report(context: &Context<'_>, condition: &RuleExpr, value: bool) -> Diagnostic {
    let unknowns = comparison(condition).is_some_and(|(sum, _)| !sum.terms.is_empty());
    let label = match (value, unknowns) {
        (true, true) => "every possible value satisfies this",
        (false, true) => "no possible value satisfies this",
        (true, false) => "holds whatever was measured",
        (false, false) => "fails whatever was measured",
    };
    let help = if value { "compare something that can turn out too low or too high, or remove the rule" } else { "loosen the rule" };
    Diagnostic::new(&RULE.code, condition.span, format!("`{}` is always {value}", snippet(context, condition.span))).label(label).help(help)
}
