//! Metrics, and conditions on them.

use crate::source::Span;
use crate::syntax::ast::Ident;

/// A metric that training promises.
#[derive(Clone, Debug)]
pub struct Metric {
    /// Its name.
    pub name: Ident,
    /// Its dimension and the unit it is logged in.
    pub unit: Unit,
    /// Whether higher is better.
    pub higher: bool,
}

/// A dimension with the unit in which numbers of it are logged.
#[derive(Clone, Debug, PartialEq)]
pub struct Unit {
    /// What it measures.
    pub dimension: Dimension,
    /// The unit's name, empty for plain numbers.
    pub name: String,
    /// How many base units (milliseconds, bytes) one of it is.
    pub scale: f64,
}

/// What a number measures.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Dimension {
    /// A plain number.
    Number,
    /// A fraction.
    Percent,
    /// Time.
    Duration,
    /// Bytes.
    Size,
    /// A truth value.
    Truth,
}

impl Dimension {
    /// As users read it.
    pub fn text(self) -> &'static str {
        match self {
            Self::Number => "a plain number",
            Self::Percent => "a percentage",
            Self::Duration => "a duration",
            Self::Size => "a size",
            Self::Truth => "a condition",
        }
    }
}

/// `require …` or `expect …`
#[derive(Clone, Debug)]
pub struct Rule {
    /// The statement.
    pub span: Span,
    /// The condition as written, on one line.
    pub text: String,
    /// The condition, in logged units.
    pub condition: RuleExpr,
}

/// A typed rule expression.
#[derive(Clone, Debug)]
pub struct RuleExpr {
    /// Its place.
    pub span: Span,
    /// What it measures.
    pub dimension: Dimension,
    /// What it is.
    pub kind: RuleKind,
}

/// The forms of a rule expression.
#[derive(Clone, Debug)]
pub enum RuleKind {
    /// A number in base units of its dimension.
    Number(f64),
    /// A truth value.
    Bool(bool),
    /// The candidate's metric, with the scale of its unit.
    Metric(String, f64),
    /// The champion's metric, with the scale of its unit.
    Champion(String, f64),
    /// A measure of the dataset.
    Measure(String),
    /// A measure of a column.
    ColumnMeasure(String, String),
    /// `-a`, `not a`, `abs(a)`, `min(a, b)`, `a + b`, …
    Apply(&'static str, Vec<RuleExpr>),
}

impl RuleExpr {
    /// Visits this expression and all below it.
    pub fn walk(&self, visit: &mut impl FnMut(&Self)) {
        visit(self);
        if let RuleKind::Apply(_, args) = &self.kind {
            for arg in args {
                arg.walk(visit);
            }
        }
    }

    /// Whether it reads the champion.
    pub fn reads_champion(&self) -> bool {
        let mut found = false;
        self.walk(&mut |e| found |= matches!(e.kind, RuleKind::Champion(..)));
        found
    }
}
