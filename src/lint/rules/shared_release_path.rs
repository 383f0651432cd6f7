use std::collections::HashMap;

use crate::analysis::Analysis;
use crate::diagnostic::{Code, Diagnostic, Severity};
use crate::lint::{Context, Rule, Sink};
use crate::resolve::hir::{Hir, Pipeline, Stage, Value};
use crate::source::Span;

pub static RULE: Rule = Rule {
    code: Code { id: "MLP0904", name: "shared-release-path", severity: Severity::Error, docs: include_str!("shared_release_path.md") },
    check,
};

/// Where a deploy writes.
#[derive(Clone, Debug)]
struct Target {
    /// Repository (empty for the pipeline's own), branch.
    repository: (String, String),
    /// Folder or manifest.
    path: String,
    /// The environment's name; empty for a manifest, which has one state for all.
    environment: String,
    pipeline: String,
    stage: String,
    span: Span,
}

fn check(context: &Context<'_>, sink: &mut Sink) {
    let all: Vec<Placed> = targets(context.hir()).into_iter().map(|target| (0, target)).collect();
    for ((_, first), (_, here)) in clashes(&all, |_, _| true) {
        sink.push(report(here, &first.stage, "").related(first.span, format!("`{}` writes it too", first.stage)));
    }
}

/// The same between the pipelines of several files: the index of the file complained about, and the complaint.
pub fn across(analyses: &[&Analysis<'_>]) -> Vec<(usize, Diagnostic)> {
    let each = analyses.iter().enumerate();
    let all: Vec<Placed> = each.flat_map(|(file, a)| targets(&a.resolved.hir).into_iter().map(move |target| (file, target))).collect();
    let told = |((first, there), (file, here)): (&Placed, &Placed)| {
        let path = analyses.get(*first).and_then(|a| a.sources.get(a.file)).map(|source| &source.path)?;
        Some((*file, report(here, &there.stage, &format!(" in `{path}`"))))
    };
    clashes(&all, |first, file| first != file).into_iter().filter_map(told).collect()
}

/// A target with the index of its file.
type Placed = (usize, Target);

/// Each deploy that writes what an earlier one writes, behind that one, where their files are such as wanted.
fn clashes(all: &[Placed], wanted: impl Fn(usize, usize) -> bool) -> Vec<(&Placed, &Placed)> {
    let mut by_path: HashMap<_, Vec<&Placed>> = HashMap::new();
    let mut found = Vec::new();
    for here in all {
        let earlier = by_path.entry((&here.1.repository, &here.1.path)).or_default();
        let first = earlier.iter().find(|there| wanted(there.0, here.0) && !apart(&there.1, &here.1));
        found.extend(first.map(|there| (*there, here)));
        earlier.push(here);
    }
    found
}

fn targets(hir: &Hir) -> Vec<Target> {
    let deploys = hir.pipelines.iter().flat_map(|pipeline| pipeline.of_kind("deploy").map(move |stage| (pipeline, stage)));
    deploys.filter_map(|(pipeline, stage)| target(hir, pipeline, stage)).collect()
}

fn target(hir: &Hir, pipeline: &Pipeline, stage: &Stage) -> Option<Target> {
    let place = stage.attrs.get("manifest").or_else(|| stage.attrs.get("gitops"))?;
    let (id, path, patched) = match &place.value {
        Value::GitPath(id, path) => (id, path, false),
        Value::GitFile(id, path) => (id, path, true),
        _ => return None,
    };
    let git = &hir.connections.get(id.0)?.attrs;
    let text = |attr| git.string(attr).unwrap_or_default().to_owned();
    let environment = match stage.attrs.get("environment")?.value {
        Value::Environment(id) if !patched => pipeline.environments.get(id.0)?.name.text.clone(),
        _ => String::new(),
    };
    Some(Target {
        repository: (text("repository"), text("branch")),
        path: path.clone(),
        environment,
        pipeline: pipeline.name.text.clone(),
        stage: stage.name.text.clone(),
        span: if place.span == stage.attrs.head { stage.name.span } else { place.span },
    })
}

/// Whether two deploys into one path keep out of each other's way: two environments of a pipeline do, two pipelines would replace
/// each other's base.
fn apart(a: &Target, b: &Target) -> bool {
    a.pipeline == b.pipeline && a.environment != b.environment
}

fn report(here: &Target, other: &str, file: &str) -> Diagnostic {
    let message = format!("`{}` releases into `{}`, and so does `{other}`{file}", here.stage, here.path);
    Diagnostic::new(&RULE.code, here.span, message)
        .label("each release would replace the other's")
        .help("give every pipeline and environment a path of its own")
}
