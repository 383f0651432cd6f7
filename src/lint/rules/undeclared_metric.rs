use crate::diagnostic::{Code, Diagnostic, Severity};
use crate::lint::text::{broken, repeated, suggest};
use crate::lint::{Context, Rule, Sink, did_you_mean};
use crate::resolve::hir::Stage;
use crate::resolve::problem::Problem;
use crate::syntax::ast::Ident;

pub static RULE: Rule = Rule {
    code: Code { id: "MLP0507", name: "undeclared-metric", severity: Severity::Error, docs: include_str!("undeclared_metric.md") },
    check,
};

fn check(context: &Context<'_>, sink: &mut Sink) {
    for problem in context.problems() {
        if let Problem::UndeclaredMetric { name, candidates } = problem
            && let Some(train) = candidate(context, name)
            && !misdeclared(context, train, name)
        {
            sink.push(report(train, name, candidates));
        }
    }
}

/// The stage that should promise a metric; a gate without a candidate has another mistake.
fn candidate<'a>(context: &Context<'a>, name: &Ident) -> Option<&'a Stage> {
    context.pipelines().find_map(|(pipeline, _)| {
        let gate = pipeline.of_kind("gate").find(|gate| gate.span.contains(name.span))?;
        pipeline.stage(gate.attrs.output("candidate")?.stage)
    })
}

/// Whether the metric's declaration has a mistake of its own.
fn misdeclared(context: &Context<'_>, train: &Stage, name: &Ident) -> bool {
    let base = name.text.split('/').next().unwrap_or_default();
    broken(context, train.span) && repeated(context, train.span.to(name.span), base)
}

fn report(train: &Stage, name: &Ident, candidates: &[String]) -> Diagnostic {
    let stage = &train.name.text;
    let found = Diagnostic::new(&RULE.code, name.span, format!("`{stage}` does not promise a metric `{}`", name.text))
        .label("undeclared metric")
        .related(train.name.span, "the candidate is trained here");
    match did_you_mean(&name.text, candidates.iter().map(String::as_str)) {
        Some(_) => suggest(found, name, candidates),
        None => found.help(format!("declare it in `{stage}`: `metric {}: float higher`", name.text)),
    }
}
