//! From plans to files.

mod argocd;
mod github;
mod kserve;
mod runtime;
mod template;
pub mod yaml;

pub use github::config_text;

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::fmt;

use crate::Checked;
use crate::plan::{Plan, plan};

/// A file to write.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Artifact {
    /// From the repository's root.
    pub path: String,
    /// Its text; borrowed where it is the same in every repository, so that many pipelines share one copy.
    pub text: Cow<'static, str>,
    /// Who changes it from now on.
    pub owner: Owner,
}

/// Who changes a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Owner {
    /// The compiler: every build rewrites it.
    Compiler,
    /// The pipeline when it runs: a build creates it where it is absent, and never touches it again.
    Runtime,
}

/// A defect of mlp or a limit of the target; never the user's syntax.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CompileError {
    /// The file that would have been wrong.
    pub path: String,
    /// What is wrong with it.
    pub message: String,
}

impl fmt::Display for CompileError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.path, self.message)
    }
}

impl std::error::Error for CompileError {}

/// Compiles a checked file: the files of all its pipelines, by path.
///
/// # Errors
///
/// When a rendered file is not what was planned (a defect of mlp), or breaks a limit of its target.
pub fn compile(checked: &Checked<'_>) -> Result<Vec<Artifact>, CompileError> {
    let mut files = BTreeMap::new();
    for plan in plan(checked) {
        if plan.source.contains("${{") {
            let message = "GitHub would evaluate this path wherever the workflow names it: rename the file or folder".to_owned();
            return Err(CompileError { path: plan.source, message });
        }
        for artifact in compile_plan(&plan, checked)? {
            take(&mut files, artifact)?;
        }
    }
    Ok(files.into_values().collect())
}

/// Two pipelines may share a file only if it is the same one.
fn take(files: &mut BTreeMap<String, Artifact>, artifact: Artifact) -> Result<(), CompileError> {
    match files.get(&artifact.path) {
        Some(other) if *other != artifact => {
            let message = "two pipelines or environments would write different files here: give one of them another name".to_owned();
            Err(CompileError { path: artifact.path, message })
        }
        _ => {
            files.insert(artifact.path.clone(), artifact);
            Ok(())
        }
    }
}

fn compile_plan(plan: &Plan, checked: &Checked<'_>) -> Result<Vec<Artifact>, CompileError> {
    let mut artifacts = github::emit(plan, checked.analysis().lock)?;
    artifacts.extend(runtime::emit());
    artifacts.extend(kserve::emit(plan)?);
    artifacts.extend(argocd::emit(plan, checked.analysis().lock.repository.as_deref())?);
    Ok(artifacts)
}
