use crate::diagnostic::{Code, Diagnostic, Fix, Severity};
use crate::lint::text::{choice, suggest};
use crate::lint::{Context, Rule, Sink, did_you_mean};
use crate::resolve::problem::Problem;
use crate::schema;
use crate::syntax::ast::Ident;

pub static RULE: Rule = Rule {
    code: Code { id: "MLP0113", name: "unknown-keyword", severity: Severity::Error, docs: include_str!("unknown_keyword.md") },
    check,
};

fn check(context: &Context<'_>, sink: &mut Sink) {
    for problem in context.problems() {
        if let Problem::UnknownKeyword { keyword, block, candidates } = problem {
            sink.push(report(keyword, block, candidates));
        }
    }
}

fn report(keyword: &Ident, block: &str, candidates: &[String]) -> Diagnostic {
    let place = if block == "file" { "at the top of a file".to_owned() } else { format!("in `{block}`") };
    let found = Diagnostic::new(&RULE.code, keyword.span, format!("`{}` means nothing {place}", keyword.text)).label("unknown statement");
    if candidates.contains(&keyword.text) {
        return found.help(format!("`{0}` is an attribute: write `{0} = …`", keyword.text));
    }
    if keyword.text == "import" && block == "file" {
        return found.help("write `use \"platform.mlp\" { NAME }`");
    }
    let spaced = keyword.text.replace('_', " ");
    if spaced.split_once(' ').is_some_and(|(first, _)| candidates.iter().any(|candidate| candidate == first)) {
        return found.help(format!("write `{spaced}`")).fix(Fix::unsafe_edit(format!("write `{spaced}`"), keyword.span, spaced));
    }
    let owners = owners(&keyword.text);
    if did_you_mean(&keyword.text, candidates.iter().map(String::as_str)).is_none() && !owners.is_empty() {
        return found.help(format!("`{}` belongs in {}", keyword.text, choice(&owners)));
    }
    suggest(found, keyword, candidates)
}

/// The blocks that take a statement.
fn owners(keyword: &str) -> Vec<&'static str> {
    let stages = schema::STAGES.iter().copied();
    let blocks = [&schema::PIPELINE, &schema::TRIGGER_MANUAL, &schema::ON_FAILURE].into_iter().chain(stages);
    blocks.filter(|block| block.takes(keyword)).map(|block| block.name).collect()
}
