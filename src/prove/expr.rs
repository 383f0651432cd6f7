//! Expressions, evaluated where some values are not known. Parsed by zizmor's crate, whose coercions and comparisons are used too.

use std::borrow::Cow;

use github_actions_expressions::call::{Call, Function};
use github_actions_expressions::context::Context;
use github_actions_expressions::literal::Literal;
use github_actions_expressions::op::{BinExpr, BinOp, UnOp};
use github_actions_expressions::{Evaluation, Expr, Origin, SpannedExpr};

/// A value of which as much is known as there is to know.
#[derive(Clone, Debug, PartialEq)]
pub enum Value {
    /// Known.
    Data(Evaluation),
    /// Text that is not empty, made by one step only: its number.
    Made(u32),
    /// The context `needs`, or its JSON.
    Needs,
    /// Anything.
    Any,
}

/// A part of a path: `needs`, `*`, `outputs`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Part {
    /// In lower case, as names are alike in any case.
    Name(String),
    Star,
}

/// What an expression can ask for.
pub trait Scope {
    /// The value of a path such as `needs.fit.result`; nothing where GitHub does not offer that context here.
    fn value(&self, path: &[Part]) -> Option<Value>;
    /// `success()`, `failure()`, `cancelled()`; nothing where GitHub does not offer them.
    fn status(&self, function: Function) -> Option<Value>;
}

/// Text with expressions in it.
#[derive(Debug)]
pub struct Template<'s>(Vec<Piece<'s>>);

#[derive(Debug)]
enum Piece<'s> {
    Text(&'s str),
    Expr(SpannedExpr<'s>),
}

impl Value {
    pub fn text(text: impl Into<String>) -> Self {
        Self::Data(Evaluation::String(text.into()))
    }

    pub fn bool(value: bool) -> Self {
        Self::Data(Evaluation::Boolean(value))
    }

    pub const NULL: Self = Self::Data(Evaluation::Null);

    /// Whether it counts as true, where that is known.
    pub fn truth(&self) -> Option<bool> {
        match self {
            Self::Data(data) => Some(data.as_boolean()),
            Self::Made(_) | Self::Needs => Some(true),
            Self::Any => None,
        }
    }
}

impl<'s> Template<'s> {
    /// Reads text such as `a ${{ b }}`.
    pub fn parse(text: &'s str) -> Result<Self, String> {
        let mut pieces = Vec::new();
        let mut rest = text;
        while let Some((before, after)) = rest.split_once("${{") {
            let (inner, after) = split_end(after).ok_or_else(|| format!("`{text}` has no `}}}}`"))?;
            if !before.is_empty() {
                pieces.push(Piece::Text(before));
            }
            pieces.push(Piece::Expr(parse(inner)?));
            rest = after;
        }
        if !rest.is_empty() {
            pieces.push(Piece::Text(rest));
        }
        Ok(Self(pieces))
    }

    /// Reads the text of an `if`, where one without `${{` is an expression as a whole.
    pub fn condition(text: &'s str) -> Result<Self, String> {
        if text.contains("${{") { Self::parse(text.trim()) } else { Ok(Self(vec![Piece::Expr(parse(text)?)])) }
    }

    /// Its value: that of a lone expression, else text.
    pub fn evaluate(&self, scope: &dyn Scope) -> Result<Value, String> {
        if let [Piece::Expr(expr)] = self.0.as_slice() {
            return evaluate(expr, scope);
        }
        let mut text = String::new();
        let mut known = true;
        for piece in &self.0 {
            match piece {
                Piece::Text(part) => text.push_str(part),
                Piece::Expr(expr) => match evaluate(expr, scope)? {
                    Value::Data(data) => text.push_str(&data.sema().to_string()),
                    _ => known = false,
                },
            }
        }
        Ok(if known { Value::text(text) } else { Value::Any })
    }

    /// Whether a status function occurs, so that none is implied.
    pub fn says_status(&self) -> bool {
        self.exprs().any(|expr| calls(expr, &|function| STATUS.contains(&function)))
    }

    /// Whether `success()` or `failure()` occurs, which look at all jobs above.
    pub fn says_success(&self) -> bool {
        self.exprs().any(|expr| calls(expr, &|function| matches!(function, Function::Success | Function::Failure)))
    }

    /// Whether a status function occurs that lets things run after a failure.
    pub fn survives(&self) -> bool {
        self.exprs().any(|expr| calls(expr, &|function| STATUS.contains(&function) && function != Function::Success))
    }

    /// Every path that it reads, in lower case.
    pub fn paths(&self) -> Vec<Vec<Part>> {
        self.exprs().flat_map(|expr| expr.contexts().into_iter().filter_map(|(context, _)| path(context).ok())).collect()
    }

    /// Every path that it reads, each with the text that it is compared with, or nothing where it is used otherwise.
    pub fn comparisons(&self) -> Vec<(Vec<Part>, Option<&str>)> {
        let mut found = Vec::new();
        self.exprs().for_each(|expr| compare(expr, &mut found));
        found
    }

    /// The path, where it is nothing but one.
    pub fn only_path(&self) -> Option<Vec<Part>> {
        match self.0.as_slice() {
            [Piece::Expr(SpannedExpr { inner: Expr::Context(context), .. })] => path(context).ok(),
            _ => None,
        }
    }

    fn exprs(&self) -> impl Iterator<Item = &SpannedExpr<'s>> {
        self.0.iter().filter_map(|piece| if let Piece::Expr(expr) = piece { Some(expr) } else { None })
    }
}

const STATUS: [Function; 4] = [Function::Success, Function::Failure, Function::Cancelled, Function::Always];

/// The text before `}}` and after it; one within quotes does not count.
fn split_end(text: &str) -> Option<(&str, &str)> {
    let mut quoted = false;
    let end = text.char_indices().find(|(at, c)| {
        quoted ^= *c == '\'';
        !quoted && text.get(*at..).is_some_and(|rest| rest.starts_with("}}"))
    });
    let (at, _) = end?;
    Some((text.get(..at)?, text.get(at + 2..)?))
}

fn parse(text: &str) -> Result<SpannedExpr<'_>, String> {
    Expr::parse(text.trim()).map_err(|error| format!("expression `{}`: {error}", text.trim()))
}

fn calls(expr: &SpannedExpr<'_>, wanted: &dyn Fn(Function) -> bool) -> bool {
    match &expr.inner {
        Expr::Call(call) => wanted(call.func) || call.args.iter().any(|arg| calls(arg, wanted)),
        Expr::BinExpr(BinExpr { lhs, rhs, .. }) => calls(lhs, wanted) || calls(rhs, wanted),
        Expr::UnExpr { expr, .. } | Expr::Index(expr) => calls(expr, wanted),
        Expr::Context(context) => context.parts.iter().any(|part| calls(part, wanted)),
        _ => false,
    }
}

fn compare<'e>(expr: &'e SpannedExpr<'_>, found: &mut Vec<(Vec<Part>, Option<&'e str>)>) {
    match &expr.inner {
        Expr::BinExpr(BinExpr { lhs, op: BinOp::Eq | BinOp::Neq, rhs }) => match (&lhs.inner, &rhs.inner) {
            (Expr::Context(context), Expr::Literal(Literal::String(text)))
            | (Expr::Literal(Literal::String(text)), Expr::Context(context)) => {
                found.extend(path(context).ok().map(|path| (path, Some(text.as_ref()))));
            }
            _ => [lhs, rhs].iter().for_each(|side| compare(side, found)),
        },
        Expr::BinExpr(BinExpr { lhs, rhs, .. }) => [lhs, rhs].iter().for_each(|side| compare(side, found)),
        Expr::UnExpr { expr, .. } => compare(expr, found),
        Expr::Call(call) => call.args.iter().for_each(|arg| compare(arg, found)),
        _ => found.extend(expr.contexts().into_iter().filter_map(|(context, _)| Some((path(context).ok()?, None)))),
    }
}

fn evaluate(expr: &SpannedExpr<'_>, scope: &dyn Scope) -> Result<Value, String> {
    match &expr.inner {
        Expr::Literal(literal) => Ok(Value::Data(data(literal))),
        Expr::Context(context) => {
            let path = path(context).map_err(|()| unclear(expr))?;
            scope.value(&path).ok_or_else(|| unclear(expr))
        }
        Expr::UnExpr { op: UnOp::Not, expr } => Ok(evaluate(expr, scope)?.truth().map_or(Value::Any, |truth| Value::bool(!truth))),
        Expr::BinExpr(BinExpr { lhs, op, rhs }) => Ok(binary(op, evaluate(lhs, scope)?, evaluate(rhs, scope)?)),
        Expr::Call(call) if call.func == Function::Always => Ok(Value::bool(true)),
        Expr::Call(call) if STATUS.contains(&call.func) => scope.status(call.func).ok_or_else(|| unclear(expr)),
        Expr::Call(call) => {
            let args: Result<Vec<Value>, String> = call.args.iter().map(|arg| evaluate(arg, scope)).collect();
            function(call.func, args?).ok_or_else(|| unclear(expr))
        }
        _ => Err(unclear(expr)),
    }
}

fn unclear(expr: &SpannedExpr<'_>) -> String {
    format!("expression `{}` is not understood here", expr.origin.raw)
}

fn data(literal: &Literal<'_>) -> Evaluation {
    match literal {
        Literal::Number(number) => Evaluation::Number(*number),
        Literal::String(text) => Evaluation::String(text.to_string()),
        Literal::Boolean(value) => Evaluation::Boolean(*value),
        Literal::Null => Evaluation::Null,
    }
}

fn path(context: &Context<'_>) -> Result<Vec<Part>, ()> {
    let part = |part: &SpannedExpr<'_>| match &part.inner {
        Expr::Identifier(name) => Ok(Part::Name(name.as_str().to_ascii_lowercase())),
        Expr::Star => Ok(Part::Star),
        Expr::Index(index) => match &index.inner {
            Expr::Literal(Literal::String(name)) => Ok(Part::Name(name.to_ascii_lowercase())),
            Expr::Star => Ok(Part::Star),
            _ => Err(()),
        },
        _ => Err(()),
    };
    context.parts.iter().map(part).collect()
}

fn binary(op: &BinOp, left: Value, right: Value) -> Value {
    match op {
        BinOp::And => match (left.truth(), right.truth()) {
            (Some(true), _) => right,
            (Some(false), _) => left,
            (None, Some(false)) => Value::bool(false),
            (None, _) => Value::Any,
        },
        BinOp::Or => match (left.truth(), right.truth()) {
            (Some(true), _) => left,
            (Some(false), _) => right,
            (None, Some(true)) => Value::bool(true),
            (None, _) => Value::Any,
        },
        BinOp::Eq => equal(&left, &right).map_or(Value::Any, Value::bool),
        BinOp::Neq => equal(&left, &right).map_or(Value::Any, |equal| Value::bool(!equal)),
        BinOp::Lt | BinOp::Le | BinOp::Gt | BinOp::Ge => order(op, &left, &right),
    }
}

fn equal(left: &Value, right: &Value) -> Option<bool> {
    match (left, right) {
        (Value::Data(left), Value::Data(right)) => Some(left.sema() == right.sema()),
        (Value::Made(left), Value::Made(right)) if left == right => Some(true),
        (Value::Made(_), Value::Data(Evaluation::String(text))) | (Value::Data(Evaluation::String(text)), Value::Made(_))
            if text.is_empty() =>
        {
            Some(false)
        }
        _ => None,
    }
}

fn order(op: &BinOp, left: &Value, right: &Value) -> Value {
    let (Value::Data(left), Value::Data(right)) = (left, right) else { return Value::Any };
    let ordering = left.sema().partial_cmp(&right.sema());
    let holds = ordering.is_some_and(|ordering| match op {
        BinOp::Lt => ordering.is_lt(),
        BinOp::Le => ordering.is_le(),
        BinOp::Gt => ordering.is_gt(),
        _ => ordering.is_ge(),
    });
    Value::bool(holds)
}

/// A function's value, by the crate's constant evaluation of a call with the arguments' values; nothing where it gives none.
fn function(func: Function, args: Vec<Value>) -> Option<Value> {
    if func == Function::ToJSON && args == [Value::Needs] {
        return Some(Value::Needs);
    }
    if func == Function::HashFiles {
        return Some(Value::Any);
    }
    let known: Option<Vec<Evaluation>> = args.into_iter().map(|arg| if let Value::Data(data) = arg { Some(data) } else { None }).collect();
    let Some(known) = known else { return Some(Value::Any) };
    let args: Option<Vec<SpannedExpr<'static>>> = known.into_iter().map(constant).collect();
    Expr::Call(Call { func, args: args? }).consteval().map(Value::Data)
}

/// An expression that gives this value.
fn constant(value: Evaluation) -> Option<SpannedExpr<'static>> {
    let expr = match value {
        Evaluation::String(text) => Expr::Literal(Literal::String(Cow::Owned(text))),
        Evaluation::Number(number) => Expr::Literal(Literal::Number(number)),
        Evaluation::Boolean(value) => Expr::Literal(Literal::Boolean(value)),
        Evaluation::Null => Expr::Literal(Literal::Null),
        structure => {
            let json: serde_json::Value = structure.try_into().ok()?;
            let text = Expr::Literal(Literal::String(Cow::Owned(json.to_string())));
            Expr::Call(Call { func: Function::FromJSON, args: vec![spanned(text)] })
        }
    };
    Some(spanned(expr))
}

fn spanned(inner: Expr<'static>) -> SpannedExpr<'static> {
    SpannedExpr { origin: Origin::new(0..0, ""), inner }
}
