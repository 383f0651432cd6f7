use crate::diagnostic::{Code, Diagnostic, Fix, Severity};
use crate::lint::text::snippet;
use crate::lint::{Context, Rule, Sink};
use crate::resolve::problem::Problem;
use crate::source::Span;

pub static RULE: Rule =
    Rule { code: Code { id: "MLP0308", name: "wrong-type", severity: Severity::Error, docs: include_str!("wrong_type.md") }, check };

fn check(context: &Context<'_>, sink: &mut Sink) {
    for problem in context.problems() {
        match problem {
            Problem::WrongType { span, expected, found } => sink.push(report(context, *span, expected, found)),
            Problem::NotConstant { span, found } => sink.push(unknown(context, *span, found)),
            _ => {}
        }
    }
}

fn report(context: &Context<'_>, span: Span, expected: &str, found: &str) -> Diagnostic {
    let diagnostic = Diagnostic::new(&RULE.code, span, format!("expected {expected}, found {found}"));
    let diagnostic = diagnostic.label(if found.starts_with('a') { format!("this is {found}") } else { "of the wrong type".to_owned() });
    match requoted(context.text(span), expected, found) {
        Some((help, text)) => diagnostic.help(help).fix(Fix::unsafe_edit(format!("write `{text}`"), span, text)),
        None => diagnostic,
    }
}

/// Quotes that are missing, or too many.
fn requoted(text: &str, expected: &str, found: &str) -> Option<(&'static str, String)> {
    let plain = |text: &str| !text.is_empty() && text.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '%'));
    if expected.starts_with("a quoted string") && matches!(found, "a number" | "a whole number") {
        return Some(("put it in quotes", format!("\"{text}\"")));
    }
    if found == "a quoted string" && text.starts_with('"') {
        match expected {
            _ if expected.starts_with("a command") => return Some(("a file that is run is written `file(\"…\")`", format!("file({text})"))),
            _ if expected.starts_with("an action") => return Some(("an action is written `action(\"…\")`", format!("action({text})"))),
            _ => {}
        }
    }
    let inner = text.strip_prefix('"')?.strip_suffix('"').filter(|inner| plain(inner))?;
    let bare = [
        "a duration",
        "a size",
        "an amount",
        "a percentage",
        "a whole",
        "a number",
        "`true`",
        "a stage's",
        "an environment",
        "a connection",
        "one of",
    ];
    bare.iter().any(|start| expected.starts_with(start)).then(|| ("quoted text is never looked up: leave the quotes out", inner.to_owned()))
}

fn unknown(context: &Context<'_>, span: Span, found: &str) -> Diagnostic {
    Diagnostic::new(&RULE.code, span, format!("`{}` is {found}, whose value is known only when the pipeline runs", snippet(context, span)))
        .label("must be known when compiling")
        .help("write the value itself, or a `param` that `on manual` does not feed")
}
