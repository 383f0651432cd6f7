use crate::diagnostic::{Code, Diagnostic, Severity};
use crate::lint::{Context, Rule, Sink};
use crate::syntax::{MAX_DEPTH, SyntaxErrorKind};

pub static RULE: Rule =
    Rule { code: Code { id: "MLP0110", name: "too-deep", severity: Severity::Error, docs: include_str!("too_deep.md") }, check };

fn check(context: &Context<'_>, sink: &mut Sink) {
    for error in context.syntax_errors() {
        if error.kind == SyntaxErrorKind::TooDeep {
            let message = format!("brackets are nested more than {MAX_DEPTH} deep");
            sink.push(Diagnostic::new(&RULE.code, error.span, message).label("the bracket that is one too many").help("nest less"));
        }
    }
}
