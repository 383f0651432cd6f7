//! Numbers with units.

use super::hir::{Dimension, Unit, Value};
use crate::syntax::ast::Number;

/// Units of time, in milliseconds.
const DURATIONS: &[(&str, f64)] = &[("us", 0.001), ("ms", 1.0), ("s", 1_000.0), ("min", 60_000.0), ("h", 3_600_000.0), ("d", 86_400_000.0)];
/// Units of memory, in bytes.
const SIZES: &[(&str, f64)] = &[
    ("B", 1.0),
    ("KB", 1e3),
    ("MB", 1e6),
    ("GB", 1e9),
    ("TB", 1e12),
    ("Ki", 1024.0),
    ("Mi", 1_048_576.0),
    ("Gi", 1_073_741_824.0),
    ("Ti", 1_099_511_627_776.0),
];
/// Suffixes that mean different things in different tools: minutes, mebibytes, thousandths.
const AMBIGUOUS: &[&str] = &["m", "M", "k", "K", "g", "G", "T", "t", "b", "sec", "mb", "gb", "kb"];

/// Why a number has no value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum UnitError {
    /// Its unit could mean several things.
    Ambiguous,
    /// Its unit does not exist.
    Unknown,
}

fn factor(table: &[(&str, f64)], unit: &str) -> Option<f64> {
    table.iter().find(|(name, _)| *name == unit).map(|(_, factor)| *factor)
}

/// Whether a word is a unit.
pub fn is_unit(word: &str) -> bool {
    DURATIONS.iter().chain(SIZES).any(|(name, _)| *name == word) || word == "cpu"
}

/// The value of a number.
pub fn value(number: &Number) -> Result<Value, UnitError> {
    let unit = number.unit.as_str();
    if let Some(factor) = factor(DURATIONS, unit) {
        return Ok(Value::Duration(number.value * factor));
    }
    if let Some(factor) = factor(SIZES, unit) {
        return Ok(Value::Size(number.value * factor));
    }
    match unit {
        #[expect(clippy::cast_possible_truncation, reason = "`as` saturates, and a range check follows where it matters")]
        "" if number.whole => Ok(Value::Int(number.value as i64)),
        "" => Ok(Value::Float(number.value)),
        "%" => Ok(Value::Percent(number.value / 100.0)),
        "cpu" => Ok(Value::Cpu(number.value)),
        _ if AMBIGUOUS.contains(&unit) => Err(UnitError::Ambiguous),
        _ => Err(UnitError::Unknown),
    }
}

/// The unit of a metric: `float`, `percent`, `duration(ms)`, `size(MB)`.
pub fn metric_unit(ty: &str, unit: Option<&str>) -> Option<Unit> {
    let (dimension, scale) = match (ty, unit) {
        ("float" | "int", None) => (Dimension::Number, 1.0),
        ("percent", None) => (Dimension::Percent, 1.0),
        ("duration", Some(unit)) => (Dimension::Duration, factor(DURATIONS, unit)?),
        ("size", Some(unit)) => (Dimension::Size, factor(SIZES, unit)?),
        _ => return None,
    };
    Some(Unit { dimension, name: unit.unwrap_or_default().to_owned(), scale })
}
