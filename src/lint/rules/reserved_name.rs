use crate::diagnostic::{Code, Diagnostic, Severity};
use crate::lint::{Context, Rule, Sink};
use crate::resolve::problem::Problem;

pub static RULE: Rule =
    Rule { code: Code { id: "MLP0205", name: "reserved-name", severity: Severity::Error, docs: include_str!("reserved_name.md") }, check };

fn check(context: &Context<'_>, sink: &mut Sink) {
    for problem in context.problems() {
        if let Problem::Reserved(name) = problem {
            let found = Diagnostic::new(&RULE.code, name.span, format!("nothing may be named `{}`", name.text));
            sink.push(found.label("a word of the language").help("choose another name"));
        }
    }
}
