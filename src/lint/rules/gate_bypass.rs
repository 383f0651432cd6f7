use crate::diagnostic::{Code, Diagnostic, Severity};
use crate::graph::Graph;
use crate::lint::order::{lost_gates, text_order};
use crate::lint::{Context, Rule, Sink};
use crate::resolve::hir::{Pipeline, Stage, StageId};

pub static RULE: Rule =
    Rule { code: Code { id: "MLP0502", name: "gate-bypass", severity: Severity::Error, docs: include_str!("gate_bypass.md") }, check };

fn check(context: &Context<'_>, sink: &mut Sink) {
    for (pipeline, graph) in context.pipelines() {
        let text = text_order(pipeline);
        let mut told: Vec<StageId> = Vec::new();
        for stage in &pipeline.stages {
            let gates = bypassed(pipeline, graph, text.as_ref(), stage);
            let known = told.iter().any(|above| graph.is_ancestor(*above, stage.id));
            if let Some(gate) = gates.first().filter(|_| !known) {
                told.push(stage.id);
                sink.push(report(pipeline, graph, stage, gate));
            }
        }
    }
}

/// The gates that a stage goes round: all above it for a release, those it reads from for any other.
fn bypassed<'p>(pipeline: &'p Pipeline, graph: &Graph, text: Option<&Graph>, stage: &Stage) -> Vec<&'p Stage> {
    let mut lost = lost_gates(pipeline, graph, text, stage);
    if !matches!(stage.kind(), "export" | "deploy" | "verify") {
        let reads: Vec<StageId> = stage.references().iter().map(|(output, _)| output.stage).collect();
        lost.retain(|gate| reads.contains(&gate.id));
    }
    lost
}

fn report(pipeline: &Pipeline, graph: &Graph, stage: &Stage, gate: &Stage) -> Diagnostic {
    let (name, gate_name) = (&stage.name.text, &gate.name.text);
    let mut found = Diagnostic::new(&RULE.code, stage.name.span, format!("`{name}` can run although the gate `{gate_name}` was lost"))
        .label(format!("does not wait for `{gate_name}`"))
        .related(gate.name.span, "this gate is gone round");
    let above = graph.ancestors(stage.id).into_iter().filter_map(|id| pipeline.stage(id));
    for way in above.chain([stage]).filter(|way| way.has_after() && way.id.0 > gate.id.0) {
        found = found.related(way.attrs.get("after").map_or(way.name.span, |after| after.span), "this `after` leaves the gate out");
    }
    found.help(format!("let `after` name `{gate_name}` or a stage behind it, or remove it"))
}
