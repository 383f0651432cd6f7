use crate::diagnostic::{Code, Diagnostic, Severity};
use crate::lint::{Context, Rule, Sink, glob};
use crate::resolve::hir::{Attrs, Connection, Pipeline, Spanned, Stage, Value};

pub static RULE: Rule =
    Rule { code: Code { id: "MLP1002", name: "self-trigger", severity: Severity::Error, docs: include_str!("self_trigger.md") }, check };

fn check(context: &Context<'_>, sink: &mut Sink) {
    for (pipeline, _) in context.pipelines() {
        let pushes = pipeline.triggers.iter().map(|trigger| &trigger.attrs).filter(|attrs| attrs.block.name == "push");
        let deploys: Vec<&Stage> = pipeline.of_kind("deploy").collect();
        for push in pushes {
            sink.extend(deploys.iter().find_map(|deploy| release(context, pipeline, deploy, push)));
        }
    }
}

/// A deploy whose commit this trigger would take for work to do.
fn release(context: &Context<'_>, pipeline: &Pipeline, deploy: &Stage, push: &Attrs) -> Option<Diagnostic> {
    let place = deploy.attrs.get("manifest").or_else(|| deploy.attrs.get("gitops"))?;
    let (id, file) = match &place.value {
        Value::GitFile(id, path) => (id, path.clone()),
        Value::GitPath(id, path) => (id, format!("{path}/overlays/{}/release/release.yaml", environment(pipeline, deploy)?)),
        _ => return None,
    };
    let git = context.hir().connections.get(id.0).filter(|git| wakes(git))?;
    let branch = git.attrs.string("branch")?;
    let pushed = glob::any(texts(push.list("branches")), branch);
    let watched = push.get("paths").is_none() || glob::any(texts(push.list("paths")), &file);
    (pushed && watched).then(|| report(deploy, push, git, &file))
}

/// Whether a push to it starts workflows of this repository: those with the workflow's own token start nothing.
fn wakes(git: &Connection) -> bool {
    git.attrs.get("app_key").is_some() && git.attrs.get("repository").is_none()
}

fn environment<'p>(pipeline: &'p Pipeline, deploy: &Stage) -> Option<&'p str> {
    match deploy.attrs.get("environment")?.value {
        Value::Environment(id) => pipeline.environments.get(id.0).map(|environment| environment.name.text.as_str()),
        _ => None,
    }
}

fn texts(items: &[Spanned]) -> impl Iterator<Item = &str> {
    items.iter().filter_map(|item| match &item.value {
        Value::String(text) => Some(text.as_str()),
        _ => None,
    })
}

fn report(deploy: &Stage, push: &Attrs, git: &Connection, file: &str) -> Diagnostic {
    let filter = push.get("paths").map_or(push.head, |paths| paths.span);
    let message = format!("the commit of `{}` starts this pipeline again: it changes `{file}`", deploy.name.text);
    let app = git.attrs.get("app_key").map_or(git.name.span, |key| key.span);
    Diagnostic::new(&RULE.code, filter, message)
        .label("takes in the release")
        .related(deploy.name.span, "commits the release")
        .related(app, "a push as this App starts workflows")
        .help("limit `paths` to data and code, or drop the App: pushes with the workflow's own token start nothing")
}
