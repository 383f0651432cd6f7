//! The log of a job: a file, the last lines of it, and no secret.

use std::collections::VecDeque;
use std::fs::File;
use std::io::{self, BufRead as _, BufReader, Read, Write as _};
use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::local::masked;

/// Lines of a failed step that are shown.
const TAIL: usize = 20;

/// A log; its clones write to the same file.
#[derive(Clone, Debug)]
pub struct Log {
    inner: Arc<Mutex<Inner>>,
    secrets: Arc<Vec<String>>,
}

#[derive(Debug)]
struct Inner {
    file: File,
    tail: VecDeque<String>,
}

impl Log {
    /// A new file.
    pub fn create(path: &Path, secrets: &Arc<Vec<String>>) -> io::Result<Self> {
        let inner = Inner { file: File::create(path)?, tail: VecDeque::new() };
        Ok(Self { inner: Arc::new(Mutex::new(inner)), secrets: Arc::clone(secrets) })
    }

    fn inner(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Begins a step: the last lines are those from here on.
    pub fn begin(&self, step: &str) {
        self.line(&format!("==> {step}"));
        self.inner().tail.clear();
    }

    /// Adds a line. A log that cannot be written is no reason to stop.
    pub fn line(&self, text: &str) {
        let text = self.mask(text);
        let mut inner = self.inner();
        drop(writeln!(inner.file, "{text}"));
        if inner.tail.len() == TAIL {
            inner.tail.pop_front();
        }
        inner.tail.push_back(text);
    }

    /// Adds all that a stream says, line by line, until it ends.
    pub fn follow(&self, stream: impl Read) {
        let mut stream = BufReader::new(stream);
        let mut line = Vec::new();
        while stream.read_until(b'\n', &mut line).is_ok_and(|read| read > 0) {
            self.line(String::from_utf8_lossy(&line).trim_end_matches(['\n', '\r']));
            line.clear();
        }
    }

    /// A text without secrets.
    pub fn mask(&self, text: &str) -> String {
        masked(text, &self.secrets)
    }

    /// Whether a text holds a secret.
    pub fn is_secret(&self, text: &str) -> bool {
        self.secrets.iter().any(|secret| text.contains(secret.as_str()))
    }

    /// The last lines of the step.
    pub fn tail(&self) -> Vec<String> {
        self.inner().tail.iter().cloned().collect()
    }
}
