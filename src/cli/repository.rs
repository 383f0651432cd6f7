//! The repository: its root, its settings, its files.

use std::collections::BTreeSet;
use std::ffi::OsStr;
use std::io;
use std::path::{Component, Path, PathBuf};
use std::process::Command;

use ignore::{DirEntry, WalkBuilder};

use super::config::Config;
use super::console::shown;
use super::exit::Failure;
use crate::lint::files;
use crate::lock::Lock;

/// The lock file; its folder is a repository's root.
pub const LOCK: &str = "mlp.lock";

/// A repository.
#[derive(Debug)]
pub struct Repository {
    /// Its root, without symbolic links.
    pub root: PathBuf,
    /// Settings.
    pub config: Config,
    /// Pins and outputs.
    pub lock: Lock,
    cwd: PathBuf,
}

impl Repository {
    /// The repository that holds the first of `paths`, or the working folder.
    pub fn open(root: Option<&Path>, paths: &[PathBuf]) -> Result<Self, Failure> {
        let cwd = canonical(Path::new("."))?;
        let first = paths.first().filter(|path| path.as_os_str() != "-").map(|path| cwd.join(path));
        let start = first.as_deref().map_or(Ok(cwd.clone()), folder)?;
        let root = match root {
            Some(root) => canonical(root)?,
            None => root_of(&start).unwrap_or(&start).to_path_buf(),
        };
        Self::read(root, &start, cwd)
    }

    fn read(root: PathBuf, start: &Path, cwd: PathBuf) -> Result<Self, Failure> {
        let config = Config::load(start, &root)?;
        let lock = read_lock(&root)?;
        Ok(Self { root, config, lock, cwd })
    }

    /// Finds out what the repository is called on GitHub, unless the lock says so: Argo CD has to know.
    pub fn find_name(&mut self) {
        let versioned = || self.root.ancestors().any(|folder| folder.join(".git").exists());
        if self.lock.repository.is_none() && versioned() {
            let git = Command::new("git").arg("-C").arg(&self.root).args(["config", "--get", "remote.origin.url"]).output();
            self.lock.repository = git.ok().and_then(|output| github_name(String::from_utf8(output.stdout).ok()?.trim()));
        }
    }

    /// A path given on the command line, relative to the root, with `/`.
    pub fn relative(&self, path: &Path) -> Result<String, Failure> {
        let outside = || {
            let message = format!("`{}` is outside of the repository `{}`", shown(path), shown(&self.root));
            Failure::new(&files::OUTSIDE, shown(path), message)
        };
        let joined = lexical(&self.cwd.join(path));
        if let Ok(inside) = joined.strip_prefix(&self.root) {
            return Ok(shown(inside));
        }
        let real = joined.canonicalize().map_err(|_| outside())?;
        real.strip_prefix(&self.root).map(shown).map_err(|_| outside())
    }

    /// The place of a path of the repository.
    pub fn absolute(&self, path: &str) -> PathBuf {
        self.root.join(path)
    }

    /// Every file below a folder (`""`: the root) that `.gitignore` does not name, in order. Other repositories inside are left out.
    pub fn walk(&self, folder: &str) -> BTreeSet<String> {
        let start = self.root.join(folder);
        let mut walk = WalkBuilder::new(&start);
        walk.hidden(false).ignore(false).git_global(false).require_git(false).filter_entry(|entry| entry.depth() == 0 || !foreign(entry));
        let files = walk.build().flatten().filter(|entry| entry.file_type().is_some_and(|kind| !kind.is_dir()));
        files.filter_map(|entry| Some(entry.path().strip_prefix(&self.root).ok()?.to_str()?.replace('\\', "/"))).collect()
    }

    /// Whether a file found in a folder is a pipeline to look at.
    pub fn selects(&self, path: &str) -> bool {
        Path::new(path).extension() == Some(OsStr::new("mlp")) && !self.config.excludes(&self.root.join(path), false)
    }
}

/// `owner/name` of a repository on GitHub, in any of the forms that git takes.
fn github_name(url: &str) -> Option<String> {
    let prefixes = ["https://github.com/", "git@github.com:", "ssh://git@github.com/"];
    let rest = prefixes.iter().find_map(|prefix| url.strip_prefix(prefix))?;
    let name = rest.trim_end_matches('/').trim_end_matches(".git");
    (name.split('/').filter(|part| !part.is_empty()).count() == 2).then(|| name.to_owned())
}

/// Whether a folder is git's own or another repository.
fn foreign(entry: &DirEntry) -> bool {
    entry.file_type().is_some_and(|kind| kind.is_dir()) && (entry.file_name() == ".git" || entry.path().join(LOCK).is_file())
}

/// The nearest folder upwards that is a repository's root.
fn root_of(start: &Path) -> Option<&Path> {
    start.ancestors().find(|folder| folder.join(LOCK).is_file() || folder.join(".git").exists())
}

/// The folder of a path given, itself if it is one.
fn folder(path: &Path) -> Result<PathBuf, Failure> {
    let folder = if path.is_dir() { path } else { path.parent().unwrap_or(path) };
    canonical(folder)
}

fn canonical(path: &Path) -> Result<PathBuf, Failure> {
    path.canonicalize().map_err(|error| Failure::unreadable(shown(path), &error))
}

/// A path without `.` and `..`, by its words alone.
fn lexical(path: &Path) -> PathBuf {
    let mut out = PathBuf::new();
    for part in path.components() {
        match part {
            Component::CurDir => {}
            Component::ParentDir => drop(out.pop()),
            _ => out.push(part),
        }
    }
    out
}

/// Reads `mlp.lock`; an empty one where there is none.
pub fn read_lock(root: &Path) -> Result<Lock, Failure> {
    let text = match std::fs::read_to_string(root.join(LOCK)) {
        Ok(text) => text,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Lock::default()),
        Err(error) => return Err(Failure::unreadable(LOCK, &error)),
    };
    Lock::parse(&text).map_err(|error| Failure::new(&files::SETTINGS, LOCK, format!("`{LOCK}` is not valid: {error}")))
}

#[cfg(test)]
mod tests {
    use super::github_name;

    #[test]
    fn remotes_name_repositories() {
        for url in ["https://github.com/acme/churn.git", "git@github.com:acme/churn", "ssh://git@github.com/acme/churn.git"] {
            assert_eq!(github_name(url).as_deref(), Some("acme/churn"));
        }
        assert_eq!(github_name("https://git.acme.internal/acme/churn.git"), None);
        assert_eq!(github_name("https://github.com/acme"), None);
    }
}
