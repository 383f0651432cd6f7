use std::collections::HashMap;

use crate::analysis::Analysis;
use crate::diagnostic::{Code, Diagnostic, Severity};
use crate::lint::{Context, Rule, Sink};
use crate::resolve::dns_label;
use crate::resolve::hir::{Pipeline, Stage, Value};

pub static RULE: Rule = Rule {
    code: Code { id: "MLP0907", name: "duplicate-pipeline", severity: Severity::Error, docs: include_str!("duplicate_pipeline.md") },
    check,
};

fn check(context: &Context<'_>, sink: &mut Sink) {
    let placed: Vec<Placed<'_>> = context.hir().pipelines.iter().map(|pipeline| (0, pipeline)).collect();
    let found = clashes(&placed).into_iter();
    sink.extend(found.map(|clash| report(&clash, "above").related(clash.first.1.name.span, "the first one")));
}

/// The same between several files: the index of the file complained about, and the complaint.
pub fn across(analyses: &[&Analysis<'_>]) -> Vec<(usize, Diagnostic)> {
    let each = analyses.iter().enumerate();
    let placed: Vec<Placed<'_>> = each.flat_map(|(file, a)| a.resolved.hir.pipelines.iter().map(move |p| (file, p))).collect();
    let told = |clash: Clash<'_>| {
        let path = analyses.get(clash.first.0).and_then(|a| a.sources.get(a.file)).map(|source| &source.path)?;
        Some((clash.here.0, report(&clash, &format!("in `{path}`"))))
    };
    clashes(&placed).into_iter().filter(|clash| clash.first.0 != clash.here.0).filter_map(told).collect()
}

/// A pipeline with the index of its file.
type Placed<'p> = (usize, &'p Pipeline);

/// A pipeline that names what an earlier one names.
struct Clash<'p> {
    first: Placed<'p>,
    here: Placed<'p>,
    what: String,
}

/// The first thing of each pipeline that an earlier one has already.
fn clashes<'p>(all: &[Placed<'p>]) -> Vec<Clash<'p>> {
    let mut owners: HashMap<String, Placed<'p>> = HashMap::new();
    let mut found = Vec::new();
    for here in all {
        let claims = claims(here.1);
        let taken = claims.iter().find_map(|what| Some((owners.get(what)?, what)));
        found.extend(taken.map(|(first, what)| Clash { first: *first, here: *here, what: what.clone() }));
        for what in claims {
            owners.entry(what).or_insert(*here);
        }
    }
    found
}

/// What a pipeline gives a name to: its workflows and its Applications. File systems of some machines do not tell upper from lower
/// case.
fn claims(pipeline: &Pipeline) -> Vec<String> {
    let name = pipeline.name.text.to_ascii_lowercase();
    let checked = pipeline.triggers.iter().any(|trigger| trigger.attrs.block.name == "pull_request");
    let published = pipeline.of_kind("deploy").any(|deploy| deploy.attrs.get("manifest").is_none());
    let workflows = [("", true), ("-pr", checked), ("-manifests", published)].into_iter().filter(|(_, has)| *has);
    let workflows = workflows.map(|(end, _)| format!("the workflow `mlp-{name}{end}.yml`"));
    let environments = pipeline.of_kind("deploy").filter_map(|deploy| environment(pipeline, deploy));
    let applications = environments.map(|environment| format!("the Application `{name}-{environment}`"));
    workflows.chain(applications).collect()
}

/// The environment of a deploy, as Kubernetes takes its name.
fn environment(pipeline: &Pipeline, deploy: &Stage) -> Option<String> {
    match deploy.attrs.get("environment")?.value {
        Value::Environment(id) => Some(dns_label(&pipeline.environments.get(id.0)?.name.text)),
        _ => None,
    }
}

fn report(clash: &Clash<'_>, place: &str) -> Diagnostic {
    let (name, first) = (&clash.here.1.name, &clash.first.1.name.text);
    let same = name.text.eq_ignore_ascii_case(first);
    let message = match same {
        true => format!("a pipeline `{}` is declared {place} already", name.text),
        false => format!("`{}` would make {}, and so does the pipeline `{first}` {place}", name.text, clash.what),
    };
    Diagnostic::new(&RULE.code, name.span, message)
        .label("would write the same files")
        .help("a pipeline's name is that of its workflows, manifests and Applications: choose one that is free in this repository")
}
