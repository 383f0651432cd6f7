//! From pest's pairs to the tree.

use std::iter::Peekable;
use std::sync::LazyLock;

use pest::iterators::{Pair, Pairs};
use pest::pratt_parser::{Assoc, Op, PrattParser};

use super::ast::{
    Arg, Attr, BinaryOp, Body, Call, Directive, Expr, ExprKind, File, Ident, Label, Names, Number, Raw, Rule as RuleStmt, Stmt, StmtKind,
    TypeRef, UnaryOp,
};
use super::parse::Rule;
use super::recover::diagnose;
use super::scan::Scan;
use super::trivia::{Comment, Trivia};
use super::{MAX_OPERATORS, Parsed, SyntaxError, SyntaxErrorKind};
use crate::source::{FileId, Span};

static PRECEDENCE: LazyLock<PrattParser<Rule>> = LazyLock::new(|| {
    let left = |rule| Op::infix(rule, Assoc::Left);
    PrattParser::new()
        .op(left(Rule::or))
        .op(left(Rule::and))
        .op(Op::prefix(Rule::not))
        .op(left(Rule::ge) | left(Rule::le) | left(Rule::gt) | left(Rule::lt) | left(Rule::eq) | left(Rule::ne))
        .op(left(Rule::add) | left(Rule::sub))
        .op(left(Rule::mul) | left(Rule::div))
        .op(Op::prefix(Rule::neg))
});

/// Builds one file's tree.
pub struct Builder<'a> {
    file: FileId,
    text: &'a str,
    covered: &'a [Span],
    /// Operators and operands of the expressions around the present place.
    depth: usize,
    out: Parsed,
}

/// The pairs of a rule without the comments among them.
type Parts<'i> = Peekable<std::vec::IntoIter<Pair<'i, Rule>>>;

impl<'a> Builder<'a> {
    /// A builder for `text`, which `scan` has looked at.
    pub fn new(file: FileId, text: &'a str, scan: &'a Scan) -> Self {
        let comments = scan.comments.iter().map(|span| comment(text, *span)).collect();
        let out = Parsed { file: File::default(), trivia: Trivia { comments }, errors: scan.errors.clone() };
        Self { file, text, covered: &scan.covered, depth: 0, out }
    }

    /// Builds the file.
    pub fn file(mut self, pairs: Pairs<'_, Rule>) -> Parsed {
        for pair in pairs {
            let parts = self.parts(pair);
            self.out.file.stmts = self.stmts(parts);
        }
        attach_docs(&mut self.out.file.stmts, &self.out.trivia.comments, self.text);
        self.out.errors.sort_by_key(|error| error.span);
        self.out
    }

    /// Builds a lone expression.
    pub fn only_expr(mut self, pairs: Pairs<'_, Rule>) -> Option<Expr> {
        let pair = pairs.into_iter().next()?;
        let expr = self.parts(pair).find(|part| part.as_rule() == Rule::expr)?;
        Some(self.expr(expr))
    }

    fn span(&self, pair: &Pair<'_, Rule>) -> Span {
        let span = pair.as_span();
        Span::new(self.file, span.start()..span.end())
    }

    fn parts<'i>(&self, pair: Pair<'i, Rule>) -> Parts<'i> {
        let parts: Vec<_> = pair.into_inner().filter(|part| !matches!(part.as_rule(), Rule::COMMENT | Rule::EOI)).collect();
        parts.into_iter().peekable()
    }

    fn stmts(&mut self, parts: Parts<'_>) -> Vec<Stmt> {
        let wanted = |rule| matches!(rule, Rule::stmt | Rule::junk);
        parts.filter(|part| wanted(part.as_rule())).filter_map(|part| self.stmt(part)).collect()
    }

    fn stmt(&mut self, pair: Pair<'_, Rule>) -> Option<Stmt> {
        if pair.as_rule() == Rule::junk {
            return Some(self.junk(pair));
        }
        let inner = self.parts(pair).next()?;
        let start = self.span(&inner).before();
        let (kind, end) = match inner.as_rule() {
            Rule::attr => self.attr(inner)?,
            Rule::condition => self.rule(inner)?,
            Rule::names => self.names(inner)?,
            _ => self.directive(inner)?,
        };
        Some(Stmt { span: start.to(end), doc: None, kind })
    }

    fn junk(&mut self, pair: Pair<'_, Rule>) -> Stmt {
        let mut span = self.span(&pair);
        let mut body = None;
        let mut parts = self.parts(pair);
        while let Some(part) = parts.next() {
            if part.as_rule() == Rule::junk_text {
                span = self.span(&part);
                self.report_junk(&part, parts.peek().is_some());
            } else {
                let found = self.body(part);
                if found.span.start == span.start {
                    self.report_headless(found.span);
                }
                span = span.to(found.span);
                body = Some(found);
            }
        }
        Stmt { span, doc: None, kind: StmtKind::Junk(body) }
    }

    /// A block that no keyword stands before.
    fn report_headless(&mut self, body: Span) {
        let brace = Span { end: body.start.saturating_add(1), ..body };
        if !self.covered.iter().any(|other| other.contains(brace)) {
            self.out.errors.push(SyntaxError { kind: SyntaxErrorKind::Unexpected { expected: vec!["a keyword"] }, span: brace });
        }
    }

    fn report_junk(&mut self, pair: &Pair<'_, Rule>, before_block: bool) {
        let text = pair.as_str().trim_end();
        let span = Span { end: self.span(pair).start.saturating_add(u32::try_from(text.len()).unwrap_or(0)), ..self.span(pair) };
        let overlaps = |other: &Span| other.start <= span.end && span.start <= other.end;
        if text.is_empty() || self.covered.iter().any(overlaps) {
            return;
        }
        let error = diagnose(self.file, text, span.start as usize, before_block);
        self.out.errors.push(error);
    }

    fn ident(&self, pair: &Pair<'_, Rule>) -> Ident {
        Ident { text: pair.as_str().to_owned(), span: self.span(pair) }
    }

    fn attr(&mut self, pair: Pair<'_, Rule>) -> Option<(StmtKind, Span)> {
        let mut parts = self.parts(pair);
        let Label { name: key, quoted } = self.label(&parts.next()?);
        let value = self.expr(parts.find(|part| part.as_rule() == Rule::expr)?);
        let end = value.span;
        Some((StmtKind::Attr(Attr { key, quoted, value }), end))
    }

    fn rule(&mut self, pair: Pair<'_, Rule>) -> Option<(StmtKind, Span)> {
        let mut parts = self.parts(pair);
        let keyword = self.ident(&parts.next()?);
        let condition = self.expr(parts.next()?);
        let end = condition.span;
        Some((StmtKind::Rule(RuleStmt { keyword, condition }), end))
    }

    fn names(&mut self, pair: Pair<'_, Rule>) -> Option<(StmtKind, Span)> {
        let mut parts = self.parts(pair);
        let keyword = self.ident(&parts.next()?);
        let names: Vec<Ident> = parts.map(|part| self.ident(&part)).collect();
        let end = names.last()?.span;
        Some((StmtKind::Names(Names { keyword, names }), end))
    }

    fn directive(&mut self, pair: Pair<'_, Rule>) -> Option<(StmtKind, Span)> {
        let mut parts = self.parts(pair);
        let keyword = self.ident(&parts.next()?);
        let mut end = keyword.span;
        let mut directive = Directive { keyword, labels: Vec::new(), ty: None, value: None, body: None };
        for part in parts {
            match part.as_rule() {
                Rule::slashed | Rule::string => directive.labels.push(self.label(&part)),
                Rule::type_ref => directive.ty = self.type_ref(part.clone()),
                Rule::expr => directive.value = Some(self.expr(part.clone())),
                Rule::number => directive.value = Some(self.primary(part.clone())),
                Rule::body => directive.body = Some(self.body(part.clone())),
                _ => continue,
            }
            end = directive.value.as_ref().filter(|_| part.as_rule() == Rule::expr).map_or_else(|| self.span(&part), |v| v.span);
        }
        Some((StmtKind::Directive(directive), end))
    }

    fn label(&mut self, pair: &Pair<'_, Rule>) -> Label {
        let quoted = pair.as_rule() == Rule::string;
        let text = if quoted { self.unescape(pair) } else { pair.as_str().to_owned() };
        Label { name: Ident { text, span: self.span(pair) }, quoted }
    }

    fn type_ref(&mut self, pair: Pair<'_, Rule>) -> Option<TypeRef> {
        let mut parts = self.parts(pair);
        let name = self.ident(&parts.next()?);
        Some(TypeRef { name, unit: parts.next().map(|part| self.ident(&part)) })
    }

    fn body(&mut self, pair: Pair<'_, Rule>) -> Body {
        let span = self.span(&pair);
        let parts = self.parts(pair);
        Body { span, stmts: self.stmts(parts) }
    }

    fn expr(&mut self, pair: Pair<'_, Rule>) -> Expr {
        let span = self.span(&pair);
        let parts = self.parts(pair);
        let operators = parts.len();
        self.depth += operators;
        let deep = self.depth > MAX_OPERATORS;
        let expr = if deep { self.too_deep(span) } else { self.operators(parts) };
        self.depth -= operators;
        expr
    }

    fn too_deep(&mut self, span: Span) -> Expr {
        self.out.errors.push(SyntaxError { kind: SyntaxErrorKind::TooDeep, span });
        Expr { span, kind: ExprKind::Bad }
    }

    fn operators(&mut self, parts: Parts<'_>) -> Expr {
        let mut build = |pair: Pair<'_, Rule>| self.primary(pair);
        let operand = |pair| build(pair);
        PRECEDENCE
            .map_primary(operand)
            .map_prefix(|op, value| Expr {
                span: op_span(&op, value.span).to(value.span),
                kind: ExprKind::Unary(unary(&op), Box::new(value)),
            })
            .map_infix(|left, op, right| Expr {
                span: left.span.to(right.span),
                kind: ExprKind::Binary(Box::new(left), binary(&op), Box::new(right)),
            })
            .parse(parts)
    }

    fn primary(&mut self, pair: Pair<'_, Rule>) -> Expr {
        let span = self.span(&pair);
        let kind = match pair.as_rule() {
            Rule::string => ExprKind::String(self.unescape(&pair)),
            Rule::number => ExprKind::Number(number(pair.as_str())),
            Rule::raw => ExprKind::Raw(self.raw(&pair)),
            Rule::list => ExprKind::List(self.parts(pair).map(|part| self.expr(part)).collect()),
            Rule::paren => return self.paren(pair, span),
            Rule::call => return self.call(pair, span),
            Rule::path => path(self.path(&pair)),
            _ => ExprKind::Bad,
        };
        Expr { span, kind }
    }

    fn paren(&mut self, pair: Pair<'_, Rule>, span: Span) -> Expr {
        let inner = self.parts(pair).next().map(|part| self.expr(part));
        Expr { span, kind: inner.map_or(ExprKind::Bad, |e| ExprKind::Paren(Box::new(e))) }
    }

    fn call(&mut self, pair: Pair<'_, Rule>, span: Span) -> Expr {
        let mut parts = self.parts(pair);
        let path = parts.next().map(|part| self.path(&part)).unwrap_or_default();
        let args = parts.filter_map(|part| self.arg(part)).collect();
        Expr { span, kind: ExprKind::Call(Call { path, args }) }
    }

    fn arg(&mut self, pair: Pair<'_, Rule>) -> Option<Arg> {
        let mut parts = self.parts(pair);
        let name = parts.next_if(|part| part.as_rule() == Rule::ident).map(|part| self.ident(&part));
        let value = self.expr(parts.find(|part| part.as_rule() == Rule::expr)?);
        Some(Arg { name, value })
    }

    fn path(&self, pair: &Pair<'_, Rule>) -> Vec<Ident> {
        pair.clone().into_inner().map(|part| self.ident(&part)).collect()
    }

    fn unescape(&mut self, pair: &Pair<'_, Rule>) -> String {
        let span = self.span(pair);
        let quoted = self.text.get(span.range()).unwrap_or_default();
        let inner = quoted.get(1..quoted.len().saturating_sub(1)).unwrap_or_default();
        let mut text = String::with_capacity(inner.len());
        let mut chars = inner.char_indices();
        while let Some((at, c)) = chars.next() {
            let escaped = if c == '\\' { chars.next().map(|(_, e)| e) } else { None };
            match escaped {
                None => text.push(c),
                Some('n') => text.push('\n'),
                Some('t') => text.push('\t'),
                Some(e @ ('"' | '\\')) => text.push(e),
                Some(e) => self.unknown_escape(e, span.start as usize + 1 + at),
            }
        }
        text
    }

    fn unknown_escape(&mut self, escape: char, at: usize) {
        let span = Span::new(self.file, at..at + 1 + escape.len_utf8());
        self.out.errors.push(SyntaxError { kind: SyntaxErrorKind::UnknownEscape(escape), span });
    }

    fn raw(&mut self, pair: &Pair<'_, Rule>) -> Raw {
        let span = self.span(pair);
        let whole = self.text.get(span.range()).unwrap_or_default();
        let name = whole.split('"').next().unwrap_or_default();
        let start = span.start as usize;
        let language = Ident { text: name.to_owned(), span: Span::new(self.file, start..start + name.len()) };
        let body_start = name.len() + 3;
        let body = whole.get(body_start..whole.len().saturating_sub(3)).unwrap_or_default();
        Raw { language, text: self.dedent(body, start + body_start) }
    }

    /// Takes the closing fence's indentation off every line; the fence's line holds the indentation alone.
    fn dedent(&mut self, body: &str, offset: usize) -> String {
        let Some((lines, indent)) = body.rsplit_once('\n').filter(|(_, last)| last.trim().is_empty()) else {
            return body.to_owned();
        };
        let fence_at = offset + body.len();
        let fence = Span::new(self.file, fence_at..fence_at + 3);
        let mut at = offset;
        let mut text = String::with_capacity(lines.len());
        for (i, line) in lines.split('\n').enumerate() {
            let bare = line.strip_suffix('\r').unwrap_or(line);
            if i > 0 || !bare.trim().is_empty() {
                text.push_str(self.dedent_line(bare, indent, at, fence));
                text.push('\n');
            }
            at += line.len() + 1;
        }
        text
    }

    fn dedent_line<'t>(&mut self, line: &'t str, indent: &str, at: usize, fence: Span) -> &'t str {
        if line.trim().is_empty() {
            return "";
        }
        line.strip_prefix(indent).unwrap_or_else(|| {
            let span = Span::new(self.file, at..at + line.len());
            self.out.errors.push(SyntaxError { kind: SyntaxErrorKind::Outdented { fence }, span });
            line.trim_start()
        })
    }
}

fn op_span(pair: &Pair<'_, Rule>, like: Span) -> Span {
    Span::new(like.file, pair.as_span().start()..pair.as_span().end())
}

fn unary(pair: &Pair<'_, Rule>) -> UnaryOp {
    if pair.as_rule() == Rule::neg { UnaryOp::Neg } else { UnaryOp::Not }
}

fn binary(pair: &Pair<'_, Rule>) -> BinaryOp {
    match pair.as_rule() {
        Rule::or => BinaryOp::Or,
        Rule::and => BinaryOp::And,
        Rule::ge => BinaryOp::Ge,
        Rule::le => BinaryOp::Le,
        Rule::gt => BinaryOp::Gt,
        Rule::lt => BinaryOp::Lt,
        Rule::eq => BinaryOp::Eq,
        Rule::ne => BinaryOp::Ne,
        Rule::add => BinaryOp::Add,
        Rule::sub => BinaryOp::Sub,
        Rule::mul => BinaryOp::Mul,
        _ => BinaryOp::Div,
    }
}

fn path(parts: Vec<Ident>) -> ExprKind {
    match parts.as_slice() {
        [word] if word.text == "true" => ExprKind::Bool(true),
        [word] if word.text == "false" => ExprKind::Bool(false),
        _ => ExprKind::Path(parts),
    }
}

fn number(text: &str) -> Number {
    let end = text.find(|c: char| !c.is_ascii_digit() && c != '_' && c != '.').unwrap_or(text.len());
    // A unit begins at the first letter, so an underscore before it belongs to it.
    let digits = text.get(..end).unwrap_or_default().trim_end_matches('_');
    let value = digits.replace('_', "").parse().unwrap_or(f64::INFINITY);
    let unit = text.get(digits.len()..).unwrap_or_default().to_owned();
    Number { text: text.to_owned(), value, unit, whole: !digits.contains('.') }
}

fn comment(text: &str, span: Span) -> Comment {
    let before = text.get(..span.start as usize).unwrap_or_default();
    let line = before.rsplit('\n').next().unwrap_or_default();
    let own_line = line.chars().all(is_blank);
    let text = text.get(span.range()).unwrap_or_default().trim_end().to_owned();
    Comment { span, text, own_line }
}

/// Blank to the grammar: a byte-order mark is, wherever it stands.
fn is_blank(c: char) -> bool {
    c.is_whitespace() || c == '\u{FEFF}'
}

/// Gives each statement the `##` lines right above it.
fn attach_docs(stmts: &mut [Stmt], comments: &[Comment], text: &str) {
    for stmt in stmts {
        stmt.doc = doc_above(stmt.span, comments, text);
        let body = match &mut stmt.kind {
            StmtKind::Directive(directive) => directive.body.as_mut(),
            StmtKind::Junk(body) => body.as_mut(),
            _ => None,
        };
        if let Some(body) = body {
            attach_docs(&mut body.stmts, comments, text);
        }
    }
}

fn doc_above(span: Span, comments: &[Comment], text: &str) -> Option<String> {
    let mut end = comments.partition_point(|comment| comment.span.end <= span.start);
    let mut next = span.start as usize;
    let mut lines = Vec::new();
    while let Some(comment) = end.checked_sub(1).and_then(|i| comments.get(i)).filter(|c| c.is_doc()) {
        let gap = text.get(comment.span.end as usize..next).unwrap_or_default();
        if !gap.chars().all(|c| c == ',' || is_blank(c)) || gap.matches('\n').count() != 1 {
            break;
        }
        lines.push(comment.text.trim_start_matches('#').trim());
        next = comment.span.start as usize;
        end -= 1;
    }
    lines.reverse();
    (!lines.is_empty()).then(|| lines.join("\n"))
}
