use std::collections::BTreeMap;

use crate::diagnostic::{Code, Diagnostic, Severity};
use crate::lint::{Context, Rule, Sink};
use crate::resolve::hir::{ConnectionId, Pipeline};
use crate::source::Span;

pub static RULE: Rule = Rule {
    code: Code { id: "MLP0913", name: "several-connections", severity: Severity::Error, docs: include_str!("several_connections.md") },
    check,
};

fn check(context: &Context<'_>, sink: &mut Sink) {
    for (pipeline, _) in context.pipelines() {
        check_pipeline(context, pipeline, sink);
    }
}

fn check_pipeline(context: &Context<'_>, pipeline: &Pipeline, sink: &mut Sink) {
    let mut first: BTreeMap<&str, (ConnectionId, Span)> = BTreeMap::new();
    for (id, span) in pipeline.named_connections() {
        let Some(connection) = context.hir().connections.get(id.0) else { continue };
        let (used, place) = *first.entry(connection.kind()).or_insert((id, span));
        if used != id {
            let message = format!("`{}` is a second connection of kind `{}` in one pipeline", connection.name.text, connection.kind());
            sink.push(
                Diagnostic::new(&RULE.code, span, message)
                    .label("another one than above")
                    .related(place, "the first one is used here")
                    .help("use one connection of a kind, or make two pipelines of it"),
            );
        }
    }
}
