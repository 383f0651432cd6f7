//! Metrics, expectations and requirements.

use super::flow::Author;
use super::text::{awkward, quote};

/// A promised metric.
#[derive(Clone)]
pub struct Metric {
    pub name: String,
    pub ty: &'static str,
    pub higher: bool,
}

const METRICS: &[(&str, &[&str], bool)] = &[
    ("auc", &["float"], true),
    ("on", &["float", "int"], true),
    ("recall", &["percent"], true),
    ("latency_p95", &["duration(ms)", "duration(s)", "duration(us)"], false),
    ("footprint", &["size(MB)", "size(Gi)"], false),
    ("errors", &["int", "percent"], false),
];

impl Author {
    pub fn metrics(&mut self) -> Vec<Metric> {
        let mut metrics: Vec<Metric> = Vec::new();
        for (name, types, higher) in METRICS {
            if (metrics.is_empty() && *name == "errors") || self.choices.chance(50) {
                metrics.push(Metric { name: (*name).to_owned(), ty: self.choices.pick(types), higher: *higher });
            }
        }
        metrics
    }

    fn amount(&mut self, ty: &str) -> String {
        let values: &[&str] = match ty.split('(').next().unwrap() {
            "percent" => &["5%", "0.1%", "99.5%"],
            "duration" => &["80ms", "1.5s", "2min"],
            "size" => &["512Mi", "2GB"],
            _ => &["0.75", "1", "10_000", "0.002"],
        };
        self.choices.pick(values).to_owned()
    }

    /// A condition on a candidate alone.
    pub fn absolute(&mut self, metrics: &[Metric]) -> String {
        let metric = self.choices.pick(metrics);
        let (name, limit) = (metric.name.clone(), self.amount(metric.ty));
        let (good, bad) = if metric.higher { (">=", "<") } else { ("<=", ">") };
        let slice = self.slice();
        match self.choices.below(8) {
            0 | 1 => format!("{name} {good} {limit}"),
            2 => format!("{name}{slice} {good} {limit}"),
            3 => format!("not ({name} {bad} {limit})"),
            4 => format!(
                "{name} {good} {limit} and (min({name}, {name}{slice}) {good} {limit} or max({name}, {name}{slice}) {good} {limit})"
            ),
            5 => format!("abs({name}) {good} {limit} * 2"),
            6 => format!("{name} / 2 + {name} / 2 {good} {limit}"),
            _ => format!("-{name} {} -{limit}", if metric.higher { "<=" } else { ">=" }),
        }
    }

    /// A condition that reads the champion.
    pub fn relative(&mut self, metrics: &[Metric]) -> String {
        let metric = self.choices.pick(metrics);
        let (name, margin, slice) = (metric.name.clone(), self.amount(metric.ty), self.slice());
        let (good, sign) = if metric.higher { (">=", "+") } else { ("<=", "-") };
        match self.choices.below(4) {
            0 => format!("{name} {good} champion.{name} {sign} {margin}"),
            1 => format!("{name}{slice} {good} champion.{name}{slice} - {margin}"),
            2 if !matches!(metric.ty, "float" | "int") => format!("{name} {good} champion.{name} * 105%"),
            2 => format!("{name} {good} 1.05 * champion.{name}"),
            _ => format!("abs({name} - champion.{name}) <= {margin}"),
        }
    }

    fn slice(&mut self) -> &'static str {
        self.choices.pick(&["/region/eu", "/n1", "/device/set-top_box"])
    }

    /// A condition on a dataset.
    pub fn expectation(&mut self) -> String {
        let column = quote(&awkward(&mut self.choices));
        match self.choices.below(5) {
            0 => "rows >= 10_000".to_owned(),
            1 => format!("null_rate({column}) <= 0.1%"),
            2 => format!("columns == 12 and {}({column}) <= 1_000", self.choices.pick(&["distinct", "max"])),
            3 => format!("not ({}({column}) < -2.5)", self.choices.pick(&["min", "mean"])),
            _ => format!("abs(std({column}) - 1) <= 0.5 or rows > 2 * columns"),
        }
    }
}
