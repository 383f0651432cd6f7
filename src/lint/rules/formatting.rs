use crate::diagnostic::{Code, Diagnostic, Severity};
use crate::fmt::print;
use crate::lint::{Context, Rule, Sink};
use crate::source::Span;

pub static RULE: Rule =
    Rule { code: Code { id: "MLP1203", name: "formatting", severity: Severity::Hint, docs: include_str!("formatting.md") }, check };

fn check(context: &Context<'_>, sink: &mut Sink) {
    let (Some(parsed), Some(source)) = (context.parsed(), context.sources.get(context.file)) else { return };
    if !parsed.errors.is_empty() {
        return;
    }
    let printed = print(&parsed.file, &parsed.trivia, Some((context.file, &source.text)));
    if let Some(at) = first_difference(&source.text, &printed) {
        let line = source.lines.line(at);
        let text = source.text.get(source.lines.start(line)..).unwrap_or_default();
        let length = text.find('\n').unwrap_or(text.len());
        let span = Span::new(context.file, source.lines.start(line)..source.lines.start(line) + length);
        sink.push(Diagnostic::new(&RULE.code, span, "the file is not formatted").label("first difference").help("run `mlp fmt`"));
    }
}

/// Where two texts begin to differ.
fn first_difference(a: &str, b: &str) -> Option<usize> {
    let same = a.bytes().zip(b.bytes()).take_while(|(x, y)| x == y).count();
    (a.len() != b.len() || same < a.len()).then_some(same.min(a.len()))
}
