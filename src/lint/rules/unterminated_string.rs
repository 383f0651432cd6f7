use crate::diagnostic::{Code, Diagnostic, Fix, Severity};
use crate::lint::{Context, Rule, Sink};
use crate::source::Span;
use crate::syntax::SyntaxErrorKind;

pub static RULE: Rule = Rule {
    code: Code { id: "MLP0105", name: "unterminated-string", severity: Severity::Error, docs: include_str!("unterminated_string.md") },
    check,
};

fn check(context: &Context<'_>, sink: &mut Sink) {
    for error in context.syntax_errors() {
        match error.kind {
            SyntaxErrorKind::UnterminatedString => sink.push(string(error.span)),
            SyntaxErrorKind::UnterminatedScript => sink.push(script(error.span)),
            _ => {}
        }
    }
}

fn string(span: Span) -> Diagnostic {
    Diagnostic::new(&RULE.code, span, "the string has no closing `\"`")
        .label("it ends with its line")
        .help("close it with `\"`; a text of several lines is a script: `bash\"\"\"…\"\"\"`")
        .fix(Fix::unsafe_edit("insert `\"`", span.after(), "\""))
}

fn script(span: Span) -> Diagnostic {
    Diagnostic::new(&RULE.code, span, "the script has no closing `\"\"\"`")
        .label("opened here, and open until the end of the file")
        .help("close it with `\"\"\"` on a line of its own")
}
