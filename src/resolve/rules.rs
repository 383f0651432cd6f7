//! `require` and `expect`: typed conditions.

use super::Resolver;
use super::hir::{Dimension, Metric, Rule, RuleExpr, RuleKind, Value};
use super::problem::Problem;
use crate::source::Span;
use crate::syntax::ast::{self, BinaryOp, Call, Expr, ExprKind, Ident, UnaryOp};

/// Measures of a dataset.
const MEASURES: &[&str] = &["rows", "columns"];
/// Measures of a column of a dataset.
const COLUMN_MEASURES: &[&str] = &["null_rate", "distinct", "min", "max", "mean", "std"];
/// Functions of numbers: name and how many.
const FUNCTIONS: &[(&str, usize)] = &[("abs", 1), ("min", 2), ("max", 2)];

/// What a rule may read.
#[derive(Clone, Debug)]
pub struct RuleScope {
    /// The promised metrics; `None` in a `data` stage.
    pub metrics: Option<Vec<Metric>>,
    /// Whether there is a champion to read.
    pub champion: bool,
}

impl Resolver<'_> {
    pub(super) fn rule(&mut self, rule: &ast::Rule, scope: &RuleScope) -> Option<Rule> {
        let condition = self.rule_expr(&rule.condition, scope)?;
        if condition.dimension != Dimension::Truth {
            let found = condition.dimension.text().to_owned();
            let expected = format!("a condition such as `{} >= …`", self.sources.slice(condition.span));
            self.problem(Problem::WrongType { span: condition.span, expected, found });
            return None;
        }
        let span = rule.keyword.span.to(rule.condition.span);
        let text = self.sources.slice(rule.condition.span).split_whitespace().collect::<Vec<_>>().join(" ");
        Some(Rule { span, text, condition })
    }

    fn rule_expr(&mut self, expr: &Expr, scope: &RuleScope) -> Option<RuleExpr> {
        let span = expr.span;
        match &expr.kind {
            ExprKind::Number(number) => {
                let value = self.number(number, span)?;
                self.constant(&value, span)
            }
            ExprKind::Bool(value) => Some(RuleExpr { span, dimension: Dimension::Truth, kind: RuleKind::Bool(*value) }),
            ExprKind::Path(path) => self.rule_path(path, span, scope),
            ExprKind::Call(call) => self.rule_call(call, span, scope),
            ExprKind::Paren(inner) => self.rule_expr(inner, scope),
            ExprKind::Unary(op, inner) => self.rule_unary(*op, inner, span, scope),
            ExprKind::Binary(left, op, right) => {
                let (left, right) = (self.rule_expr(left, scope), self.rule_expr(right, scope));
                let (left, right) = left.zip(right)?;
                self.rule_binary(left, *op, right, span)
            }
            ExprKind::Bad => None,
            ExprKind::String(_) | ExprKind::Raw(_) | ExprKind::List(_) => {
                let (expected, found) = ("a number, a metric or a measure".to_owned(), "something else".to_owned());
                self.problem(Problem::WrongType { span, expected, found });
                None
            }
        }
    }

    fn constant(&mut self, value: &Value, span: Span) -> Option<RuleExpr> {
        let dimension = match value {
            Value::Int(_) | Value::Float(_) => Dimension::Number,
            Value::Percent(_) => Dimension::Percent,
            Value::Duration(_) => Dimension::Duration,
            Value::Size(_) => Dimension::Size,
            Value::Bool(value) => return Some(RuleExpr { span, dimension: Dimension::Truth, kind: RuleKind::Bool(*value) }),
            other => {
                let found = other.describe();
                let problem = match other {
                    Value::Input(..) | Value::Var(_) => Problem::NotConstant { span, found },
                    _ => Problem::WrongType { span, expected: "a number".into(), found },
                };
                self.problem(problem);
                return None;
            }
        };
        Some(RuleExpr { span, dimension, kind: RuleKind::Number(value.number()?) })
    }

    fn rule_path(&mut self, path: &[Ident], span: Span, scope: &RuleScope) -> Option<RuleExpr> {
        match path {
            [namespace, _] if matches!(namespace.text.as_str(), "param" | "var" | "secret") => {
                let value = self.eval(&Expr { span, kind: ExprKind::Path(path.to_vec()) })?;
                self.constant(&value, span)
            }
            [champion, metric] if champion.text == "champion" && scope.metrics.is_some() => {
                if !scope.champion {
                    self.problem(Problem::NoChampion(span));
                    return None;
                }
                let (scale, dimension) = self.metric_unit(metric, scope)?;
                Some(RuleExpr { span, dimension, kind: RuleKind::Champion(metric.text.clone(), scale) })
            }
            [name] if scope.metrics.is_some() => {
                let (scale, dimension) = self.metric_unit(name, scope)?;
                Some(RuleExpr { span, dimension, kind: RuleKind::Metric(name.text.clone(), scale) })
            }
            [name] if MEASURES.contains(&name.text.as_str()) => {
                Some(RuleExpr { span, dimension: Dimension::Number, kind: RuleKind::Measure(name.text.clone()) })
            }
            _ => {
                let name = Ident { text: self.sources.slice(span).to_owned(), span };
                let candidates = rule_names(scope);
                self.problem(Problem::UnknownName { name, what: if scope.metrics.is_some() { "metric" } else { "measure" }, candidates });
                None
            }
        }
    }

    /// The unit of a metric, or of the metric that a slice belongs to.
    fn metric_unit(&mut self, name: &Ident, scope: &RuleScope) -> Option<(f64, Dimension)> {
        let metrics = scope.metrics.as_deref().unwrap_or_default();
        let base = name.text.split('/').next().unwrap_or_default();
        let found = metrics.iter().find(|m| m.name.text == name.text).or_else(|| metrics.iter().find(|m| m.name.text == base));
        if let Some(metric) = found {
            return Some((metric.unit.scale, metric.unit.dimension));
        }
        let candidates = metrics.iter().map(|metric| metric.name.text.clone()).collect();
        self.problem(Problem::UndeclaredMetric { name: name.clone(), candidates });
        None
    }

    fn rule_call(&mut self, call: &Call, span: Span, scope: &RuleScope) -> Option<RuleExpr> {
        let name = call.path.first()?;
        let text_args = call.args.iter().all(|arg| matches!(arg.value.kind, ExprKind::String(_)));
        if scope.metrics.is_none() && text_args && COLUMN_MEASURES.contains(&name.text.as_str()) {
            return self.column_measure(name, call, span);
        }
        let Some((function, arity)) = FUNCTIONS.iter().find(|(function, _)| call.path.len() == 1 && *function == name.text) else {
            let known = FUNCTIONS.iter().map(|(f, _)| *f);
            let measures = COLUMN_MEASURES.iter().copied().filter(|_| scope.metrics.is_none());
            let candidates = known.chain(measures).map(str::to_owned).collect();
            self.problem(Problem::UnknownName { name: name.clone(), what: "function", candidates });
            return None;
        };
        let args: Option<Vec<RuleExpr>> = call.args.iter().map(|arg| self.rule_expr(&arg.value, scope)).collect();
        let args = args?;
        if args.len() != *arity {
            let (expected, found) = (format!("`{function}` of {arity} numbers"), format!("{} of them", args.len()));
            self.problem(Problem::WrongType { span, expected, found });
            return None;
        }
        let dimension = args.first()?.dimension;
        if let [left, right] = args.as_slice()
            && left.dimension != right.dimension
        {
            self.incompatible(span, left, right);
            return None;
        }
        Some(RuleExpr { span, dimension, kind: RuleKind::Apply(function, args) })
    }

    fn column_measure(&mut self, name: &Ident, call: &Call, span: Span) -> Option<RuleExpr> {
        let Some(ExprKind::String(column)) = call.args.first().filter(|_| call.args.len() == 1).map(|arg| &arg.value.kind) else {
            self.problem(Problem::WrongType { span, expected: "one quoted column".into(), found: "something else".into() });
            return None;
        };
        let dimension = if name.text == "null_rate" { Dimension::Percent } else { Dimension::Number };
        Some(RuleExpr { span, dimension, kind: RuleKind::ColumnMeasure(name.text.clone(), column.clone()) })
    }

    fn rule_unary(&mut self, op: UnaryOp, inner: &Expr, span: Span, scope: &RuleScope) -> Option<RuleExpr> {
        let inner = self.rule_expr(inner, scope)?;
        let (function, wanted) = if op == UnaryOp::Not { ("not", true) } else { ("neg", false) };
        if (inner.dimension == Dimension::Truth) != wanted {
            let expected = if wanted { "a condition" } else { "a number" };
            self.problem(Problem::WrongType { span: inner.span, expected: expected.into(), found: inner.dimension.text().into() });
            return None;
        }
        Some(RuleExpr { span, dimension: inner.dimension, kind: RuleKind::Apply(function, vec![inner]) })
    }

    fn rule_binary(&mut self, left: RuleExpr, op: BinaryOp, right: RuleExpr, span: Span) -> Option<RuleExpr> {
        let right = self.percent_of(&left, op, right);
        let left = self.percent_of(&right, op, left);
        let Some(dimension) = combine(left.dimension, op, right.dimension) else {
            self.incompatible(span, &left, &right);
            return None;
        };
        Some(RuleExpr { span, dimension, kind: RuleKind::Apply(op.text(), vec![left, right]) })
    }

    /// A bare ratio beside a percentage is taken for one, with a warning.
    fn percent_of(&mut self, beside: &RuleExpr, op: BinaryOp, expr: RuleExpr) -> RuleExpr {
        match expr.kind {
            RuleKind::Number(value)
                if op.compares() && beside.dimension == Dimension::Percent && expr.dimension == Dimension::Number && value <= 1.0 =>
            {
                self.problem(Problem::RatioForPercent { span: expr.span, value });
                RuleExpr { dimension: Dimension::Percent, ..expr }
            }
            _ => expr,
        }
    }

    fn incompatible(&mut self, span: Span, left: &RuleExpr, right: &RuleExpr) {
        self.problem(Problem::Incompatible { span, left: (left.span, left.dimension.text()), right: (right.span, right.dimension.text()) });
    }
}

fn rule_names(scope: &RuleScope) -> Vec<String> {
    match &scope.metrics {
        Some(metrics) => metrics.iter().map(|metric| metric.name.text.clone()).collect(),
        None => MEASURES.iter().chain(COLUMN_MEASURES).map(|name| (*name).to_owned()).collect(),
    }
}

/// What `left op right` measures, if it makes sense.
fn combine(left: Dimension, op: BinaryOp, right: Dimension) -> Option<Dimension> {
    use Dimension::{Number, Percent, Truth};
    match op {
        BinaryOp::And | BinaryOp::Or => (left == Truth && right == Truth).then_some(Truth),
        _ if left == Truth || right == Truth => None,
        _ if op.compares() => (left == right).then_some(Truth),
        BinaryOp::Add | BinaryOp::Sub => (left == right).then_some(left),
        BinaryOp::Mul => match (left, right) {
            (Number, other) | (other, Number) | (Percent, other) | (other, Percent) => Some(other),
            _ => None,
        },
        _ => match (left, right) {
            (other, Number | Percent) => Some(other),
            _ => (left == right).then_some(Number),
        },
    }
}
