use crate::diagnostic::{Code, Diagnostic, Edit, Fix, Severity};
use crate::lint::{Context, Rule, Sink};
use crate::source::Span;
use crate::syntax::{SyntaxError, SyntaxErrorKind};

pub static RULE: Rule = Rule {
    code: Code { id: "MLP0106", name: "stray-character", severity: Severity::Error, docs: include_str!("stray_character.md") },
    check,
};

/// Quotes that are not the language's own: how they open and close.
const QUOTES: &[(char, char)] = &[('\'', '\''), ('`', '`'), ('“', '”'), ('‘', '’'), ('«', '»')];

fn check(context: &Context<'_>, sink: &mut Sink) {
    let mut strays: Vec<(Span, char)> = context.syntax_errors().filter_map(stray).collect();
    strays.sort();
    let mut rest = strays.into_iter().peekable();
    while let Some((span, c)) = rest.next() {
        match rest.next_if(|(end, close)| QUOTES.contains(&(c, *close)) && one_line(context, span, *end)) {
            Some((end, _)) => sink.push(quoted(context, span, end)),
            None => sink.push(lone(context, span, c)),
        }
    }
}

fn stray(error: &SyntaxError) -> Option<(Span, char)> {
    match error.kind {
        SyntaxErrorKind::StrayCharacter(c) => Some((error.span, c)),
        _ => None,
    }
}

fn one_line(context: &Context<'_>, start: Span, end: Span) -> bool {
    start.file == end.file && !context.text(start.to(end)).contains('\n')
}

/// A text in the wrong quotes.
fn quoted(context: &Context<'_>, start: Span, end: Span) -> Diagnostic {
    let inner = context.text(Span { start: start.end, end: end.start, ..start });
    let edit = |span| Edit { span, text: "\"".to_owned() };
    let fix = Fix { title: "use double quotes".to_owned(), safe: !inner.contains('\\'), edits: vec![edit(start), edit(end)] };
    Diagnostic::new(&RULE.code, start.to(end), "a string is written in double quotes")
        .label("these quotes have no meaning here")
        .help(format!("write `\"{inner}\"`"))
        .fix(fix)
}

fn lone(context: &Context<'_>, span: Span, c: char) -> Diagnostic {
    let shown = if c.is_control() { format!("U+{:04X}", u32::from(c)) } else { c.to_string() };
    let found = Diagnostic::new(&RULE.code, span, format!("`{shown}` has no meaning here")).label("stray character");
    match c {
        ';' => found.help("a newline or a comma ends a statement").fix(semicolon(context, span)),
        '&' => found.help("write `and`"),
        '|' => found.help("write `or`"),
        _ if QUOTES.iter().any(|(open, close)| *open == c || *close == c) => found.help("a string is written in double quotes"),
        _ => found,
    }
}

/// At the end of a line nothing is needed in its place.
fn semicolon(context: &Context<'_>, span: Span) -> Fix {
    let after = context.sources.get(span.file).and_then(|file| file.text.get(span.end as usize..)).unwrap_or_default();
    let last = after.lines().next().unwrap_or_default().trim_start();
    if last.is_empty() || last.starts_with(['#', '}']) {
        Fix::safe("remove `;`", span, "")
    } else {
        Fix::safe("replace `;` by a comma", span, ",")
    }
}
