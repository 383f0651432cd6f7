use crate::diagnostic::{Code, Diagnostic, Severity};
use crate::lint::text::{choice, snippet};
use crate::lint::{Context, Rule, Sink};
use crate::resolve::hir::Attrs;
use crate::resolve::problem::Problem;
use crate::source::Span;

pub static RULE: Rule =
    Rule { code: Code { id: "MLP0305", name: "out-of-range", severity: Severity::Error, docs: include_str!("out_of_range.md") }, check };

/// A limit that a number of the schema has: block (empty for every one), attribute, test, and in words.
struct Limit(&'static str, &'static str, fn(f64) -> bool, &'static str);

const MINUTE: f64 = 60_000.0;
/// <https://docs.github.com/en/actions/reference/workflows-and-actions/workflow-syntax#jobsjob_idstepstimeout-minutes>
const STEP: f64 = 360.0 * MINUTE;
/// The step that verifies has five minutes beside the deadline.
pub const WITHIN: f64 = STEP - 5.0 * MINUTE;
/// Versions of Python that mlp's own scripts run with: they share the job's interpreter.
const PYTHON: &[&str] = &["3.11", "3.12", "3.13"];

const LIMITS: &[Limit] = &[
    Limit("", "retries", |n| (0.0..=5.0).contains(&n), "0 to 5"),
    Limit("", "timeout", |n| (MINUTE..=STEP).contains(&n), "`1min` to `6h`, the most that GitHub gives a step on any machine"),
    Limit("verify", "within", |n| (MINUTE..=WITHIN).contains(&n), "`1min` to `355min`, for GitHub gives a step 6 hours on any machine"),
    Limit("", "gpu", |n| n >= 1.0, "at least 1"),
    Limit("", "cpu", |n| n > 0.0, "more than nothing"),
    Limit("", "memory", |n| n > 0.0, "more than nothing"),
    Limit("", "disk", |n| n > 0.0, "more than nothing"),
    Limit("gate", "confidence", |n| n > 0.5 && n < 1.0, "over 50% and under 100%"),
    Limit("gate", "suspicious_above", |n| n > 0.0, "above 0"),
    Limit("autoscale", "min", |n| n >= 1.0, "at least 1"),
    Limit("autoscale", "max", |n| n >= 1.0, "at least 1"),
    Limit("autoscale", "target", |n| n > 0.0 && n <= 1.0, "over 0% and at most 100%"),
    Limit("golden", "tolerance", |n| n >= 0.0, "0 or more"),
    Limit("contract", "p95", |n| n > 0.0, "more than nothing"),
];

fn check(context: &Context<'_>, sink: &mut Sink) {
    for problem in context.problems() {
        if let Problem::OutOfRange { span, range, .. } = problem {
            sink.push(report(context, *span, range));
        }
    }
    for stage in context.pipelines().flat_map(|(pipeline, _)| &pipeline.stages) {
        let smokes = stage.smokes.iter().map(|smoke| &smoke.attrs);
        let blocks = stage.blocks.iter().map(|(_, attrs)| attrs);
        for attrs in std::iter::once(&stage.attrs).chain(smokes).chain(blocks) {
            limits(context, attrs, sink);
        }
        sink.extend(python(context, &stage.attrs));
        stage.block("autoscale").and_then(|attrs| replicas(context, attrs)).into_iter().for_each(|found| sink.push(found));
    }
}

fn limits(context: &Context<'_>, attrs: &Attrs, sink: &mut Sink) {
    for Limit(_, name, holds, range) in LIMITS.iter().filter(|limit| limit.0.is_empty() || limit.0 == attrs.block.name) {
        if attrs.block.attr(name).is_some()
            && attrs.written(name)
            && let Some(value) = attrs.get(name)
            && value.value.number().is_some_and(|number| !holds(number))
        {
            sink.push(report(context, value.span, range));
        }
    }
}

/// A version that the scripts of the job cannot run with.
fn python(context: &Context<'_>, attrs: &Attrs) -> Option<Diagnostic> {
    attrs.block.attr("python")?;
    let version = attrs.string("python").filter(|version| !is_supported(version))?;
    let choices = choice(PYTHON);
    Some(
        report(context, attrs.get("python")?.span, &choices)
            .help(format!("mlp's own scripts run with the same interpreter, and with none but these; `{version}` is not among them")),
    )
}

/// `3.12` or `3.12.4`
fn is_supported(version: &str) -> bool {
    PYTHON.iter().filter_map(|known| version.strip_prefix(known)).any(|rest| {
        let patch = rest.strip_prefix('.').is_some_and(|patch| !patch.is_empty() && patch.bytes().all(|b| b.is_ascii_digit()));
        rest.is_empty() || patch
    })
}

fn report(context: &Context<'_>, span: Span, range: &str) -> Diagnostic {
    Diagnostic::new(&RULE.code, span, format!("`{}` is out of range", snippet(context, span))).label(format!("must be {range}"))
}

/// More replicas at least than at most.
fn replicas(context: &Context<'_>, attrs: &Attrs) -> Option<Diagnostic> {
    let (min, max) = (attrs.get("min")?, attrs.get("max")?);
    if min.value.number()? <= max.value.number()? || max.value.number()? < 1.0 {
        return None;
    }
    let (at, other) = if attrs.written("max") { (max, min) } else { (min, max) };
    let found = Diagnostic::new(&RULE.code, at.span, "the autoscaler's `min` is above its `max`");
    let low = format!("`min` is {}", min.value.number()?);
    Some(if attrs.written("min") && attrs.written("max") {
        found.label(format!("`max` is `{}`", snippet(context, at.span))).related(other.span, low)
    } else {
        found.label(format!("{low}, `max` is {}", max.value.number()?)).help("write both `min` and `max`")
    })
}
