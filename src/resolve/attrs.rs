//! Reading the attributes of a block against the schema.

use std::collections::HashMap;

use super::Resolver;
use super::hir::{Attrs, Spanned};
use super::problem::Problem;
use crate::schema::{self, Block, Need, Ty};
use crate::source::Span;
use crate::syntax::ast::{self, Body, Directive, Expr, Ident, Stmt, StmtKind};

impl Resolver<'_> {
    /// Reads a block's attributes, and complains about every statement it does not take.
    pub(super) fn attrs(&mut self, block: &'static Block, head: Span, body: Option<&Body>) -> Attrs {
        let stmts = body.map_or(&[][..], |body| &body.stmts);
        self.attrs_of(block, head, stmts, body.map(|body| insertion(body.span)))
    }

    /// [`Self::attrs`] for statements without a body of their own.
    pub(super) fn attrs_of(&mut self, block: &'static Block, head: Span, stmts: &[Stmt], insert: Option<Span>) -> Attrs {
        let mut attrs = Attrs::new(block, head, insert);
        let mut seen: HashMap<&str, Span> = HashMap::new();
        for stmt in stmts {
            match &stmt.kind {
                StmtKind::Attr(attr) => {
                    self.bare_key(attr);
                    if let Some(first) = seen.insert(&attr.key.text, attr.key.span) {
                        self.problem(Problem::Duplicate { name: attr.key.clone(), first });
                    } else {
                        self.attr(block, attr, &mut attrs);
                    }
                }
                StmtKind::Rule(rule) => self.keyword(block, &rule.keyword),
                StmtKind::Names(names) => self.keyword(block, &names.keyword),
                StmtKind::Directive(directive) => self.directive_allowed(block, directive),
                StmtKind::Junk(_) => {}
            }
        }
        self.fill(block, head, &seen, &mut attrs);
        attrs
    }

    fn attr(&mut self, block: &'static Block, attr: &ast::Attr, attrs: &mut Attrs) {
        let Some(schema) = block.attr(&attr.key.text) else {
            let candidates = block.attrs.iter().map(|a| a.name.to_owned()).collect();
            self.problem(Problem::UnknownAttribute { key: attr.key.clone(), block: block.name, candidates });
            return;
        };
        if let Some(value) = self.value(&attr.value, schema.ty) {
            attrs.set(schema.name, value, true);
        }
    }

    fn directive_allowed(&mut self, block: &'static Block, directive: &Directive) {
        let word = &directive.keyword;
        let bare = directive.body.is_none() && directive.ty.is_none() && directive.labels.len() <= 1;
        if bare && block.attr(&word.text).is_some() {
            self.problem(Problem::MissingEquals { key: word.clone() });
        } else {
            self.keyword(block, word);
            self.surplus(block, directive);
        }
    }

    /// Complains about names, a type or a value that the statement does not take.
    pub(super) fn surplus(&mut self, block: &'static Block, directive: &Directive) {
        let Some(statement) = block.statements.iter().find(|statement| statement.keyword == directive.keyword.text) else { return };
        let takes = Head::of(statement.keyword);
        let labels = directive.labels.len() > takes.labels;
        if labels || (directive.ty.is_some() && !takes.ty) || (directive.value.is_some() && !takes.value) {
            self.problem(Problem::WrongForm { span: directive.head(), form: statement.form });
        }
    }

    fn keyword(&mut self, block: &'static Block, word: &Ident) {
        if block.takes(&word.text) {
            return;
        }
        let candidates = block.words().map(str::to_owned).collect();
        self.problem(Problem::UnknownKeyword { keyword: word.clone(), block: block.name, candidates });
    }

    /// Defaults for what was not written; a problem for what must be.
    fn fill(&mut self, block: &'static Block, head: Span, seen: &HashMap<&str, Span>, attrs: &mut Attrs) {
        for attr in block.attrs.iter().filter(|attr| !seen.contains_key(attr.name)) {
            match attr.need {
                Need::Required => {
                    let insert = attrs.insert;
                    self.problem(Problem::MissingAttribute { head, block: block.name, attr, insert });
                }
                Need::Default(text) => {
                    if let Some(value) = self.default(attr.ty, text, head) {
                        attrs.set(attr.name, value, false);
                    }
                }
                Need::Optional | Need::Inferred(_) => {}
            }
        }
    }

    /// A default of the schema, read once per resolver.
    fn default(&mut self, ty: Ty, text: &'static str, head: Span) -> Option<Spanned> {
        if let Some(value) = self.defaults.get(&(text, std::mem::discriminant(&ty))) {
            return Some(Spanned { value: value.clone(), span: head });
        }
        let expr = crate::syntax::parse_expr(text)?;
        let value = self.value(&expr, ty)?.value;
        self.defaults.insert((text, std::mem::discriminant(&ty)), value.clone());
        Some(Spanned { value, span: head })
    }

    fn bare_key(&mut self, attr: &ast::Attr) {
        if attr.quoted {
            self.problem(Problem::QuotedKey(attr.key.clone()));
        }
    }

    /// The pairs of a block with bare keys of the user's own: `env`, `skip`, `permissions`.
    pub(super) fn pairs<'b>(&mut self, directive: &'b Directive) -> Vec<(&'b Ident, &'b Expr)> {
        let attrs = self.key_values(directive);
        attrs.iter().for_each(|attr| self.bare_key(attr));
        attrs.into_iter().map(|attr| (&attr.key, &attr.value)).collect()
    }

    /// What a block with keys of the user's own says.
    fn key_values<'b>(&mut self, directive: &'b Directive) -> Vec<&'b ast::Attr> {
        let mut attrs: Vec<&ast::Attr> = Vec::new();
        for stmt in directive.stmts() {
            match &stmt.kind {
                StmtKind::Attr(attr) => {
                    if let Some(first) = attrs.iter().find(|first| first.key == attr.key) {
                        self.problem(Problem::Duplicate { name: attr.key.clone(), first: first.key.span });
                    }
                    attrs.push(attr);
                }
                StmtKind::Junk(_) => {}
                _ => self.problem(Problem::WrongForm { span: stmt.span, form: "NAME = value" }),
            }
        }
        attrs
    }

    /// `env { … }`
    pub(super) fn env(&mut self, directive: &Directive) -> Vec<(Ident, Spanned)> {
        let pairs = self.pairs(directive);
        self.env_values(pairs)
    }

    /// `with { … }`: the keys are the action's, so they may be quoted.
    pub(super) fn with(&mut self, directive: &Directive) -> Vec<(Ident, Spanned)> {
        let attrs = self.key_values(directive);
        attrs.iter().for_each(|attr| self.check_input_name(&attr.key));
        self.env_values(attrs.into_iter().map(|attr| (&attr.key, &attr.value)))
    }

    fn env_values<'b>(&mut self, pairs: impl IntoIterator<Item = (&'b Ident, &'b Expr)>) -> Vec<(Ident, Spanned)> {
        pairs.into_iter().filter_map(|(key, value)| Some((key.clone(), self.value(value, Ty::EnvValue)?))).collect()
    }

    /// The block of a kind named behind a keyword, with a problem where there is none.
    pub(super) fn kind(&mut self, kinds: &'static [&'static Block], name: &Ident, what: &'static str) -> Option<&'static Block> {
        let found = schema::find(kinds, &name.text);
        if found.is_none() {
            let candidates = kinds.iter().map(|block| block.name.to_owned()).collect();
            self.problem(Problem::UnknownName { name: name.clone(), what, candidates });
        }
        found
    }
}

/// Right behind the opening brace.
fn insertion(body: Span) -> Span {
    Span { start: body.start + 1, end: body.start + 1, ..body }
}

/// What may stand between a keyword and its block.
#[derive(Debug, PartialEq)]
struct Head {
    /// Most names.
    labels: usize,
    /// Whether a type may.
    ty: bool,
    /// Whether a value may.
    value: bool,
}

impl Head {
    fn of(keyword: &str) -> Self {
        let (labels, ty, value) = match keyword {
            "mlp" => (0, false, true),
            "param" | "input" => (1, true, true),
            "connection" | "output" => (1, true, false),
            "metric" => (2, true, false),
            "smoke" => (2, false, false),
            "parallel" | "sequence" | "step" | "permissions" | "skip" | "rollback" => (0, false, false),
            "env" | "with" | "resources" | "transformer_resources" | "autoscale" => (0, false, false),
            _ => (1, false, false),
        };
        Self { labels, ty, value }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::source::FileId;

    /// The table says what the forms in the schema show.
    #[test]
    fn heads_are_as_the_reference_writes_them() {
        let mut blocks = vec![&schema::FILE, &schema::PIPELINE, &schema::STEP, &schema::ON_FAILURE];
        blocks.extend([schema::CONNECTIONS, schema::TRIGGERS, schema::STAGES, schema::SMOKE_TESTS].into_iter().flatten());
        let mut seen = 0;
        for statement in blocks.into_iter().flat_map(|block| block.statements) {
            let parsed = crate::syntax::parse(FileId::default(), &statement.form.replace('…', ""));
            let Some(directive) = parsed.file.stmts.first().and_then(Stmt::directive) else { continue };
            let labels = directive.labels.len();
            let head = Head { labels, ty: directive.ty.is_some(), value: directive.value.is_some() };
            assert_eq!(Head::of(statement.keyword), head, "{}", statement.form);
            seen += 1;
        }
        assert!(seen > 40, "{seen}");
    }
}
