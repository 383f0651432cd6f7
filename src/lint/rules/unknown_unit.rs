use crate::diagnostic::{Code, Diagnostic, Fix, Severity};
use crate::lint::text::{choice, snippet};
use crate::lint::{Context, Rule, Sink, did_you_mean};
use crate::resolve::problem::Problem;
use crate::source::Span;

pub static RULE: Rule =
    Rule { code: Code { id: "MLP0309", name: "unknown-unit", severity: Severity::Error, docs: include_str!("unknown_unit.md") }, check };

/// Words for units, and the unit.
const WORDS: &[(&str, &str)] = &[
    ("second", "s"),
    ("minute", "min"),
    ("mins", "min"),
    ("hour", "h"),
    ("hr", "h"),
    ("day", "d"),
    ("kib", "Ki"),
    ("mib", "Mi"),
    ("gib", "Gi"),
    ("tib", "Ti"),
    ("byte", "B"),
    ("core", "cpu"),
    ("vcpu", "cpu"),
    ("percent", "%"),
];
const UNITS: &[&str] = &["us", "ms", "s", "min", "h", "d", "B", "KB", "MB", "GB", "TB", "Ki", "Mi", "Gi", "Ti", "cpu", "%"];

fn check(context: &Context<'_>, sink: &mut Sink) {
    for problem in context.problems() {
        if let Problem::UnknownUnit { span, unit } = problem {
            sink.push(report(context, *span, unit));
        }
    }
}

fn report(context: &Context<'_>, span: Span, unit: &str) -> Diagnostic {
    let text = snippet(context, span);
    let found = Diagnostic::new(&RULE.code, span, format!("there is no unit `{unit}`")).label("unknown unit");
    let digits = text.strip_suffix(unit).unwrap_or(&text);
    match meant(unit) {
        Some(unit) => found.help(format!("did you mean `{digits}{unit}`?")).fix(Fix::unsafe_edit(
            format!("write `{digits}{unit}`"),
            span,
            format!("{digits}{unit}"),
        )),
        None => found.help(format!("the units are {}", choice(UNITS))),
    }
}

fn meant(unit: &str) -> Option<&'static str> {
    let lower = unit.trim_start_matches('_').to_lowercase();
    let singular = lower.strip_suffix('s').unwrap_or(&lower);
    let word = WORDS.iter().find(|(word, _)| *word == lower || *word == singular).map(|(_, unit)| *unit);
    let exact = || UNITS.iter().copied().find(|unit| unit.to_lowercase() == lower || unit.to_lowercase() == singular);
    word.or_else(exact).or_else(|| did_you_mean(unit, UNITS.iter().copied()).filter(|_| unit.len() > 1))
}
