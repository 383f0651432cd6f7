use crate::diagnostic::{Code, Diagnostic, Severity};
use crate::lint::{Context, Rule, Sink};
use crate::resolve::hir::{Environment, Pipeline, Stage, Value};

pub static RULE: Rule = Rule {
    code: Code { id: "MLP0909", name: "name-too-long", severity: Severity::Warning, docs: include_str!("name_too_long.md") },
    check,
};

/// KServe makes host names such as `NAME-transformer-NAMESPACE`, and DNS takes 63 characters. Without a transformer it is
/// `NAME-predictor-NAMESPACE`. <https://github.com/kserve/kserve/issues/4807>
const HOST: usize = 63;

fn check(context: &Context<'_>, sink: &mut Sink) {
    for (pipeline, _) in context.pipelines() {
        sink.extend(pipeline.of_kind("deploy").filter_map(|deploy| report(pipeline, deploy)));
    }
}

fn environment<'p>(pipeline: &'p Pipeline, deploy: &Stage) -> Option<&'p Environment> {
    match deploy.attrs.get("environment")?.value {
        Value::Environment(id) => pipeline.environments.get(id.0),
        _ => None,
    }
}

fn report(pipeline: &Pipeline, deploy: &Stage) -> Option<Diagnostic> {
    let place = environment(pipeline, deploy)?.attrs.get("namespace")?;
    let namespace = environment(pipeline, deploy)?.attrs.string("namespace")?;
    let name = deploy.attrs.string("name").unwrap_or(&pipeline.name.text);
    let middle = if deploy.attrs.get("transformer").is_some() { "-transformer-" } else { "-predictor-" };
    let most = HOST - middle.len();
    let length = name.len() + namespace.len();
    if length <= most {
        return None;
    }
    let span = deploy.attrs.get("name").map_or(pipeline.name.span, |value| value.span);
    let message =
        format!("`{name}` and `{namespace}` together have {length} characters, too many for the host name that KServe makes of them");
    let diagnostic =
        Diagnostic::new(&RULE.code, span, message).label("the name of the InferenceService").related(place.span, "its namespace");
    Some(diagnostic.help(format!("shorten one of them: `{name}{middle}{namespace}` may have 63 characters, which leaves {most} for both")))
}
