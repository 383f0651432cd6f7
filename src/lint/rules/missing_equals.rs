use crate::diagnostic::{Code, Diagnostic, Fix, Severity};
use crate::lint::{Context, Rule, Sink};
use crate::resolve::problem::Problem;
use crate::source::Span;
use crate::syntax::SyntaxErrorKind;

pub static RULE: Rule = Rule {
    code: Code { id: "MLP0101", name: "missing-equals", severity: Severity::Error, docs: include_str!("missing_equals.md") },
    check,
};

fn check(context: &Context<'_>, sink: &mut Sink) {
    for error in context.syntax_errors() {
        if let SyntaxErrorKind::MissingEquals { key } = &error.kind {
            sink.push(report(key, error.span));
        }
    }
    for problem in context.problems() {
        if let Problem::MissingEquals { key } = problem {
            sink.push(report(&key.text, key.span.after()));
        }
    }
}

fn report(key: &str, at: Span) -> Diagnostic {
    Diagnostic::new(&RULE.code, at, format!("`{key}` has no `=` before its value"))
        .label("`=` belongs here")
        .help(format!("write `{key} = …`"))
        .fix(Fix::safe(if at.start == at.end { "insert ` =`" } else { "write `=` for `:`" }, at, " ="))
}
