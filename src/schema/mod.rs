//! The language as data: which statements and attributes each block takes, of which type, with which default.
//!
//! The resolver checks against it, `expand` writes its defaults out, `docs/language.md` and the test generator are made from it.

mod connections;
mod environment;
mod stages;
mod triggers;

pub use connections::CONNECTIONS;
pub use environment::ENVIRONMENT;
pub use stages::{AUTOSCALE, GATE_FALLBACK, ON_FAILURE, RESOURCES, SMOKE_TESTS, STAGES, STEP, TRANSFORMER_RESOURCES};
pub use triggers::{TRIGGER_MANUAL, TRIGGERS};

/// A block: `keyword name { … }`.
#[derive(Debug)]
pub struct Block {
    /// The keyword, or for connections, triggers and smoke tests the kind behind it.
    pub name: &'static str,
    /// What it is, in one or two sentences.
    pub doc: &'static str,
    /// Its attributes.
    pub attrs: &'static [Attr],
    /// The statements it takes besides attributes.
    pub statements: &'static [Statement],
}

/// A statement that is not an attribute.
#[derive(Debug)]
pub struct Statement {
    /// Its first word.
    pub keyword: &'static str,
    /// How it is written.
    pub form: &'static str,
    /// What it does.
    pub doc: &'static str,
}

/// An attribute: `name = value`.
#[derive(Debug)]
pub struct Attr {
    /// The key.
    pub name: &'static str,
    /// What the value must be.
    pub ty: Ty,
    /// Whether it must be written.
    pub need: Need,
    /// What it does.
    pub doc: &'static str,
}

/// Whether an attribute must be written, and what holds where it is not.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Need {
    /// It must be written.
    Required,
    /// Without it, nothing.
    Optional,
    /// Without it, this value, in the language itself.
    Default(&'static str),
    /// Without it, a value that follows from the rest: how, in words.
    Inferred(&'static str),
}

/// What a value must be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ty {
    /// A quoted string known when compiling.
    String,
    /// A quoted string, or a `var` known only when the pipeline runs.
    Text,
    /// A file or folder of the repository.
    Path,
    /// A path that the pipeline writes.
    Produced,
    /// A path pattern.
    Glob,
    /// A whole number.
    Int,
    /// A number.
    Float,
    /// `95%`
    Percent,
    /// `90s`, `15min`, `6h`
    Duration,
    /// `32Gi`
    Size,
    /// `0.5cpu`
    Cpu,
    /// `true`, `false`
    Bool,
    /// One of these words.
    Word(&'static [&'static str]),
    /// `secret.NAME`
    Secret,
    /// `file("…")` or a raw script.
    Command,
    /// A connection of this kind.
    Connection(&'static str),
    /// An environment of the pipeline.
    Environment,
    /// A stage's output.
    Output(Output),
    /// An [`Output::Image`], or a quoted image by digest.
    ImageRef,
    /// Stages, for `after`.
    Stages,
    /// `CONNECTION.file("…")` of a `dvc` connection or `dvc("…")`.
    Dvc,
    /// `CONNECTION.path("…")` of a `git` connection.
    GitPath,
    /// `CONNECTION.file("…")` of a `git` connection.
    GitFile,
    /// `CONNECTION.model("…", alias = "…")` of an `mlflow` connection.
    RegisteredModel,
    /// `action("owner/name@v1")`
    Action,
    /// A list of these; a lone one counts as a list of one.
    List(&'static Ty),
    /// Anything that can become an environment variable.
    EnvValue,
}

/// What stages hand on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Output {
    /// A versioned dataset.
    Dataset,
    /// A tracked run.
    Run,
    /// A candidate model.
    Model,
    /// A model that a gate let pass.
    Approved,
    /// An immutable model URI.
    ModelArtifact,
    /// A container image by digest.
    Image,
    /// A commit to the GitOps repository.
    Release,
    /// A release that was verified.
    Live,
    /// An output that a `job` declares.
    Value,
}

impl Output {
    /// As users read it.
    pub fn text(self) -> &'static str {
        match self {
            Self::Dataset => "Dataset",
            Self::Run => "Run",
            Self::Model => "Model",
            Self::Approved => "Approved<Model>",
            Self::ModelArtifact => "ModelArtifact",
            Self::Image => "Image",
            Self::Release => "Release",
            Self::Live => "Live",
            Self::Value => "Value",
        }
    }
}

impl Ty {
    /// As users read it: `a duration such as \`15min\``.
    pub fn text(self) -> String {
        match self {
            Self::String | Self::Path | Self::Produced | Self::Glob => "a quoted string".into(),
            Self::Text => "a quoted string or a `var`".into(),
            Self::Int => "a whole number".into(),
            Self::Float => "a number".into(),
            Self::Percent => "a percentage such as `95%`".into(),
            Self::Duration => "a duration such as `15min`".into(),
            Self::Size => "a size such as `32Gi`".into(),
            Self::Cpu => "an amount of CPU such as `0.5cpu`".into(),
            Self::Bool => "`true` or `false`".into(),
            Self::Word(words) => one_of(words),
            Self::Secret => "a secret such as `secret.NAME`".into(),
            Self::Command => "a command: `file(\"…\")` or a raw script".into(),
            Self::Connection(kind) => format!("a connection of kind `{kind}`"),
            Self::Environment => "an environment".into(),
            Self::Output(output) => format!("a stage's output of type `{}`", output.text()),
            Self::ImageRef => "a stage's output of type `Image`, or a quoted image by digest".into(),
            Self::Stages => "a list of stages".into(),
            Self::Dvc => "a DVC path such as `datasets.file(\"data/x.csv.dvc\")`".into(),
            Self::GitPath => "a folder of a git connection such as `manifests.path(\"apps/x\")`".into(),
            Self::GitFile => "a file of a git connection such as `manifests.file(\"apps/x.yaml\")`".into(),
            Self::RegisteredModel => "a registered model such as `tracking.model(\"x\", alias = \"champion\")`".into(),
            Self::Action => "an action such as `action(\"owner/name@v1\")`".into(),
            Self::List(item) => format!("a list; each item {}", item.text()),
            Self::EnvValue => "a value that can become an environment variable".into(),
        }
    }
}

fn one_of(words: &[&str]) -> String {
    let quoted: Vec<String> = words.iter().map(|word| format!("`{word}`")).collect();
    format!("one of {}", quoted.join(", "))
}

impl Block {
    /// The attribute of a name.
    pub fn attr(&self, name: &str) -> Option<&'static Attr> {
        self.attrs.iter().find(|attr| attr.name == name)
    }

    /// Whether a statement of this keyword may stand here.
    pub fn takes(&self, keyword: &str) -> bool {
        self.statements.iter().any(|statement| statement.keyword == keyword)
    }

    /// Every word that may begin a statement here.
    pub fn words(&self) -> impl Iterator<Item = &'static str> {
        let keywords = self.statements.iter().map(|statement| statement.keyword);
        self.attrs.iter().map(|attr| attr.name).chain(keywords)
    }
}

/// The block of a name.
pub fn find(blocks: &'static [&'static Block], name: &str) -> Option<&'static Block> {
    blocks.iter().find(|block| block.name == name).copied()
}

const fn required(name: &'static str, ty: Ty, doc: &'static str) -> Attr {
    Attr { name, ty, need: Need::Required, doc }
}

const fn optional(name: &'static str, ty: Ty, doc: &'static str) -> Attr {
    Attr { name, ty, need: Need::Optional, doc }
}

const fn default(name: &'static str, ty: Ty, value: &'static str, doc: &'static str) -> Attr {
    Attr { name, ty, need: Need::Default(value), doc }
}

const fn inferred(name: &'static str, ty: Ty, how: &'static str, doc: &'static str) -> Attr {
    Attr { name, ty, need: Need::Inferred(how), doc }
}

const fn statement(keyword: &'static str, form: &'static str, doc: &'static str) -> Statement {
    Statement { keyword, form, doc }
}

/// The top level of a file.
pub static FILE: Block = Block {
    name: "file",
    doc: "A file: the edition, then imports, declarations and pipelines.",
    attrs: &[],
    statements: &[
        statement("mlp", "mlp 1", "The edition. It is the first line of every file."),
        statement(
            "use",
            "use \"platform.mlp\" { tracking, serving }",
            "Imports names from another file; `//` starts at the repository root.",
        ),
        statement("secret", "secret A, B", "Names of secrets in the CI system; never their values."),
        statement("var", "var A, B", "Names of variables in the CI system."),
        statement("param", "param rows: int = 1000", "A value with a name; `on manual { input … }` can feed it."),
        statement("connection", "connection tracking: mlflow { … }", "A system the pipeline talks to."),
        statement("pipeline", "pipeline \"churn\" { … }", "A pipeline."),
    ],
};

/// A pipeline.
pub static PIPELINE: Block = Block {
    name: "pipeline",
    doc: "A pipeline: its triggers, its environments, and its stages in the order in which they run.",
    attrs: &[default(
        "concurrency",
        Ty::Word(&["queue", "unlimited"]),
        "queue",
        "`queue`: one run at a time, the newest waiting run next. `unlimited`: runs may overlap; git still refuses to deploy over a newer release.",
    )],
    statements: &[
        statement("on", "on push { branches = [\"main\"] }", "A trigger."),
        statement("environment", "environment prod { namespace = \"ml-prod\" }", "Where a release goes."),
        statement("parallel", "parallel { … }", "Its stages run side by side."),
        statement("sequence", "sequence { … }", "A branch of several stages inside `parallel`."),
        statement("preflight", "preflight checks { … }", "Infrastructure checks before any money is spent."),
        statement("data", "data features { … }", "Pulls a versioned dataset, builds features, checks the schema."),
        statement("train", "train fit { … }", "Trains a candidate under a tracked run."),
        statement("gate", "gate quality { … }", "Compares the candidate with the champion and decides about release."),
        statement("export", "export winner { … }", "Resolves the approved model to an immutable URI."),
        statement("image", "image transformer { … }", "Builds and pushes a container image."),
        statement("deploy", "deploy rollout { … }", "Writes model URI and image digest into git; Argo CD does the rest."),
        statement("verify", "verify live { … }", "Waits for Argo CD, then tests what serves; rolls back on failure."),
        statement("job", "job report { … }", "Anything else."),
    ],
};
