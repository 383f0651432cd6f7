use crate::diagnostic::{Code, Diagnostic, Fix, Severity};
use crate::lint::algebra::{leaves, truth};
use crate::lint::text::snippet;
use crate::lint::{Context, Rule, Sink};
use crate::resolve::hir::{Metric, Pipeline, RuleExpr, RuleKind, Stage};
use crate::source::Span;

pub static RULE: Rule = Rule {
    code: Code { id: "MLP0508", name: "float-equality", severity: Severity::Warning, docs: include_str!("float_equality.md") },
    check,
};

fn check(context: &Context<'_>, sink: &mut Sink) {
    for (pipeline, stage) in context.pipelines().flat_map(|(pipeline, _)| pipeline.stages.iter().map(move |stage| (pipeline, stage))) {
        for rule in stage.rules.iter().chain(stage.fallback.iter().flatten()) {
            for leaf in leaves(&rule.condition).into_iter().filter(|leaf| truth(leaf).is_none()) {
                sink.diagnostics.extend(equality(context, pipeline, stage, leaf));
            }
        }
    }
}

fn equality(context: &Context<'_>, pipeline: &Pipeline, stage: &Stage, leaf: &RuleExpr) -> Option<Diagnostic> {
    let RuleKind::Apply(op @ ("==" | "!="), args) = &leaf.kind else { return None };
    let train = stage.attrs.block.attr("candidate").and_then(|_| stage.attrs.output("candidate")).and_then(|o| pipeline.stage(o.stage));
    let float = |name: &str| train.and_then(|train| train.metrics.iter().find(|m| m.name.text == name)).is_none_or(|m| !whole(context, m));
    let mut measured = false;
    leaf.walk(&mut |expr| {
        measured |= match &expr.kind {
            RuleKind::Metric(name, _) | RuleKind::Champion(name, _) => float(name),
            RuleKind::ColumnMeasure(measure, _) => matches!(measure.as_str(), "mean" | "std"),
            _ => false,
        };
    });
    let message = format!("`{}` compares measured numbers with `{op}`", snippet(context, leaf.span));
    let label = if *op == "==" { "practically never true" } else { "practically always true" };
    let between = args.first().zip(args.last()).map(|(left, right)| Span { start: left.span.end, end: right.span.start, ..left.span });
    measured.then(|| {
        let found = Diagnostic::new(&RULE.code, leaf.span, message).label(label).help("compare with `>=` or `<=`, or `abs(a - b) <= …`");
        found.fix(between.filter(|_| *op == "==").map(|span| Fix::unsafe_edit("write `>=`", span, " >= ")))
    })
}

/// Whether a metric is declared as `int`.
fn whole(context: &Context<'_>, metric: &Metric) -> bool {
    let file = context.sources.get(metric.name.span.file);
    let rest = file.and_then(|file| file.text.get(metric.name.span.end as usize..)).unwrap_or_default();
    rest.trim_start().strip_prefix(':').is_some_and(|ty| ty.trim_start().starts_with("int"))
}
