use crate::diagnostic::{Code, Diagnostic, Fix, Severity};
use crate::lint::text::snippet;
use crate::lint::{Context, Rule, Sink};
use crate::resolve::problem::Problem;
use crate::source::Span;

pub static RULE: Rule =
    Rule { code: Code { id: "MLP0102", name: "edition", severity: Severity::Error, docs: include_str!("edition.md") }, check };

fn check(context: &Context<'_>, sink: &mut Sink) {
    for problem in context.problems() {
        match problem {
            Problem::UnknownEdition(span) => sink.push(unknown(context, *span)),
            Problem::NoEdition(span) if readable(context, *span) => sink.push(missing(context, *span)),
            _ => {}
        }
    }
}

fn unknown(context: &Context<'_>, span: Span) -> Diagnostic {
    let text = snippet(context, span);
    let newer = text.parse::<u64>().is_ok_and(|edition| edition > 1);
    let message = if newer { format!("edition `{text}` is too new for this compiler") } else { format!("there is no edition `{text}`") };
    let help = if newer { "write `mlp 1`, or install a newer mlp" } else { "write `mlp 1`" };
    Diagnostic::new(&RULE.code, span, message).label("only edition 1 is known").help(help).fix(Fix::unsafe_edit("use edition 1", span, "1"))
}

/// A file of which nothing could be read has no edition either, but that is not what is wrong with it.
fn readable(context: &Context<'_>, span: Span) -> bool {
    context.resolved.parsed.get(&span.file).is_some_and(|parsed| !parsed.file.stmts.is_empty() || parsed.errors.is_empty())
}

fn missing(context: &Context<'_>, span: Span) -> Diagnostic {
    let stmts = context.resolved.parsed.get(&span.file).map_or(&[][..], |parsed| &parsed.file.stmts);
    let later = stmts.iter().filter_map(|stmt| stmt.directive()).find(|directive| directive.keyword.text == "mlp");
    let found = Diagnostic::new(&RULE.code, span, "the file does not begin with its edition").label("`mlp 1` belongs here");
    match later {
        Some(edition) => found.related(edition.keyword.span, "it stands here").help("move `mlp 1` to the first line"),
        None => found.help("begin the file with `mlp 1`").fix(Fix::safe("insert `mlp 1`", span, "mlp 1\n\n")),
    }
}
