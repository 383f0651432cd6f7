use crate::diagnostic::{Code, Diagnostic, Fix, Severity};
use crate::lint::walk::stands;
use crate::lint::{Context, Rule, Sink};
use crate::resolve::hir::Stage;

pub static RULE: Rule = Rule {
    code: Code { id: "MLP1103", name: "whole-minutes", severity: Severity::Warning, docs: include_str!("whole_minutes.md") },
    check,
};

fn check(context: &Context<'_>, sink: &mut Sink) {
    for (pipeline, _) in context.pipelines() {
        let timed = pipeline.stages.iter().filter(|stage| stage.attrs.block.attr("timeout").is_some() && stands(stage, "timeout"));
        sink.extend(timed.filter_map(|stage| report(context, stage)));
    }
}

fn report(context: &Context<'_>, stage: &Stage) -> Option<Diagnostic> {
    let timeout = stage.attrs.get("timeout")?;
    let minutes = timeout.value.number()? / 60_000.0;
    if minutes < 1.0 || minutes.fract() == 0.0 {
        return None;
    }
    let rounded = format!("{}min", minutes.ceil());
    let message = format!("`{}` is not a whole number of minutes, and GitHub counts in nothing else", context.text(timeout.span));
    let diagnostic = Diagnostic::new(&RULE.code, timeout.span, message).label(format!("taken as `{rounded}`"));
    Some(diagnostic.fix(Fix::safe(format!("change to `{rounded}`"), timeout.span, rounded)))
}
