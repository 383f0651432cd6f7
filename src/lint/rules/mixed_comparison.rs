use crate::diagnostic::{Code, Diagnostic, Severity};
use crate::lint::text::snippet;
use crate::lint::{Context, Rule, Sink};
use crate::resolve::problem::Problem;

pub static RULE: Rule = Rule {
    code: Code { id: "MLP0303", name: "mixed-comparison", severity: Severity::Error, docs: include_str!("mixed_comparison.md") },
    check,
};

fn check(context: &Context<'_>, sink: &mut Sink) {
    for problem in context.problems() {
        if let Problem::Incompatible { span, left, right } = problem {
            let message = format!("`{}` mixes {} with {}", snippet(context, *span), left.1, right.1);
            let found = Diagnostic::new(&RULE.code, right.0, message).label(right.1).related(left.0, left.1);
            sink.push(match advice(left.1, right.1) {
                Some(help) => found.help(help),
                None => found,
            });
        }
    }
}

/// A bare number beside a quantity lacks its unit.
fn advice(left: &str, right: &str) -> Option<&'static str> {
    const NUMBER: &str = "a plain number";
    let other = if left == NUMBER { right } else { left };
    (left == NUMBER || right == NUMBER).then_some(())?;
    match other {
        "a duration" => Some("give the number its unit, such as `80ms`, or the metric its type, such as `duration(ms)`"),
        "a size" => Some("give the number its unit, such as `20MB`, or the metric its type, such as `size(MB)`"),
        "a percentage" => Some("write `5%` beside a metric of type `percent`, and `0.05` beside one of type `float`"),
        _ => None,
    }
}
