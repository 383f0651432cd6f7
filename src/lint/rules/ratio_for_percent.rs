use crate::diagnostic::{Code, Diagnostic, Fix, Severity};
use crate::lint::text::snippet;
use crate::lint::{Context, Rule, Sink};
use crate::resolve::problem::Problem;
use crate::source::Span;

pub static RULE: Rule = Rule {
    code: Code { id: "MLP0304", name: "ratio-for-percent", severity: Severity::Warning, docs: include_str!("ratio_for_percent.md") },
    check,
};

fn check(context: &Context<'_>, sink: &mut Sink) {
    for problem in context.problems() {
        if let Problem::RatioForPercent { span, value } = problem {
            sink.push(report(context, *span, *value));
        }
    }
}

fn report(context: &Context<'_>, span: Span, value: f64) -> Diagnostic {
    let percent = percent(value);
    let title = format!("write `{percent}`");
    // A bare 1 may have been meant as one percent.
    let fix = if value < 1.0 { Fix::safe(title, span, percent.as_str()) } else { Fix::unsafe_edit(title, span, percent.as_str()) };
    Diagnostic::new(&RULE.code, span, format!("`{}` stands where a percentage is meant", snippet(context, span)))
        .label(format!("taken for {percent}"))
        .help(format!("write `{percent}`"))
        .fix(fix)
}

/// `0.001` as `0.1%`, without the noise of binary fractions.
fn percent(value: f64) -> String {
    let digits = format!("{:.10}", value * 100.0);
    format!("{}%", digits.trim_end_matches('0').trim_end_matches('.'))
}
