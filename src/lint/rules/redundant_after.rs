use crate::diagnostic::{Code, Diagnostic, Fix, Severity};
use crate::graph::Graph;
use crate::lint::text::{enclosing, removal};
use crate::lint::{Context, Rule, Sink};
use crate::resolve::hir::{Pipeline, Spanned, Stage, StageId, Value};
use crate::source::Span;
use std::collections::BTreeSet;

pub static RULE: Rule = Rule {
    code: Code { id: "MLP0406", name: "redundant-after", severity: Severity::Warning, docs: include_str!("redundant_after.md") },
    check,
};

fn check(context: &Context<'_>, sink: &mut Sink) {
    for (pipeline, graph) in context.pipelines() {
        for stage in pipeline.stages.iter().filter(|stage| stage.has_after()) {
            let Some(Spanned { value: Value::Stages(after), span }) = stage.attrs.get("after") else { continue };
            if same(after, &stage.implied_preds) {
                sink.push(as_written(context, stage, *span));
            } else {
                implied(context, pipeline, graph, after, sink);
            }
        }
    }
}

fn same(after: &[(StageId, Span)], above: &[StageId]) -> bool {
    let named: BTreeSet<StageId> = after.iter().map(|(id, _)| *id).collect();
    named == above.iter().copied().collect()
}

/// The whole attribute says what the order of the text says.
fn as_written(context: &Context<'_>, stage: &Stage, span: Span) -> Diagnostic {
    let whole = enclosing(context, span).last().map_or(span, |stmt| stmt.span);
    Diagnostic::new(&RULE.code, whole, format!("`{}` would run after these stages anyway", stage.name.text))
        .label("the order of the text already says so")
        .fix(Fix::safe("remove `after`", removal(context, whole), ""))
}

/// Stages that another of the list waits for, or that are named twice.
fn implied(context: &Context<'_>, pipeline: &Pipeline, graph: &Graph, after: &[(StageId, Span)], sink: &mut Sink) {
    for (i, (id, span)) in after.iter().enumerate() {
        let twice = after.iter().take(i).any(|(other, _)| other == id);
        let behind = after.iter().find(|(other, _)| graph.is_ancestor(*id, *other));
        let why = match behind.and_then(|(other, at)| Some((pipeline.stage(*other)?, *at))) {
            _ if twice => Some(("named twice".to_owned(), None)),
            Some((other, at)) => Some((format!("`{}` runs after it already", other.name.text), Some(at))),
            None => None,
        };
        if let Some((why, at)) = why {
            let found = Diagnostic::new(&RULE.code, *span, format!("`{}` is needless in `after`", context.text(*span))).label(why);
            let found = at.into_iter().fold(found, |found, at| found.related(at, "this stage waits for it"));
            sink.push(found.fix(Fix::safe("remove it", removal(context, *span), "")));
        }
    }
}
