//! From expressions to values.

use super::Resolver;
use super::hir::{Command, OutputRef, Spanned, Value};
use super::paths;
use super::problem::Problem;
use super::scope::Symbol;
use super::units::{self, UnitError};
use crate::schema::{Output, Ty};
use crate::source::Span;
use crate::syntax::ast::{Arg, BinaryOp, Call, Expr, ExprKind, Ident, Number, Raw, UnaryOp};

impl Resolver<'_> {
    /// Reads an expression where `ty` is wanted; `None` once a problem is reported.
    pub(super) fn value(&mut self, expr: &Expr, ty: Ty) -> Option<Spanned> {
        let span = expr.span;
        let value = match (ty, &expr.kind) {
            (Ty::List(item), ExprKind::List(items)) => Value::List(items.iter().map(|e| self.value(e, *item)).collect::<Option<_>>()?),
            (Ty::List(item), _) => Value::List(vec![self.value(expr, *item)?]),
            (Ty::Word(words), ExprKind::Path(path)) => self.word(path, words)?,
            (Ty::Stages, ExprKind::List(items)) => Value::Stages(items.iter().map(|e| self.stage(e)).collect::<Option<_>>()?),
            (Ty::Stages, _) => Value::Stages(vec![self.stage(expr)?]),
            (Ty::Path | Ty::Produced | Ty::Glob, ExprKind::String(text)) => Value::String(self.path(text, span, ty == Ty::Path)?),
            _ => {
                let value = self.eval(expr)?;
                self.fit(value, ty, span)?
            }
        };
        Some(Spanned { value, span })
    }

    fn word(&mut self, path: &[Ident], words: &'static [&'static str]) -> Option<Value> {
        let name = path.first()?;
        let found = words.iter().find(|word| path.len() == 1 && **word == name.text);
        if found.is_none() {
            let candidates = words.iter().map(|word| (*word).to_owned()).collect();
            self.problem(Problem::UnknownName { name: name.clone(), what: "word", candidates });
        }
        found.map(|word| Value::Word(word))
    }

    fn stage(&mut self, expr: &Expr) -> Option<(super::hir::StageId, Span)> {
        if let ExprKind::Path(path) = &expr.kind
            && let [name] = path.as_slice()
        {
            return match self.lookup(name, "stage")? {
                Symbol::Stage(id) => Some((id, name.span)),
                other => self.wrong_type(expr.span, "a stage", format!("a {}", other.what())),
            };
        }
        self.wrong_type(expr.span, "a stage's name", "something else".into())
    }

    /// A path as written, from the repository's root.
    pub(super) fn path(&mut self, written: &str, span: Span, must_exist: bool) -> Option<String> {
        let folder = self.sources.get(span.file).map_or("", |file| file.folder()).to_owned();
        let Some(path) = paths::resolve(&folder, written).filter(|path| !path.is_empty()) else {
            self.problem(Problem::OutsideRepository { span, path: written.to_owned() });
            return None;
        };
        if must_exist && !self.exists(&path) {
            self.problem(Problem::FileReference { span, path: path.clone() });
        }
        Some(path)
    }

    fn exists(&self, path: &str) -> bool {
        let Some(paths) = &self.sources.paths else { return true };
        let folder = format!("{}/", path.trim_end_matches('/'));
        paths.contains(path) || paths.range(folder.clone()..).next().is_some_and(|next| next.starts_with(&folder))
    }

    fn wrong_type<T>(&mut self, span: Span, expected: &str, found: String) -> Option<T> {
        self.problem(Problem::WrongType { span, expected: expected.to_owned(), found });
        None
    }

    /// What an expression is, whatever is wanted.
    pub(super) fn eval(&mut self, expr: &Expr) -> Option<Value> {
        match &expr.kind {
            ExprKind::String(text) => Some(Value::String(text.clone())),
            ExprKind::Number(number) => self.number(number, expr.span),
            ExprKind::Bool(value) => Some(Value::Bool(*value)),
            ExprKind::Raw(raw) => self.raw(raw),
            ExprKind::List(items) => self.list(items),
            ExprKind::Path(path) => self.path_value(path),
            ExprKind::Call(call) => self.call(call, expr.span),
            ExprKind::Unary(op, inner) => self.unary(*op, inner, expr.span),
            ExprKind::Binary(left, op, right) => self.binary(left, *op, right, expr.span),
            ExprKind::Paren(inner) => self.eval(inner),
            ExprKind::Bad => None,
        }
    }

    pub(super) fn number(&mut self, number: &Number, span: Span) -> Option<Value> {
        match units::value(number) {
            Ok(value) => return Some(value),
            Err(UnitError::Ambiguous) => self.problem(Problem::AmbiguousUnit { span, text: number.text.clone() }),
            Err(UnitError::Unknown) => self.problem(Problem::UnknownUnit { span, unit: number.unit.clone() }),
        }
        None
    }

    fn raw(&mut self, raw: &Raw) -> Option<Value> {
        match raw.language.text.as_str() {
            "bash" => Some(Value::Command(Command::Bash(raw.text.clone()))),
            "python" => Some(Value::Command(Command::Python(raw.text.clone()))),
            _ => {
                let candidates = vec!["bash".into(), "python".into()];
                self.problem(Problem::UnknownName { name: raw.language.clone(), what: "script language", candidates });
                None
            }
        }
    }

    fn list(&mut self, items: &[Expr]) -> Option<Value> {
        let read = |e: &Expr| Some(Spanned { value: self.eval(e)?, span: e.span });
        Some(Value::List(items.iter().map(read).collect::<Option<_>>()?))
    }

    fn path_value(&mut self, path: &[Ident]) -> Option<Value> {
        let (first, rest) = path.split_first()?;
        match (first.text.as_str(), rest) {
            ("secret", [name]) => self.declared(name, "secret").map(|()| Value::Secret(name.text.clone())),
            ("var", [name]) => self.declared(name, "var").map(|()| Value::Var(name.text.clone())),
            ("param", [name]) => self.param(name),
            _ => self.symbol_value(first, rest),
        }
    }

    fn declared(&mut self, name: &Ident, what: &'static str) -> Option<()> {
        let found = if what == "secret" { self.scope.secret(&name.text) } else { self.scope.var(&name.text) };
        if let Some(entry) = found {
            self.mark_used(&name.text, entry.span);
            return Some(());
        }
        let candidates = self.scope.names_of(|symbol| symbol.what() == what);
        self.problem(Problem::UnknownName { name: name.clone(), what, candidates });
        None
    }

    fn param(&mut self, name: &Ident) -> Option<Value> {
        let Some(entry) = self.scope.param(&name.text) else {
            let candidates = self.scope.names_of(|symbol| symbol.what() == "param");
            self.problem(Problem::UnknownName { name: name.clone(), what: "param", candidates });
            return None;
        };
        self.mark_used(&name.text, entry.span);
        let Symbol::Param(index) = entry.symbol else { return None };
        let value = self.hir.params.get(index)?.value.value.clone();
        Some(if self.inputs.contains(&name.text) { Value::Input(name.text.clone(), Box::new(value)) } else { value })
    }

    fn symbol_value(&mut self, first: &Ident, rest: &[Ident]) -> Option<Value> {
        match (self.lookup(first, "name")?, rest) {
            (Symbol::Connection(id), []) => Some(Value::Connection(id)),
            (Symbol::Environment(id), []) => Some(Value::Environment(id)),
            (Symbol::Stage(id), []) => Some(Value::Stages(vec![(id, first.span)])),
            (Symbol::Stage(id), [output]) => self.output(id, first, output),
            (symbol, _) => {
                let span = rest.last().map_or(first.span, |last| first.span.to(last.span));
                self.wrong_type(span, "a value", format!("a part of a {}", symbol.what()))
            }
        }
    }

    fn output(&mut self, id: super::hir::StageId, stage: &Ident, output: &Ident) -> Option<Value> {
        let gives: Vec<(String, Output)> = self.stages.get(id.0)?.gives().into_iter().map(|(name, ty)| (name.to_owned(), ty)).collect();
        if let Some((name, ty)) = gives.iter().find(|(name, _)| *name == output.text) {
            self.used_outputs.push((id, name.clone()));
            return Some(Value::Output(OutputRef { stage: id, name: name.clone(), ty: *ty }));
        }
        let candidates = gives.into_iter().map(|(name, _)| name).collect();
        self.problem(Problem::NoSuchOutput { name: output.clone(), stage: stage.text.clone(), candidates });
        None
    }

    /// What a bare name means, with a problem for names that mean nothing here.
    pub(super) fn lookup(&mut self, name: &Ident, what: &'static str) -> Option<Symbol> {
        let Some(entry) = self.scope.name(&name.text) else {
            let candidates = self.scope.names_of(|symbol| !matches!(symbol, Symbol::Secret | Symbol::Var | Symbol::Param(_)));
            self.problem(Problem::UnknownName { name: name.clone(), what, candidates });
            return None;
        };
        self.mark_used(&name.text, entry.span);
        match entry.symbol {
            Symbol::Later => self.problem(Problem::UsedAbove { name: name.clone(), declared: entry.span }),
            Symbol::Sibling => self.problem(Problem::Sibling { name: name.clone(), declared: entry.span }),
            symbol => return Some(symbol),
        }
        None
    }

    fn call(&mut self, call: &Call, span: Span) -> Option<Value> {
        match call.path.as_slice() {
            [name] => self.function(name, call, span),
            [connection, method] => self.method(connection, method, call, span),
            _ => self.wrong_type(span, "a value", "a call of something that cannot be called".into()),
        }
    }

    fn function(&mut self, name: &Ident, call: &Call, span: Span) -> Option<Value> {
        match name.text.as_str() {
            "file" => self.command_file(call, span),
            "dvc" => self.text_arg(call, span).and_then(|(text, at)| Some(Value::Dvc(None, self.path(&text, at, true)?))),
            "action" => self.text_arg(call, span).map(|(text, _)| Value::Action(text)),
            _ => {
                let candidates = ["file", "dvc", "action"].map(str::to_owned).to_vec();
                self.problem(Problem::UnknownName { name: name.clone(), what: "function", candidates });
                None
            }
        }
    }

    fn command_file(&mut self, call: &Call, span: Span) -> Option<Value> {
        let (written, at) = self.text_arg(call, span)?;
        let path = self.path(&written, at, true)?;
        Some(Value::Command(Command::File { written, path }))
    }

    /// The one quoted argument of a call.
    fn text_arg(&mut self, call: &Call, span: Span) -> Option<(String, Span)> {
        match call.args.as_slice() {
            [Arg { name: None, value: Expr { kind: ExprKind::String(text), span } }] => Some((text.clone(), *span)),
            _ => self.wrong_type(span, "one quoted path in the parentheses", "something else".into()),
        }
    }

    fn method(&mut self, connection: &Ident, method: &Ident, call: &Call, span: Span) -> Option<Value> {
        let symbol = self.lookup(connection, "connection")?;
        let Symbol::Connection(id) = symbol else {
            return self.wrong_type(connection.span, "a connection", format!("a {}", symbol.what()));
        };
        let kind = self.hir.connections.get(id.0)?.kind();
        match (kind, method.text.as_str()) {
            ("dvc", "file") => self.text_arg(call, span).and_then(|(text, at)| Some(Value::Dvc(Some(id), self.path(&text, at, true)?))),
            ("git", "path") => self.git_path(call, span).map(|path| Value::GitPath(id, path)),
            ("git", "file") => self.git_path(call, span).map(|path| Value::GitFile(id, path)),
            ("mlflow", "model") => self.registered_model(id, call, span),
            _ => {
                let candidates = methods(kind).iter().map(|name| (*name).to_owned()).collect();
                self.problem(Problem::UnknownName { name: method.clone(), what: "method", candidates });
                None
            }
        }
    }

    /// A path of the GitOps repository: always from its root.
    fn git_path(&mut self, call: &Call, span: Span) -> Option<String> {
        let (text, at) = self.text_arg(call, span)?;
        let path = paths::resolve("", &text).map(|path| path.trim_end_matches('/').to_owned());
        if path.as_deref().is_none_or(str::is_empty) {
            self.problem(Problem::OutsideRepository { span: at, path: text });
            return None;
        }
        path
    }

    fn registered_model(&mut self, id: super::hir::ConnectionId, call: &Call, span: Span) -> Option<Value> {
        let mut name = None;
        let mut alias = Some("champion".to_owned());
        for arg in &call.args {
            let Some(Value::String(text)) = self.eval(&arg.value) else {
                return self.wrong_type(arg.value.span, "a quoted string", "something else".into());
            };
            match arg.name.as_ref().map(|n| n.text.as_str()) {
                None => name = Some(text),
                Some("alias") => alias = Some(text),
                Some(_) => return self.wrong_type(arg.value.span, "the model's name and `alias = \"…\"`", "another argument".into()),
            }
        }
        match name.zip(alias) {
            Some((name, alias)) => Some(Value::Model(id, name, alias)),
            None => self.wrong_type(span, "the model's name in quotes", "nothing".into()),
        }
    }

    fn unary(&mut self, op: UnaryOp, inner: &Expr, span: Span) -> Option<Value> {
        match (op, self.eval(inner)?) {
            (UnaryOp::Neg, Value::Int(n)) => Some(Value::Int(n.saturating_neg())),
            (UnaryOp::Neg, Value::Float(n)) => Some(Value::Float(-n)),
            (UnaryOp::Neg, Value::Percent(n)) => Some(Value::Percent(-n)),
            (UnaryOp::Neg, Value::Duration(n)) => Some(Value::Duration(-n)),
            (UnaryOp::Not, Value::Bool(b)) => Some(Value::Bool(!b)),
            (_, other) => self.wrong_type(span, "a number or truth value", other.describe()),
        }
    }

    fn binary(&mut self, left: &Expr, op: BinaryOp, right: &Expr, span: Span) -> Option<Value> {
        let (a, b) = (self.eval(left), self.eval(right));
        let (a, b) = a.zip(b)?;
        if matches!(a, Value::Secret(_)) || matches!(b, Value::Secret(_)) {
            self.problem(Problem::SecretInExpression(span));
            return None;
        }
        if let Some(value) = fold(&a, op, &b) {
            if matches!(&value, Value::String(text) if text.contains("${{")) {
                self.problem(Problem::TemplateExpression(span));
            }
            return Some(value);
        }
        if matches!(a, Value::Input(..) | Value::Var(_)) || matches!(b, Value::Input(..) | Value::Var(_)) {
            let found = if matches!(a, Value::Input(..) | Value::Var(_)) { a.describe() } else { b.describe() };
            self.problem(Problem::NotConstant { span, found });
            return None;
        }
        self.wrong_type(span, "two values that go together", format!("{} and {}", a.describe(), b.describe()))
    }

    /// Checks that a value is of a type, converting where that loses nothing.
    fn fit(&mut self, value: Value, ty: Ty, span: Span) -> Option<Value> {
        if let Some(value) = accepts(&value, ty) {
            return Some(value);
        }
        match (&value, ty) {
            (Value::Float(n), Ty::Percent) if (0.0..=1.0).contains(n) => {
                self.problem(Problem::RatioForPercent { span, value: *n });
                return Some(Value::Percent(*n));
            }
            (Value::Percent(_), Ty::Percent) => {
                self.problem(Problem::OutOfRange { span, range: "0% to 100%".into(), percent: true });
            }
            (Value::Output(found), Ty::Output(wanted)) if approves(wanted) && !approves(found.ty) => {
                let from = self.stages.get(found.stage.0).map_or(span, |stage| stage.name.span);
                self.problem(Problem::Unapproved { span, expected: wanted.text(), found: found.ty.text(), from });
            }
            (Value::String(_), Ty::Dvc) => self.problem(Problem::Unversioned(span)),
            (Value::String(_), Ty::ImageRef) => self.problem(Problem::ImageByTag(span)),
            (Value::Input(..) | Value::Var(_), _) => self.problem(Problem::NotConstant { span, found: value.describe() }),
            _ if value.number().is_some() && measures(ty) => {
                self.problem(Problem::WrongUnit { span, expected: ty.text(), found: value.describe() });
            }
            _ => self.problem(Problem::WrongType { span, expected: ty.text(), found: value.describe() }),
        }
        None
    }
}

fn methods(kind: &str) -> &'static [&'static str] {
    match kind {
        "dvc" => &["file"],
        "git" => &["path", "file"],
        "mlflow" => &["model"],
        _ => &[],
    }
}

fn approves(output: Output) -> bool {
    matches!(output, Output::Approved | Output::ModelArtifact)
}

fn measures(ty: Ty) -> bool {
    matches!(ty, Ty::Int | Ty::Float | Ty::Percent | Ty::Duration | Ty::Size | Ty::Cpu)
}

fn accepts(value: &Value, ty: Ty) -> Option<Value> {
    let fits = match (value, ty) {
        #[expect(clippy::cast_precision_loss, reason = "whole numbers of a pipeline are far below 2^53")]
        (Value::Int(n), Ty::Float) => return Some(Value::Float(*n as f64)),
        (Value::Percent(n), Ty::Percent) => (0.0..=1.0).contains(n),
        (Value::String(text), Ty::ImageRef) => text.rsplit_once("@sha256:").is_some_and(|(_, digest)| is_digest(digest)),
        (Value::String(_), Ty::String | Ty::Text | Ty::EnvValue)
        | (Value::Var(_), Ty::Text | Ty::EnvValue)
        | (Value::Secret(_), Ty::Secret | Ty::EnvValue)
        | (Value::Int(_), Ty::Int | Ty::EnvValue)
        | (Value::Float(_), Ty::Float | Ty::EnvValue)
        | (Value::Duration(_), Ty::Duration)
        | (Value::Size(_), Ty::Size)
        | (Value::Cpu(_), Ty::Cpu)
        | (Value::Bool(_), Ty::Bool | Ty::EnvValue)
        | (Value::Command(_), Ty::Command)
        | (Value::Environment(_), Ty::Environment)
        | (Value::Dvc(..), Ty::Dvc)
        | (Value::GitPath(..), Ty::GitPath)
        | (Value::GitFile(..), Ty::GitFile)
        | (Value::Model(..), Ty::RegisteredModel)
        | (Value::Connection(_), Ty::Connection(_))
        | (Value::Action(_), Ty::Action) => true,
        // A duration or size would have to say in which unit a script gets it.
        (Value::Input(_, inner), Ty::EnvValue) => matches!(**inner, Value::String(_) | Value::Int(_) | Value::Float(_) | Value::Bool(_)),
        (Value::Output(output), Ty::Output(wanted)) => output.ty == wanted,
        (Value::Output(output), Ty::ImageRef) => output.ty == Output::Image,
        (Value::Output(output), Ty::EnvValue) => !approves(output.ty) || output.ty == Output::ModelArtifact,
        _ => false,
    };
    fits.then(|| value.clone())
}

fn is_digest(text: &str) -> bool {
    text.len() == 64 && text.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'))
}

/// Arithmetic on values known when compiling.
fn fold(a: &Value, op: BinaryOp, b: &Value) -> Option<Value> {
    match (a, b) {
        (Value::String(x), Value::String(y)) if op == BinaryOp::Add => Some(Value::String(format!("{x}{y}"))),
        (Value::Bool(x), Value::Bool(y)) => logic(*x, op, *y),
        (Value::Int(x), Value::Int(y)) if op != BinaryOp::Div && !op.compares() => integer(*x, op, *y),
        _ => numeric(a, op, b),
    }
}

fn logic(x: bool, op: BinaryOp, y: bool) -> Option<Value> {
    match op {
        BinaryOp::And => Some(Value::Bool(x && y)),
        BinaryOp::Or => Some(Value::Bool(x || y)),
        _ => None,
    }
}

fn integer(x: i64, op: BinaryOp, y: i64) -> Option<Value> {
    match op {
        BinaryOp::Add => x.checked_add(y),
        BinaryOp::Sub => x.checked_sub(y),
        BinaryOp::Mul => x.checked_mul(y),
        _ => None,
    }
    .map(Value::Int)
}

fn numeric(a: &Value, op: BinaryOp, b: &Value) -> Option<Value> {
    let (x, y) = (a.number()?, b.number()?);
    let plain = |v: &Value| matches!(v, Value::Int(_) | Value::Float(_));
    let same = std::mem::discriminant(a) == std::mem::discriminant(b) || (plain(a) && plain(b));
    let like = if plain(a) { b } else { a };
    let number = match op {
        BinaryOp::Add if same => x + y,
        BinaryOp::Sub if same => x - y,
        BinaryOp::Mul if plain(a) || plain(b) => x * y,
        BinaryOp::Div if plain(b) && y != 0.0 => x / y,
        _ => return compare(x, op, y).filter(|_| same).map(Value::Bool),
    };
    Some(match like {
        Value::Percent(_) => Value::Percent(number),
        Value::Duration(_) => Value::Duration(number),
        Value::Size(_) => Value::Size(number),
        Value::Cpu(_) => Value::Cpu(number),
        _ => Value::Float(number),
    })
}

/// Compares two numbers.
#[expect(clippy::float_cmp, reason = "`==` means what it says; a rule warns about it on floats")]
pub fn compare(x: f64, op: BinaryOp, y: f64) -> Option<bool> {
    Some(match op {
        BinaryOp::Ge => x >= y,
        BinaryOp::Le => x <= y,
        BinaryOp::Gt => x > y,
        BinaryOp::Lt => x < y,
        BinaryOp::Eq => x == y,
        BinaryOp::Ne => x != y,
        _ => return None,
    })
}
