//! mlp: a compiler for machine-learning delivery pipelines.
//!
//! `SourceSet` → [`analyze`] → [`Analysis`] (findings) → plan → files. Nothing here reads or writes files.

#![deny(clippy::disallowed_methods)]

pub mod analysis;
#[cfg(feature = "cli")]
#[expect(clippy::disallowed_methods, reason = "the one room that reads and writes")]
pub mod cli;
pub mod diagnostic;
pub mod draw;
pub mod emit;
pub mod expand;
pub mod fmt;
pub mod graph;
pub mod lint;
pub mod local;
pub mod lock;
pub mod plan;
pub mod resolve;
pub mod schema;
pub mod source;
pub mod syntax;

pub use analysis::{Analysis, Checked, analyze};
pub use emit::{Artifact, CompileError, Owner, compile};
