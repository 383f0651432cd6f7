use crate::diagnostic::{Code, Diagnostic, Severity};
use crate::lint::text::{enclosing_directive, snippet, written};
use crate::lint::{Context, Rule, Sink};
use crate::resolve::problem::Problem;
use crate::source::Span;

pub static RULE: Rule =
    Rule { code: Code { id: "MLP0510", name: "no-champion", severity: Severity::Error, docs: include_str!("no_champion.md") }, check };

fn check(context: &Context<'_>, sink: &mut Sink) {
    for problem in context.problems() {
        if let Problem::NoChampion(span) = problem {
            let whole = enclosing_directive(context, *span, |keyword| keyword == "gate");
            let fallback = enclosing_directive(context, *span, |keyword| keyword == "without").is_some();
            // A champion with a mistake of its own is no missing one.
            if fallback || whole.is_none_or(|gate| written(gate, "champion").is_none()) {
                sink.push(report(context, *span, fallback));
            }
        }
    }
}

fn report(context: &Context<'_>, span: Span, fallback: bool) -> Diagnostic {
    let text = snippet(context, span);
    if fallback {
        return Diagnostic::new(&RULE.code, span, format!("`{text}` is read where there is no champion"))
            .label("inside `without champion`")
            .help("compare with a number");
    }
    Diagnostic::new(&RULE.code, span, format!("`{text}` is read, but the gate names no champion"))
        .label("whose metric is this?")
        .help("write `champion = tracking.model(\"…\", alias = \"champion\")` in the gate")
}
