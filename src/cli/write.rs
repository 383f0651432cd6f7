//! Writing: all of a set of files or, as far as a kill can show, none of it.
//!
//! 1. `.mlp-journal` says which files are about to be written.
//! 2. Every new text is written beside the file it replaces, as `.mlp-new.NAME`. If this fails (a full disk, say), all of it is undone.
//! 3. `.mlp-journal` is replaced by one that says `commit`.
//! 4. The new files are renamed, obsolete ones deleted, and the journal is removed.
//!
//! After a kill the next command finds the journal: before 3 it removes the new files, after 3 it does 4 again. A rename is atomic, so no
//! file is ever partial. Nothing is flushed to disk on the way: a build is made of its sources alone and compares bytes, so after a power
//! failure the next build writes again whatever the disk has lost.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::io;
use std::path::{Component, Path, PathBuf};

use indicatif::ProgressBar;
use serde::{Deserialize, Serialize};

use super::analyses::each_bytes;
use super::exit::Failure;
use crate::lint::files;

/// The journal's name, in the root that is written to.
pub const JOURNAL: &str = ".mlp-journal";
const JOURNAL_NEW: &str = ".mlp-journal.new";
const PREFIX: &str = ".mlp-new.";

/// What is to change.
#[derive(Clone, Debug, Default)]
pub struct Changes {
    puts: BTreeMap<String, String>,
    deletes: BTreeSet<String>,
}

impl Changes {
    /// A file is to have this text.
    pub fn put(&mut self, path: String, text: String) {
        self.puts.insert(path, text);
    }

    /// A file is to go.
    pub fn delete(&mut self, path: String) {
        self.deletes.insert(path);
    }

    /// How many files change.
    pub fn len(&self) -> usize {
        self.puts.len() + self.deletes.len()
    }
}

/// A set of changes that was begun.
#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Journal {
    commit: bool,
    puts: BTreeSet<String>,
    deletes: BTreeSet<String>,
}

impl Journal {
    fn paths(&self) -> impl Iterator<Item = &String> {
        self.puts.iter().chain(&self.deletes)
    }
}

/// Whether an earlier command was interrupted while writing.
pub fn interrupted(root: &Path) -> bool {
    root.join(JOURNAL).symlink_metadata().is_ok()
}

/// Who may write below a root: one process at a time, and only after what an earlier one began is finished or undone.
#[derive(Debug)]
pub struct Writer<'a> {
    root: &'a Path,
    /// Whether an earlier command had been interrupted.
    pub recovered: bool,
    /// Held as long as this lives. Where a folder cannot be locked, the user must not run two builds at once.
    _lock: io::Result<fs::File>,
}

impl<'a> Writer<'a> {
    /// Waits until nobody else writes, then finishes or undoes what was interrupted.
    pub fn open(root: &'a Path) -> Result<Self, Failure> {
        let lock = fs::File::open(root).and_then(|folder| folder.lock().map(|()| folder));
        Ok(Self { root, recovered: recover(root)?, _lock: lock })
    }

    /// Makes the changes.
    pub fn commit(&self, changes: &Changes) -> Result<(), Failure> {
        let root = self.root;
        let journal = Journal { commit: false, puts: changes.puts.keys().cloned().collect(), deletes: changes.deletes.clone() };
        check_inside(root, journal.paths())?;
        match (changes.puts.iter().next(), changes.len()) {
            (_, 0) => Ok(()),
            (Some((path, text)), 1) => stage(root, path, text).and_then(|()| finish(root, &journal)).inspect_err(|_| undo(root, [path])),
            _ => journalled(root, changes, journal),
        }
    }
}

/// Finishes or undoes what an earlier command began; whether there was anything.
fn recover(root: &Path) -> Result<bool, Failure> {
    let path = root.join(JOURNAL);
    let text = match fs::read_to_string(&path) {
        Ok(text) => text,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(false),
        Err(error) => return Err(Failure::unreadable(JOURNAL, &error)),
    };
    // A journal is renamed into place whole; what cannot be read was not written by mlp, and is not obeyed.
    if let Ok(journal) = serde_json::from_str::<Journal>(&text) {
        check_inside(root, journal.paths())?;
        if journal.commit { finish(root, &journal)? } else { undo(root, journal.puts.iter()) }
    }
    remove(&path).map_err(|error| Failure::unwritable(JOURNAL, &error))?;
    Ok(true)
}

fn journalled(root: &Path, changes: &Changes, journal: Journal) -> Result<(), Failure> {
    note(root, &journal)?;
    let puts: Vec<(&String, &String)> = changes.puts.iter().collect();
    let staged: Result<(), Failure> =
        each_bytes(&puts, &ProgressBar::hidden(), |(path, text)| stage(root, path, text)).into_iter().collect();
    let journal = Journal { commit: true, ..journal };
    if let Err(failure) = staged.and_then(|()| note(root, &journal)) {
        undo(root, journal.puts.iter());
        drop(remove(&root.join(JOURNAL)));
        return Err(failure);
    }
    finish(root, &journal)?;
    remove(&root.join(JOURNAL)).map_err(|error| Failure::unwritable(JOURNAL, &error))
}

fn note(root: &Path, journal: &Journal) -> Result<(), Failure> {
    let new = root.join(JOURNAL_NEW);
    let text = serde_json::to_string(journal).unwrap_or_default();
    let written = fs::create_dir_all(root).and_then(|()| fs::write(&new, text)).and_then(|()| fs::rename(&new, root.join(JOURNAL)));
    written.map_err(|error| {
        drop(fs::remove_file(&new));
        Failure::unwritable(JOURNAL, &error)
    })
}

/// Writes a new text beside the file it replaces, with that file's permissions.
fn stage(root: &Path, path: &str, text: &str) -> Result<(), Failure> {
    let target = root.join(path);
    let unwritable = |error: io::Error| Failure::unwritable(path, &error);
    let old = target.symlink_metadata().ok();
    if old.as_ref().is_some_and(fs::Metadata::is_dir) {
        return Err(Failure::new(&files::UNWRITABLE, path, format!("`{path}` cannot be written: a folder stands there")));
    }
    let new = beside(&target);
    match fs::write(&new, text) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            fs::create_dir_all(target.parent().unwrap_or(root)).map_err(unwritable)?;
            fs::write(&new, text).map_err(unwritable)?;
        }
        other => other.map_err(unwritable)?,
    }
    match old.filter(fs::Metadata::is_file) {
        Some(old) => fs::set_permissions(&new, old.permissions()).map_err(unwritable),
        None => Ok(()),
    }
}

/// Renames what was staged and deletes what is obsolete. Doing it twice does no harm.
fn finish(root: &Path, journal: &Journal) -> Result<(), Failure> {
    for path in &journal.puts {
        let target = root.join(path);
        let renamed = fs::rename(beside(&target), &target);
        renamed.or_else(absent_is_fine).map_err(|error| Failure::unwritable(path, &error))?;
    }
    for path in &journal.deletes {
        let target = root.join(path);
        remove(&target).map_err(|error| Failure::unwritable(path, &error))?;
        remove_empty_folders(root, &target);
    }
    Ok(())
}

/// Removes what was staged.
fn undo<'p>(root: &Path, paths: impl IntoIterator<Item = &'p String>) {
    for target in paths.into_iter().map(|path| root.join(path)) {
        drop(fs::remove_file(beside(&target)));
        remove_empty_folders(root, &target);
    }
}

fn remove(path: &Path) -> io::Result<()> {
    fs::remove_file(path).or_else(absent_is_fine)
}

fn absent_is_fine(error: io::Error) -> io::Result<()> {
    if error.kind() == io::ErrorKind::NotFound { Ok(()) } else { Err(error) }
}

/// Removes the folders that a file has left empty.
fn remove_empty_folders(root: &Path, file: &Path) {
    for folder in file.ancestors().skip(1).take_while(|folder| *folder != root) {
        if fs::remove_dir(folder).is_err() {
            return;
        }
    }
}

fn beside(target: &Path) -> PathBuf {
    let name = target.file_name().unwrap_or_default().to_string_lossy();
    target.with_file_name(format!("{PREFIX}{name}"))
}

/// Refuses paths that leave a root by their words or through a symbolic link. Each folder is looked at once, however many files it holds.
pub fn check_inside<'p>(root: &Path, paths: impl IntoIterator<Item = &'p String>) -> Result<(), Failure> {
    let mut folders: BTreeMap<&Path, &str> = BTreeMap::new();
    for path in paths {
        if path.is_empty() || !Path::new(path).components().all(|part| matches!(part, Component::Normal(_))) {
            return Err(outside(root, path));
        }
        let above = Path::new(path).ancestors().skip(1).filter(|folder| !folder.as_os_str().is_empty());
        for folder in above {
            if folders.insert(folder, path).is_some() {
                break;
            }
        }
    }
    let leaves = |folder: &Path| {
        let place = root.join(folder);
        let linked = place.symlink_metadata().is_ok_and(|found| found.is_symlink());
        linked && place.canonicalize().map_or(true, |real| !real.starts_with(root))
    };
    folders.into_iter().find(|(folder, _)| leaves(folder)).map_or(Ok(()), |(_, path)| Err(outside(root, path)))
}

fn outside(root: &Path, path: &str) -> Failure {
    Failure::new(&files::OUTSIDE, path, format!("`{path}` leads out of `{}`", root.display()))
}
