use std::collections::BTreeSet;

use crate::diagnostic::{Code, Diagnostic, Severity};
use crate::lint::walk;
use crate::lint::{Context, Rule, Sink};
use crate::resolve::problem::Problem;
use crate::source::Span;
use crate::syntax::ast::{Expr, ExprKind, StmtKind};

pub static RULE: Rule = Rule {
    code: Code { id: "MLP0801", name: "secret-in-string", severity: Severity::Error, docs: include_str!("secret_in_string.md") },
    check,
};

fn check(context: &Context<'_>, sink: &mut Sink) {
    for problem in context.problems() {
        if let Problem::SecretInExpression(span) = problem {
            let message = format!("`{}` would make a secret part of a text", context.text(*span));
            sink.push(report(Diagnostic::new(&RULE.code, *span, message).label("a secret stays whole")));
        }
    }
    let secrets = declared(context);
    for parsed in context.resolved.parsed.values() {
        walk::exprs(&parsed.file.stmts, &mut |expr| sink.extend(spelled(context, expr, &secrets)));
    }
}

/// The names of all secrets in sight.
fn declared<'a>(context: &Context<'a>) -> BTreeSet<&'a str> {
    let stmts = context.resolved.parsed.values().flat_map(|parsed| &parsed.file.stmts);
    let names = stmts.filter_map(|stmt| match &stmt.kind {
        StmtKind::Names(names) if names.keyword.text == "secret" => Some(&names.names),
        _ => None,
    });
    names.flatten().map(|name| name.text.as_str()).collect()
}

/// A quoted string or script that spells a declared secret.
fn spelled(context: &Context<'_>, expr: &Expr, secrets: &BTreeSet<&str>) -> Vec<Diagnostic> {
    let what = match &expr.kind {
        ExprKind::String(_) => "a quoted string",
        ExprKind::Raw(_) => "a script",
        _ => return Vec::new(),
    };
    let found = places(context.text(expr.span)).into_iter().filter(|(_, name)| secrets.contains(name));
    found.map(|(at, name)| literal(what, walk::part(expr.span, at, "secret.".len() + name.len()), name)).collect()
}

/// Where a text says `secret.NAME`, and the names.
fn places(text: &str) -> Vec<(usize, &str)> {
    let name = |at: usize| {
        let rest = text.get(at + "secret.".len()..).unwrap_or_default();
        let end = rest.find(|c: char| !c.is_ascii_alphanumeric() && c != '_').unwrap_or(rest.len());
        (at, rest.get(..end).unwrap_or_default())
    };
    text.match_indices("secret.").map(|(at, _)| name(at)).collect()
}

fn literal(what: &str, span: Span, name: &str) -> Diagnostic {
    let message = format!("`secret.{name}` in {what} is just these letters, not the secret");
    report(Diagnostic::new(&RULE.code, span, message).label("nothing is put in here"))
}

fn report(diagnostic: Diagnostic) -> Diagnostic {
    diagnostic.help("hand it over with `env { NAME = secret.NAME }` and let the command read the variable")
}
