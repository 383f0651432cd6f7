use crate::diagnostic::{Code, Diagnostic, Severity};
use crate::lint::walk::{self, part};
use crate::lint::{Context, Rule, Sink};
use crate::source::Span;
use crate::syntax::ast::{Directive, ExprKind, Stmt};

pub static RULE: Rule = Rule {
    code: Code { id: "MLP0902", name: "rollback-fights-sync", severity: Severity::Warning, docs: include_str!("rollback_fights_sync.md") },
    check,
};

/// Commands that change the cluster past git: a program, the words that follow among others, and what becomes of it.
const COMMANDS: &[(&str, &[&str], &str)] = &[
    ("argocd", &["app", "rollback"], "Argo CD refuses it while it syncs by itself"),
    ("kubectl", &["rollout", "undo"], "Argo CD undoes it with its next sync"),
    ("kubectl", &["apply"], "Argo CD undoes it with its next sync"),
    ("kubectl", &["patch"], "Argo CD undoes it with its next sync"),
    ("kubectl", &["replace"], "Argo CD undoes it with its next sync"),
    ("helm", &["rollback"], "Argo CD undoes it with its next sync"),
];

fn check(context: &Context<'_>, sink: &mut Sink) {
    let Some(parsed) = context.parsed() else { return };
    let pipelines = parsed.file.stmts.iter().filter_map(Stmt::directive).filter(|d| d.keyword.text == "pipeline");
    for pipeline in pipelines.filter(|pipeline| deploys(pipeline)) {
        walk::exprs(pipeline.stmts(), &mut |expr| {
            if matches!(expr.kind, ExprKind::Raw(_)) {
                sink.extend(script(context.text(expr.span), expr.span));
            }
        });
    }
}

fn deploys(pipeline: &Directive) -> bool {
    let mut found = false;
    walk::directives(pipeline.stmts(), &mut |directive| found |= directive.keyword.text == "deploy");
    found
}

fn script(text: &str, span: Span) -> Vec<Diagnostic> {
    let mut offset = 0;
    let mut found = Vec::new();
    for line in text.split_inclusive('\n') {
        let code = line.split('#').next().unwrap_or_default();
        let mut at = offset;
        for piece in code.split_inclusive([';', '|', '&']) {
            found.extend(command(piece).map(|(program, words, why)| {
                let from = piece.find(program).unwrap_or_default();
                let to = piece.trim_end_matches(|c: char| c.is_whitespace() || ";|&\"".contains(c)).len();
                report(part(span, at + from, to.saturating_sub(from)), program, words, why)
            }));
            at += piece.len();
        }
        offset += line.len();
    }
    found
}

/// The first of the commands that a piece of a line runs.
fn command(piece: &str) -> Option<(&'static str, &'static [&'static str], &'static str)> {
    let words: Vec<&str> = piece.split(|c: char| c.is_whitespace() || "\"'[](),".contains(c)).filter(|word| !word.is_empty()).collect();
    let runs = |program: &str, wanted: &[&str]| {
        let mut rest = words.iter().skip_while(|word| **word != program).skip(1);
        words.contains(&program) && wanted.iter().all(|word| rest.any(|found| found == word))
    };
    COMMANDS.iter().find(|(program, wanted, _)| runs(program, wanted)).copied()
}

fn report(span: Span, program: &str, words: &[&str], why: &str) -> Diagnostic {
    Diagnostic::new(&RULE.code, span, format!("`{program} {}` changes the cluster behind git's back", words.join(" ")))
        .label(why)
        .help("git is the truth: `on failure { rollback }` reverts the release there, and Argo CD follows")
}
