use crate::diagnostic::{Code, Diagnostic, Fix, Severity};
use crate::lint::{Context, Rule, Sink, did_you_mean};
use crate::resolve::paths;
use crate::resolve::problem::Problem;
use crate::syntax::ast::Ident;

pub static RULE: Rule = Rule {
    code: Code { id: "MLP0206", name: "missing-import", severity: Severity::Error, docs: include_str!("missing_import.md") },
    check,
};

fn check(context: &Context<'_>, sink: &mut Sink) {
    for problem in context.problems() {
        if let Problem::MissingImport { path } = problem {
            sink.push(report(context, path));
        }
    }
}

fn report(context: &Context<'_>, path: &Ident) -> Diagnostic {
    let folder = context.sources.get(path.span.file).map_or("", |file| file.folder());
    let target = paths::resolve(folder, &path.text).unwrap_or_default();
    let found = Diagnostic::new(&RULE.code, path.span, format!("the imported file `{}` does not exist", path.text))
        .label(format!("looked for `{target}` from the repository's root"));
    match did_you_mean(&target, pipelines(context)) {
        Some(like) => found.help(format!("did you mean `//{like}`?")).fix(Fix::unsafe_edit(
            format!("import `//{like}`"),
            path.span,
            format!("\"//{like}\""),
        )),
        None => found.help("paths are relative to this file; `//` starts at the repository's root"),
    }
}

/// The `.mlp` files of the repository.
fn pipelines<'a>(context: &Context<'a>) -> impl Iterator<Item = &'a str> {
    let paths = context.sources.paths.iter().flatten().map(String::as_str);
    let loaded = context.sources.ids().filter_map(|id| context.sources.get(id)).map(|file| file.path.as_str());
    paths.chain(loaded).filter(|path| path.ends_with(".mlp"))
}
