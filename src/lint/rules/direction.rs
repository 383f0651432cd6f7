use crate::diagnostic::{Code, Diagnostic, Fix, Severity};
use crate::lint::algebra::{comparison, conjuncts, truth};
use crate::lint::text::snippet;
use crate::lint::{Context, Rule, Sink};
use crate::resolve::hir::{self, Metric, RuleExpr, RuleKind};
use crate::source::Span;

pub static RULE: Rule =
    Rule { code: Code { id: "MLP0504", name: "direction", severity: Severity::Warning, docs: include_str!("direction.md") }, check };

fn check(context: &Context<'_>, sink: &mut Sink) {
    for (pipeline, _) in context.pipelines() {
        for gate in pipeline.of_kind("gate") {
            let metrics = gate.attrs.output("candidate").and_then(|output| pipeline.stage(output.stage)).map(|train| &train.metrics);
            let bounds: Vec<Compared<'_>> = gate.rules.iter().flat_map(|rule| compared(rule, metrics.map_or(&[], Vec::as_slice))).collect();
            for bound in bounds.iter().filter(|bound| bound.against() && !in_band(bound, &bounds)) {
                sink.push(against(context, bound));
            }
            sink.diagnostics.extend(declining(context, &bounds));
        }
    }
}

/// A comparison that bounds one metric of the candidate.
struct Compared<'a> {
    leaf: &'a RuleExpr,
    metric: &'a Metric,
    /// The metric's name with its slice.
    name: String,
    /// Whether the metric must be at least something.
    lower: bool,
    /// How often the champion's value of the same metric is asked for, and how much more.
    champion: Option<f64>,
    margin: f64,
}

fn compared<'a>(rule: &'a hir::Rule, metrics: &'a [Metric]) -> Vec<Compared<'a>> {
    let open = conjuncts(&rule.condition).into_iter().filter(|leaf| truth(leaf).is_none());
    open.filter_map(|leaf| bounded(leaf, metrics)).collect()
}

fn bounded<'a>(leaf: &'a RuleExpr, metrics: &'a [Metric]) -> Option<Compared<'a>> {
    let (sum, op) = comparison(leaf).filter(|(_, op)| !matches!(*op, "==" | "!="))?;
    let base = |name: &str| metrics.iter().find(|m| m.name.text == name || Some(m.name.text.as_str()) == name.split('/').next());
    let mut own = sum.terms.keys().filter(|name| !name.contains('(')).filter_map(|name| Some((name.clone(), base(name)?)));
    let (name, metric) = own.next().filter(|_| own.next().is_none())?;
    let coefficient = sum.coefficient(&name);
    let rival = sum.coefficient(&format!("champion.{name}"));
    let champion = (rival != 0.0).then_some(-rival / coefficient);
    let lower = op.starts_with('>') == (coefficient > 0.0);
    Some(Compared { leaf, metric, name, lower, champion, margin: -sum.constant / coefficient })
}

impl Compared<'_> {
    /// Whether the rule keeps good values out.
    fn against(&self) -> bool {
        self.metric.higher != self.lower
    }

    /// Whether the candidate may be worse than the champion.
    fn lenient(&self) -> bool {
        let Some(factor) = self.champion else { return false };
        if self.metric.higher { factor < 1.0 || self.margin < 0.0 } else { factor > 1.0 || self.margin > 0.0 }
    }
}

/// An upper bound on what should be high is sensible beside a lower one.
fn in_band(bound: &Compared<'_>, all: &[Compared<'_>]) -> bool {
    bound.champion.is_none() && all.iter().any(|other| other.name == bound.name && !other.against())
}

fn against(context: &Context<'_>, bound: &Compared<'_>) -> Diagnostic {
    let direction = if bound.metric.higher { "higher" } else { "lower" };
    let message =
        format!("`{}` turns away a model for being good: {direction} `{}` is better", snippet(context, bound.leaf.span), bound.name);
    Diagnostic::new(&RULE.code, bound.leaf.span, message)
        .label(if bound.lower { "asks for at least this much" } else { "asks for at most this much" })
        .related(bound.metric.name.span, format!("declared `{direction}`"))
        .help("turn the comparison round, or correct the metric's direction")
        .fix(operator(bound.leaf).map(|(span, op)| Fix::unsafe_edit(format!("write `{op}`"), span, op)))
}

/// The comparison's operator and its opposite.
fn operator(leaf: &RuleExpr) -> Option<(Span, &'static str)> {
    let RuleKind::Apply(op, args) = &leaf.kind else { return None };
    let turned = match *op {
        ">=" => " <= ",
        "<=" => " >= ",
        ">" => " < ",
        _ => " > ",
    };
    let [left, right] = args.as_slice() else { return None };
    Some((Span { start: left.span.end, end: right.span.start, ..left.span }, turned))
}

/// Every rule that reads the champion lets the candidate be worse.
fn declining(context: &Context<'_>, bounds: &[Compared<'_>]) -> Option<Diagnostic> {
    let mut rivals = bounds.iter().filter(|bound| bound.champion.is_some() && !bound.against());
    let first = rivals.next().filter(|first| first.lenient() && rivals.all(Compared::lenient))?;
    let message = format!("`{}` lets every model be worse than the one before it", snippet(context, first.leaf.span));
    let found = Diagnostic::new(&RULE.code, first.leaf.span, message).label("the margin is on the champion's side");
    Some(found.help("ask for at least the champion's own value of one metric"))
}
