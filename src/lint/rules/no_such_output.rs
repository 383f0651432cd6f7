use crate::diagnostic::{Code, Diagnostic, Fix, Severity};
use crate::lint::did_you_mean;
use crate::lint::{Context, Rule, Sink};
use crate::resolve::problem::Problem;
use crate::syntax::ast::Ident;

pub static RULE: Rule = Rule {
    code: Code { id: "MLP0701", name: "no-such-output", severity: Severity::Error, docs: include_str!("no_such_output.md") },
    check,
};

fn check(context: &Context<'_>, sink: &mut Sink) {
    for problem in context.problems() {
        if let Problem::NoSuchOutput { name, stage, candidates } = problem {
            sink.push(report(name, stage, candidates));
        }
    }
}

fn report(name: &Ident, stage: &str, candidates: &[String]) -> Diagnostic {
    let diagnostic = Diagnostic::new(&RULE.code, name.span, format!("`{stage}` has no output `{}`", name.text)).label("no such output");
    let near = did_you_mean(&name.text, candidates.iter().map(String::as_str));
    match (near, candidates) {
        (Some(near), _) => {
            diagnostic.help(format!("did you mean `{near}`?")).fix(Fix::unsafe_edit(format!("change to `{near}`"), name.span, near))
        }
        (None, []) => diagnostic.help("it gives nothing to refer to"),
        (None, all) => {
            let all: Vec<String> = all.iter().map(|output| format!("`{stage}.{output}`")).collect();
            diagnostic.help(format!("it gives {}", all.join(" and ")))
        }
    }
}
