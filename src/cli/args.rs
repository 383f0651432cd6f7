//! Arguments.

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum};

use crate::diagnostic::render::Format;

/// A compiler for machine-learning delivery pipelines.
#[derive(Debug, Parser)]
#[command(name = "mlp", version, about, max_term_width = 100, propagate_version = true)]
#[command(after_help = "Exit status: 0 clean, 1 errors or drift were found, 2 usage, IO or a bug.")]
pub struct Cli {
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
    /// Options of every command.
    #[command(flatten)]
    pub global: Global,
}

/// Options of every command.
#[derive(Debug, Args)]
pub struct Global {
    /// Root of the repository [default: the nearest folder upwards with `mlp.lock` or `.git`]
    #[arg(long, global = true, value_name = "DIR")]
    pub root: Option<PathBuf>,
    /// When to use colours; NO_COLOR and FORCE_COLOR are respected
    #[arg(long, global = true, value_name = "WHEN", default_value = "auto")]
    pub color: When,
}

/// When to use colours.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum When {
    /// On a terminal.
    Auto,
    /// Always.
    Always,
    /// Never.
    Never,
}

/// The commands.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Compile pipelines: write workflow, manifests and Argo CD configuration
    Build(Build),
    /// Look for mistakes
    Check(Check),
    /// Format `.mlp` files
    Fmt(Fmt),
    /// Draw the graph of a pipeline's stages
    Graph(Graph),
    /// Prove that nothing unapproved can ship, by running the workflow in every way in which GitHub could
    Prove(Prove),
    /// Explain a code such as MLP0501
    Explain(Explain),
    /// Print a pipeline with every default written out
    Expand(Expand),
    /// Run a pipeline's jobs on this machine
    Run(Run),
    /// Write a first pipeline
    Init(Init),
    /// Refresh the pins of actions in `mlp.lock` from the network
    Lock(Lock),
}

/// Which pipelines.
#[derive(Debug, Args)]
pub struct Selection {
    /// Files and folders [default: every `.mlp` file of the repository]
    pub paths: Vec<PathBuf>,
    /// Finding no pipeline is fine
    #[arg(long)]
    pub allow_empty: bool,
}

/// How findings are reported.
#[derive(Debug, Args)]
pub struct Reporting {
    /// How findings are written
    #[arg(long, value_name = "FORMAT", env = "MLP_OUTPUT_FORMAT", default_value = "full")]
    pub output_format: Format,
    /// File that findings are written to instead of standard output
    #[arg(long, value_name = "FILE")]
    pub output_file: Option<PathBuf>,
    /// Take warnings for errors
    #[arg(long, value_name = "LEVEL")]
    pub deny: Option<Deny>,
}

/// What is taken for an error.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Deny {
    /// Warnings.
    Warnings,
}

/// `mlp check`
#[derive(Debug, Args)]
pub struct Check {
    /// Which.
    #[command(flatten)]
    pub selection: Selection,
    /// How.
    #[command(flatten)]
    pub reporting: Reporting,
    /// Apply fixes that certainly keep the meaning
    #[arg(long)]
    pub fix: bool,
    /// Apply all fixes; look at the result
    #[arg(long)]
    pub unsafe_fixes: bool,
    /// Compile and prove too, as `mlp prove` does
    #[arg(long)]
    pub prove: bool,
    /// Path of the text on standard input, which `-` names
    #[arg(long, value_name = "PATH")]
    pub stdin_filename: Option<PathBuf>,
}

/// `mlp build`
#[derive(Debug, Args)]
pub struct Build {
    /// Which.
    #[command(flatten)]
    pub selection: Selection,
    /// How.
    #[command(flatten)]
    pub reporting: Reporting,
    /// Write nothing; fail if a file is not what its pipeline compiles to
    #[arg(long, conflicts_with = "diff")]
    pub check: bool,
    /// Write nothing; show what would change
    #[arg(long)]
    pub diff: bool,
    /// Folder to write to instead of the repository
    #[arg(long, value_name = "DIR")]
    pub out_dir: Option<PathBuf>,
}

/// `mlp fmt`
#[derive(Debug, Args)]
pub struct Fmt {
    /// Which.
    #[command(flatten)]
    pub selection: Selection,
    /// Write nothing; name the files that would change
    #[arg(long, conflicts_with = "diff")]
    pub check: bool,
    /// Write nothing; show what would change
    #[arg(long)]
    pub diff: bool,
    /// Path of the text on standard input, which `-` names
    #[arg(long, value_name = "PATH")]
    pub stdin_filename: Option<PathBuf>,
}

/// `mlp graph`
#[derive(Debug, Args)]
pub struct Graph {
    /// Which.
    #[command(flatten)]
    pub selection: Selection,
    /// How it is drawn
    #[arg(long, value_name = "FORMAT", default_value = "mermaid")]
    pub format: Drawing,
    /// Only the pipeline of this name
    #[arg(long, value_name = "NAME")]
    pub pipeline: Option<String>,
}

/// How a graph is drawn.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Drawing {
    /// For Markdown.
    Mermaid,
    /// For Graphviz.
    Dot,
    /// A picture.
    Svg,
    /// For programs.
    Json,
}

/// `mlp prove`
#[derive(Debug, Args)]
pub struct Prove {
    /// Which.
    #[command(flatten)]
    pub selection: Selection,
    /// Prove a workflow as it stands in the repository, with the scripts beside it
    #[arg(long, value_name = "FILE")]
    pub workflow: Vec<PathBuf>,
    /// How the proof is written
    #[arg(long, value_name = "FORMAT", default_value = "text")]
    pub format: Written,
}

/// How a proof is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Written {
    /// For people.
    Text,
    /// For programs.
    Json,
    /// How a run can end, for Markdown.
    Table,
    /// How a run can end, as a diagram for Markdown.
    Mermaid,
}

/// `mlp explain`
#[derive(Debug, Args)]
pub struct Explain {
    /// A code such as MLP0501, or a name such as ungated-deploy
    #[arg(required_unless_present = "all")]
    pub code: Option<String>,
    /// All codes
    #[arg(long, conflicts_with = "code")]
    pub all: bool,
}

/// `mlp expand`
#[derive(Debug, Args)]
pub struct Expand {
    /// The file
    pub path: PathBuf,
}

/// `mlp run`
#[derive(Debug, Args)]
#[command(after_help = "Exit status: 0 where GitHub's run would be green, 1 where it would be red, 2 usage or IO, 130 interrupted.")]
pub struct Run {
    /// Which.
    #[command(flatten)]
    pub selection: Selection,
    /// Only the pipeline of this name
    #[arg(long, value_name = "NAME")]
    pub pipeline: Option<String>,
    /// Only this job and those that it needs
    #[arg(long, value_name = "NAME")]
    pub job: Option<String>,
    /// Deploy, verify and roll back too, and push images
    #[arg(long)]
    pub release: bool,
    /// Run nothing; show jobs, steps, and what they read of the environment
    #[arg(long)]
    pub dry_run: bool,
    /// Input of a manual run; can be repeated
    #[arg(long = "input", value_name = "NAME=VALUE")]
    pub inputs: Vec<String>,
    /// File of variables and secrets, as `NAME=value` lines; wins over the environment
    #[arg(long, value_name = "FILE")]
    pub env_file: Option<PathBuf>,
    /// Folder for the run's workspaces, logs and artifacts [default: a temporary one]
    #[arg(long, value_name = "DIR")]
    pub workspace: Option<PathBuf>,
    /// Keep workspaces and artifacts of a green run too
    #[arg(long)]
    pub keep: bool,
    /// How the end is told
    #[arg(long, value_name = "FORMAT", default_value = "full")]
    pub output_format: Telling,
}

/// How the end of a run is told.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Telling {
    /// For people.
    Full,
    /// For programs.
    Json,
}

/// `mlp init`
#[derive(Debug, Args)]
pub struct Init {
    /// The file to write
    #[arg(default_value = "pipeline.mlp")]
    pub path: PathBuf,
}

/// `mlp lock`
#[derive(Debug, Args)]
pub struct Lock {
    /// Which.
    #[command(flatten)]
    pub selection: Selection,
    /// Write nothing; fail if a pin would change
    #[arg(long)]
    pub check: bool,
    /// Write nothing; show what would change
    #[arg(long)]
    pub dry_run: bool,
    /// Git server that has the actions, as `SERVER/OWNER/NAME`
    #[arg(long, value_name = "URL", env = "MLP_SERVER", default_value = "https://github.com")]
    pub server: String,
}
