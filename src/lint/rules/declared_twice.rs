use std::collections::HashMap;

use crate::diagnostic::{Code, Diagnostic, Severity};
use crate::lint::text::enclosing;
use crate::lint::{Context, Rule, Sink};
use crate::resolve::dns_label;
use crate::resolve::hir::Pipeline;
use crate::resolve::problem::Problem;
use crate::source::Span;
use crate::syntax::ast::{Ident, StmtKind};

pub static RULE: Rule = Rule {
    code: Code { id: "MLP0202", name: "declared-twice", severity: Severity::Error, docs: include_str!("declared_twice.md") },
    check,
};

fn check(context: &Context<'_>, sink: &mut Sink) {
    for problem in context.problems() {
        if let Problem::Duplicate { name, first } = problem {
            sink.push(report(context, name, *first));
        }
    }
    for (pipeline, _) in context.pipelines() {
        sink.extend(
            alike(pipeline.stages.iter().map(|stage| &stage.name), lower).map(|(name, first)| unlike(name, first, "GitHub", "job")),
        );
        let environments = pipeline.environments.iter().map(|environment| &environment.name);
        sink.extend(alike(environments, dns_label).map(|(name, first)| unlike(name, first, "Kubernetes", "environment")));
        for keys in keys(pipeline) {
            sink.extend(alike(keys.iter().copied(), lower).map(|(name, first)| unlike(name, first, "GitHub", "value")));
            sink.extend(repeated(keys).map(|(name, first)| report(context, name, first.span)));
        }
    }
}

fn lower(name: &str) -> String {
    name.to_ascii_lowercase()
}

/// Names that differ, each with the first one that somebody else does not tell from it.
fn alike<'n>(names: impl Iterator<Item = &'n Ident>, seen_as: fn(&str) -> String) -> impl Iterator<Item = (&'n Ident, &'n Ident)> {
    let mut first: HashMap<String, &Ident> = HashMap::new();
    let pairs = names.map(move |name| (name, *first.entry(seen_as(&name.text)).or_insert(name)));
    pairs.filter(|(name, first)| name.text != first.text)
}

/// Names that stand twice, each with the first one.
fn repeated(names: Vec<&Ident>) -> impl Iterator<Item = (&Ident, &Ident)> {
    let mut first: HashMap<&str, &Ident> = HashMap::new();
    let pairs = names.into_iter().map(move |name| (name, *first.entry(name.text.as_str()).or_insert(name)));
    pairs.filter(|(name, first)| name.span != first.span)
}

/// Lists of names that several blocks or statements may add to, and that must be distinct all the same.
fn keys(pipeline: &Pipeline) -> Vec<Vec<&Ident>> {
    let inputs = pipeline.triggers.iter().map(|trigger| trigger.inputs.iter().map(|input| &input.name).collect());
    let variables = pipeline.stages.iter().map(|stage| stage.env.iter().map(|(name, _)| name).collect());
    let outputs = pipeline.stages.iter().map(|stage| stage.outputs.iter().collect());
    let of_steps = pipeline.stages.iter().flat_map(|stage| &stage.steps).flat_map(|step| [&step.env, &step.with]);
    let steps = of_steps.map(|pairs| pairs.iter().map(|(name, _)| name).collect());
    inputs.chain(variables).chain(outputs).chain(steps).collect()
}

fn unlike(name: &Ident, first: &Ident, judge: &str, what: &str) -> Diagnostic {
    let article = if what == "environment" { "an" } else { "a" };
    let message = format!("{judge} does not tell `{}` from `{}` as the name of {article} {what}", name.text, first.text);
    Diagnostic::new(&RULE.code, name.span, message)
        .label("the same again")
        .related(first.span, "first here")
        .help("give one of the two another name")
}

fn report(context: &Context<'_>, name: &Ident, first: Span) -> Diagnostic {
    let attribute = matches!(enclosing(context, name.span).last().map(|stmt| &stmt.kind), Some(StmtKind::Attr(_)));
    let (what, help) = match attribute {
        true => ("written", "keep one of the two"),
        false => ("declared", "give one of the two another name"),
    };
    Diagnostic::new(&RULE.code, name.span, format!("`{}` is {what} twice", name.text))
        .label("again here")
        .related(first, "first here")
        .help(help)
}
