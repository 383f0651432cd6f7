use crate::diagnostic::{Code, Diagnostic, Severity};
use crate::lint::order::whole;
use crate::lint::text::{broken, damaged, enclosing, garbled, snippet};
use crate::lint::{Context, Rule, Sink, did_you_mean};
use crate::resolve::hir::Stage;
use crate::resolve::problem::Problem;
use crate::schema::{self, Attr};
use crate::source::Span;

pub static RULE: Rule = Rule {
    code: Code { id: "MLP0307", name: "missing-attribute", severity: Severity::Error, docs: include_str!("missing_attribute.md") },
    check,
};

/// What follows from the stages above, and cannot be done without: block, attribute, and from what it follows.
const INFERRED: &[(&str, &str, &str)] = &[
    ("gate", "candidate", "there is no `train` above it"),
    ("verify", "release", "there is no `deploy` above it"),
    ("deploy", "environment", "neither `environment` nor `namespace` is given"),
];

fn check(context: &Context<'_>, sink: &mut Sink) {
    for problem in context.problems() {
        if let Problem::MissingAttribute { head, attr, .. } = problem
            && !misread(context, *head, attr)
        {
            sink.push(report(context, *head, attr, "it is required"));
        }
    }
    for (pipeline, _) in context.pipelines().filter(|(pipeline, _)| !damaged(context, whole(context, pipeline))) {
        for stage in pipeline.stages.iter().filter(|stage| !stage.implied && !broken(context, stage.span)) {
            inferred(context, stage, sink);
            unwritten_output(context, stage, sink);
        }
    }
}

/// Only the stage's own command can write what `output` declares.
fn unwritten_output(context: &Context<'_>, stage: &Stage, sink: &mut Sink) {
    let missing = stage.attrs.block.attr("run").filter(|_| stage.attrs.get("run").is_none());
    if let (Some(run), Some(output)) = (missing, stage.outputs.first()) {
        sink.push(report(context, stage.attrs.head, run, &format!("only `run` can write its output `{}`", output.text)));
    }
}

/// Whether the attribute may be there, in a line that could not be read or under a name with a typo.
fn misread(context: &Context<'_>, head: Span, attr: &Attr) -> bool {
    let Some(block) = enclosing(context, head).last().map(|stmt| stmt.span) else { return false };
    let typo = |problem: &Problem| match problem {
        Problem::UnknownAttribute { key, .. } => block.contains(key.span) && did_you_mean(&key.text, [attr.name]).is_some(),
        _ => false,
    };
    garbled(context, block) || context.problems().iter().any(typo)
}

fn report(context: &Context<'_>, head: Span, attr: &Attr, why: &str) -> Diagnostic {
    let doc = attr.doc.trim_end_matches('.');
    let doc = doc.chars().next().map(|first| first.to_lowercase().chain(doc.chars().skip(1)).collect::<String>()).unwrap_or_default();
    Diagnostic::new(&RULE.code, head, format!("`{}` has no `{}`", snippet(context, head), attr.name))
        .label(why)
        .help(format!("write `{} = …`: {doc}", attr.name))
}

fn inferred(context: &Context<'_>, stage: &Stage, sink: &mut Sink) {
    for (block, name, why) in INFERRED.iter().filter(|(block, ..)| *block == stage.kind()) {
        let attr = schema::find(schema::STAGES, block).and_then(|block| block.attr(name));
        if let Some(attr) = attr.filter(|_| stage.attrs.get(name).is_none()) {
            sink.push(report(context, stage.attrs.head, attr, why));
        }
    }
}
