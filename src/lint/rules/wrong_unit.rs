use crate::diagnostic::{Code, Diagnostic, Fix, Severity};
use crate::lint::text::{choice, snippet};
use crate::lint::{Context, Rule, Sink};
use crate::resolve::problem::Problem;
use crate::source::Span;

pub static RULE: Rule =
    Rule { code: Code { id: "MLP0302", name: "wrong-unit", severity: Severity::Error, docs: include_str!("wrong_unit.md") }, check };

fn check(context: &Context<'_>, sink: &mut Sink) {
    for problem in context.problems() {
        if let Problem::WrongUnit { span, expected, found } = problem {
            sink.push(report(context, *span, expected, found));
        }
    }
}

fn report(context: &Context<'_>, span: Span, expected: &str, found: &str) -> Diagnostic {
    let text = snippet(context, span);
    let diagnostic = Diagnostic::new(&RULE.code, span, format!("`{text}` is {found}")).label(format!("{expected} is needed here"));
    let bare = matches!(found, "a whole number" | "a number") && !text.contains(' ');
    match units(expected).filter(|_| bare) {
        Some([unit]) => {
            diagnostic.help(format!("write `{text}{unit}`")).fix(Fix::unsafe_edit(format!("insert `{unit}`"), span.after(), *unit))
        }
        Some(units) => diagnostic.help(format!("say in which unit: {}", choice(&each(&text, units)))),
        None => diagnostic,
    }
}

fn each(text: &str, units: &[&str]) -> Vec<String> {
    units.iter().map(|unit| format!("{text}{unit}")).collect()
}

/// The usual units of what is expected.
fn units(expected: &str) -> Option<&'static [&'static str]> {
    const UNITS: &[(&str, &[&str])] =
        &[("a duration", &["s", "min", "h"]), ("a size", &["Mi", "Gi"]), ("an amount of CPU", &["cpu"]), ("a percentage", &["%"])];
    UNITS.iter().find(|(what, _)| expected.starts_with(what)).map(|(_, units)| *units)
}
