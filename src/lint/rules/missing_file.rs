use crate::diagnostic::{Code, Diagnostic, Fix, Severity};
use crate::lint::did_you_mean;
use crate::lint::{Context, Rule, Sink};
use crate::resolve::problem::Problem;
use crate::source::Span;

pub static RULE: Rule =
    Rule { code: Code { id: "MLP0702", name: "missing-file", severity: Severity::Error, docs: include_str!("missing_file.md") }, check };

fn check(context: &Context<'_>, sink: &mut Sink) {
    for problem in context.problems() {
        if let Problem::FileReference { span, path } = problem {
            sink.push(report(context, *span, path));
        }
    }
}

fn report(context: &Context<'_>, span: Span, path: &str) -> Diagnostic {
    let diagnostic = Diagnostic::new(&RULE.code, span, format!("the repository has no `{path}`")).label("no such file or folder");
    match nearest(context, span, path) {
        Some(near) => {
            let text = if context.text(span).starts_with('"') { format!("\"{near}\"") } else { near.clone() };
            diagnostic.help(format!("did you mean `{near}`?")).fix(Fix::unsafe_edit(format!("change to `{near}`"), span, text))
        }
        None => diagnostic.help("paths are relative to this file; `//` starts at the root of the repository"),
    }
}

/// The path most like it, or the only one of the same name in another folder; as it would be written in this file.
fn nearest(context: &Context<'_>, span: Span, path: &str) -> Option<String> {
    let folder = context.sources.get(span.file).map_or("", |file| file.folder());
    let all = context.sources.paths.as_ref()?;
    let name = |path: &str| path.rsplit('/').next().unwrap_or_default().to_owned();
    let mut same = all.iter().filter(|other| name(other) == name(path));
    let alone = same.next().filter(|_| same.next().is_none());
    let near = did_you_mean(path, all.iter().map(String::as_str)).or(alone.map(String::as_str))?;
    Some(near.strip_prefix(folder).map_or_else(|| format!("//{near}"), str::to_owned))
}
