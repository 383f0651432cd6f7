use crate::diagnostic::{Code, Diagnostic, Severity};
use crate::graph::Graph;
use crate::lint::walk;
use crate::lint::{Context, Rule, Sink};
use crate::resolve::hir::{Connection, Pipeline, Stage, Trigger, Value};
use crate::source::Span;

pub static RULE: Rule =
    Rule { code: Code { id: "MLP0804", name: "fork-secrets", severity: Severity::Error, docs: include_str!("fork_secrets.md") }, check };

fn check(context: &Context<'_>, sink: &mut Sink) {
    for (pipeline, graph) in context.pipelines() {
        if let Some(trigger) = pipeline.triggers.iter().find(|trigger| runs_stages(trigger)) {
            let judged = pipeline.stages.iter().filter(|stage| up_to_gate(pipeline, graph, stage));
            sink.extend(judged.filter_map(|stage| reads_secret(context, stage)).map(|(span, what)| report(trigger, span, &what)));
        }
    }
}

/// `on pull_request { until = gate }`
fn runs_stages(trigger: &Trigger) -> bool {
    trigger.attrs.block.name == "pull_request" && trigger.attrs.string("until") == Some("gate")
}

fn up_to_gate(pipeline: &Pipeline, graph: &Graph, stage: &Stage) -> bool {
    stage.kind() != "preflight" && pipeline.of_kind("gate").any(|gate| gate.id == stage.id || graph.is_ancestor(stage.id, gate.id))
}

/// The first secret that a stage reads, itself or through a connection: where, and what it is.
fn reads_secret(context: &Context<'_>, stage: &Stage) -> Option<(Span, String)> {
    let values = walk::values(stage);
    let own = values.iter().find_map(|value| match &value.value {
        Value::Secret(name) => Some((value.span, format!("`secret.{name}`"))),
        _ => None,
    });
    let pulled = || {
        values.iter().find_map(|value| match &value.value {
            Value::Dvc(Some(id), _) => Some((value.span, connection_secret(context, context.hir().connections.get(id.0)?)?)),
            _ => None,
        })
    };
    own.or_else(pulled).or_else(|| tracked(context, stage))
}

/// Training and judging log to the tracking server.
fn tracked(context: &Context<'_>, stage: &Stage) -> Option<(Span, String)> {
    let tracking = context.hir().connections.iter().find(|connection| connection.kind() == "mlflow")?;
    let secret = connection_secret(context, tracking).filter(|_| stage.kind() == "train")?;
    Some((stage.name.span, secret))
}

/// A secret that a connection holds, itself or through the store behind it.
fn connection_secret(context: &Context<'_>, connection: &Connection) -> Option<String> {
    connection.attrs.iter().find_map(|(_, value)| match &value.value {
        Value::Secret(name) => Some(format!("`secret.{name}` through `{}`", connection.name.text)),
        Value::Connection(id) => connection_secret(context, context.hir().connections.get(id.0)?),
        _ => None,
    })
}

fn report(trigger: &Trigger, span: Span, what: &str) -> Diagnostic {
    let until = trigger.attrs.get("until").map_or(trigger.attrs.head, |value| value.span);
    Diagnostic::new(&RULE.code, span, format!("{what} is read here, but a pull request's run has no secrets"))
        .label("would find nothing")
        .related(until, "runs everything up to the gate")
        .help("write `until = check`, or let these stages work without secrets")
}
