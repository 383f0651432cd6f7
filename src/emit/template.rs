//! Templates: they place what `lower` has decided, and every value goes through [`yaml`](super::yaml).

use std::sync::LazyLock;

use minijinja::syntax::SyntaxConfig;
use minijinja::value::{Serde, ValueKind};
use minijinja::{Environment, Error, ErrorKind, Output, State, UndefinedBehavior, Value};
use serde::Serialize;

use super::{CompileError, yaml};

/// Every template, by the path of its file below `templates/`.
const TEMPLATES: &[(&str, &str)] = &[
    ("github/workflow.yml.j2", include_str!("../../templates/github/workflow.yml.j2")),
    ("kserve/inferenceservice.yaml.j2", include_str!("../../templates/kserve/inferenceservice.yaml.j2")),
    ("kserve/serviceaccount.yaml.j2", include_str!("../../templates/kserve/serviceaccount.yaml.j2")),
    ("kserve/kustomization.yaml.j2", include_str!("../../templates/kserve/kustomization.yaml.j2")),
    ("kserve/component.yaml.j2", include_str!("../../templates/kserve/component.yaml.j2")),
    ("kserve/release.yaml.j2", include_str!("../../templates/kserve/release.yaml.j2")),
    ("argocd/application.yaml.j2", include_str!("../../templates/argocd/application.yaml.j2")),
];

static ENVIRONMENT: LazyLock<Result<Environment<'static>, Error>> = LazyLock::new(environment);

fn environment() -> Result<Environment<'static>, Error> {
    let mut env = Environment::new();
    // `${{ … }}` is GitHub's; these leave it alone.
    let mut syntax = SyntaxConfig::builder();
    syntax.block_delimiters("{{%", "%}}").variable_delimiters("{{{", "}}}").comment_delimiters("{{#", "#}}");
    syntax.trim_blocks(true).lstrip_blocks(true).keep_trailing_newline(true);
    env.set_syntax(syntax.build()?);
    env.set_undefined_behavior(UndefinedBehavior::Strict);
    env.set_formatter(write_scalar);
    env.add_filter("text", |value: Value, indent: usize| match value.as_str() {
        Some(text) => Value::from_safe_string(yaml_text(text, indent)),
        None => value,
    });
    env.add_filter("comment", |text: String, indent: usize| Value::from_safe_string(yaml::comment(&text, indent)));
    for (name, source) in TEMPLATES {
        env.add_template(name, source)?;
    }
    Ok(env)
}

/// A scalar on one line, or a block where the text has several.
fn yaml_text(text: &str, indent: usize) -> String {
    if text.contains('\n') { yaml::block(text, indent) } else { yaml::scalar(text) }
}

/// What `{{{ … }}}` writes: a scalar, whatever the text holds.
fn write_scalar(out: &mut Output<'_>, _: &mut State<'_, '_>, value: &Value) -> Result<(), Error> {
    let written = match value.kind() {
        _ if value.is_safe() => write!(out, "{value}"),
        ValueKind::String => write!(out, "{}", yaml::scalar(value.as_str().unwrap_or_default())),
        ValueKind::Bool => write!(out, "{}", if value.is_true() { "true" } else { "false" }),
        ValueKind::Number => write!(out, "{value}"),
        kind => return Err(Error::new(ErrorKind::InvalidOperation, format!("{kind} cannot be a scalar"))),
    };
    written.map_err(|_| Error::new(ErrorKind::WriteFailure, "no room"))
}

/// Renders a template with a view.
pub fn render(template: &str, path: &str, view: &impl Serialize) -> Result<String, CompileError> {
    let fail = |error: &Error| CompileError { path: path.to_owned(), message: format!("internal: {error:#}") };
    let env = ENVIRONMENT.as_ref().map_err(fail)?;
    env.get_template(template).and_then(|template| template.render(Value::from(Serde(view)))).map_err(|error| fail(&error))
}

/// Reads a rendering back and compares it with what was meant.
pub fn confirm<T: serde::de::DeserializeOwned + PartialEq>(path: &str, text: &str, meant: &T) -> Result<(), CompileError> {
    let read: T = serde_yaml::from_str(text).map_err(|error| differs(path, &error.to_string()))?;
    if read == *meant { Ok(()) } else { Err(differs(path, "a value changed on the way")) }
}

fn differs(path: &str, why: &str) -> CompileError {
    CompileError {
        path: path.to_owned(),
        message: format!("internal: the rendered file is not what was planned ({why}); please report this"),
    }
}
