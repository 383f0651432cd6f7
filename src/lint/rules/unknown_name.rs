use crate::diagnostic::{Code, Diagnostic, Fix, Severity};
use crate::lint::text::{broken, edition, key_type, suggest};
use crate::lint::{Context, Rule, Sink, did_you_mean};
use crate::resolve::hir::Stage;
use crate::resolve::problem::Problem;
use crate::schema::Ty;
use crate::syntax::ast::{Directive, Ident, Stmt};

pub static RULE: Rule =
    Rule { code: Code { id: "MLP0201", name: "unknown-name", severity: Severity::Error, docs: include_str!("unknown_name.md") }, check };

fn check(context: &Context<'_>, sink: &mut Sink) {
    for problem in context.problems() {
        match problem {
            Problem::UnknownName { name, what, candidates } if !declared_badly(context, name, what) => {
                sink.push(report(context, name, what, candidates));
            }
            _ => {}
        }
    }
}

fn report(context: &Context<'_>, name: &Ident, what: &str, candidates: &[String]) -> Diagnostic {
    let text = &name.text;
    let message = match what {
        "name" => format!("nothing here is named `{text}`"),
        "word" => format!("`{text}` is not one of the words that may stand here"),
        "access" => format!("`{text}` cannot be granted here"),
        "import" => format!("the imported file declares no `{text}`"),
        _ => format!("there is no {what} `{text}`"),
    };
    let found = Diagnostic::new(&RULE.code, name.span, message).label(format!("unknown {what}"));
    if did_you_mean(text, candidates.iter().map(String::as_str)).is_some() {
        return suggest(found, name, candidates);
    }
    match what {
        "secret" | "var" => found.help(format!("declare it: `{what} {text}`")).fix(declaration(context, name, what)),
        "access" => match candidates {
            [only] => found.help(format!("write `{only}`")).fix(Fix::unsafe_edit(format!("write `{only}`"), name.span, only.as_str())),
            _ => suggest(found, name, candidates),
        },
        "param" => found.help(format!("declare it: `param {text}: int = …`")),
        "name" => match namespace(context, text) {
            Some(namespace) => found.help(format!("write `{namespace}.{text}`")).fix(Fix::unsafe_edit(
                format!("insert `{namespace}.`"),
                name.span.before(),
                format!("{namespace}."),
            )),
            None => bare(context, name, candidates, found),
        },
        _ => suggest(found, name, candidates),
    }
}

/// A name alone that nothing has.
fn bare(context: &Context<'_>, name: &Ident, candidates: &[String], found: Diagnostic) -> Diagnostic {
    if let Some(Ty::Connection(kind)) = key_type(context, name.span) {
        return found.help(format!("declare it: `connection {}: {kind} {{ … }}`", name.text));
    }
    let gives = |stage: &&Stage| stage.outputs.iter().any(|output| output.text == name.text);
    let Some(stage) = context.pipelines().flat_map(|(pipeline, _)| &pipeline.stages).find(gives) else {
        return suggest(found, name, candidates);
    };
    let whole = format!("{}.{}", stage.name.text, name.text);
    found.help(format!("write `{whole}`")).fix(Fix::unsafe_edit(format!("write `{whole}`"), name.span, whole.as_str()))
}

/// Names of secrets, variables and parameters are never bare.
fn namespace(context: &Context<'_>, text: &str) -> Option<&'static str> {
    let declaration = context.hir().declarations.iter().find(|declaration| declaration.name.text == text)?;
    matches!(declaration.what, "secret" | "var" | "param").then_some(declaration.what)
}

/// Declares a name behind the edition.
fn declaration(context: &Context<'_>, name: &Ident, what: &str) -> Option<Fix> {
    let edition = edition(context, name.span.file)?;
    let title = format!("declare `{what} {}`", name.text);
    Some(Fix::unsafe_edit(title, edition.after(), format!("\n\n{what} {}", name.text)))
}

/// Whether the name is declared, or imported, by a statement that has a mistake of its own.
fn declared_badly(context: &Context<'_>, name: &Ident, what: &str) -> bool {
    let keywords: &[&str] = match what {
        "name" | "connection" | "stage" => &["connection", "use"],
        "param" => &["param", "use"],
        "secret" | "var" => &["use"],
        _ => return false,
    };
    let stmts = context.resolved.parsed.values().flat_map(|parsed| &parsed.file.stmts).filter_map(Stmt::directive);
    stmts.filter(|directive| keywords.contains(&directive.keyword.text.as_str())).any(|directive| match directive.keyword.text.as_str() {
        "use" => imports(directive, name) && failed(context, directive),
        _ => directive.name().is_some_and(|declared| declared.text == name.text),
    })
}

fn imports(directive: &Directive, name: &Ident) -> bool {
    directive.stmts().iter().filter_map(Stmt::directive).any(|item| item.keyword.text == name.text)
}

/// Whether nothing was imported by a `use`, or not all of it.
fn failed(context: &Context<'_>, directive: &Directive) -> bool {
    let whole = directive.body.as_ref().map_or(directive.head(), |body| directive.head().to(body.span));
    broken(context, whole)
}
