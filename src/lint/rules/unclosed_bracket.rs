use crate::diagnostic::{Code, Diagnostic, Fix, Severity};
use crate::lint::{Context, Rule, Sink};
use crate::source::Span;
use crate::syntax::SyntaxErrorKind;

pub static RULE: Rule = Rule {
    code: Code { id: "MLP0103", name: "unclosed-bracket", severity: Severity::Error, docs: include_str!("unclosed_bracket.md") },
    check,
};

fn check(context: &Context<'_>, sink: &mut Sink) {
    for error in context.syntax_errors() {
        match error.kind {
            SyntaxErrorKind::Unclosed(bracket) => sink.push(unclosed(context, bracket, error.span)),
            SyntaxErrorKind::Unopened(bracket) => sink.push(unopened(bracket, error.span)),
            _ => {}
        }
    }
}

fn unclosed(context: &Context<'_>, bracket: char, span: Span) -> Diagnostic {
    let head = head(context, span);
    let owner = if bracket == '{' && !head.is_empty() { format!(" of `{head}`") } else { String::new() };
    let found = Diagnostic::new(&RULE.code, span, format!("the `{bracket}`{owner} is never closed"))
        .label("opened here")
        .help(format!("close it with `{}`", partner(bracket)));
    match due(context, span).filter(|_| bracket == '{') {
        Some(line) => found.related(line, "by its indentation, this line no longer belongs to it"),
        None => found,
    }
}

fn unopened(bracket: char, span: Span) -> Diagnostic {
    Diagnostic::new(&RULE.code, span, format!("this `{bracket}` closes nothing"))
        .label(format!("no `{}` is open here", partner(bracket)))
        .fix(Fix::unsafe_edit(format!("remove `{bracket}`"), span, ""))
}

fn partner(bracket: char) -> char {
    match bracket {
        '{' => '}',
        '(' => ')',
        '[' => ']',
        '}' => '{',
        ')' => '(',
        _ => '[',
    }
}

/// What stands before a bracket on its line.
fn head<'a>(context: &Context<'a>, span: Span) -> &'a str {
    let before = context.sources.get(span.file).and_then(|file| file.text.get(..span.start as usize)).unwrap_or_default();
    before.rsplit('\n').next().unwrap_or_default().trim()
}

/// The first line below that is indented like one behind the block.
fn due(context: &Context<'_>, span: Span) -> Option<Span> {
    let file = context.sources.get(span.file)?;
    let first = file.lines.line(span.start as usize);
    let indent = |line: &str| line.len() - line.trim_start().len();
    let depth = indent(file.text.lines().nth(first)?);
    let below = file.text.lines().enumerate().skip(first + 1).filter(|(_, line)| !line.trim().is_empty());
    let outside = |line: &str| indent(line) < depth || (indent(line) == depth && !line.trim_start().starts_with('}'));
    let (number, line) = below.into_iter().find(|(_, line)| outside(line))?;
    let start = file.lines.start(number) + indent(line);
    Some(Span::new(span.file, start..start + line.trim().len()))
}
