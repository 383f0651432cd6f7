//! Ways through the syntax and the stages that several rules take.

use super::Context;
use crate::diagnostic::{Edit, Fix};
use crate::resolve::hir::{Flow, OutputRef, Pipeline, Spanned, Stage, StageId, Value};
use crate::source::Span;
use crate::syntax::ast::{Directive, Expr, ExprKind, Stmt, StmtKind};

/// Visits every expression of some statements, those inside others included.
pub fn exprs<'s>(stmts: &'s [Stmt], visit: &mut impl FnMut(&'s Expr)) {
    for stmt in stmts {
        match &stmt.kind {
            StmtKind::Attr(attr) => expr(&attr.value, visit),
            StmtKind::Rule(rule) => expr(&rule.condition, visit),
            StmtKind::Directive(directive) => {
                directive.value.iter().for_each(|value| expr(value, visit));
                exprs(directive.stmts(), visit);
            }
            StmtKind::Junk(Some(body)) => exprs(&body.stmts, visit),
            StmtKind::Names(_) | StmtKind::Junk(None) => {}
        }
    }
}

fn expr<'s>(it: &'s Expr, visit: &mut impl FnMut(&'s Expr)) {
    visit(it);
    match &it.kind {
        ExprKind::List(items) => items.iter().for_each(|item| expr(item, visit)),
        ExprKind::Call(call) => call.args.iter().for_each(|arg| expr(&arg.value, visit)),
        ExprKind::Unary(_, inner) | ExprKind::Paren(inner) => expr(inner, visit),
        ExprKind::Binary(left, _, right) => {
            expr(left, visit);
            expr(right, visit);
        }
        _ => {}
    }
}

/// Visits every directive of some statements, those inside others included.
pub fn directives<'s>(stmts: &'s [Stmt], visit: &mut impl FnMut(&'s Directive)) {
    for directive in stmts.iter().filter_map(Stmt::directive) {
        visit(directive);
        directives(directive.stmts(), visit);
    }
}

/// The stages of a branch, those of forks inside it included.
pub fn stages_of(pipeline: &Pipeline, branch: &[Flow]) -> Vec<StageId> {
    let inside = |flow: &Flow| match flow {
        Flow::Stage(id) => vec![*id],
        Flow::Parallel(index) => {
            let branches = pipeline.parallels.get(*index).map(|parallel| parallel.branches.as_slice()).unwrap_or_default();
            branches.iter().flat_map(|branch| stages_of(pipeline, branch)).collect()
        }
    };
    branch.iter().flat_map(inside).collect()
}

/// Every value that a stage is given: attributes, environment variables, inputs of its steps.
pub fn values(stage: &Stage) -> Vec<&Spanned> {
    let attrs = stage.attrs.iter().map(|(_, value)| value);
    let env = stage.env.iter().map(|(_, value)| value);
    let steps = stage.steps.iter().flat_map(|step| step.env.iter().chain(&step.with).map(|(_, value)| value));
    attrs.chain(env).chain(steps).flat_map(flat).collect()
}

/// A value, or what is in it if it is a list.
fn flat(value: &Spanned) -> Vec<&Spanned> {
    match &value.value {
        Value::List(items) => items.iter().flat_map(flat).collect(),
        _ => vec![value],
    }
}

/// The outputs of other stages that a stage reads.
pub fn outputs_read(stage: &Stage) -> impl Iterator<Item = &OutputRef> {
    values(stage).into_iter().filter_map(|value| match &value.value {
        Value::Output(output) => Some(output),
        _ => None,
    })
}

/// Whether an attribute stands in the text, rather than being filled in.
pub fn stands(stage: &Stage, attr: &str) -> bool {
    stage.attrs.written(attr) && stage.attrs.get(attr).is_some_and(|value| value.span != stage.attrs.head)
}

/// Adds a statement as the last one of a stage that stands in the text.
pub fn append(context: &Context<'_>, stage: &Stage, statement: &str, safe: bool) -> Option<Fix> {
    let text = context.text(stage.span);
    let inner = text.strip_suffix('}')?;
    let brace = Span { start: stage.span.end.checked_sub(1)?, ..stage.span };
    let kept = inner.trim_end();
    let gap = inner.len() - kept.len();
    let from = Span { start: brace.start.checked_sub(u32::try_from(gap).ok()?)?, end: brace.start, ..brace };
    let indent = inner.rsplit_once('\n').map(|(_, indent)| indent);
    let text = match indent {
        Some(indent) => format!("\n{indent}  {statement}\n{indent}"),
        None if kept.ends_with('{') => format!(" {statement} "),
        None => format!(", {statement} "),
    };
    (!stage.implied).then(|| Fix { title: format!("add `{statement}`"), safe, edits: vec![Edit { span: from, text }] })
}

/// The place of a part of a span's text.
pub fn part(span: Span, offset: usize, length: usize) -> Span {
    let start = span.start as usize + offset;
    Span::new(span.file, start..start + length)
}
