use crate::diagnostic::{Code, Diagnostic, Fix, Severity};
use crate::lint::text::{joined, snippet};
use crate::lint::{Context, Rule, Sink};
use crate::resolve::units;
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
    if hyphenated(context, span) {
        return found.help("a bare name holds no `-`; names of other systems may, in quotes");
    }
    match gap(context, span) {
        Some(gap) => found.help(format!("a unit follows its number directly: `10{text}`")).fix(Fix::safe("close the gap", gap, "")),
        None => found,
    }
}

/// The spaces between a number and its unit.
fn gap(context: &Context<'_>, span: Span) -> Option<Span> {
    let before = context.text(Span { start: 0, end: span.start, ..span });
    let number = before.trim_end_matches(' ');
    let parted = number.len() < before.len() && number.ends_with(|c: char| c.is_ascii_digit());
    let start = u32::try_from(number.len()).ok()?;
    (parted && units::is_unit(context.text(span))).then_some(Span { start, end: span.start, ..span })
}

/// Whether it is the rest of a word with a hyphen.
fn hyphenated(context: &Context<'_>, span: Span) -> bool {
    let before = Span { start: span.start.saturating_sub(1), end: span.start, ..span };
    let word = |text: &str| text.starts_with(|c: char| c.is_ascii_alphanumeric() || c == '_');
    let rest = context.text(span).strip_prefix('-');
    rest.is_some_and(word) && word(context.text(before))
}
