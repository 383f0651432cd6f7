use crate::diagnostic::{Code, Diagnostic, Severity};
use crate::lint::algebra::champion;
use crate::lint::text::{broken, snippet};
use crate::lint::{Context, Rule, Sink};
use crate::resolve::hir::Stage;
use crate::source::Span;

pub static RULE: Rule = Rule {
    code: Code { id: "MLP0505", name: "incomparable-champion", severity: Severity::Error, docs: include_str!("incomparable_champion.md") },
    check,
};

fn check(context: &Context<'_>, sink: &mut Sink) {
    for gate in context.pipelines().flat_map(|(pipeline, _)| pipeline.of_kind("gate")) {
        let judged = gate.attrs.get("evaluate").is_some() || gate.attrs.get("holdout").is_some();
        let reads = gate.rules.iter().find_map(|rule| champion(&rule.condition));
        if let Some(span) = reads.filter(|_| !judged && !broken(context, gate.span)) {
            sink.push(report(context, gate, span));
        }
    }
}

fn report(context: &Context<'_>, gate: &Stage, span: Span) -> Diagnostic {
    let message = format!("`{}` was measured on other data than the candidate", snippet(context, span));
    Diagnostic::new(&RULE.code, span, message)
        .label("a number from the champion's own run")
        .related(gate.attrs.head, "this gate has neither `evaluate` nor `holdout`")
        .help("write `evaluate = file(\"…\")` to measure both models on the candidate's data, or `holdout = dvc(\"…\")`")
}
