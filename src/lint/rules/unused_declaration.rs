use crate::diagnostic::{Code, Diagnostic, Fix, Severity};
use crate::lint::text::{broken, enclosing, removal, repeated};
use crate::lint::{Context, Rule, Sink};
use crate::resolve::hir::Declaration;
use crate::source::Span;
use crate::syntax::ast::StmtKind;

pub static RULE: Rule = Rule {
    code: Code { id: "MLP0204", name: "unused-declaration", severity: Severity::Warning, docs: include_str!("unused_declaration.md") },
    check,
};

fn check(context: &Context<'_>, sink: &mut Sink) {
    // A file without pipelines declares for those that import it.
    if context.hir().pipelines.is_empty() {
        return;
    }
    for declaration in context.hir().declarations.iter().filter(|declaration| !declaration.used) {
        if !hidden_use(context, declaration) {
            sink.push(report(context, declaration));
        }
    }
}

/// What refers to a name may be a statement that could not be read.
fn hidden_use(context: &Context<'_>, declaration: &Declaration) -> bool {
    let length = context.sources.get(declaration.name.span.file).map_or(0, |file| file.text.len());
    let whole = Span::new(declaration.name.span.file, 0..length);
    broken(context, whole) && repeated(context, whole, &declaration.name.text)
}

fn report(context: &Context<'_>, declaration: &Declaration) -> Diagnostic {
    let name = &declaration.name.text;
    let what = declaration.what;
    let message =
        if what == "import" { format!("`{name}` is imported and never used") } else { format!("the {what} `{name}` is never used") };
    Diagnostic::new(&RULE.code, declaration.name.span, message).label("nothing refers to it").fix(Fix::safe(
        format!("remove `{name}`"),
        removal(context, extent(context, declaration)),
        "",
    ))
}

/// The declaration's own part of its statement: all of it where it declares nothing else.
fn extent(context: &Context<'_>, declaration: &Declaration) -> Span {
    let Some(stmt) = enclosing(context, declaration.name.span).first().copied() else { return declaration.stmt };
    let several = match &stmt.kind {
        StmtKind::Names(names) => names.names.len() > 1,
        StmtKind::Directive(directive) if directive.keyword.text == "use" => directive.stmts().len() > 1,
        _ => false,
    };
    if several { declaration.name.span } else { stmt.span }
}
