use crate::diagnostic::{Code, Diagnostic, Severity};
use crate::lint::walk;
use crate::lint::{Context, Rule, Sink};
use crate::syntax::ast::{Directive, StmtKind};

pub static RULE: Rule = Rule {
    code: Code { id: "MLP0603", name: "lonely-branch", severity: Severity::Warning, docs: include_str!("lonely_branch.md") },
    check,
};

fn check(context: &Context<'_>, sink: &mut Sink) {
    let Some(parsed) = context.parsed() else { return };
    walk::directives(&parsed.file.stmts, &mut |directive| {
        if directive.keyword.text == "parallel"
            && let Some(branches) = branches(directive)
            && branches < 2
        {
            sink.push(report(directive, branches));
        }
    });
}

/// How many branches are written; `None` where some text could not be read.
fn branches(directive: &Directive) -> Option<usize> {
    let readable = directive.stmts().iter().all(|stmt| matches!(stmt.kind, StmtKind::Directive(_)));
    readable.then(|| directive.stmts().len())
}

fn report(directive: &Directive, branches: usize) -> Diagnostic {
    let message = match branches {
        0 => "nothing runs in this `parallel`",
        _ => "only one branch runs in this `parallel`, side by side with nothing",
    };
    Diagnostic::new(&RULE.code, directive.keyword.span, message)
        .label(if branches == 0 { "empty" } else { "one branch" })
        .help("remove the `parallel`; stages that belong together in one branch of several go into `sequence { … }`")
}
