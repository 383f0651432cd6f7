//! Expressions as documents.

use super::Formatter;
use super::doc::Doc;
use crate::source::Span;
use crate::syntax::ast::{Arg, BinaryOp, Call, Expr, ExprKind, Ident, Raw, UnaryOp};

impl Formatter<'_> {
    /// An expression.
    pub fn expr(&mut self, expr: &Expr) -> Doc {
        match &expr.kind {
            ExprKind::String(text) => Doc::text(self.quoted(text, expr.span)),
            ExprKind::Number(number) => Doc::text(number.text.as_str()),
            ExprKind::Bool(value) => Doc::text(value.to_string()),
            ExprKind::Raw(raw) => script(raw),
            ExprKind::List(items) => self.list(items, expr.span),
            ExprKind::Path(path) => Doc::text(dotted(path)),
            ExprKind::Call(call) => self.call(call, expr.span),
            ExprKind::Unary(op, value) => Doc::concat(vec![Doc::text(prefix(*op)), self.expr(value)]),
            ExprKind::Binary(_, op, _) => self.chain(expr, level(*op)),
            ExprKind::Paren(inner) => self.paren(inner, expr.span),
            ExprKind::Bad => Doc::text(self.origin.slice(expr.span).unwrap_or_default()),
        }
    }

    /// Text in quotes: as it was written, or escaped.
    pub fn quoted(&self, text: &str, span: Span) -> String {
        self.origin.slice(span).map_or_else(|| escape(text), str::to_owned)
    }

    /// `= value` behind a node; comments may stand between the sign and the value.
    pub fn assigned(&mut self, behind: Span, value: &Expr) -> Doc {
        let mut parts = Vec::new();
        if !self.comments_before(behind, value.span, &mut parts) {
            return Doc::concat(vec![Doc::text("= "), self.expr(value)]);
        }
        parts.extend([Doc::newline(), self.expr(value)]);
        Doc::concat(vec![Doc::text("="), Doc::indent(parts)])
    }

    /// Pushes the comments between two nodes: those on the line where the first ends, then those on lines of their own.
    pub fn comments_before(&mut self, last: Span, next: Span, parts: &mut Vec<Doc>) -> bool {
        let comments = self.origin.before_node(next);
        for comment in comments {
            if self.origin.newlines(last.end, comment.span.start) == 0 {
                let trailing = self.origin.trailing(comment);
                parts.push(Doc::trailing(trailing.gap, &trailing.text));
            } else {
                parts.push(Doc::newline());
                parts.push(Doc::text(comment.text.as_str()));
            }
        }
        !comments.is_empty()
    }

    fn list(&mut self, items: &[Expr], span: Span) -> Doc {
        let mut inner = Vec::new();
        let mut last = span.before();
        for item in items {
            self.open_item(&mut last, item.span, &mut inner);
            inner.push(self.expr(item));
        }
        self.bracketed(["[", ",", "]"], inner, last, span)
    }

    fn call(&mut self, call: &Call, span: Span) -> Doc {
        let mut inner = Vec::new();
        let mut last = call.path.last().map_or(span.before(), |word| word.span);
        for arg in &call.args {
            let start = arg.name.as_ref().map_or(arg.value.span, |name| name.span);
            self.open_item(&mut last, start, &mut inner);
            inner.push(self.arg(arg));
            last = arg.value.span;
        }
        let arguments = self.bracketed(["(", ",", ")"], inner, last, span);
        Doc::concat(vec![Doc::text(dotted(&call.path)), arguments])
    }

    fn arg(&mut self, arg: &Arg) -> Doc {
        let Some(name) = &arg.name else { return self.expr(&arg.value) };
        let value = self.assigned(name.span, &arg.value);
        Doc::concat(vec![Doc::text(format!("{} ", name.text)), value])
    }

    fn paren(&mut self, inner: &Expr, span: Span) -> Doc {
        let mut parts = Vec::new();
        self.open_item(&mut span.before(), inner.span, &mut parts);
        parts.push(self.expr(inner));
        self.bracketed(["(", "", ")"], parts, inner.span, span)
    }

    /// What stands before an item: a comma if it is not the first, comments, a break.
    fn open_item(&mut self, last: &mut Span, item: Span, inner: &mut Vec<Doc>) {
        let first = inner.is_empty();
        if !first {
            inner.push(Doc::text(","));
        }
        self.comments_before(*last, item, inner);
        inner.push(Doc::line(if first { "" } else { " " }));
        *last = item;
    }

    /// Closes a bracket behind the comments that stand before its end.
    fn bracketed(&mut self, [open, comma, close]: [&'static str; 3], mut inner: Vec<Doc>, last: Span, span: Span) -> Doc {
        if !inner.is_empty() {
            inner.push(Doc::if_broken(comma));
        }
        if self.origin.holds(span) {
            let closing = Span { start: span.end.saturating_sub(1), ..span };
            self.comments_before(last, closing, &mut inner);
        }
        let end = if inner.is_empty() { Doc::text("") } else { Doc::line("") };
        Doc::group(vec![Doc::text(open), Doc::indent(inner), end, Doc::text(close)])
    }

    /// Operands joined by operators of one level, broken behind the operators.
    fn chain(&mut self, expr: &Expr, level: u8) -> Doc {
        let mut parts = Vec::new();
        self.links(expr, level, &mut parts);
        let others = parts.split_off(1.min(parts.len()));
        parts.push(Doc::indent(others));
        Doc::group(parts)
    }

    fn links(&mut self, expr: &Expr, within: u8, parts: &mut Vec<Doc>) {
        match &expr.kind {
            ExprKind::Binary(left, op, right) if level(*op) == within => {
                self.links(left, within, parts);
                parts.push(Doc::text(" "));
                self.operand(left.span, *op, right, parts);
            }
            _ => parts.push(self.expr(expr)),
        }
    }

    /// An operator and what stands right of it.
    pub fn operand(&mut self, left: Span, op: BinaryOp, right: &Expr, parts: &mut Vec<Doc>) {
        parts.push(Doc::text(op.text()));
        self.comments_before(left, right.span, parts);
        parts.push(Doc::line(" "));
        parts.push(self.expr(right));
    }
}

/// Words joined by dots.
pub fn dotted(path: &[Ident]) -> String {
    let words: Vec<&str> = path.iter().map(|word| word.text.as_str()).collect();
    words.join(".")
}

fn prefix(op: UnaryOp) -> &'static str {
    match op {
        UnaryOp::Neg => "-",
        UnaryOp::Not => "not ",
    }
}

/// How tightly an operator binds.
fn level(op: BinaryOp) -> u8 {
    match op {
        BinaryOp::Or => 0,
        BinaryOp::And => 1,
        op if op.compares() => 2,
        BinaryOp::Add | BinaryOp::Sub => 3,
        _ => 4,
    }
}

fn escape(text: &str) -> String {
    let mut out = String::from("\"");
    for c in text.chars() {
        match c {
            '\n' => out.push_str("\\n"),
            '\t' => out.push_str("\\t"),
            '"' | '\\' => out.extend(['\\', c]),
            _ => out.push(c),
        }
    }
    out.push('"');
    out
}

/// A script whose last line ends stands between fences, any other between quotes.
fn script(raw: &Raw) -> Doc {
    let open = format!("{}\"\"\"", raw.language.text);
    match raw.text.strip_suffix('\n') {
        Some(lines) => {
            let lines = lines.split('\n').chain(["\"\"\""]).map(str::to_owned).collect();
            Doc::concat(vec![Doc::text(open), Doc::lines(lines)])
        }
        None if raw.text.contains('\n') => Doc::verbatim(format!("{open}{}\"\"\"", raw.text)),
        None => Doc::text(format!("{open}{}\"\"\"", raw.text)),
    }
}
