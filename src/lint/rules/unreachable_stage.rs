use crate::diagnostic::{Code, Diagnostic, Severity};
use crate::graph::Graph;
use crate::lint::algebra::{Bound, bounds, conjuncts, truth};
use crate::lint::{Context, Rule, Sink};
use crate::resolve::hir::{self, Pipeline, Stage};

pub static RULE: Rule = Rule {
    code: Code { id: "MLP0404", name: "unreachable-stage", severity: Severity::Error, docs: include_str!("unreachable_stage.md") },
    check,
};

fn check(context: &Context<'_>, sink: &mut Sink) {
    for (pipeline, graph) in context.pipelines() {
        for stage in pipeline.stages.iter().filter(|stage| matches!(stage.kind(), "gate" | "data")) {
            if let Some((first, second)) = contradiction(&stage.rules) {
                sink.push(report(pipeline, graph, stage, first, second));
            }
        }
    }
}

/// Two rules that no candidate or dataset satisfies together.
fn contradiction(rules: &[hir::Rule]) -> Option<(&hir::Rule, &hir::Rule)> {
    let open = |expr: &&hir::RuleExpr| truth(expr).is_none();
    let bounds: Vec<(&hir::Rule, Bound)> = rules
        .iter()
        .flat_map(|rule| conjuncts(&rule.condition).into_iter().filter(open).flat_map(bounds).map(move |bound| (rule, bound)))
        .collect();
    bounds.iter().enumerate().find_map(|(i, (second, bound))| {
        let (first, _) = bounds.iter().take(i).find(|(_, other)| bound.contradicts(other))?;
        Some((*first, *second))
    })
}

fn report(pipeline: &Pipeline, graph: &Graph, stage: &Stage, first: &hir::Rule, second: &hir::Rule) -> Diagnostic {
    let below = |other: &&Stage| !other.implied && graph.is_ancestor(stage.id, other.id);
    let name = &stage.name.text;
    let (why, label) = match first.span == second.span {
        true => (format!("`{}` contradicts itself", first.text), "cannot hold"),
        false => (format!("`{}` and `{}` exclude each other", first.text, second.text), "cannot hold…"),
    };
    let message = format!("nothing behind `{name}` can ever run: {why}");
    let mut found = Diagnostic::new(&RULE.code, second.span, message).label(label);
    if first.span != second.span {
        found = found.related(first.span, "…when this holds");
    }
    for stage in pipeline.stages.iter().filter(below) {
        found = found.related(stage.name.span, "never runs");
    }
    found.help(format!("loosen one of the rules of `{name}`"))
}
