//! What is certain of a condition before any metric is known.
//!
//! A comparison is read as `left - right op 0` with the left side a sum of unknowns, each within its range.

use std::collections::BTreeMap;

use crate::resolve::hir::{RuleExpr, RuleKind};
use crate::source::Span;

/// Lowest and highest value.
type Range = (f64, f64);
const ANY: Range = (f64::NEG_INFINITY, f64::INFINITY);
const POSITIVE: Range = (0.0, f64::INFINITY);

/// A coefficient with the range of the unknown it belongs to.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Term {
    /// How often the unknown counts.
    pub coefficient: f64,
    range: Range,
}

/// A sum of unknowns and a constant.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Linear {
    /// The unknowns: `auc`, `champion.auc`, `rows`, …
    pub terms: BTreeMap<String, Term>,
    /// The constant.
    pub constant: f64,
}

impl Linear {
    fn constant(constant: f64) -> Self {
        Self { terms: BTreeMap::new(), constant }
    }

    fn unknown(expr: &RuleExpr) -> Self {
        let term = Term { coefficient: 1.0, range: range(expr) };
        Self { terms: BTreeMap::from([(name(expr), term)]), constant: 0.0 }
    }

    fn plus(mut self, other: &Self, factor: f64) -> Self {
        for (name, term) in &other.terms {
            let sum = self.terms.entry(name.clone()).or_insert(Term { coefficient: 0.0, ..*term });
            sum.coefficient += factor * term.coefficient;
        }
        self.terms.retain(|_, term| term.coefficient.abs() > 1e-12);
        self.constant += factor * other.constant;
        self
    }

    fn times(self, factor: f64) -> Self {
        Self::default().plus(&self, factor)
    }

    /// The coefficient of an unknown, 0 where it does not occur.
    pub fn coefficient(&self, name: &str) -> f64 {
        self.terms.get(name).map_or(0.0, |term| term.coefficient)
    }

    fn range(&self) -> Range {
        let add = |(low, high): Range, term: &Term| {
            let (a, b) = (term.coefficient * term.range.0, term.coefficient * term.range.1);
            (low + a.min(b), high + a.max(b))
        };
        self.terms.values().fold((self.constant, self.constant), add)
    }
}

/// What an unknown is called.
fn name(expr: &RuleExpr) -> String {
    match &expr.kind {
        RuleKind::Number(value) => value.to_string(),
        RuleKind::Bool(value) => value.to_string(),
        RuleKind::Metric(metric, _) => metric.clone(),
        RuleKind::Champion(metric, _) => format!("champion.{metric}"),
        RuleKind::Measure(measure) => measure.clone(),
        RuleKind::ColumnMeasure(measure, column) => format!("{measure}({column:?})"),
        RuleKind::Apply(op, args) => format!("{op}({})", args.iter().map(name).collect::<Vec<_>>().join(", ")),
    }
}

fn range(expr: &RuleExpr) -> Range {
    match &expr.kind {
        RuleKind::Measure(_) | RuleKind::Apply("abs", _) => POSITIVE,
        RuleKind::ColumnMeasure(measure, _) => match measure.as_str() {
            "null_rate" => (0.0, 1.0),
            "distinct" | "std" => POSITIVE,
            _ => ANY,
        },
        _ => ANY,
    }
}

/// A number as a sum; what is no sum counts as one unknown.
pub fn linear(expr: &RuleExpr) -> Linear {
    match &expr.kind {
        RuleKind::Number(value) => Linear::constant(*value),
        RuleKind::Apply("neg", args) => args.first().map(linear).unwrap_or_default().times(-1.0),
        RuleKind::Apply(op, args) => match args.as_slice() {
            [left, right] => sum(op, linear(left), linear(right)).unwrap_or_else(|| Linear::unknown(expr)),
            _ => Linear::unknown(expr),
        },
        _ => Linear::unknown(expr),
    }
}

fn sum(op: &str, left: Linear, right: Linear) -> Option<Linear> {
    match op {
        "+" => Some(left.plus(&right, 1.0)),
        "-" => Some(left.plus(&right, -1.0)),
        "*" if right.terms.is_empty() => Some(left.times(right.constant)),
        "*" if left.terms.is_empty() => Some(right.times(left.constant)),
        "/" if right.terms.is_empty() && right.constant != 0.0 => Some(left.times(1.0 / right.constant)),
        _ => None,
    }
}

/// A comparison as `sum op 0`.
pub fn comparison(expr: &RuleExpr) -> Option<(Linear, &'static str)> {
    match &expr.kind {
        RuleKind::Apply(op @ (">=" | "<=" | ">" | "<" | "==" | "!="), args) => match args.as_slice() {
            [left, right] => Some((linear(left).plus(&linear(right), -1.0), op)),
            _ => None,
        },
        _ => None,
    }
}

/// Whether a comparison or truth value is certainly true, certainly false, or neither.
pub fn truth(expr: &RuleExpr) -> Option<bool> {
    if let RuleKind::Bool(value) = expr.kind {
        return Some(value);
    }
    let (sum, op) = comparison(expr)?;
    let (low, high) = sum.range();
    let certain = |yes: bool, no: bool| if yes { Some(true) } else { no.then_some(false) };
    match op {
        ">=" => certain(low >= 0.0, high < 0.0),
        ">" => certain(low > 0.0, high <= 0.0),
        "<=" => certain(high <= 0.0, low > 0.0),
        "<" => certain(high < 0.0, low >= 0.0),
        "==" => certain(low >= 0.0 && high <= 0.0, low > 0.0 || high < 0.0),
        _ => certain(low > 0.0 || high < 0.0, low >= 0.0 && high <= 0.0),
    }
}

/// The comparisons and truth values that a condition is made of.
pub fn leaves(expr: &RuleExpr) -> Vec<&RuleExpr> {
    match &expr.kind {
        RuleKind::Apply("and" | "or" | "not", args) => args.iter().flat_map(leaves).collect(),
        _ => vec![expr],
    }
}

/// The comparisons that must all hold where a condition holds.
pub fn conjuncts(expr: &RuleExpr) -> Vec<&RuleExpr> {
    match &expr.kind {
        RuleKind::Apply("and", args) => args.iter().flat_map(conjuncts).collect(),
        RuleKind::Apply("or" | "not", _) => Vec::new(),
        _ => vec![expr],
    }
}

/// A bound on a sum of unknowns.
#[derive(Clone, Debug)]
pub struct Bound {
    /// The sum: equal text, equal sum.
    pub of: String,
    /// Whether the sum must be at least this, rather than at most.
    pub lower: bool,
    /// The bound.
    pub value: f64,
    /// Whether the bound itself is left out.
    pub strict: bool,
}

/// The bounds that a comparison sets.
pub fn bounds(expr: &RuleExpr) -> Vec<Bound> {
    let Some((sum, op)) = comparison(expr) else { return Vec::new() };
    let Some(first) = sum.terms.values().next().map(|term| term.coefficient) else { return Vec::new() };
    let scaled = sum.times(1.0 / first);
    let of: Vec<String> = scaled.terms.iter().map(|(name, term)| format!("{:.9} {name}", term.coefficient)).collect();
    let bound = |lower: bool| Bound { of: of.join(" + "), lower, value: -scaled.constant, strict: matches!(op, ">" | "<") };
    match op {
        "==" => vec![bound(true), bound(false)],
        "!=" => Vec::new(),
        _ => vec![bound(op.starts_with('>') == (first > 0.0))],
    }
}

impl Bound {
    /// Whether nothing satisfies both.
    pub fn contradicts(&self, other: &Self) -> bool {
        let (low, high) = if self.lower { (self, other) } else { (other, self) };
        let apart = low.value > high.value || (low.value >= high.value && (low.strict || high.strict));
        self.of == other.of && self.lower != other.lower && apart
    }
}

/// Where a condition first reads the champion.
pub fn champion(expr: &RuleExpr) -> Option<Span> {
    let mut found = None;
    expr.walk(&mut |expr| {
        if matches!(expr.kind, RuleKind::Champion(..)) {
            found = found.or(Some(expr.span));
        }
    });
    found
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::resolve::resolve;
    use crate::source::{FileId, SourceSet};

    /// The conditions of a dataset.
    fn conditions(rules: &[&str]) -> Vec<RuleExpr> {
        let lines: Vec<String> = rules.iter().map(|rule| format!("expect {rule}\n")).collect();
        let text = format!("mlp 1\npipeline \"p\" {{\n  data d {{\n output = \"x\"\n{}}}\n}}\n", lines.concat());
        let sources = SourceSet::single("a.mlp", text);
        let resolved = resolve(&sources, FileId(0));
        assert!(resolved.problems.is_empty(), "{:?}", resolved.problems);
        let stage = resolved.hir.pipelines[0].of_kind("data").next().unwrap();
        stage.rules.iter().map(|rule| rule.condition.clone()).collect()
    }

    #[test]
    fn only_what_is_certain_is_said() {
        let cases = [
            ("1 + 1 >= 2", Some(true)),
            ("2 < 1", Some(false)),
            ("rows >= 0", Some(true)),
            ("rows >= 1", None),
            ("rows < 0", Some(false)),
            ("rows * 2 - rows >= rows", Some(true)),
            ("null_rate(\"a\") <= 100%", Some(true)),
            ("null_rate(\"a\") <= 0%", None),
            ("null_rate(\"a\") > 100%", Some(false)),
            ("mean(\"a\") >= mean(\"b\")", None),
            ("abs(mean(\"a\")) < 0", Some(false)),
            ("columns != columns", Some(false)),
        ];
        for (text, expected) in cases {
            assert_eq!(truth(&conditions(&[text])[0]), expected, "{text}");
        }
    }

    #[test]
    fn bounds_contradict_each_other() {
        let excluded = |a: &str, b: &str| {
            let found = conditions(&[a, b]);
            bounds(&found[0]).iter().any(|x| bounds(&found[1]).iter().any(|y| x.contradicts(y)))
        };
        assert!(excluded("rows >= 10", "rows <= 5"));
        assert!(excluded("rows > 5", "5 >= rows"));
        assert!(excluded("rows - columns >= 3", "columns - rows >= -2"));
        assert!(excluded("2 * rows == 4", "rows > 2"));
        assert!(!excluded("rows >= 5", "rows <= 5"));
        assert!(!excluded("rows >= 10", "columns <= 5"));
        assert!(!excluded("rows >= 10", "rows >= 20"));
    }
}
