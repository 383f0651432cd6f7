//! What a pipeline does, job by job, before any target's syntax.

mod build;
mod command;
mod config;
mod connections;
mod jobs;
mod model;
mod publish;
mod pull_request;
mod release;
mod rules;
mod ship;
mod verify;

pub use build::plan;
pub use command::script_line;
pub use release::{Autoscale, Release, Resources, Target, Transformer};

use serde_json::Value as Json;

/// A pipeline, planned.
#[derive(Clone, Debug)]
pub struct Plan {
    /// Its name.
    pub name: String,
    /// Its documentation.
    pub doc: Option<String>,
    /// The `.mlp` file, from the repository's root.
    pub source: String,
    /// When it runs.
    pub triggers: Vec<Trigger>,
    /// What runs on a pull request.
    pub pull_request: Option<PullRequest>,
    /// What runs when manifests alone change.
    pub publish: Option<Publish>,
    /// Whether runs wait for each other.
    pub queue: bool,
    /// Its jobs in the order written, rollbacks and the outcome last.
    pub jobs: Vec<Job>,
    /// What it releases, per environment.
    pub releases: Vec<Release>,
}

/// When a pipeline runs.
#[derive(Clone, Debug)]
pub enum Trigger {
    /// On a push.
    Push {
        /// Branch patterns.
        branches: Vec<String>,
        /// Path patterns, from the repository's root.
        paths: Vec<String>,
    },
    /// On a schedule.
    Schedule {
        /// Five fields.
        cron: String,
        /// IANA name.
        timezone: Option<String>,
    },
    /// By hand.
    Manual(Vec<Input>),
}

/// What runs on a pull request: a check, and where it is asked for the jobs up to the gate, without a secret.
#[derive(Clone, Debug)]
pub struct PullRequest {
    /// Target branches; all where empty.
    pub branches: Vec<String>,
    /// The jobs.
    pub jobs: Vec<Job>,
}

/// What runs when manifests alone change.
#[derive(Clone, Debug)]
pub struct Publish {
    /// The compiled tree in this repository.
    pub tree: String,
    /// The jobs.
    pub jobs: Vec<Job>,
}

/// A value that a manual run asks for.
#[derive(Clone, Debug)]
pub struct Input {
    /// Its name.
    pub name: String,
    /// `string`, `number` or `boolean`.
    pub ty: &'static str,
    /// What is offered.
    pub default: Option<String>,
}

/// A job.
#[derive(Clone, Debug)]
pub struct Job {
    /// Its id.
    pub id: String,
    /// What a person reads in the list of jobs.
    pub title: String,
    /// What a reviewer should know.
    pub comment: Option<String>,
    /// The jobs it waits for or reads.
    pub needs: Vec<String>,
    /// When it runs.
    pub condition: Condition,
    /// The label of its machine.
    pub runner: String,
    /// Its time limit.
    pub minutes: u32,
    /// The environment whose secrets it reads.
    pub environment: Option<Environment>,
    /// What its token may do beside reading the repository: scope, access, why.
    pub permissions: Vec<Permission>,
    /// Its outputs: name, and the step and output behind it.
    pub outputs: Vec<(String, String, String)>,
    /// What all its steps see; no secrets.
    pub env: Env,
    /// What it does.
    pub steps: Vec<Step>,
}

/// Names and values of environment variables.
pub type Env = Vec<(String, EnvValue)>;

/// A permission of the workflow's token.
#[derive(Clone, Debug)]
pub struct Permission {
    /// `packages`
    pub scope: String,
    /// `read` or `write`
    pub access: String,
    /// Why.
    pub why: String,
}

/// An environment of the CI system.
#[derive(Clone, Debug)]
pub struct Environment {
    /// Its name.
    pub name: String,
    /// What it deploys to; only the protected one records a deployment.
    pub deploys_to: Option<Option<String>>,
}

/// When a job runs.
#[derive(Clone, Debug)]
pub enum Condition {
    /// When all it needs succeeded. The first job also refuses to run in a fork.
    Success {
        /// Whether it is the first.
        first: bool,
    },
    /// When these gates approved and these jobs succeeded.
    Gated {
        /// Jobs whose gate must have approved, where it is needed directly.
        approved: Vec<String>,
        /// Jobs that must have succeeded.
        succeeded: Vec<String>,
    },
    /// When this job changed something.
    Changed(String),
    /// When a release may be out and was not verified.
    Rollback {
        /// The job that deploys.
        deploy: String,
        /// The job that verifies.
        verify: String,
    },
    /// Always.
    Outcome,
}

/// A step.
#[derive(Clone, Debug)]
pub struct Step {
    /// Its id, where something reads its outputs.
    pub id: Option<String>,
    /// What a person reads in the log.
    pub name: String,
    /// What a reviewer should know.
    pub comment: Option<String>,
    /// When it runs, if not always.
    pub only_if: Option<StepCondition>,
    /// Its time limit.
    pub minutes: Option<u32>,
    /// What it sees.
    pub env: Env,
    /// What it does.
    pub action: Action,
}

/// When a step runs.
#[derive(Clone, Debug)]
pub enum StepCondition {
    /// Unless a step's output is `true`.
    Unless(String, String),
    /// Whatever happened before.
    Always,
}

/// What a step does.
#[derive(Clone, Debug)]
pub enum Action {
    /// One of mlp's own actions or scripts.
    Checkout,
    /// Installs uv with this Python.
    SetupUv(String),
    /// Gets a token of a GitHub App for a repository.
    AppToken {
        /// The App's client id.
        client_id: EnvValue,
        /// Its private key.
        private_key: EnvValue,
        /// The repository's owner; this one's where `None`.
        repository: Option<(String, String)>,
        /// Whether the token may push.
        write: bool,
    },
    /// A script of the runtime.
    Script {
        /// Its dependency groups.
        groups: &'static [&'static str],
        /// Its file name without `.py`.
        script: &'static str,
        /// Its subcommand.
        subcommand: Option<&'static str>,
        /// `MLP_CONFIG`
        config: Json,
    },
    /// A command line or script, in a folder of the repository; `""` is its root.
    Run {
        /// What bash runs.
        text: String,
        /// Where.
        folder: String,
    },
    /// An action.
    Uses {
        /// `owner/name`
        name: String,
        /// Commit and tag.
        pin: (String, String),
        /// Its inputs.
        with: Env,
    },
}

/// Where a value comes from.
#[derive(Clone, Debug, PartialEq)]
pub enum EnvValue {
    /// Known when compiling.
    Literal(String),
    /// A script or other text of several lines, known when compiling.
    Block(String),
    /// An action's switch.
    Flag(bool),
    /// A variable of the CI system.
    Var(String),
    /// A secret of the CI system.
    Secret(String),
    /// An input of a manual run, with what it is in other runs.
    Input(String, String),
    /// An output of a job.
    Need(String, String),
    /// How a job ended.
    Result(String),
    /// An output of a step.
    Step(String, String),
    /// A value of GitHub's context: `github.actor`, `github.token`.
    GitHub(&'static str),
    /// This repository's clone URL.
    ThisRepository,
    /// Results and outputs of all jobs needed.
    Needs,
    /// Several parts, one behind the other.
    Concat(Vec<EnvValue>),
}

impl EnvValue {
    /// Whether it is a secret.
    pub fn is_secret(&self) -> bool {
        matches!(self, Self::Secret(_))
    }
}

impl Job {
    /// Whether any step or action reads a secret of the CI system.
    pub fn reads_secrets(&self) -> bool {
        let in_env = |env: &Env| env.iter().any(|(_, value)| value.is_secret());
        self.steps.iter().any(|step| {
            in_env(&step.env)
                || match &step.action {
                    Action::AppToken { private_key, .. } => private_key.is_secret(),
                    Action::Uses { with, .. } => in_env(with),
                    _ => false,
                }
        })
    }
}
