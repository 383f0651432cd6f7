use crate::diagnostic::{Code, Diagnostic, Edit, Fix, Severity};
use crate::lint::text::{edition, enclosing, enclosing_directive, snippet, written};
use crate::lint::{Context, Rule, Sink};
use crate::resolve::problem::Problem;
use crate::schema;
use crate::source::Span;
use crate::syntax::SyntaxErrorKind;
use crate::syntax::ast::{Attr, Directive, Expr, ExprKind, Stmt, StmtKind};

pub static RULE: Rule = Rule {
    code: Code { id: "MLP0107", name: "template-expression", severity: Severity::Error, docs: include_str!("template_expression.md") },
    check,
};

fn check(context: &Context<'_>, sink: &mut Sink) {
    for error in context.syntax_errors() {
        if error.kind == SyntaxErrorKind::TemplateExpression {
            sink.push(report(context, error.span));
        }
    }
    for problem in context.problems() {
        if let Problem::TemplateExpression(span) = problem {
            sink.push(
                Diagnostic::new(&RULE.code, *span, "put together, this text contains `${{`")
                    .label("would be evaluated before anything runs")
                    .help("keep the parts apart: give each an environment variable of its own"),
            );
        }
    }
}

fn report(context: &Context<'_>, span: Span) -> Diagnostic {
    let value = value(context, span);
    let name = value.as_ref().map_or("NAME", |value| &value.name);
    let source = value.as_ref().map_or_else(|| "…".to_owned(), |value| format!("{}.{name}", value.namespace));
    Diagnostic::new(&RULE.code, span, format!("`{}` would be pasted into the text before anything runs", snippet(context, span)))
        .label("values enter only as environment variables")
        .help(format!("write `env {{ {name} = {source} }}` in the stage and read `${name}` in the script"))
        .fix(value.and_then(|value| fix(context, span, &value)))
}

/// What a template expression reads.
struct Value {
    namespace: &'static str,
    name: String,
}

fn value(context: &Context<'_>, span: Span) -> Option<Value> {
    let inner = context.text(span).strip_prefix("${{")?.strip_suffix("}}")?.trim();
    let (place, name) = inner.split_once('.')?;
    let namespace = match place {
        "secrets" => "secret",
        "vars" => "var",
        _ => return None,
    };
    let word = !name.is_empty() && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_');
    word.then(|| Value { namespace, name: name.to_owned() })
}

/// In a bash script the value can come from the environment instead.
fn fix(context: &Context<'_>, span: Span, value: &Value) -> Option<Fix> {
    let StmtKind::Attr(Attr { value: Expr { kind: ExprKind::Raw(raw), .. }, .. }) = &enclosing(context, span).last()?.kind else {
        return None;
    };
    let takes_env = |keyword: &str| schema::find(schema::STAGES, keyword).is_some_and(|block| block.takes("env"));
    let stage = enclosing_directive(context, span, takes_env).filter(|_| raw.language.text == "bash")?;
    let mut edits = vec![Edit { span, text: format!("${{{}}}", value.name) }];
    edits.extend(environment(context, stage, value));
    edits.extend(declaration(context, span, value));
    Some(Fix { title: format!("read `{}` from the environment", value.name), safe: false, edits })
}

fn environment(context: &Context<'_>, stage: &Directive, value: &Value) -> Option<Edit> {
    let pair = format!("{} = {}.{}", value.name, value.namespace, value.name);
    let env = stage.stmts().iter().filter_map(Stmt::directive).find(|directive| directive.keyword.text == "env");
    if let Some(env) = env {
        let text = format!(" {pair},");
        return env.body.as_ref().filter(|_| written(env, &value.name).is_none()).map(|body| Edit { span: inside(body.span), text });
    }
    let body = stage.body.as_ref()?;
    let line = context.text(body.span).lines().nth(1).unwrap_or_default();
    let indent = line.get(..line.len() - line.trim_start().len()).unwrap_or_default();
    Some(Edit { span: inside(body.span), text: format!("\n{indent}env {{ {pair} }}") })
}

fn inside(body: Span) -> Span {
    Span { start: body.start + 1, end: body.start + 1, ..body }
}

/// Declares the name where nothing does.
fn declaration(context: &Context<'_>, span: Span, value: &Value) -> Option<Edit> {
    let stmts = &context.resolved.parsed.get(&span.file)?.file.stmts;
    let declares = |stmt: &Stmt| match &stmt.kind {
        StmtKind::Names(names) => names.keyword.text == value.namespace && names.names.iter().any(|name| name.text == value.name),
        _ => false,
    };
    let imported = context.hir().declarations.iter().any(|declaration| declaration.name.text == value.name);
    let edition = edition(context, span.file).filter(|_| !imported && !stmts.iter().any(declares))?;
    Some(Edit { span: edition.after(), text: format!("\n\n{} {}", value.namespace, value.name) })
}
