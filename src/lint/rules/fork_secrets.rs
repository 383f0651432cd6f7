use super::critical_path::hosted;
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
            sink.extend(judged.clone().filter_map(|stage| reads_secret(context, stage)).map(|(span, what)| report(trigger, span, &what)));
            sink.extend(judged.filter(|stage| !hosted(stage)).map(|stage| report_machine(trigger, stage)));
        }
    }
}

/// `on pull_request { until = gate }`
fn runs_stages(trigger: &Trigger) -> bool {
    trigger.attrs.block.name == "pull_request" && trigger.attrs.string("until") == Some("gate")
}

/// What the workflow for pull requests takes over: nothing behind a gate, nothing that releases.
fn up_to_gate(pipeline: &Pipeline, graph: &Graph, stage: &Stage) -> bool {
    let kind = matches!(stage.kind(), "data" | "train" | "gate" | "job");
    let behind = pipeline.of_kind("gate").any(|gate| graph.is_ancestor(gate.id, stage.id));
    let leads = pipeline.of_kind("gate").any(|gate| gate.id == stage.id || graph.is_ancestor(stage.id, gate.id));
    kind && !behind && leads
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

/// GitHub throws its machines away after a job; one of the user's keeps whatever a stranger's code left there.
fn report_machine(trigger: &Trigger, stage: &Stage) -> Diagnostic {
    let asked = ["runner", "gpu"].into_iter().filter(|name| stage.attrs.block.attr(name).is_some());
    let span = asked.filter_map(|name| stage.attrs.get(name)).map(|value| value.span).next().unwrap_or(stage.name.span);
    let message = format!("`{}` would run the code of any fork on a machine of yours", stage.name.text);
    Diagnostic::new(&RULE.code, span, message)
        .label("not a machine of GitHub's")
        .related(until(trigger), "runs everything up to the gate, on every pull request")
        .help("write `until = check`, or let these stages run on GitHub's machines")
}

fn until(trigger: &Trigger) -> Span {
    trigger.attrs.get("until").map_or(trigger.attrs.head, |value| value.span)
}

fn report(trigger: &Trigger, span: Span, what: &str) -> Diagnostic {
    Diagnostic::new(&RULE.code, span, format!("{what} is read here, but a pull request's run has no secrets"))
        .label("would find nothing")
        .related(until(trigger), "runs everything up to the gate")
        .help("write `until = check`, or let these stages work without secrets")
}
