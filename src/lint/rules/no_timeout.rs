use crate::diagnostic::{Code, Diagnostic, Severity};
use crate::lint::{Context, Rule, Sink, walk};
use crate::resolve::hir::Stage;

pub static RULE: Rule =
    Rule { code: Code { id: "MLP1101", name: "no-timeout", severity: Severity::Hint, docs: include_str!("no_timeout.md") }, check };

fn check(context: &Context<'_>, sink: &mut Sink) {
    for (pipeline, _) in context.pipelines() {
        for stage in pipeline.stages.iter().filter(|stage| costly(stage) && !stage.attrs.written("timeout")) {
            sink.push(report(context, stage));
        }
    }
}

/// Training, and whatever keeps a GPU busy.
fn costly(stage: &Stage) -> bool {
    let gpu = stage.attrs.block.attr("gpu").is_some() && stage.attrs.get("gpu").is_some();
    (stage.kind() == "train" || gpu) && !stage.implied
}

fn report(context: &Context<'_>, stage: &Stage) -> Diagnostic {
    let limit = default_timeout(stage);
    let message = format!("nothing says how long `{}` may take, so a run that hangs costs {limit}", stage.name.text);
    let statement = format!("timeout = {limit}");
    Diagnostic::new(&RULE.code, stage.name.span, message)
        .label(format!("stopped after {limit} by default"))
        .help("write a `timeout` a little above what it usually takes")
        .fix(walk::append(context, stage, &statement, true))
}

fn default_timeout(stage: &Stage) -> &'static str {
    match stage.attrs.block.attr("timeout").map(|attr| attr.need) {
        Some(crate::schema::Need::Default(text)) => text,
        _ => "6h",
    }
}
