use crate::diagnostic::{Code, Diagnostic, Fix, Severity};
use crate::graph::Graph;
use crate::lint::order::{lost_gates, text_order};
use crate::lint::{Context, Rule, Sink};
use crate::resolve::hir::{Pipeline, Stage};
use crate::source::Span;

pub static RULE: Rule =
    Rule { code: Code { id: "MLP0407", name: "not-upstream", severity: Severity::Error, docs: include_str!("not_upstream.md") }, check };

fn check(context: &Context<'_>, sink: &mut Sink) {
    for (pipeline, graph) in context.pipelines() {
        let Some(text) = text_order(pipeline) else { continue };
        for stage in &pipeline.stages {
            // A gate that is left out is a matter of its own.
            let released = matches!(stage.kind(), "export" | "deploy" | "verify");
            if released && !lost_gates(pipeline, graph, Some(&text), stage).is_empty() {
                continue;
            }
            let mut told = Vec::new();
            for (output, span) in stage.references() {
                let Some(source) = pipeline.stage(output.stage).filter(|source| source.kind() != "gate") else { continue };
                if !graph.is_ancestor(source.id, stage.id) && !told.contains(&source.id) {
                    told.push(source.id);
                    sink.push(report(context, pipeline, graph, stage, source, span));
                }
            }
        }
    }
}

fn report(context: &Context<'_>, pipeline: &Pipeline, graph: &Graph, stage: &Stage, source: &Stage, span: Span) -> Diagnostic {
    let (name, from) = (&stage.name.text, &source.name.text);
    let mut found = Diagnostic::new(&RULE.code, span, format!("`{name}` uses what `{from}` makes, but does not wait for it"))
        .label(format!("`{from}` may not have run yet"));
    let mut ways: Vec<&Stage> = graph.ancestors(stage.id).into_iter().filter_map(|id| pipeline.stage(id)).collect();
    ways.push(stage);
    for after in ways.iter().filter(|way| way.has_after() && way.id.0 > source.id.0).filter_map(|way| way.attrs.get("after")) {
        found = found.related(after.span, format!("this `after` leaves `{from}` out"));
    }
    let own = stage.attrs.get("after").filter(|_| stage.has_after()).map(|after| after.span);
    found.help(format!("add `{from}` to `after`")).fix(own.and_then(|span| extended(context, span, from)))
}

/// `after` with one stage more.
fn extended(context: &Context<'_>, after: Span, name: &str) -> Option<Fix> {
    let text = context.text(after);
    let title = format!("add `{name}` to `after`");
    match text.strip_suffix(']') {
        Some(list) if list.trim() == "[" => Some(Fix::unsafe_edit(title, after, format!("[{name}]"))),
        Some(list) => Some(Fix::unsafe_edit(title, after, format!("{}, {name}]", list.trim_end().trim_end_matches(',')))),
        None => Some(Fix::unsafe_edit(title, after, format!("[{text}, {name}]"))),
    }
}
