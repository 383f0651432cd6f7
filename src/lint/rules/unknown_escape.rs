use crate::diagnostic::{Code, Diagnostic, Fix, Severity};
use crate::lint::{Context, Rule, Sink};
use crate::syntax::SyntaxErrorKind;

pub static RULE: Rule = Rule {
    code: Code { id: "MLP0109", name: "unknown-escape", severity: Severity::Error, docs: include_str!("unknown_escape.md") },
    check,
};

fn check(context: &Context<'_>, sink: &mut Sink) {
    for error in context.syntax_errors() {
        if let SyntaxErrorKind::UnknownEscape(c) = error.kind {
            let found = Diagnostic::new(&RULE.code, error.span, format!("`\\{c}` is no escape"))
                .label("known are `\\n`, `\\t`, `\\\"` and `\\\\`")
                .help("write `\\\\` for a backslash");
            sink.push(found.fix(Fix::unsafe_edit("double the backslash", error.span.before(), "\\")));
        }
    }
}
