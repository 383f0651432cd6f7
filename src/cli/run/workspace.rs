//! The folders of a run: one state of the repository's files, a copy of it for every job, logs, artifacts.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::cli::console::shown;
use crate::cli::exit::{Failure, Stop};
use crate::cli::repository::Repository;
use crate::cli::write::check_inside;
use crate::emit::{Artifact, Owner};

/// The folders of a run.
#[derive(Clone, Debug)]
pub struct Place {
    /// All of it.
    pub folder: PathBuf,
}

/// Where the files come from.
#[derive(Debug, Default)]
pub struct Source {
    /// The commit.
    pub commit: Option<String>,
    /// Whether files differ from it.
    pub dirty: bool,
    /// Whether there is a `.git`.
    pub versioned: bool,
    origin: Option<String>,
}

impl Place {
    /// A folder that no other run has, below another; the number of the run is part of its name. Where it lies in a repository, it is no part of it.
    pub fn create(parent: &Path, pipeline: &str, mut number: u64) -> Result<(Self, u64), Stop> {
        let refused = |path: &Path, error: &io::Error| Failure::unwritable(shown(path), error).into();
        fs::create_dir_all(parent).map_err(|error| refused(parent, &error))?;
        let parent = parent.canonicalize().map_err(|error| refused(parent, &error))?;
        loop {
            let folder = parent.join(format!("mlp-{pipeline}-{number}"));
            match private(&folder).and_then(|()| fs::write(folder.join(".gitignore"), "*\n")) {
                Ok(()) => return Ok((Self { folder }, number)),
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists => number += 1,
                Err(error) => return Err(refused(&folder, &error)),
            }
        }
    }

    /// The files that every job starts from.
    pub fn source(&self) -> PathBuf {
        self.folder.join("source")
    }

    /// An artifact.
    pub fn artifact(&self, name: &str) -> PathBuf {
        self.folder.join("artifacts").join(name)
    }

    /// A file or folder of a job.
    pub fn of_job(&self, job: &str, name: &str) -> PathBuf {
        self.folder.join("jobs").join(job).join(name)
    }

    /// Removes what is large; logs and summaries stay.
    pub fn clear(&self, jobs: impl IntoIterator<Item = String>) {
        let large = jobs.into_iter().flat_map(|job| [self.of_job(&job, "workspace"), self.of_job(&job, "temp")]);
        large.chain([self.source(), self.folder.join("artifacts")]).for_each(|folder| drop(fs::remove_dir_all(folder)));
    }
}

/// A new folder that only its owner may look into: workspaces hold data.
fn private(folder: &Path) -> io::Result<()> {
    let mut builder = fs::DirBuilder::new();
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(folder)
}

impl Source {
    /// What git knows of a repository.
    pub fn look(repository: &Repository) -> Self {
        let root = &repository.root;
        let top = git(root, &["rev-parse", "--show-toplevel"]).and_then(|top| Path::new(&top).canonicalize().ok());
        if top.as_ref() != Some(root) {
            return Self::default();
        }
        Self {
            commit: git(root, &["rev-parse", "--verify", "--quiet", "HEAD"]),
            dirty: git(root, &["status", "--porcelain"]).is_none_or(|changes| !changes.is_empty()),
            versioned: true,
            origin: git(root, &["config", "--get", "remote.origin.url"]),
        }
    }

    /// Copies the files as git sees them: tracked and untracked ones, not those that are ignored. Then what the pipeline compiles to.
    pub fn take(&self, repository: &Repository, compiled: &[Artifact], to: &Path) -> Result<(), Stop> {
        let files = if self.versioned { self.clone_to(repository, to)? } else { repository.walk("").into_iter().collect() };
        for path in files {
            let from = repository.absolute(&path);
            copy(&from, &to.join(&path)).map_err(|error| Failure::unreadable(&path, &error))?;
        }
        check_inside(to, compiled.iter().map(|artifact| &artifact.path))?;
        for artifact in compiled {
            let place = to.join(&artifact.path);
            if artifact.owner == Owner::Compiler || !place.exists() {
                write(&place, artifact.text.as_bytes()).map_err(|error| Failure::unwritable(&artifact.path, &error))?;
            }
        }
        Ok(())
    }

    /// A clone without files that shares the repository's objects, and the names of the files to copy.
    fn clone_to(&self, repository: &Repository, to: &Path) -> Result<Vec<String>, Stop> {
        let refused = || Stop::Usage(format!("git cannot copy `{}`", shown(&repository.root)));
        let root = &repository.root;
        git(root, &["clone", "--quiet", "--shared", "--no-checkout", ".", &to.to_string_lossy()]).ok_or_else(refused)?;
        if self.commit.is_some() {
            git(to, &["reset", "--quiet"]).ok_or_else(refused)?;
        }
        let _ = match &self.origin {
            Some(url) => git(to, &["remote", "set-url", "origin", url]),
            None => git(to, &["remote", "remove", "origin"]),
        };
        let names = git(root, &["ls-files", "-z", "--cached", "--others", "--exclude-standard"]).ok_or_else(refused)?;
        let there = |path: &&str| repository.absolute(path).symlink_metadata().is_ok_and(|found| !found.is_dir());
        Ok(names.split('\0').filter(|path| !path.is_empty()).filter(there).map(str::to_owned).collect())
    }
}

/// What git says; nothing if it fails. Variables that point to another repository, as hooks have them, are not for it.
fn git(folder: &Path, args: &[&str]) -> Option<String> {
    let mut command = Command::new("git");
    for name in ["GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE", "GIT_PREFIX"] {
        command.env_remove(name);
    }
    let output = command.arg("-C").arg(folder).args(args).output().ok().filter(|output| output.status.success())?;
    Some(String::from_utf8(output.stdout).ok()?.trim_end_matches('\n').to_owned())
}

/// Writes a file, with the folders above it.
pub fn write(path: &Path, bytes: &[u8]) -> io::Result<()> {
    path.parent().map_or(Ok(()), fs::create_dir_all)?;
    fs::write(path, bytes)
}

/// Copies a file, a link as such, or all that is in a folder.
pub fn copy(from: &Path, to: &Path) -> io::Result<()> {
    let kind = from.symlink_metadata()?.file_type();
    if kind.is_dir() {
        fs::create_dir_all(to)?;
        return fs::read_dir(from)?.try_for_each(|entry| entry.and_then(|entry| copy(&entry.path(), &to.join(entry.file_name()))));
    }
    to.parent().map_or(Ok(()), fs::create_dir_all)?;
    if kind.is_symlink() { link(from, to) } else { fs::copy(from, to).map(drop) }
}

#[cfg(unix)]
fn link(from: &Path, to: &Path) -> io::Result<()> {
    drop(fs::remove_file(to));
    std::os::unix::fs::symlink(fs::read_link(from)?, to)
}

#[cfg(not(unix))]
fn link(from: &Path, to: &Path) -> io::Result<()> {
    fs::copy(from, to).map(drop)
}
