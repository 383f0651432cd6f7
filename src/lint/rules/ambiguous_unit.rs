use crate::diagnostic::{Code, Diagnostic, Fix, Severity};
use crate::lint::text::{choice, joined, key_type};
use crate::lint::{Context, Rule, Sink};
use crate::resolve::problem::Problem;
use crate::schema::Ty;
use crate::source::Span;

pub static RULE: Rule = Rule {
    code: Code { id: "MLP0301", name: "ambiguous-unit", severity: Severity::Error, docs: include_str!("ambiguous_unit.md") },
    check,
};

/// A suffix, what it could mean, and the units that say which.
const MEANINGS: &[(&str, &[&str], &[&str])] = &[
    ("m", &["minutes", "mebibytes", "thousandths of a CPU"], &["min", "Mi", "cpu"]),
    ("M", &["mebibytes", "megabytes", "minutes"], &["Mi", "MB", "min"]),
    ("k", &["kibibytes", "kilobytes"], &["Ki", "KB"]),
    ("K", &["kibibytes", "kilobytes"], &["Ki", "KB"]),
    ("kb", &["kilobytes", "kilobits"], &["KB", "Ki"]),
    ("mb", &["megabytes", "megabits"], &["MB", "Mi"]),
    ("gb", &["gigabytes", "gigabits"], &["GB", "Gi"]),
    ("g", &["gibibytes", "gigabytes"], &["Gi", "GB"]),
    ("G", &["gibibytes", "gigabytes"], &["Gi", "GB"]),
    ("t", &["tebibytes", "terabytes"], &["Ti", "TB"]),
    ("T", &["tebibytes", "terabytes"], &["Ti", "TB"]),
    ("b", &["bytes", "bits"], &["B"]),
    ("sec", &["seconds", "a unit of another tool"], &["s"]),
];

fn check(context: &Context<'_>, sink: &mut Sink) {
    for problem in context.problems() {
        if let Problem::AmbiguousUnit { span, text } = problem {
            sink.push(report(context, *span, text));
        }
    }
}

fn report(context: &Context<'_>, span: Span, text: &str) -> Diagnostic {
    let at = text.find(|c: char| c.is_ascii_alphabetic()).unwrap_or(text.len());
    let (digits, suffix) = text.split_at_checked(at).unwrap_or((text, ""));
    let digits = digits.trim_end_matches('_');
    let found = MEANINGS.iter().find(|(name, ..)| *name == suffix);
    let (meanings, units) = found.map_or((&[][..], &[][..]), |(_, meanings, units)| (meanings, units));
    let words: Vec<String> = meanings.iter().map(|word| (*word).to_owned()).collect();
    let written: Vec<String> = units.iter().map(|unit| spelled(digits, unit)).collect();
    let wanted = units.iter().zip(&written).find(|(unit, _)| fits(context, span, unit)).map(|(_, text)| text);
    Diagnostic::new(&RULE.code, span, format!("`{text}` could mean {}", joined(&words, "or")))
        .label("ambiguous unit")
        .help(format!("write {}", choice(&written)))
        .fix(wanted.map(|text| Fix::unsafe_edit(format!("write `{text}`"), span, text.as_str())))
}

/// A thousandth of a CPU has no unit of its own.
fn spelled(digits: &str, unit: &str) -> String {
    match digits.replace('_', "").parse::<f64>() {
        Ok(value) if unit == "cpu" => format!("{}cpu", value / 1000.0),
        _ => format!("{digits}{unit}"),
    }
}

/// Whether the attribute that a place is the value of is measured in a unit.
fn fits(context: &Context<'_>, span: Span, unit: &str) -> bool {
    match key_type(context, span) {
        Some(Ty::Duration) => matches!(unit, "min" | "s"),
        Some(Ty::Size) => unit.ends_with(['i', 'B']),
        Some(Ty::Cpu) => unit == "cpu",
        _ => false,
    }
}
