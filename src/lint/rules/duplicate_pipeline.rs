use crate::analysis::Analysis;
use crate::diagnostic::{Code, Diagnostic, Severity};
use crate::lint::{Context, Rule, Sink};
use crate::resolve::hir::Pipeline;

pub static RULE: Rule = Rule {
    code: Code { id: "MLP0907", name: "duplicate-pipeline", severity: Severity::Error, docs: include_str!("duplicate_pipeline.md") },
    check,
};

fn check(context: &Context<'_>, sink: &mut Sink) {
    let pipelines = &context.hir().pipelines;
    for (i, pipeline) in pipelines.iter().enumerate() {
        if let Some(first) = pipelines.iter().take(i).find(|first| same(first, pipeline)) {
            sink.push(report(pipeline, "above").related(first.name.span, "the first one"));
        }
    }
}

/// The same between several files: the index of the file complained about, and the complaint.
pub fn across(analyses: &[&Analysis<'_>]) -> Vec<(usize, Diagnostic)> {
    let all: Vec<(usize, &Pipeline)> =
        analyses.iter().enumerate().flat_map(|(file, a)| a.resolved.hir.pipelines.iter().map(move |p| (file, p))).collect();
    let mut found = Vec::new();
    for (i, (file, pipeline)) in all.iter().enumerate() {
        let other = all.iter().take(i).find(|(first, other)| first != file && same(other, pipeline));
        let path = other.and_then(|(first, _)| analyses.get(*first)).and_then(|a| a.sources.get(a.file)).map(|source| &source.path);
        found.extend(path.map(|path| (*file, report(pipeline, &format!("in `{path}`")))));
    }
    found
}

/// File systems of some machines do not tell upper from lower case.
fn same(a: &Pipeline, b: &Pipeline) -> bool {
    a.name.text.eq_ignore_ascii_case(&b.name.text)
}

fn report(pipeline: &Pipeline, place: &str) -> Diagnostic {
    let message = format!("a pipeline `{}` is declared {place} already", pipeline.name.text);
    Diagnostic::new(&RULE.code, pipeline.name.span, message)
        .label("would write the same files")
        .help("a pipeline's name is that of its workflow and manifests: choose one that is free in this repository")
}
