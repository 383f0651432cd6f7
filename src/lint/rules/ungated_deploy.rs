use crate::diagnostic::{Code, Diagnostic, Severity};
use crate::graph::Graph;
use crate::lint::order::{lost_gates, text_order, whole};
use crate::lint::text::{broken, damaged};
use crate::lint::{Context, Rule, Sink};
use crate::resolve::hir::{Pipeline, Stage, StageId};
use crate::resolve::problem::Problem;
use crate::source::Span;

pub static RULE: Rule = Rule {
    code: Code { id: "MLP0501", name: "ungated-deploy", severity: Severity::Error, docs: include_str!("ungated_deploy.md") },
    check,
};

fn check(context: &Context<'_>, sink: &mut Sink) {
    let mut told = Vec::new();
    for problem in context.problems() {
        if let Problem::Unapproved { span, expected, found, from } = problem {
            told.push(*span);
            sink.push(unapproved(context, *span, expected, found, *from));
        }
    }
    for (pipeline, graph) in context.pipelines().filter(|(pipeline, _)| !damaged(context, whole(context, pipeline))) {
        let text = text_order(pipeline);
        let paths = graph.ungated_paths(pipeline);
        for stage in pipeline.stages.iter().filter(|stage| !told.iter().any(|span| stage.span.contains(*span))) {
            // A gate that only an `after` leaves out is a bypass.
            if !lost_gates(pipeline, graph, text.as_ref(), stage).is_empty() {
                continue;
            }
            let path = paths.iter().find(|path| path.last() == Some(&stage.id));
            sink.diagnostics.extend(path.map(|path| on_a_path(pipeline, path)).or_else(|| unjudged(context, pipeline, graph, stage)));
        }
    }
}

fn unapproved(context: &Context<'_>, span: Span, expected: &str, found: &str, from: Span) -> Diagnostic {
    Diagnostic::new(&RULE.code, span, format!("`{}` is a `{found}`: no gate has approved it", context.text(span)))
        .label(format!("an output of type `{expected}` is needed here"))
        .related(from, "it comes from here")
        .help("let a `gate` judge it and an `export` resolve it, and use the export's `artifact`")
}

/// Shows the way on which a model reaches a deploy without a gate that must succeed.
fn on_a_path(pipeline: &Pipeline, path: &[StageId]) -> Diagnostic {
    let stages: Vec<&Stage> = path.iter().filter_map(|id| pipeline.stage(*id)).collect();
    let names: Vec<String> = stages.iter().map(|stage| format!("`{}`", stage.name.text)).collect();
    let deploy = stages.last().map_or(pipeline.name.span, |stage| stage.name.span);
    let name = names.last().map_or("", String::as_str);
    let message = format!("{name} can run although no gate has passed: {}", names.join(" → "));
    let mut found = Diagnostic::new(&RULE.code, deploy, message).label("deploys here");
    for stage in stages.iter().rev().skip(1).rev().filter(|stage| !stage.implied) {
        found = found.related(stage.name.span, format!("the {} `{}` is on the way", stage.kind(), stage.name.text));
    }
    found.help("let every path from `train` to `deploy` lead through a `gate`")
}

/// A deploy or export above which no gate stands at all.
fn unjudged(context: &Context<'_>, pipeline: &Pipeline, graph: &Graph, stage: &Stage) -> Option<Diagnostic> {
    if !releases(stage) || stage.implied {
        return None;
    }
    let above = graph.ancestors(stage.id);
    let gated = above.iter().filter_map(|id| pipeline.stage(*id)).any(|stage| stage.kind() == "gate");
    let told = above.iter().filter_map(|id| pipeline.stage(*id)).any(releases);
    if gated || told || broken(context, stage.span) {
        return None;
    }
    let message = format!("no gate stands above the {} `{}`", stage.kind(), stage.name.text);
    let found = Diagnostic::new(&RULE.code, stage.name.span, message).label("nothing decides about what is released here");
    Some(found.help("train a model and let a `gate` judge it above"))
}

fn releases(stage: &Stage) -> bool {
    matches!(stage.kind(), "deploy" | "export")
}
