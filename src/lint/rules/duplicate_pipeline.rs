use std::collections::HashMap;
use std::collections::hash_map::Entry;

use crate::analysis::Analysis;
use crate::diagnostic::{Code, Diagnostic, Severity};
use crate::lint::{Context, Rule, Sink};
use crate::resolve::hir::Pipeline;

pub static RULE: Rule = Rule {
    code: Code { id: "MLP0907", name: "duplicate-pipeline", severity: Severity::Error, docs: include_str!("duplicate_pipeline.md") },
    check,
};

fn check(context: &Context<'_>, sink: &mut Sink) {
    let mut seen = HashMap::new();
    for pipeline in &context.hir().pipelines {
        match seen.entry(key(pipeline)) {
            Entry::Vacant(free) => drop(free.insert(pipeline.name.span)),
            Entry::Occupied(first) => sink.push(report(pipeline, "above").related(*first.get(), "the first one")),
        }
    }
}

/// The same between several files: the index of the file complained about, and the complaint.
pub fn across(analyses: &[&Analysis<'_>]) -> Vec<(usize, Diagnostic)> {
    let mut seen = HashMap::new();
    let mut found = Vec::new();
    for (file, analysis) in analyses.iter().enumerate() {
        let Some(source) = analysis.sources.get(analysis.file) else { continue };
        for pipeline in &analysis.resolved.hir.pipelines {
            let (first, path) = *seen.entry(key(pipeline)).or_insert((file, &source.path));
            found.extend((first != file).then(|| (file, report(pipeline, &format!("in `{path}`")))));
        }
    }
    found
}

/// File systems of some machines do not tell upper from lower case.
fn key(pipeline: &Pipeline) -> String {
    pipeline.name.text.to_ascii_lowercase()
}

fn report(pipeline: &Pipeline, place: &str) -> Diagnostic {
    let message = format!("a pipeline `{}` is declared {place} already", pipeline.name.text);
    Diagnostic::new(&RULE.code, pipeline.name.span, message)
        .label("would write the same files")
        .help("a pipeline's name is that of its workflow and manifests: choose one that is free in this repository")
}
