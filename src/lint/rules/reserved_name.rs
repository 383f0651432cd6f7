use crate::diagnostic::{Code, Diagnostic, Severity};
use crate::lint::{Context, Rule, Sink};
use crate::resolve::hir::Stage;
use crate::resolve::problem::Problem;
use crate::syntax::ast::Ident;

pub static RULE: Rule =
    Rule { code: Code { id: "MLP0205", name: "reserved-name", severity: Severity::Error, docs: include_str!("reserved_name.md") }, check };

fn check(context: &Context<'_>, sink: &mut Sink) {
    for problem in context.problems() {
        if let Problem::Reserved(name) = problem {
            sink.push(report(name, "a word of the language"));
        }
    }
    let stages = context.pipelines().flat_map(|(pipeline, _)| &pipeline.stages);
    sink.extend(stages.filter_map(|stage| Some(report(&stage.name, taken(stage)?))));
}

/// What has the name of a stage already. A stage is a job of its name, a gate a step; GitHub does not tell upper from lower case.
fn taken(stage: &Stage) -> Option<&'static str> {
    let name = stage.name.text.to_ascii_lowercase();
    match (stage.kind(), name.as_str()) {
        // In lower case it is a word of the language, and reported as such.
        (_, "rollback" | "outcome") if name == stage.name.text => None,
        (_, "check" | "rollback" | "outcome") => Some("a job of mlp's own"),
        ("verify", "publish") => Some("the job that publishes manifests, which a `verify` follows"),
        ("gate", "prepare" | "finish") => Some("a step of the training, whose job a gate shares"),
        _ if name.starts_with("rollback_") => Some("the jobs that take releases back begin so"),
        _ if name.starts_with("__") => Some("GitHub keeps names that begin so for itself"),
        _ => None,
    }
}

fn report(name: &Ident, why: &str) -> Diagnostic {
    Diagnostic::new(&RULE.code, name.span, format!("nothing may be named `{}`", name.text)).label(why).help("choose another name")
}
