//! The top level of a file: edition, imports, declarations.

use std::collections::BTreeMap;

use super::Resolver;
use super::defaults;
use super::hir::{Connection, ConnectionId, Declaration, Param, Spanned, Value};
use super::paths;
use super::problem::Problem;
use super::scope::{Entry, Scope, Symbol};
use crate::schema::{self, Ty};
use crate::source::{FileId, Span};
use crate::syntax::ast::{Directive, ExprKind, Ident, Names, Stmt, StmtKind};

impl Resolver<'_> {
    /// Reads the file asked for.
    pub(super) fn root(&mut self, file: FileId) {
        self.scope = self.file_scope(file);
        for stmt in &self.tree(file).file.stmts {
            if let Some(directive) = stmt.directive().filter(|d| d.keyword.text == "pipeline") {
                self.pipeline(stmt, directive);
            }
        }
        for declaration in &mut self.hir.declarations {
            declaration.used = self.used.contains(&declaration.name.span);
        }
    }

    /// The names that a file declares and imports.
    fn file_scope(&mut self, file: FileId) -> Scope {
        if let Some(scope) = self.files.get(&file) {
            return scope.clone();
        }
        self.reading.push(file);
        let outer = std::mem::take(&mut self.scope);
        let tree = self.tree(file);
        self.edition(file, &tree.file.stmts);
        for stmt in &tree.file.stmts {
            self.top_level(stmt);
        }
        self.reading.pop();
        let scope = std::mem::replace(&mut self.scope, outer);
        self.files.insert(file, scope.clone());
        scope
    }

    fn edition(&mut self, file: FileId, stmts: &[Stmt]) {
        let first = stmts.first();
        let edition = first.and_then(Stmt::directive).filter(|d| d.keyword.text == "mlp").and_then(|d| d.value.as_ref());
        match edition.map(|value| (&value.kind, value.span)) {
            Some((ExprKind::Number(number), _)) if number.text == "1" => {}
            Some((_, span)) => self.problem(Problem::UnknownEdition(span)),
            None if first.is_some_and(|stmt| matches!(stmt.kind, StmtKind::Junk(_))) => {}
            None => self.problem(Problem::NoEdition(first.map_or(Span::new(file, 0..0), |stmt| stmt.span.before()))),
        }
    }

    fn top_level(&mut self, stmt: &Stmt) {
        match &stmt.kind {
            StmtKind::Names(names) => self.names(names, stmt.span),
            StmtKind::Directive(directive) => self.top_directive(stmt, directive),
            StmtKind::Attr(attr) => self.misplaced(&attr.key),
            StmtKind::Rule(rule) => self.misplaced(&rule.keyword),
            StmtKind::Junk(_) => {}
        }
    }

    fn misplaced(&mut self, keyword: &Ident) {
        let candidates = schema::FILE.words().map(str::to_owned).collect();
        self.problem(Problem::UnknownKeyword { keyword: keyword.clone(), block: "file", candidates });
    }

    fn top_directive(&mut self, stmt: &Stmt, directive: &Directive) {
        self.surplus(&schema::FILE, directive);
        match directive.keyword.text.as_str() {
            "mlp" | "pipeline" => {}
            "use" => self.import(stmt, directive),
            "param" => self.param_stmt(stmt, directive),
            "connection" => self.connection_stmt(stmt, directive),
            _ => self.misplaced(&directive.keyword),
        }
    }

    /// Whether the statement being read is the root file's own.
    fn in_root(&self) -> bool {
        self.reading.last() == Some(&self.hir.file) || self.reading.is_empty()
    }

    pub(super) fn declare(&mut self, name: &Ident, symbol: Symbol) -> bool {
        self.check_reserved(name);
        let taken = self.scope.declare(&name.text, Entry { symbol, span: name.span });
        if let Some(first) = taken {
            self.problem(Problem::Duplicate { name: name.clone(), first: first.span });
        }
        taken.is_none()
    }

    fn declaration(&mut self, what: &'static str, name: &Ident, stmt: Span) {
        if self.in_root() {
            self.hir.declarations.push(Declaration { what, name: name.clone(), stmt, used: false });
        }
    }

    fn names(&mut self, names: &Names, stmt: Span) {
        let (symbol, what) = if names.keyword.text == "secret" { (Symbol::Secret, "secret") } else { (Symbol::Var, "var") };
        for name in &names.names {
            if self.declare(name, symbol) {
                self.declaration(what, name, stmt);
            }
        }
    }

    fn import(&mut self, stmt: &Stmt, directive: &Directive) {
        let Some(path) = directive.labels.first().filter(|label| label.quoted && directive.body.is_some()).map(|l| l.name.clone()) else {
            return self.problem(Problem::WrongForm { span: stmt.span, form: "use \"platform.mlp\" { name, name }" });
        };
        let Some(scope) = self.imported(&path) else { return };
        for item in directive.stmts() {
            match item.directive() {
                Some(name) => self.import_name(&name.keyword, &scope, item.span),
                None => self.problem(Problem::WrongForm { span: item.span, form: "use \"platform.mlp\" { name, name }" }),
            }
        }
    }

    /// The names of an imported file.
    fn imported(&mut self, path: &Ident) -> Option<Scope> {
        let folder = self.sources.get(path.span.file).map_or("", |file| file.folder()).to_owned();
        let Some(target) = paths::resolve(&folder, &path.text) else {
            self.problem(Problem::OutsideRepository { span: path.span, path: path.text.clone() });
            return None;
        };
        let Some(file) = self.sources.find(&target) else {
            self.problem(Problem::MissingImport { path: path.clone() });
            return None;
        };
        if let Some(at) = self.reading.iter().position(|reading| *reading == file) {
            let chain = self.reading.iter().skip(at).filter_map(|id| Some(self.sources.get(*id)?.path.clone())).collect();
            self.problem(Problem::ImportCycle { path: path.clone(), chain });
            return None;
        }
        Some(self.file_scope(file))
    }

    fn import_name(&mut self, name: &Ident, from: &Scope, stmt: Span) {
        let Some(entry) = from.any(&name.text) else {
            let candidates = from.names_of(|_| true);
            return self.problem(Problem::UnknownName { name: name.clone(), what: "import", candidates });
        };
        if self.declare(name, entry.symbol) {
            self.declaration("import", name, stmt);
        }
    }

    fn param_stmt(&mut self, stmt: &Stmt, directive: &Directive) {
        let (Some(name), Some(ty), Some(value)) = (directive.name(), &directive.ty, &directive.value) else {
            return self.problem(Problem::WrongForm { span: stmt.span, form: "param name: int = 1000" });
        };
        let Some(ty) = self.scalar_type(&ty.name) else { return };
        let Some(value) = self.value(value, ty) else { return };
        let index = self.hir.params.len();
        self.hir.params.push(Param { name: name.clone(), value, ty });
        if self.declare(name, Symbol::Param(index)) {
            self.declaration("param", name, stmt.span);
        }
    }

    /// The type of a parameter or input.
    pub(super) fn scalar_type(&mut self, name: &Ident) -> Option<Ty> {
        const TYPES: &[(&str, Ty)] = &[
            ("string", Ty::String),
            ("int", Ty::Int),
            ("float", Ty::Float),
            ("bool", Ty::Bool),
            ("percent", Ty::Percent),
            ("duration", Ty::Duration),
            ("size", Ty::Size),
        ];
        let found = TYPES.iter().find(|(text, _)| *text == name.text).map(|(_, ty)| *ty);
        if found.is_none() {
            let candidates = TYPES.iter().map(|(text, _)| (*text).to_owned()).collect();
            self.problem(Problem::UnknownName { name: name.clone(), what: "type", candidates });
        }
        found
    }

    fn connection_stmt(&mut self, stmt: &Stmt, directive: &Directive) {
        if let Some(name) = self.connection(stmt.span, directive, false) {
            self.declaration("connection", &name, stmt.span);
        }
    }

    fn connection(&mut self, span: Span, directive: &Directive, implied: bool) -> Option<Ident> {
        let (Some(name), Some(kind)) = (directive.name().cloned(), &directive.ty) else {
            self.problem(Problem::WrongForm { span, form: "connection name: kind { … }" });
            return None;
        };
        let kind = self.kind(schema::CONNECTIONS, &kind.name, "kind of connection")?;
        let attrs = self.attrs(kind, directive.head(), directive.body.as_ref());
        let id = ConnectionId(self.hir.connections.len());
        self.hir.connections.push(Connection { name: name.clone(), attrs, implied });
        self.declare(&name, Symbol::Connection(id)).then_some(name)
    }

    /// Declares the connections that a pipeline needs and nobody declared; gives the names of all, by kind.
    pub(super) fn connections(&mut self, needed: &[&'static str], at: Span) -> defaults::Connections {
        for kind in needed {
            if !self.connections_by_kind().contains_key(kind)
                && let Some((_, stmts)) = defaults::connection(kind, at)
            {
                self.imply(&stmts);
            }
        }
        self.connections_by_kind()
    }

    fn imply(&mut self, stmts: &[Stmt]) {
        for stmt in stmts {
            match &stmt.kind {
                StmtKind::Names(names) => self.imply_names(names),
                StmtKind::Directive(directive) => drop(self.connection(stmt.span, directive, true)),
                _ => {}
            }
        }
    }

    /// Names that a filled-in connection reads; declared already is as good.
    fn imply_names(&mut self, names: &Names) {
        let symbol = if names.keyword.text == "secret" { Symbol::Secret } else { Symbol::Var };
        for name in &names.names {
            self.scope.declare(&name.text, Entry { symbol, span: name.span });
        }
    }

    /// The first connection of each kind that the present scope names; a store may stand behind a DVC remote.
    fn connections_by_kind(&self) -> defaults::Connections {
        let mut found = defaults::Connections::new();
        let names = self.scope.names_of(|symbol| matches!(symbol, Symbol::Connection(_)));
        let mut all: Vec<(ConnectionId, String)> = names.into_iter().filter_map(|name| Some((self.connection_id(&name)?, name))).collect();
        all.sort();
        for (id, name) in all {
            let Some(connection) = self.hir.connections.get(id.0) else { continue };
            found.entry(connection.kind()).or_insert(name);
            if let Some(Spanned { value: Value::Connection(store), .. }) =
                connection.attrs.block.attr("storage").and_then(|_| connection.attrs.get("storage"))
                && let Some(store) = self.hir.connections.get(store.0)
            {
                found.entry(store.kind()).or_insert_with(|| store.name.text.clone());
            }
        }
        found
    }

    /// The ids of these connections.
    pub(super) fn connection_ids(&self, names: &defaults::Connections) -> BTreeMap<&'static str, ConnectionId> {
        let id = |name: &str| self.hir.connections.iter().position(|connection| connection.name.text == name).map(ConnectionId);
        names.iter().filter_map(|(kind, name)| Some((*kind, self.connection_id(name).or_else(|| id(name))?))).collect()
    }

    fn connection_id(&self, name: &str) -> Option<ConnectionId> {
        match self.scope.name(name)?.symbol {
            Symbol::Connection(id) => Some(id),
            _ => None,
        }
    }
}
