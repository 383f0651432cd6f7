use crate::diagnostic::{Code, Diagnostic, Fix, Severity};
use crate::lint::text::snippet;
use crate::lint::{Context, Rule, Sink};
use crate::resolve::problem::Problem;
use crate::source::Span;
use crate::syntax::ast::Ident;

pub static RULE: Rule =
    Rule { code: Code { id: "MLP0112", name: "wrong-form", severity: Severity::Error, docs: include_str!("wrong_form.md") }, check };

fn check(context: &Context<'_>, sink: &mut Sink) {
    for problem in context.problems() {
        match problem {
            Problem::WrongForm { span, form } => sink.push(wrong_form(context, *span, form)),
            Problem::QuotedKey(key) => sink.push(quoted_key(key)),
            _ => {}
        }
    }
}

fn wrong_form(context: &Context<'_>, span: Span, form: &str) -> Diagnostic {
    let message = format!("`{}` is not how this statement is written", snippet(context, span));
    Diagnostic::new(&RULE.code, span, message).label("something is missing or misplaced").help(format!("write `{form}`"))
}

fn quoted_key(key: &Ident) -> Diagnostic {
    let message = format!("the key `{}` stands in quotes, but names nothing of another system", key.text);
    let finding = Diagnostic::new(&RULE.code, key.span, message).label("a word of the language is written without quotes");
    if is_word(&key.text) { finding.fix(Fix::safe("take the quotes away", key.span, key.text.clone())) } else { finding }
}

/// Whether it could be written without quotes.
fn is_word(text: &str) -> bool {
    text.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_') && text.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_')
}
