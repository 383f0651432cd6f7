//! Conditions as the runtime reads them.

use serde_json::{Value as Json, json};

use crate::resolve::hir::{Dimension, Rule, RuleExpr, RuleKind};

/// A list of rules.
pub fn rules<'r>(rules: impl IntoIterator<Item = &'r Rule>) -> Json {
    rules.into_iter().map(|rule| json!({ "text": rule.text, "rule": expression(&rule.condition, unit(&rule.condition)) })).collect()
}

/// The unit in which a rule compares: that of its first metric.
fn unit(rule: &RuleExpr) -> f64 {
    let mut found = None;
    rule.walk(&mut |e| {
        if let RuleKind::Metric(_, scale) | RuleKind::Champion(_, scale) = e.kind {
            found.get_or_insert(scale);
        }
    });
    found.unwrap_or(1.0)
}

fn expression(expr: &RuleExpr, unit: f64) -> Json {
    match &expr.kind {
        RuleKind::Number(value) if matches!(expr.dimension, Dimension::Duration | Dimension::Size) => number(value / unit),
        RuleKind::Number(value) => number(*value),
        RuleKind::Bool(value) => json!(value),
        RuleKind::Metric(name, scale) => scaled(json!(name), scale / unit),
        RuleKind::Champion(name, scale) => scaled(json!(["champion", name]), scale / unit),
        RuleKind::Measure(name) => json!(name),
        RuleKind::ColumnMeasure(name, column) => json!([name, column]),
        RuleKind::Apply(function, args) => {
            let args = args.iter().map(|arg| expression(arg, unit));
            std::iter::once(json!(function)).chain(args).collect()
        }
    }
}

/// A metric logged in another unit than the rule's.
#[expect(clippy::float_cmp, reason = "equal units divide to exactly one")]
fn scaled(metric: Json, factor: f64) -> Json {
    if factor == 1.0 { metric } else { json!(["*", metric, number(factor)]) }
}

/// A number, whole ones without a decimal point.
pub fn number(value: f64) -> Json {
    #[expect(clippy::cast_possible_truncation, reason = "checked to be whole and small")]
    if value.fract() == 0.0 && value.abs() < 1e15 { json!(value as i64) } else { json!(value) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::source::Span;

    fn e(dimension: Dimension, kind: RuleKind) -> RuleExpr {
        RuleExpr { span: Span::default(), dimension, kind }
    }

    #[test]
    fn converts_to_the_unit_of_the_first_metric() {
        let seconds = e(Dimension::Duration, RuleKind::Metric("load_s".into(), 1000.0));
        let limit = e(Dimension::Duration, RuleKind::Number(80.0));
        let milliseconds = e(Dimension::Duration, RuleKind::Champion("p95_ms".into(), 1.0));
        let sum = e(Dimension::Duration, RuleKind::Apply("+", vec![limit, milliseconds]));
        let rule = e(Dimension::Truth, RuleKind::Apply("<=", vec![seconds, sum]));
        let expected = json!(["<=", "load_s", ["+", 0.08, ["*", ["champion", "p95_ms"], 0.001]]]);
        assert_eq!(expression(&rule, unit(&rule)), expected);
    }
}
