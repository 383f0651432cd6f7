use crate::diagnostic::{Code, Diagnostic, Severity};
use crate::lint::{Context, Rule, Sink};
use crate::resolve::hir::Pipeline;
use crate::syntax::ast::Ident;

pub static RULE: Rule =
    Rule { code: Code { id: "MLP1201", name: "naming", severity: Severity::Hint, docs: include_str!("naming.md") }, check };

fn check(context: &Context<'_>, sink: &mut Sink) {
    for (pipeline, _) in context.pipelines() {
        let wrong = names(pipeline).into_iter().filter(|(_, name)| !is_snake_case(&name.text));
        sink.extend(wrong.map(|(what, name)| report(what, name)));
    }
}

/// The names that a pipeline's own file gives.
fn names(pipeline: &Pipeline) -> Vec<(&'static str, &Ident)> {
    let stages = pipeline.stages.iter().filter(|stage| !stage.implied);
    let environments = pipeline.environments.iter().map(|environment| ("environment", &environment.name));
    let metrics = stages.clone().flat_map(|stage| &stage.metrics).map(|metric| ("metric", &metric.name));
    stages.map(|stage| ("stage", &stage.name)).chain(environments).chain(metrics).collect()
}

fn is_snake_case(name: &str) -> bool {
    name.starts_with(|c: char| c.is_ascii_lowercase()) && !name.contains(|c: char| c.is_ascii_uppercase())
}

fn report(what: &str, name: &Ident) -> Diagnostic {
    Diagnostic::new(&RULE.code, name.span, format!("the {what} `{}` is not written in snake_case", name.text))
        .label("not in snake_case")
        .help(format!("call it `{}`", snake_case(&name.text)))
}

/// `TrainModel` → `train_model`, `AUC` → `auc`
fn snake_case(name: &str) -> String {
    let mut out = String::with_capacity(name.len() + 4);
    let mut lower = false;
    for c in name.trim_start_matches('_').chars() {
        if c.is_ascii_uppercase() && lower {
            out.push('_');
        }
        lower = c.is_ascii_lowercase() || c.is_ascii_digit();
        out.push(c.to_ascii_lowercase());
    }
    if out.is_empty() { "name".into() } else { out }
}
