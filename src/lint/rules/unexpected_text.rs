use crate::diagnostic::{Code, Diagnostic, Severity};
use crate::lint::text::{joined, snippet};
use crate::lint::{Context, Rule, Sink};
use crate::source::Span;
use crate::syntax::SyntaxErrorKind;

pub static RULE: Rule = Rule {
    code: Code { id: "MLP0108", name: "unexpected-text", severity: Severity::Error, docs: include_str!("unexpected_text.md") },
    check,
};

fn check(context: &Context<'_>, sink: &mut Sink) {
    for error in context.syntax_errors() {
        if let SyntaxErrorKind::Unexpected { expected } = &error.kind {
            sink.push(report(context, error.span, expected));
        }
    }
}

fn report(context: &Context<'_>, span: Span, expected: &[&str]) -> Diagnostic {
    let text = snippet(context, span);
    let message = if text.is_empty() { "the statement ends too early".to_owned() } else { format!("`{text}` cannot stand here") };
    let words: Vec<String> = expected.iter().map(|word| (*word).to_owned()).collect();
    let label = if words.is_empty() { "cannot be read".to_owned() } else { format!("expected {}", joined(&words, "or")) };
    Diagnostic::new(&RULE.code, span, message).label(label)
}
