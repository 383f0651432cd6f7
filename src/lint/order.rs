//! What `after` takes away from the order of the text.

use super::Context;
use super::text::enclosing;
use crate::graph::Graph;
use crate::resolve::hir::{Pipeline, Stage};
use crate::source::Span;

/// The graph that the order of the text alone would give; `None` where no stage says `after`.
pub fn text_order(pipeline: &Pipeline) -> Option<Graph> {
    if !pipeline.stages.iter().any(Stage::has_after) {
        return None;
    }
    let mut plain = pipeline.clone();
    plain.stages.iter_mut().for_each(|stage| stage.preds.clone_from(&stage.implied_preds));
    Some(Graph::new(&plain))
}

/// The gates that a stage would wait for by the order of the text, but does not.
pub fn lost_gates<'p>(pipeline: &'p Pipeline, graph: &Graph, text: Option<&Graph>, stage: &Stage) -> Vec<&'p Stage> {
    let Some(text) = text else { return Vec::new() };
    let lost = |gate: &&Stage| text.is_ancestor(gate.id, stage.id) && !graph.is_ancestor(gate.id, stage.id);
    pipeline.of_kind("gate").filter(lost).collect()
}

/// The statement of a pipeline.
pub fn whole(context: &Context<'_>, pipeline: &Pipeline) -> Span {
    enclosing(context, pipeline.name.span).first().map_or(pipeline.name.span, |stmt| stmt.span)
}
