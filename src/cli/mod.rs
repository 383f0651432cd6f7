//! The command line: the only part of mlp that reads and writes files.

mod analyses;
pub mod args;
mod cmd;
mod config;
mod console;
mod diff;
mod exit;
mod load;
mod outputs;
mod proofs;
mod repository;
mod run;
mod write;

use std::io;
use std::process::ExitCode;

use clap::Parser as _;

use crate::diagnostic::render::Report;
use crate::source::SourceSet;
use args::{Cli, Command, Global};
use console::Console;
use exit::{Exit, Outcome, Stop};

/// Runs the command that the arguments name.
pub fn main() -> ExitCode {
    match Cli::try_parse() {
        Ok(cli) => finish(dispatch(&cli), &cli.global).into(),
        Err(error) => {
            drop(error.print());
            if error.use_stderr() { Exit::Failed.into() } else { Exit::Clean.into() }
        }
    }
}

fn dispatch(cli: &Cli) -> Outcome {
    let global = &cli.global;
    match &cli.command {
        Command::Build(args) => cmd::build::run(args, global),
        Command::Check(args) => cmd::check::run(args, global),
        Command::Fmt(args) => cmd::fmt::run(args, global),
        Command::Graph(args) => cmd::graph::run(args, global),
        Command::Prove(args) => cmd::prove::run(args, global),
        Command::Explain(args) => cmd::explain::run(args, &Console::new(global)),
        Command::Expand(args) => cmd::expand::run(args, global),
        Command::Run(args) => cmd::run::run(args, global),
        Command::Init(args) => cmd::init::run(args, global),
        Command::Lock(args) => cmd::lock::run(args, global),
    }
}

/// Says why a command stopped. Whoever closed the pipe has read enough, which is no failure.
fn finish(outcome: Outcome, global: &Global) -> Exit {
    let console = Console::new(global);
    match outcome {
        Ok(exit) => exit,
        Err(Stop::Output(error)) if error.kind() == io::ErrorKind::BrokenPipe => Exit::Clean,
        Err(Stop::Output(error)) => fail(&console, &format!("results cannot be written: {error}")),
        Err(Stop::Usage(message)) => fail(&console, &message),
        Err(Stop::Failures(failures)) => {
            let mut sources = SourceSet::default();
            let findings = analyses::with_failures(Vec::new(), failures, &mut sources);
            console.complain(Report { sources: &sources, findings: &findings });
            Exit::of(&findings)
        }
    }
}

fn fail(console: &Console, message: &str) -> Exit {
    console.say(&format!("error: {message}"));
    Exit::Failed
}
