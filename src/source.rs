//! Source text and places in it.

use std::collections::{BTreeSet, HashMap};
use std::ops::Range;
use std::sync::{Arc, OnceLock};

use crate::syntax::{Parsed, parse};

/// Index of a file in its [`SourceSet`].
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct FileId(pub u32);

/// A range of bytes in one file.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Span {
    /// The file.
    pub file: FileId,
    /// First byte.
    pub start: u32,
    /// One past the last byte.
    pub end: u32,
}

impl Span {
    /// A span of `file` over `range`; offsets beyond 4 GiB saturate (files are capped far below).
    pub fn new(file: FileId, range: Range<usize>) -> Self {
        let offset = |n: usize| u32::try_from(n).unwrap_or(u32::MAX);
        Self { file, start: offset(range.start), end: offset(range.end) }
    }

    /// From the start of `self` to the end of `other`.
    pub fn to(self, other: Self) -> Self {
        Self { end: other.end.max(self.end), ..self }
    }

    /// The empty span at the end of this one.
    pub fn after(self) -> Self {
        Self { start: self.end, ..self }
    }

    /// The empty span at the start of this one.
    pub fn before(self) -> Self {
        Self { end: self.start, ..self }
    }

    /// The bytes as a range.
    pub fn range(self) -> Range<usize> {
        self.start as usize..self.end as usize
    }

    /// Whether `other` lies within.
    pub fn contains(self, other: Self) -> bool {
        self.file == other.file && self.start <= other.start && other.end <= self.end
    }
}

/// A zero-based line and a zero-based column counted in Unicode scalar values.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Position {
    /// Zero-based line.
    pub line: usize,
    /// Zero-based column in characters.
    pub column: usize,
}

/// Where the lines of a text begin.
#[derive(Clone, Debug)]
pub struct LineIndex {
    starts: Vec<usize>,
}

impl LineIndex {
    /// Finds the lines of `text`.
    pub fn new(text: &str) -> Self {
        let breaks = text.bytes().enumerate().filter(|(_, b)| *b == b'\n').map(|(i, _)| i + 1);
        Self { starts: std::iter::once(0).chain(breaks).collect() }
    }

    /// The zero-based line that holds `offset`.
    pub fn line(&self, offset: usize) -> usize {
        self.starts.partition_point(|start| *start <= offset).saturating_sub(1)
    }

    /// The byte at which `line` begins; the last line's for any line beyond.
    pub fn start(&self, line: usize) -> usize {
        self.starts.get(line).or(self.starts.last()).copied().unwrap_or(0)
    }

    /// The position of a byte offset of `text`, the text this index was made of.
    pub fn position(&self, text: &str, offset: usize) -> Position {
        let line = self.line(offset);
        let before = text.get(self.start(line)..offset).unwrap_or_default();
        Position { line, column: before.chars().count() }
    }
}

/// One file of source.
#[derive(Clone, Debug)]
pub struct SourceFile {
    /// Path relative to the repository, with `/`.
    pub path: String,
    /// The text.
    pub text: String,
    /// Its lines.
    pub lines: LineIndex,
    tree: OnceLock<Arc<Parsed>>,
}

impl SourceFile {
    /// A file of `text` at `path`.
    pub fn new(path: impl Into<String>, text: impl Into<String>) -> Self {
        let text = text.into();
        Self { path: path.into(), lines: LineIndex::new(&text), text, tree: OnceLock::new() }
    }

    /// The text of a span of this file.
    pub fn slice(&self, span: Span) -> &str {
        self.text.get(span.range()).unwrap_or_default()
    }

    /// The folder of this file: `""` or a path that ends in `/`.
    pub fn folder(&self) -> &str {
        self.path.rfind('/').and_then(|at| self.path.get(..=at)).unwrap_or_default()
    }
}

/// Everything a compilation may look at: the file asked for (first), what it imports, and the repository's paths.
#[derive(Clone, Debug, Default)]
pub struct SourceSet {
    files: Vec<SourceFile>,
    /// The first file at each path.
    index: HashMap<String, FileId>,
    /// Every path of the repository, or `None` where the repository is unknown (text from an editor, say).
    pub paths: Option<BTreeSet<String>>,
}

impl SourceSet {
    /// A set of one file, with nothing known of the repository.
    pub fn single(path: impl Into<String>, text: impl Into<String>) -> Self {
        let mut set = Self::default();
        set.add(SourceFile::new(path, text));
        set
    }

    /// Adds a file and gives its id.
    pub fn add(&mut self, file: SourceFile) -> FileId {
        let id = FileId(u32::try_from(self.files.len()).unwrap_or(u32::MAX));
        self.index.entry(file.path.clone()).or_insert(id);
        self.files.push(file);
        id
    }

    /// Gives a file another text.
    pub fn replace(&mut self, id: FileId, text: impl Into<String>) {
        if let Some(file) = self.files.get_mut(id.0 as usize) {
            *file = SourceFile::new(std::mem::take(&mut file.path), text);
        }
    }

    /// The file of an id.
    pub fn get(&self, id: FileId) -> Option<&SourceFile> {
        self.files.get(id.0 as usize)
    }

    /// The tree of a file: parsed when first asked for, however many files import it.
    pub fn tree(&self, id: FileId) -> Arc<Parsed> {
        let parsed = |file: &SourceFile| Arc::clone(file.tree.get_or_init(|| Arc::new(parse(id, &file.text))));
        self.get(id).map(parsed).unwrap_or_default()
    }

    /// The file at a path.
    pub fn find(&self, path: &str) -> Option<FileId> {
        self.index.get(path).copied()
    }

    /// All ids, in order of addition.
    pub fn ids(&self) -> impl Iterator<Item = FileId> + use<> {
        (0..u32::try_from(self.files.len()).unwrap_or(u32::MAX)).map(FileId)
    }

    /// The text of a span.
    pub fn slice(&self, span: Span) -> &str {
        self.get(span.file).map_or("", |file| file.slice(span))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn positions_count_characters() {
        let file = SourceFile::new("a/b.mlp", "ä = 1\nb");
        assert_eq!(file.lines.position(&file.text, 3), Position { line: 0, column: 2 });
        assert_eq!(file.lines.position(&file.text, 7), Position { line: 1, column: 0 });
        assert_eq!(file.folder(), "a/");
    }
}
