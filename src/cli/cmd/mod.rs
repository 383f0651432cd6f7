//! The commands, one a file.

pub mod build;
pub mod check;
pub mod explain;
pub mod graph;
