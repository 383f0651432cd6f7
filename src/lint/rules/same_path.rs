use std::collections::BTreeMap;

use crate::diagnostic::{Code, Diagnostic, Severity};
use crate::lint::walk::stages_of;
use crate::lint::{Context, Rule, Sink};
use crate::resolve::hir::{Pipeline, Stage};
use crate::source::Span;

pub static RULE: Rule =
    Rule { code: Code { id: "MLP0601", name: "same-path", severity: Severity::Error, docs: include_str!("same_path.md") }, check };

/// What a stage writes.
struct Written {
    /// `data/x.csv`, or an image with its registry's index.
    path: String,
    /// What it is, in words.
    what: &'static str,
    span: Span,
}

fn check(context: &Context<'_>, sink: &mut Sink) {
    for (pipeline, _) in context.pipelines() {
        for parallel in &pipeline.parallels {
            let branches = parallel.branches.iter().enumerate();
            let written =
                branches.flat_map(|(at, branch)| branch_writes(pipeline, &stages_of(pipeline, branch)).into_iter().map(move |w| (at, w)));
            compare(&written.collect::<Vec<_>>(), sink);
        }
    }
}

fn branch_writes<'p>(pipeline: &'p Pipeline, ids: &[crate::resolve::hir::StageId]) -> Vec<(&'p Stage, Written)> {
    let stages = ids.iter().filter_map(|id| pipeline.stage(*id));
    stages.filter_map(|stage| Some((stage, writes(pipeline, stage)?))).collect()
}

fn writes(pipeline: &Pipeline, stage: &Stage) -> Option<Written> {
    match stage.kind() {
        "data" => {
            let value = stage.attrs.get("output")?;
            let path = stage.attrs.string("output")?.trim_end_matches('/').to_owned();
            Some(Written { path, what: "the output", span: value.span })
        }
        "image" => {
            let registry = stage.attrs.connection("registry")?.0;
            let name = stage.attrs.string("name").map_or_else(|| format!("{}-{}", pipeline.name.text, stage.name.text), str::to_owned);
            let span = stage.attrs.get("name").map_or(stage.name.span, |value| value.span);
            Some(Written { path: format!("{registry}:{name}"), what: "the image", span })
        }
        _ => None,
    }
}

/// Each stage that writes what a stage of an earlier branch writes.
fn compare(written: &[(usize, (&Stage, Written))], sink: &mut Sink) {
    let mut seen: BTreeMap<(&str, &str), usize> = BTreeMap::new();
    for (at, (branch, (stage, here))) in written.iter().enumerate() {
        let earlier = touching(&seen, here).and_then(|first| written.get(first));
        if let Some((_, (first, there))) = earlier.filter(|(other, _)| other != branch) {
            sink.push(report(stage, here, first, there.span));
        }
        seen.entry((here.what, &here.path)).or_insert(at);
    }
}

/// What was written at a path, around it or below it.
fn touching(seen: &BTreeMap<(&str, &str), usize>, here: &Written) -> Option<usize> {
    let around = here.path.match_indices('/').filter_map(|(at, _)| here.path.get(..at));
    let below = format!("{}/", here.path);
    let inside = seen.range((here.what, below.as_str())..).next();
    let inside = inside.filter(|((what, path), _)| *what == here.what && path.starts_with(&below)).map(|(_, at)| *at);
    around.chain([here.path.as_str()]).find_map(|path| seen.get(&(here.what, path)).copied()).or(inside)
}

fn report(stage: &Stage, here: &Written, first: &Stage, there: Span) -> Diagnostic {
    let path = here.path.split_once(':').map_or(here.path.as_str(), |(_, name)| name);
    let message = format!("`{}` and `{}` run side by side and both write {} `{path}`", first.name.text, stage.name.text, here.what);
    Diagnostic::new(&RULE.code, here.span, message)
        .label(format!("written by `{}`", stage.name.text))
        .related(there, format!("also written by `{}`", first.name.text))
        .help("give each branch a name of its own to write to")
}
