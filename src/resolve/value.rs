//! Values, and the attributes that hold them.

use super::hir::{ConnectionId, EnvironmentId, StageId};
use crate::schema::{Block, Output};
use crate::source::Span;

/// A value and its place.
#[derive(Clone, Debug, PartialEq)]
pub struct Spanned {
    /// The value.
    pub value: Value,
    /// Its place; for a default, the block's head.
    pub span: Span,
}

impl Spanned {
    /// The connections that a value names, each with its place.
    pub(super) fn connections(&self, found: &mut Vec<(ConnectionId, Span)>) {
        match &self.value {
            Value::Connection(id) | Value::Dvc(Some(id), _) | Value::GitPath(id, _) | Value::GitFile(id, _) | Value::Model(id, ..) => {
                found.push((*id, self.span));
            }
            Value::List(items) => items.iter().for_each(|item| item.connections(found)),
            _ => {}
        }
    }

    pub(super) fn references<'a>(&'a self, found: &mut Vec<(&'a OutputRef, Span)>) {
        match &self.value {
            Value::Output(output) => found.push((output, self.span)),
            Value::List(items) => items.iter().for_each(|item| item.references(found)),
            _ => {}
        }
    }
}

/// A value.
#[derive(Clone, Debug, PartialEq)]
pub enum Value {
    /// Text.
    String(String),
    /// A whole number.
    Int(i64),
    /// A number.
    Float(f64),
    /// A fraction: `1%` is 0.01.
    Percent(f64),
    /// Milliseconds.
    Duration(f64),
    /// Bytes.
    Size(f64),
    /// CPUs.
    Cpu(f64),
    /// A truth value.
    Bool(bool),
    /// One of an attribute's words.
    Word(&'static str),
    /// A variable of the CI system.
    Var(String),
    /// A secret of the CI system.
    Secret(String),
    /// A parameter that `on manual` feeds, with what it is otherwise.
    Input(String, Box<Value>),
    /// Several.
    List(Vec<Spanned>),
    /// A command.
    Command(Command),
    /// A connection.
    Connection(ConnectionId),
    /// An environment.
    Environment(EnvironmentId),
    /// A stage's output.
    Output(OutputRef),
    /// Stages.
    Stages(Vec<(StageId, Span)>),
    /// A DVC file, relative to the repository.
    Dvc(Option<ConnectionId>, String),
    /// A folder of the GitOps repository.
    GitPath(ConnectionId, String),
    /// A manifest of the GitOps repository.
    GitFile(ConnectionId, String),
    /// A registered model and its alias.
    Model(ConnectionId, String, String),
    /// `owner/name@ref`
    Action(String),
}

/// A stage's output.
#[derive(Clone, Debug, PartialEq)]
pub struct OutputRef {
    /// The stage.
    pub stage: StageId,
    /// The output's name.
    pub name: String,
    /// Its type.
    pub ty: Output,
}

/// Something to run.
#[derive(Clone, Debug, PartialEq)]
pub enum Command {
    /// A file of the repository, relative to the folder of the `.mlp`, and relative to the repository.
    File {
        /// As written.
        written: String,
        /// From the repository's root.
        path: String,
    },
    /// A bash script.
    Bash(String),
    /// A Python script.
    Python(String),
}

/// The attributes of a block.
#[derive(Clone, Debug)]
pub struct Attrs {
    /// What the block may hold.
    pub block: &'static Block,
    /// The block's head.
    pub head: Span,
    /// Where a further attribute would be written.
    pub insert: Option<Span>,
    values: Vec<(&'static str, Spanned, bool)>,
}

impl Attrs {
    /// No attributes yet.
    pub fn new(block: &'static Block, head: Span, insert: Option<Span>) -> Self {
        Self { block, head, insert, values: Vec::new() }
    }

    /// Sets one; `written` unless it is a default.
    pub fn set(&mut self, name: &'static str, value: Spanned, written: bool) {
        self.values.push((name, value, written));
    }

    /// The value of an attribute.
    pub fn get(&self, name: &str) -> Option<&Spanned> {
        debug_assert!(self.block.attr(name).is_some(), "`{}` has no attribute `{name}`", self.block.name);
        self.values.iter().find(|(key, ..)| *key == name).map(|(_, value, _)| value)
    }

    /// Whether it was written, rather than a default.
    pub fn written(&self, name: &str) -> bool {
        self.values.iter().any(|(key, _, written)| *key == name && *written)
    }

    /// All of them, in the order written, defaults last.
    pub fn iter(&self) -> impl Iterator<Item = (&'static str, &Spanned)> {
        self.values.iter().map(|(name, value, _)| (*name, value))
    }

    /// The text of an attribute known when compiling.
    pub fn string(&self, name: &str) -> Option<&str> {
        match &self.get(name)?.value {
            Value::String(text) => Some(text),
            Value::Word(word) => Some(word),
            _ => None,
        }
    }

    /// A number: whatever its unit's base.
    pub fn number(&self, name: &str) -> Option<f64> {
        self.get(name)?.value.number()
    }

    /// A truth value, false where absent.
    pub fn flag(&self, name: &str) -> bool {
        matches!(self.get(name), Some(Spanned { value: Value::Bool(true), .. }))
    }

    /// A command.
    pub fn command(&self, name: &str) -> Option<&Command> {
        match &self.get(name)?.value {
            Value::Command(command) => Some(command),
            _ => None,
        }
    }

    /// A stage's output.
    pub fn output(&self, name: &str) -> Option<&OutputRef> {
        match &self.get(name)?.value {
            Value::Output(output) => Some(output),
            _ => None,
        }
    }

    /// A connection.
    pub fn connection(&self, name: &str) -> Option<ConnectionId> {
        match &self.get(name)?.value {
            Value::Connection(id) => Some(*id),
            _ => None,
        }
    }

    /// The items of a list, one for a lone value, none where absent.
    pub fn list(&self, name: &str) -> &[Spanned] {
        match self.get(name) {
            Some(Spanned { value: Value::List(items), .. }) => items,
            Some(lone) => std::slice::from_ref(lone),
            None => &[],
        }
    }
}

impl Value {
    /// The number in a numeric value, in its base unit.
    pub fn number(&self) -> Option<f64> {
        match self {
            #[expect(clippy::cast_precision_loss, reason = "whole numbers of a pipeline are far below 2^53")]
            Self::Int(n) => Some(*n as f64),
            Self::Float(n) | Self::Percent(n) | Self::Duration(n) | Self::Size(n) | Self::Cpu(n) => Some(*n),
            _ => None,
        }
    }

    /// What it is, as users read it.
    pub fn describe(&self) -> String {
        match self {
            Self::String(_) => "a quoted string".into(),
            Self::Int(_) => "a whole number".into(),
            Self::Float(_) => "a number".into(),
            Self::Percent(_) => "a percentage".into(),
            Self::Duration(_) => "a duration".into(),
            Self::Size(_) => "a size".into(),
            Self::Cpu(_) => "an amount of CPU".into(),
            Self::Bool(_) => "a truth value".into(),
            Self::Word(word) => format!("the word `{word}`"),
            Self::Var(_) => "a variable of the CI system".into(),
            Self::Secret(_) => "a secret".into(),
            Self::Input(..) => "a parameter that `on manual` feeds".into(),
            Self::List(_) => "a list".into(),
            Self::Command(_) => "a command".into(),
            Self::Connection(_) => "a connection".into(),
            Self::Environment(_) => "an environment".into(),
            Self::Output(output) => format!("a stage's output of type `{}`", output.ty.text()),
            Self::Stages(_) => "a stage".into(),
            Self::Dvc(..) => "a DVC path".into(),
            Self::GitPath(..) => "a folder of a git connection".into(),
            Self::GitFile(..) => "a file of a git connection".into(),
            Self::Model(..) => "a registered model".into(),
            Self::Action(_) => "an action".into(),
        }
    }
}
