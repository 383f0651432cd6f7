//! From paths to sources: which files, their text, and what they import.

use std::collections::{BTreeSet, HashMap};
use std::io::Read as _;
use std::path::PathBuf;

use indicatif::ProgressBar;

use super::analyses::{each, each_bytes};
use super::args::Selection;
use super::console::shown;
use super::exit::{Failure, Stop};
use super::repository::Repository;
use crate::lint::files;
use crate::resolve;
use crate::source::{FileId, SourceFile, SourceSet};
use crate::syntax::MAX_BYTES;

/// Sources, and what could not be read of them.
#[derive(Debug, Default)]
pub struct Loaded {
    /// Every file asked for and every file imported.
    pub sources: SourceSet,
    /// The files asked for.
    pub targets: Vec<FileId>,
    /// What could not be read.
    pub failures: Vec<Failure>,
}

/// The files that a selection names, and every path of the repository.
pub fn select(repository: &Repository, selection: &Selection) -> Result<(BTreeSet<String>, BTreeSet<String>), Stop> {
    let all = repository.walk("");
    let mut chosen = BTreeSet::new();
    if selection.paths.is_empty() {
        chosen.extend(all.iter().filter(|path| repository.selects(path)).cloned());
    }
    for path in &selection.paths {
        let relative = repository.relative(path)?;
        if repository.absolute(&relative).is_dir() {
            chosen.extend(repository.walk(&relative).into_iter().filter(|path| repository.selects(path)));
        } else {
            chosen.insert(relative);
        }
    }
    if chosen.is_empty() && !selection.allow_empty {
        return Err(none_found(repository).into());
    }
    Ok((chosen, all))
}

/// That there is nothing to do is a failure unless the user said otherwise.
pub fn none_found(repository: &Repository) -> Failure {
    let message = format!("no pipeline found in `{}`", shown(&repository.root));
    Failure::new(&files::NO_PIPELINES, ".", message)
        .help("name the files, write a first one with `mlp init`, or allow this with `--allow-empty`")
}

/// Loads what a selection names.
pub fn load(repository: &Repository, selection: &Selection) -> Result<Loaded, Stop> {
    let (chosen, all) = select(repository, selection)?;
    let mut loader = Loader::new(repository, all);
    loader.read(chosen.into_iter().collect(), true);
    loader.imports();
    Ok(loader.loaded)
}

/// Loads a text given under a path.
pub fn load_text(repository: &Repository, path: &str, text: String) -> Loaded {
    let mut loader = Loader::new(repository, repository.walk(""));
    loader.add(path.to_owned(), Ok(text), true);
    loader.imports();
    loader.loaded
}

struct Loader<'a> {
    repository: &'a Repository,
    loaded: Loaded,
    known: HashMap<String, Option<FileId>>,
}

impl<'a> Loader<'a> {
    fn new(repository: &'a Repository, all: BTreeSet<String>) -> Self {
        let mut loaded = Loaded::default();
        loaded.sources.paths = Some(all);
        Self { repository, loaded, known: HashMap::new() }
    }

    fn read(&mut self, paths: Vec<String>, target: bool) {
        let texts = each_bytes(&paths, &ProgressBar::hidden(), |path| read(self.repository, path));
        for (path, text) in paths.into_iter().zip(texts) {
            self.add(path, text, target);
        }
    }

    fn add(&mut self, path: String, text: Result<String, Failure>, target: bool) {
        let id = match text {
            Ok(text) => Some(self.loaded.sources.add(SourceFile::new(path.clone(), text))),
            Err(failure) => {
                self.loaded.failures.push(failure);
                None
            }
        };
        self.loaded.targets.extend(id.filter(|_| target));
        self.known.insert(path, id);
    }

    /// Reads what files import, and what those import, until nothing new is named.
    fn imports(&mut self) {
        let mut fresh: Vec<FileId> = self.loaded.sources.ids().collect();
        while !fresh.is_empty() {
            let named: BTreeSet<String> =
                each(&fresh, &ProgressBar::hidden(), |id| imports(&self.loaded.sources, *id)).into_iter().flatten().collect();
            let exists = |path: &String| !self.known.contains_key(path) && self.repository.absolute(path).symlink_metadata().is_ok();
            let wanted: Vec<String> = named.into_iter().filter(exists).collect();
            let before = self.loaded.sources.ids().count();
            self.read(wanted, false);
            fresh = self.loaded.sources.ids().skip(before).collect();
        }
    }
}

fn imports(sources: &SourceSet, id: FileId) -> Vec<String> {
    let Some(file) = sources.get(id).filter(|file| file.text.contains("use")) else { return Vec::new() };
    resolve::imports(file.folder(), &sources.tree(id))
}

/// The text of a file of the repository. One that is too large is cut a little above the limit, so that the parser can say so.
pub fn read(repository: &Repository, path: &str) -> Result<String, Failure> {
    let place = repository.absolute(path);
    let unreadable = |error: &std::io::Error| Failure::unreadable(path, error);
    let real = place.canonicalize().map_err(|error| unreadable(&error))?;
    if !real.starts_with(&repository.root) {
        let message = format!("`{path}` is a symbolic link that leads out of the repository");
        return Err(Failure::new(&files::OUTSIDE, path, message));
    }
    if !real.is_file() {
        return Err(Failure::new(&files::UNREADABLE, path, format!("`{path}` cannot be read: it is no regular file")));
    }
    let mut bytes = Vec::new();
    let file = std::fs::File::open(&real).map_err(|error| unreadable(&error))?;
    file.take(MAX_BYTES as u64 + 4).read_to_end(&mut bytes).map_err(|error| unreadable(&error))?;
    text(path, bytes)
}

/// Bytes as text; the place of the first byte that is not UTF-8 otherwise.
pub fn text(path: &str, bytes: Vec<u8>) -> Result<String, Failure> {
    let error = match String::from_utf8(bytes) {
        Ok(text) => return Ok(text),
        Err(error) => error,
    };
    let (valid, cut) = (error.utf8_error().valid_up_to(), error.utf8_error().error_len().is_none());
    let mut bytes = error.into_bytes();
    let bad = bytes.get(valid).copied().unwrap_or_default();
    let large = bytes.len() > MAX_BYTES;
    bytes.truncate(valid);
    let before = String::from_utf8(bytes).unwrap_or_default();
    if large && cut {
        return Ok(before);
    }
    let line = before.matches('\n').count() + 1;
    Err(Failure::new(&files::NOT_UTF8, path, format!("`{path}` is not UTF-8: byte 0x{bad:02x} in line {line}"))
        .help("save the file as UTF-8"))
}

/// A text from standard input, under the path it is to have.
pub fn stdin(repository: &Repository, name: Option<&PathBuf>) -> Result<(String, String), Stop> {
    let name = name.ok_or_else(|| Stop::Usage("`-` reads standard input and needs `--stdin-filename PATH`".to_owned()))?;
    let path = repository.relative(name)?;
    let mut bytes = Vec::new();
    let read = std::io::stdin().lock().take(MAX_BYTES as u64 + 4).read_to_end(&mut bytes);
    read.map_err(|error| Failure::unreadable("-", &error))?;
    let text = text(&path, bytes)?;
    Ok((path, text))
}

/// Whether a selection is standard input.
pub fn is_stdin(selection: &Selection) -> Result<bool, Stop> {
    let dash = selection.paths.iter().any(|path| path.as_os_str() == "-");
    if dash && selection.paths.len() > 1 {
        return Err(Stop::Usage("`-` cannot be combined with files".to_owned()));
    }
    Ok(dash)
}
