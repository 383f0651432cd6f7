use crate::diagnostic::{Code, Diagnostic, Severity};
use crate::lint::order::whole;
use crate::lint::text::{broken, choice};
use crate::lint::{Context, Rule, Sink};
use crate::resolve::hir::Stage;

pub static RULE: Rule = Rule {
    code: Code { id: "MLP0405", name: "unused-output", severity: Severity::Warning, docs: include_str!("unused_output.md") },
    check,
};

fn check(context: &Context<'_>, sink: &mut Sink) {
    for ((pipeline, _), used) in context.pipelines().zip(&context.resolved.used_outputs) {
        // What would use it may be what could not be read.
        if broken(context, whole(context, pipeline)) {
            continue;
        }
        let used = |stage: &Stage| used.iter().any(|(id, _)| *id == stage.id);
        for stage in pipeline.stages.iter().filter(|stage| !stage.implied && makes(stage) && !used(stage)) {
            sink.push(report(stage));
        }
    }
}

fn makes(stage: &Stage) -> bool {
    matches!(stage.kind(), "data" | "train" | "export" | "image")
}

fn report(stage: &Stage) -> Diagnostic {
    let name = &stage.name.text;
    let outputs: Vec<String> = stage.gives().iter().map(|(output, _)| format!("{name}.{output}")).collect();
    Diagnostic::new(&RULE.code, stage.name.span, format!("nothing uses what `{name}` makes"))
        .label(format!("no stage reads {}", choice(&outputs)))
        .help("let a stage below use it, or remove the stage")
}
