//! The commands, one a file.

pub mod build;
pub mod check;
pub mod expand;
pub mod explain;
pub mod fmt;
pub mod graph;
pub mod init;
pub mod lock;
pub mod run;
