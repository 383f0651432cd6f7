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
    let found = Diagnostic::new(&RULE.code, span, message).label(label);
    if hyphenated(context, span) { found.help("a bare name holds no `-`; names of other systems may, in quotes") } else { found }
}

/// Whether it is the rest of a word with a hyphen.
fn hyphenated(context: &Context<'_>, span: Span) -> bool {
    let before = Span { start: span.start.saturating_sub(1), end: span.start, ..span };
    let word = |text: &str| text.starts_with(|c: char| c.is_ascii_alphanumeric() || c == '_');
    let rest = context.text(span).strip_prefix('-');
    rest.is_some_and(word) && word(context.text(before))
}
