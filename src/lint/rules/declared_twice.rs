use crate::diagnostic::{Code, Diagnostic, Severity};
use crate::lint::text::enclosing;
use crate::lint::{Context, Rule, Sink};
use crate::resolve::problem::Problem;
use crate::source::Span;
use crate::syntax::ast::{Ident, StmtKind};

pub static RULE: Rule = Rule {
    code: Code { id: "MLP0202", name: "declared-twice", severity: Severity::Error, docs: include_str!("declared_twice.md") },
    check,
};

fn check(context: &Context<'_>, sink: &mut Sink) {
    for problem in context.problems() {
        if let Problem::Duplicate { name, first } = problem {
            sink.push(report(context, name, *first));
        }
    }
}

fn report(context: &Context<'_>, name: &Ident, first: Span) -> Diagnostic {
    let attribute = matches!(enclosing(context, name.span).last().map(|stmt| &stmt.kind), Some(StmtKind::Attr(_)));
    let (what, help) = match attribute {
        true => ("written", "keep one of the two"),
        false => ("declared", "give one of the two another name"),
    };
    Diagnostic::new(&RULE.code, name.span, format!("`{}` is {what} twice", name.text))
        .label("again here")
        .related(first, "first here")
        .help(help)
}
