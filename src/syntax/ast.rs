//! The syntax tree: what was written, with where it was written.
//!
//! Trees are equal when the same was written, wherever it stands.

use crate::source::Span;

/// A file: its statements.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct File {
    /// Top-level statements in order.
    pub stmts: Vec<Stmt>,
}

/// A word and where it stands.
#[derive(Clone, Debug)]
pub struct Ident {
    /// The word.
    pub text: String,
    /// Its place.
    pub span: Span,
}

/// A statement.
#[derive(Clone, Debug)]
pub struct Stmt {
    /// All of it, from the first word to the last brace.
    pub span: Span,
    /// The `##` lines right above it, joined by newlines.
    pub doc: Option<String>,
    /// Which form.
    pub kind: StmtKind,
}

/// The forms of a statement.
#[derive(Clone, Debug, PartialEq)]
pub enum StmtKind {
    /// `key = value`
    Attr(Attr),
    /// `require a >= b`, `expect rows > 0`
    Rule(Rule),
    /// `secret A, B`, `var A, B`
    Names(Names),
    /// `keyword labels: type = value { … }`
    Directive(Directive),
    /// Text no form takes; its block, if one follows, was still read.
    Junk(Option<Body>),
}

/// `key = value`
#[derive(Clone, Debug, PartialEq)]
pub struct Attr {
    /// The key, unescaped.
    pub key: Ident,
    /// Whether the key was quoted.
    pub quoted: bool,
    /// The value.
    pub value: Expr,
}

/// `require …` or `expect …`
#[derive(Clone, Debug, PartialEq)]
pub struct Rule {
    /// `require` or `expect`.
    pub keyword: Ident,
    /// The condition.
    pub condition: Expr,
}

/// `secret …` or `var …`
#[derive(Clone, Debug, PartialEq)]
pub struct Names {
    /// `secret` or `var`.
    pub keyword: Ident,
    /// What is declared.
    pub names: Vec<Ident>,
}

/// `keyword labels: type = value { … }`, everything but the keyword optional.
#[derive(Clone, Debug, PartialEq)]
pub struct Directive {
    /// The keyword.
    pub keyword: Ident,
    /// Names and quoted names behind it.
    pub labels: Vec<Label>,
    /// `: type`
    pub ty: Option<TypeRef>,
    /// `= value`, or the edition number of `mlp 1`.
    pub value: Option<Expr>,
    /// `{ … }`
    pub body: Option<Body>,
}

/// A name behind a keyword.
#[derive(Clone, Debug, PartialEq)]
pub struct Label {
    /// The name, unescaped.
    pub name: Ident,
    /// Whether it was quoted.
    pub quoted: bool,
}

/// `duration(ms)`
#[derive(Clone, Debug, PartialEq)]
pub struct TypeRef {
    /// The type's name.
    pub name: Ident,
    /// Its unit.
    pub unit: Option<Ident>,
}

/// `{ … }`
#[derive(Clone, Debug)]
pub struct Body {
    /// From brace to brace.
    pub span: Span,
    /// What is inside.
    pub stmts: Vec<Stmt>,
}

/// An expression.
#[derive(Clone, Debug)]
pub struct Expr {
    /// Where it stands.
    pub span: Span,
    /// What it is.
    pub kind: ExprKind,
}

/// The forms of an expression.
#[derive(Clone, Debug, PartialEq)]
pub enum ExprKind {
    /// `"text"`, unescaped.
    String(String),
    /// `10_000`, `5min`, `0.1%`
    Number(Number),
    /// `true`, `false`
    Bool(bool),
    /// `bash"""…"""`
    Raw(Raw),
    /// `[a, b]`
    List(Vec<Expr>),
    /// `a.b/c.d`
    Path(Vec<Ident>),
    /// `a.b(c, d = e)`
    Call(Call),
    /// `-a`, `not a`
    Unary(UnaryOp, Box<Expr>),
    /// `a + b`
    Binary(Box<Expr>, BinaryOp, Box<Expr>),
    /// `(a)`
    Paren(Box<Expr>),
    /// Something the scanner has reported.
    Bad,
}

/// A number as written.
#[derive(Clone, Debug, PartialEq)]
pub struct Number {
    /// The whole token.
    pub text: String,
    /// The digits' value.
    pub value: f64,
    /// What follows the digits: `min`, `%`, or nothing.
    pub unit: String,
    /// Whether there is no decimal point.
    pub whole: bool,
}

/// A raw script.
#[derive(Clone, Debug, PartialEq)]
pub struct Raw {
    /// `bash` or `python`.
    pub language: Ident,
    /// The script, dedented to its closing fence.
    pub text: String,
}

/// `f(x, key = y)`
#[derive(Clone, Debug, PartialEq)]
pub struct Call {
    /// What is called.
    pub path: Vec<Ident>,
    /// With what.
    pub args: Vec<Arg>,
}

/// An argument.
#[derive(Clone, Debug, PartialEq)]
pub struct Arg {
    /// Its name, where it is given by name.
    pub name: Option<Ident>,
    /// Its value.
    pub value: Expr,
}

/// Prefix operators.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum UnaryOp {
    /// `-`
    Neg,
    /// `not`
    Not,
}

/// Infix operators.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "their names say it")]
pub enum BinaryOp {
    Or,
    And,
    Ge,
    Le,
    Gt,
    Lt,
    Eq,
    Ne,
    Add,
    Sub,
    Mul,
    Div,
}

impl BinaryOp {
    /// As written.
    pub fn text(self) -> &'static str {
        match self {
            Self::Or => "or",
            Self::And => "and",
            Self::Ge => ">=",
            Self::Le => "<=",
            Self::Gt => ">",
            Self::Lt => "<",
            Self::Eq => "==",
            Self::Ne => "!=",
            Self::Add => "+",
            Self::Sub => "-",
            Self::Mul => "*",
            Self::Div => "/",
        }
    }

    /// Whether it compares.
    pub fn compares(self) -> bool {
        matches!(self, Self::Ge | Self::Le | Self::Gt | Self::Lt | Self::Eq | Self::Ne)
    }
}

impl PartialEq for Ident {
    fn eq(&self, other: &Self) -> bool {
        self.text == other.text
    }
}

impl PartialEq for Stmt {
    fn eq(&self, other: &Self) -> bool {
        self.doc == other.doc && self.kind == other.kind
    }
}

impl PartialEq for Body {
    fn eq(&self, other: &Self) -> bool {
        self.stmts == other.stmts
    }
}

impl PartialEq for Expr {
    fn eq(&self, other: &Self) -> bool {
        self.kind == other.kind
    }
}

impl Stmt {
    /// The directive, if it is one.
    pub fn directive(&self) -> Option<&Directive> {
        match &self.kind {
            StmtKind::Directive(directive) => Some(directive),
            _ => None,
        }
    }

    /// The block, if it has one.
    pub fn body(&self) -> Option<&Body> {
        match &self.kind {
            StmtKind::Directive(directive) => directive.body.as_ref(),
            StmtKind::Junk(body) => body.as_ref(),
            _ => None,
        }
    }
}

impl Directive {
    /// The first label.
    pub fn name(&self) -> Option<&Ident> {
        self.labels.first().map(|label| &label.name)
    }

    /// The statements of the body, none without one.
    pub fn stmts(&self) -> &[Stmt] {
        self.body.as_ref().map_or(&[], |body| &body.stmts)
    }

    /// From the keyword to the last label: what a message points at.
    pub fn head(&self) -> Span {
        self.labels.last().map_or(self.keyword.span, |label| self.keyword.span.to(label.name.span))
    }
}
