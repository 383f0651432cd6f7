use crate::diagnostic::{Code, Diagnostic, Severity};
use crate::lint::walk::{outputs_read, stands};
use crate::lint::{Context, Rule, Sink};
use crate::resolve::hir::{Flow, Pipeline, Stage};

pub static RULE: Rule = Rule {
    code: Code { id: "MLP0604", name: "could-be-parallel", severity: Severity::Hint, docs: include_str!("could_be_parallel.md") },
    check,
};

/// Kinds whose effect is their output alone. A `job` may do anything, and the others decide, release or check.
const PURE: &[&str] = &["data", "train", "export", "image"];

fn check(context: &Context<'_>, sink: &mut Sink) {
    for (pipeline, _) in context.pipelines() {
        neighbours(pipeline, &pipeline.flow, sink);
        for branch in pipeline.parallels.iter().flat_map(|parallel| &parallel.branches) {
            neighbours(pipeline, branch, sink);
        }
    }
}

fn neighbours(pipeline: &Pipeline, flow: &[Flow], sink: &mut Sink) {
    for pair in flow.windows(2) {
        let [Flow::Stage(upper), Flow::Stage(lower)] = pair else { continue };
        let (Some(upper), Some(lower)) = (pipeline.stage(*upper), pipeline.stage(*lower)) else { continue };
        if independent(upper, lower) {
            sink.push(report(upper, lower));
        }
    }
}

fn independent(upper: &Stage, lower: &Stage) -> bool {
    let pure = |stage: &Stage| PURE.contains(&stage.kind()) && !stage.implied && !stands(stage, "after");
    let asked = |stage: &Stage| stage.env.is_empty() && stage.steps.is_empty();
    let uses = outputs_read(lower).any(|output| output.stage == upper.id);
    pure(upper) && pure(lower) && asked(upper) && asked(lower) && !uses && !same_output(upper, lower)
}

/// Two `data` stages that write one path depend on each other.
fn same_output(upper: &Stage, lower: &Stage) -> bool {
    upper.kind() == "data" && lower.kind() == "data" && upper.attrs.string("output") == lower.attrs.string("output")
}

fn report(upper: &Stage, lower: &Stage) -> Diagnostic {
    let (above, below) = (&upper.name.text, &lower.name.text);
    Diagnostic::new(&RULE.code, lower.name.span, format!("`{below}` waits for `{above}`, but uses nothing of it"))
        .label("could start at the same time")
        .related(upper.name.span, "as this stage")
        .help(format!("write `parallel {{ … }}` around `{above}` and `{below}`"))
}
