//! What a file means: names resolved, values typed, defaults filled in.

use std::collections::BTreeMap;

use crate::schema::{Block, Output, Ty};
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

/// A value and its place.
#[derive(Clone, Debug, PartialEq)]
pub struct Spanned {
    /// The value.
    pub value: Value,
    /// Its place; for a default, the block's head.
    pub span: Span,
}

impl Spanned {
    fn references<'a>(&'a self, found: &mut Vec<(&'a OutputRef, Span)>) {
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

    /// The training whose job a gate shares: the one right above it, unless it asks for a job of its own.
    pub fn host(&self, gate: &Stage) -> Option<StageId> {
        if gate.kind() != "gate" {
            return None;
        }
        let train = gate.attrs.output("candidate")?.stage;
        let alone = gate.attrs.flag("isolated") || (gate.attrs.written("runner") && gate.attrs.get("isolated").is_none());
        let follows = gate.preds == [train] && self.stage(train).is_some_and(|stage| stage.kind() == "train");
        (follows && !alone).then_some(train)
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

/// A metric that training promises.
#[derive(Clone, Debug)]
pub struct Metric {
    /// Its name.
    pub name: Ident,
    /// Its dimension and the unit it is logged in.
    pub unit: Unit,
    /// Whether higher is better.
    pub higher: bool,
}

/// A dimension with the unit in which numbers of it are logged.
#[derive(Clone, Debug, PartialEq)]
pub struct Unit {
    /// What it measures.
    pub dimension: Dimension,
    /// The unit's name, empty for plain numbers.
    pub name: String,
    /// How many base units (milliseconds, bytes) one of it is.
    pub scale: f64,
}

/// What a number measures.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Dimension {
    /// A plain number.
    Number,
    /// A fraction.
    Percent,
    /// Time.
    Duration,
    /// Bytes.
    Size,
    /// A truth value.
    Truth,
}

impl Dimension {
    /// As users read it.
    pub fn text(self) -> &'static str {
        match self {
            Self::Number => "a plain number",
            Self::Percent => "a percentage",
            Self::Duration => "a duration",
            Self::Size => "a size",
            Self::Truth => "a condition",
        }
    }
}

/// `require …` or `expect …`
#[derive(Clone, Debug)]
pub struct Rule {
    /// The statement.
    pub span: Span,
    /// The condition as written, on one line.
    pub text: String,
    /// The condition, in logged units.
    pub condition: RuleExpr,
}

/// A typed rule expression.
#[derive(Clone, Debug)]
pub struct RuleExpr {
    /// Its place.
    pub span: Span,
    /// What it measures.
    pub dimension: Dimension,
    /// What it is.
    pub kind: RuleKind,
}

/// The forms of a rule expression.
#[derive(Clone, Debug)]
pub enum RuleKind {
    /// A number in base units of its dimension.
    Number(f64),
    /// A truth value.
    Bool(bool),
    /// The candidate's metric, with the scale of its unit.
    Metric(String, f64),
    /// The champion's metric, with the scale of its unit.
    Champion(String, f64),
    /// A measure of the dataset.
    Measure(String),
    /// A measure of a column.
    ColumnMeasure(String, String),
    /// `-a`, `not a`, `abs(a)`, `min(a, b)`, `a + b`, …
    Apply(&'static str, Vec<RuleExpr>),
}

impl RuleExpr {
    /// Visits this expression and all below it.
    pub fn walk(&self, visit: &mut impl FnMut(&Self)) {
        visit(self);
        if let RuleKind::Apply(_, args) = &self.kind {
            for arg in args {
                arg.walk(visit);
            }
        }
    }

    /// Whether it reads the champion.
    pub fn reads_champion(&self) -> bool {
        let mut found = false;
        self.walk(&mut |e| found |= matches!(e.kind, RuleKind::Champion(..)));
        found
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
