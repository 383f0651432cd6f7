use crate::diagnostic::{Code, Diagnostic, Severity};
use crate::lint::text::{choice, suggest};
use crate::lint::{Context, Rule, Sink, did_you_mean};
use crate::resolve::problem::Problem;
use crate::schema;
use crate::syntax::ast::Ident;

pub static RULE: Rule = Rule {
    code: Code { id: "MLP0306", name: "unknown-attribute", severity: Severity::Error, docs: include_str!("unknown_attribute.md") },
    check,
};

fn check(context: &Context<'_>, sink: &mut Sink) {
    for problem in context.problems() {
        if let Problem::UnknownAttribute { key, block, candidates } = problem {
            sink.push(report(key, block, candidates));
        }
    }
}

fn report(key: &Ident, block: &str, candidates: &[String]) -> Diagnostic {
    let found = Diagnostic::new(&RULE.code, key.span, format!("`{block}` has no attribute `{}`", key.text)).label("unknown attribute");
    if let Some(form) = statement(block, &key.text) {
        return found.help(format!("write `{form}`"));
    }
    if (block, key.text.as_str()) == ("verify", "timeout") {
        return found.help("the deadline of a verification is `within`; the job's time limit follows from it");
    }
    if did_you_mean(&key.text, candidates.iter().map(String::as_str)).is_none() {
        let owners: Vec<&str> = schema::STAGES.iter().filter(|stage| stage.attr(&key.text).is_some()).map(|stage| stage.name).collect();
        if !owners.is_empty() {
            return found.help(format!("`{}` belongs in {}", key.text, choice(&owners)));
        }
    }
    suggest(found, key, candidates)
}

/// How a statement is written that was taken for an attribute.
fn statement(block: &str, keyword: &str) -> Option<&'static str> {
    let block = if block == "pipeline" { &schema::PIPELINE } else { schema::find(schema::STAGES, block)? };
    block.statements.iter().find(|statement| statement.keyword == keyword).map(|statement| statement.form)
}
