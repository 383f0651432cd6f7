use crate::diagnostic::{Code, Diagnostic, Fix, Severity};
use crate::lint::{Context, Rule, Sink};
use crate::resolve::problem::Problem;
use crate::syntax::ast::Ident;

pub static RULE: Rule =
    Rule { code: Code { id: "MLP0203", name: "invalid-name", severity: Severity::Error, docs: include_str!("invalid_name.md") }, check };

/// What Kubernetes asks of a name.
const LABEL: &str = "lower-case letters, digits and `-`, beginning with a letter, at most 63";
/// What a registry asks of an image's name.
const IMAGE: &str = "lower-case letters, digits, `-`, `_` and `.`, in parts divided by `/`";
/// What Kubernetes asks of a service account's name.
const SUBDOMAIN: &str = "lower-case letters, digits, `-` and `.`, beginning and ending with a letter or digit, at most 253";
/// What GitHub asks of the name of an action's input.
const INPUT: &str = "letters, digits, `-` and `_`, beginning with a letter or `_`";

fn check(context: &Context<'_>, sink: &mut Sink) {
    for problem in context.problems() {
        if let Problem::InvalidName { name, what, suggestion } = problem {
            sink.push(report(context, name, what, suggestion));
        }
    }
}

fn report(context: &Context<'_>, name: &Ident, what: &str, suggestion: &str) -> Diagnostic {
    let (judge, allowed) = judge(what);
    let quoted = context.text(name.span).starts_with('"');
    let text = if quoted { format!("\"{suggestion}\"") } else { suggestion.to_owned() };
    Diagnostic::new(&RULE.code, name.span, format!("{judge} refuses `{}` as the name of {}", name.text, article(what)))
        .label(allowed)
        .help(format!("`{suggestion}` is valid"))
        .fix(Fix::unsafe_edit(format!("rename it to `{suggestion}`"), name.span, text))
}

/// Who refuses a name, and what it takes.
fn judge(what: &str) -> (&'static str, &'static str) {
    match what {
        "image" => ("a registry", IMAGE),
        "service account" => ("Kubernetes", SUBDOMAIN),
        "input" => ("GitHub", INPUT),
        _ => ("Kubernetes", LABEL),
    }
}

fn article(what: &str) -> String {
    let vowel = what.starts_with(['a', 'e', 'i', 'o', 'u', 'A', 'E', 'I', 'O', 'U']);
    format!("{} {what}", if vowel { "an" } else { "a" })
}
