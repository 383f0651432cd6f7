use crate::diagnostic::{Code, Diagnostic, Severity};
use crate::lint::text::snippet;
use crate::lint::{Context, Rule, Sink};
use crate::resolve::problem::Problem;

pub static RULE: Rule =
    Rule { code: Code { id: "MLP0112", name: "wrong-form", severity: Severity::Error, docs: include_str!("wrong_form.md") }, check };

fn check(context: &Context<'_>, sink: &mut Sink) {
    for problem in context.problems() {
        if let Problem::WrongForm { span, form } = problem {
            let message = format!("`{}` is not how this statement is written", snippet(context, *span));
            sink.push(
                Diagnostic::new(&RULE.code, *span, message).label("something is missing or misplaced").help(format!("write `{form}`")),
            );
        }
    }
}
