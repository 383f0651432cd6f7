//! mlp: a compiler for machine-learning delivery pipelines.
pub mod source;
pub mod syntax;
