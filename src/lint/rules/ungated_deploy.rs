use crate::diagnostic::{Code, Diagnostic, Severity};
use crate::lint::{Context, Rule, Sink};
use crate::resolve::hir::{Pipeline, StageId};
use crate::resolve::problem::Problem;

pub static RULE: Rule = Rule {
    code: Code { id: "MLP0501", name: "ungated-deploy", severity: Severity::Error, docs: include_str!("ungated_deploy.md") },
    check,
};

fn check(context: &Context<'_>, sink: &mut Sink) {
    for problem in context.problems() {
        if let Problem::Unapproved { span, expected, found, from } = problem {
            sink.push(
                Diagnostic::new(&RULE.code, *span, format!("`{}` is a `{found}`: no gate has approved it", context.text(*span)))
                    .label(format!("a `{expected}` is needed here"))
                    .related(*from, "it comes from here")
                    .help("let a `gate` compare it with the champion and an `export` resolve it, and use the export's `artifact`"),
            );
        }
    }
    for (pipeline, graph) in context.pipelines() {
        for path in graph.ungated_paths(pipeline) {
            sink.push(report(pipeline, &path));
        }
    }
}

/// Shows the way on which a model reaches a deploy without a gate that must succeed.
fn report(pipeline: &Pipeline, path: &[StageId]) -> Diagnostic {
    let stages: Vec<_> = path.iter().filter_map(|id| pipeline.stage(*id)).collect();
    let names: Vec<String> = stages.iter().map(|stage| format!("`{}`", stage.name.text)).collect();
    let deploy = stages.last().map_or(pipeline.name.span, |stage| stage.name.span);
    let name = names.last().map_or("", String::as_str);
    let message = format!("{name} can run although no gate has passed: {}", names.join(" → "));
    let mut diagnostic = Diagnostic::new(&RULE.code, deploy, message).label("deploys here");
    for stage in stages.iter().rev().skip(1).rev() {
        diagnostic = diagnostic.related(stage.name.span, format!("the {} `{}` is on the way", stage.kind(), stage.name.text));
    }
    diagnostic.help("let every path from `train` to `deploy` lead through a `gate`")
}
