//! Which names mean what, at the place being read.

use std::collections::HashMap;

use super::hir::{ConnectionId, EnvironmentId, StageId};
use crate::source::Span;

/// What a bare name can mean.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Symbol {
    /// A connection.
    Connection(ConnectionId),
    /// A parameter, by index.
    Param(usize),
    /// A secret of the CI system.
    Secret,
    /// A variable of the CI system.
    Var,
    /// An environment.
    Environment(EnvironmentId),
    /// A stage that may be referred to.
    Stage(StageId),
    /// A stage of another branch of the same `parallel`.
    Sibling,
    /// A stage further down.
    Later,
}

impl Symbol {
    /// As users read it.
    pub fn what(self) -> &'static str {
        match self {
            Self::Connection(_) => "connection",
            Self::Param(_) => "param",
            Self::Secret => "secret",
            Self::Var => "var",
            Self::Environment(_) => "environment",
            Self::Stage(_) | Self::Sibling | Self::Later => "stage",
        }
    }
}

/// A name's meaning and the place of its declaration.
#[derive(Clone, Copy, Debug)]
pub struct Entry {
    /// What it means.
    pub symbol: Symbol,
    /// Where it is declared.
    pub span: Span,
}

/// The names of a place. Secrets and variables are apart: they are written `secret.X` and `var.X`.
#[derive(Clone, Debug, Default)]
pub struct Scope {
    names: HashMap<String, Entry>,
    secrets: HashMap<String, Entry>,
    vars: HashMap<String, Entry>,
    params: HashMap<String, Entry>,
}

impl Scope {
    fn table(&self, symbol: Symbol) -> &HashMap<String, Entry> {
        match symbol {
            Symbol::Secret => &self.secrets,
            Symbol::Var => &self.vars,
            Symbol::Param(_) => &self.params,
            _ => &self.names,
        }
    }

    /// Declares a name; an entry already there is kept and returned.
    pub fn declare(&mut self, name: &str, entry: Entry) -> Option<Entry> {
        if let Some(first) = self.table(entry.symbol).get(name) {
            return Some(*first);
        }
        self.replace(name, entry);
        None
    }

    /// Sets what a name means.
    pub fn replace(&mut self, name: &str, entry: Entry) {
        let table = match entry.symbol {
            Symbol::Secret => &mut self.secrets,
            Symbol::Var => &mut self.vars,
            Symbol::Param(_) => &mut self.params,
            _ => &mut self.names,
        };
        table.insert(name.to_owned(), entry);
    }

    /// A bare name.
    pub fn name(&self, name: &str) -> Option<Entry> {
        self.names.get(name).copied()
    }

    /// `secret.X`
    pub fn secret(&self, name: &str) -> Option<Entry> {
        self.secrets.get(name).copied()
    }

    /// `var.X`
    pub fn var(&self, name: &str) -> Option<Entry> {
        self.vars.get(name).copied()
    }

    /// `param.X`
    pub fn param(&self, name: &str) -> Option<Entry> {
        self.params.get(name).copied()
    }

    /// Any name an import may ask for.
    pub fn any(&self, name: &str) -> Option<Entry> {
        [&self.names, &self.params, &self.secrets, &self.vars].iter().find_map(|table| table.get(name)).copied()
    }

    /// All names that satisfy `wanted`, sorted.
    pub fn names_of(&self, wanted: impl Fn(Symbol) -> bool) -> Vec<String> {
        let tables = [&self.names, &self.params, &self.secrets, &self.vars];
        let all = tables.into_iter().flatten().filter(|(_, entry)| wanted(entry.symbol));
        let mut names: Vec<String> = all.map(|(name, _)| name.clone()).collect();
        names.sort();
        names
    }
}
