//! What a file means: names resolved, values typed, defaults filled in.

use std::collections::BTreeMap;

pub use super::condition::{Dimension, Metric, Rule, RuleExpr, RuleKind, Unit};
pub use super::value::{Attrs, Command, OutputRef, Spanned, Value};
use crate::schema::{Output, Ty};
use crate::source::{FileId, Span};
use crate::syntax::ast::Ident;

/// Index of a connection in [`Hir::connections`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ConnectionId(pub usize);

/// Index of an environment in [`Pipeline::environments`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct EnvironmentId(pub usize);

/// Index of a stage in [`Pipeline::stages`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct StageId(pub usize);

/// A resolved file with what it imports.
#[derive(Clone, Debug, Default)]
pub struct Hir {
    /// The file asked for.
    pub file: FileId,
    /// Connections, imported ones included.
    pub connections: Vec<Connection>,
    /// Parameters, imported ones included.
    pub params: Vec<Param>,
    /// Declared names, for what is unused.
    pub declarations: Vec<Declaration>,
    /// The pipelines of the file.
    pub pipelines: Vec<Pipeline>,
}

/// A name that a file declares or imports.
#[derive(Clone, Debug)]
pub struct Declaration {
    /// `secret`, `var`, `param`, `import` or `connection`.
    pub what: &'static str,
    /// The name.
    pub name: Ident,
    /// The statement that declares it.
    pub stmt: Span,
    /// Whether anything refers to it.
    pub used: bool,
}

/// A connection.
#[derive(Clone, Debug)]
pub struct Connection {
    /// Its name.
    pub name: Ident,
    /// Its attributes; their block is the kind.
    pub attrs: Attrs,
    /// Whether it was filled in.
    pub implied: bool,
}

impl Connection {
    /// `mlflow`, `s3`, …
    pub fn kind(&self) -> &'static str {
        self.attrs.block.name
    }
}

/// A parameter.
#[derive(Clone, Debug)]
pub struct Param {
    /// Its name.
    pub name: Ident,
    /// Its value when nothing feeds it.
    pub value: Spanned,
    /// Its type.
    pub ty: Ty,
}

/// A pipeline.
#[derive(Clone, Debug)]
pub struct Pipeline {
    /// Its name.
    pub name: Ident,
    /// Its documentation.
    pub doc: Option<String>,
    /// Its own attributes.
    pub attrs: Attrs,
    /// When it runs.
    pub triggers: Vec<Trigger>,
    /// Where it releases.
    pub environments: Vec<Environment>,
    /// Its stages in the order written.
    pub stages: Vec<Stage>,
    /// How they are nested.
    pub flow: Vec<Flow>,
    /// The `parallel` blocks.
    pub parallels: Vec<Parallel>,
    /// The connection of each kind that is used where none is named.
    pub connections: BTreeMap<&'static str, ConnectionId>,
}

impl Pipeline {
    /// The stage of an id.
    pub fn stage(&self, id: StageId) -> Option<&Stage> {
        self.stages.get(id.0)
    }

    /// The training whose job a gate shares: the one right above it, unless another gate shares it already or it asks for a job of
    /// its own.
    pub fn host(&self, gate: &Stage) -> Option<StageId> {
        let train = self.could_share(gate)?;
        let first = self.of_kind("gate").find(|other| self.could_share(other) == Some(train))?;
        (first.id == gate.id).then_some(train)
    }

    fn could_share(&self, gate: &Stage) -> Option<StageId> {
        if gate.kind() != "gate" {
            return None;
        }
        let train = gate.attrs.output("candidate")?.stage;
        let alone = gate.attrs.flag("isolated") || (gate.attrs.written("runner") && gate.attrs.get("isolated").is_none());
        let follows = gate.preds == [train] && self.stage(train).is_some_and(|stage| stage.kind() == "train");
        (follows && !alone).then_some(train)
    }

    /// The connections that stages name, each with its place, in the order written.
    pub fn named_connections(&self) -> Vec<(ConnectionId, Span)> {
        let mut found = Vec::new();
        let values = self.stages.iter().flat_map(|stage| stage.attrs.iter()).map(|(_, value)| value);
        values.for_each(|value| value.connections(&mut found));
        found
    }

    /// The stages of a kind.
    pub fn of_kind(&self, kind: &str) -> impl Iterator<Item = &Stage> {
        self.stages.iter().filter(move |stage| stage.kind() == kind)
    }
}

/// How stages are nested.
#[derive(Clone, Debug)]
pub enum Flow {
    /// A stage.
    Stage(StageId),
    /// Branches side by side, as an index into [`Pipeline::parallels`].
    Parallel(usize),
}

/// A `parallel` block.
#[derive(Clone, Debug)]
pub struct Parallel {
    /// Its keyword.
    pub span: Span,
    /// Its branches, each a sequence.
    pub branches: Vec<Vec<Flow>>,
}

/// A trigger.
#[derive(Clone, Debug)]
pub struct Trigger {
    /// `push`, `schedule`, `manual` or `pull_request` is the block's name.
    pub attrs: Attrs,
    /// Inputs of `manual`: parameter index, by name.
    pub inputs: Vec<Input>,
}

/// An input of `on manual`.
#[derive(Clone, Debug)]
pub struct Input {
    /// Its name, that of the parameter it feeds.
    pub name: Ident,
    /// `string`, `int`, `float`, `bool`.
    pub ty: Ty,
    /// What is offered.
    pub default: Option<Spanned>,
    /// The statement's documentation.
    pub doc: Option<String>,
}

/// An environment.
#[derive(Clone, Debug)]
pub struct Environment {
    /// Its name.
    pub name: Ident,
    /// Its attributes.
    pub attrs: Attrs,
}

/// A stage.
#[derive(Clone, Debug)]
pub struct Stage {
    /// Its id.
    pub id: StageId,
    /// Its name.
    pub name: Ident,
    /// Its documentation.
    pub doc: Option<String>,
    /// From keyword to closing brace.
    pub span: Span,
    /// Its attributes; their block is the kind.
    pub attrs: Attrs,
    /// Whether it was filled in.
    pub implied: bool,
    /// The stages it runs after.
    pub preds: Vec<StageId>,
    /// The stages text order alone gives, where `after` was written.
    pub implied_preds: Vec<StageId>,
    /// `metric`
    pub metrics: Vec<Metric>,
    /// `require` or `expect`
    pub rules: Vec<Rule>,
    /// `require` inside `without champion`, where that is written.
    pub fallback: Option<Vec<Rule>>,
    /// `smoke`
    pub smokes: Vec<Smoke>,
    /// `on failure`
    pub on_failure: Option<OnFailure>,
    /// `env`
    pub env: Vec<(Ident, Spanned)>,
    /// `step`
    pub steps: Vec<Step>,
    /// `permissions`
    pub permissions: Vec<(Ident, Ident)>,
    /// `output`
    pub outputs: Vec<Ident>,
    /// `skip`: connection and reason
    pub skips: Vec<(ConnectionId, String)>,
    /// `resources`, `transformer_resources`, `autoscale`
    pub blocks: Vec<(&'static str, Attrs)>,
}

impl Stage {
    /// `train`, `gate`, …
    pub fn kind(&self) -> &'static str {
        self.attrs.block.name
    }

    /// A block such as `autoscale`.
    pub fn block(&self, name: &str) -> Option<&Attrs> {
        self.blocks.iter().find(|(key, _)| *key == name).map(|(_, attrs)| attrs)
    }

    /// The outputs it gives.
    pub fn gives(&self) -> Vec<(&str, Output)> {
        match self.kind() {
            "data" => vec![("snapshot", Output::Dataset)],
            "train" => vec![("model", Output::Model), ("run", Output::Run)],
            "gate" => vec![("approved", Output::Approved)],
            "export" => vec![("artifact", Output::ModelArtifact)],
            "image" => vec![("digest", Output::Image)],
            "deploy" => vec![("release", Output::Release)],
            "verify" => vec![("live", Output::Live)],
            "job" => self.outputs.iter().map(|name| (name.text.as_str(), Output::Value)).collect(),
            _ => Vec::new(),
        }
    }

    /// The outputs of other stages that it reads, each with where.
    pub fn references(&self) -> Vec<(&OutputRef, Span)> {
        let smokes = self.smokes.iter().map(|smoke| &smoke.attrs);
        let blocks = self.blocks.iter().map(|(_, attrs)| attrs);
        let steps = self.steps.iter().flat_map(|step| step.with.iter().chain(&step.env)).chain(&self.env);
        let attrs = std::iter::once(&self.attrs).chain(smokes).chain(blocks).chain(self.steps.iter().map(|step| &step.attrs));
        let values = attrs.flat_map(|attrs| attrs.iter().map(|(_, value)| value)).chain(steps.map(|(_, value)| value));
        let mut found = Vec::new();
        values.for_each(|value| value.references(&mut found));
        found
    }

    /// Whether it names the stages it runs after.
    pub fn has_after(&self) -> bool {
        self.attrs.block.attr("after").is_some() && self.attrs.written("after")
    }
}

/// A smoke test.
#[derive(Clone, Debug)]
pub struct Smoke {
    /// Its attributes; their block is the kind.
    pub attrs: Attrs,
    /// The file behind it, from the repository's root.
    pub file: Option<(String, Span)>,
}

/// `on failure { … }`
#[derive(Clone, Debug)]
pub struct OnFailure {
    /// Its attributes.
    pub attrs: Attrs,
    /// Where `rollback` is written.
    pub rollback: Option<Span>,
}

/// A step of the user's own.
#[derive(Clone, Debug)]
pub struct Step {
    /// Its attributes.
    pub attrs: Attrs,
    /// `with`
    pub with: Vec<(Ident, Spanned)>,
    /// `env`
    pub env: Vec<(Ident, Spanned)>,
}
