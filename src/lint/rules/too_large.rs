use crate::diagnostic::{Code, Diagnostic, Severity};
use crate::lint::{Context, Rule, Sink};
use crate::syntax::{MAX_BYTES, SyntaxErrorKind};

pub static RULE: Rule =
    Rule { code: Code { id: "MLP0111", name: "too-large", severity: Severity::Error, docs: include_str!("too_large.md") }, check };

fn check(context: &Context<'_>, sink: &mut Sink) {
    for error in context.syntax_errors() {
        if error.kind == SyntaxErrorKind::TooLarge {
            let size = context.sources.get(error.span.file).map_or(0, |file| file.text.len());
            let message = format!("the file has {size} bytes; at most {MAX_BYTES} are read");
            sink.push(Diagnostic::new(&RULE.code, error.span, message).help("move large texts into files of their own"));
        }
    }
}
