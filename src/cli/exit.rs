//! How a command ends.

use std::io;
use std::ops::Range;
use std::process::ExitCode;

use crate::diagnostic::render::Finding;
use crate::diagnostic::{Code, Diagnostic, Severity};
use crate::lint::files;
use crate::source::{SourceFile, SourceSet, Span};

/// How a command ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Exit {
    /// 0: nothing to say.
    Clean,
    /// 1: an error was found, or a file is not what it should be.
    Found,
    /// 2: usage, IO or a bug.
    Failed,
    /// 130: the user ended it, as shells tell it.
    Interrupted,
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        match exit {
            Exit::Clean => Self::SUCCESS,
            Exit::Found => Self::from(1),
            Exit::Failed => Self::from(2),
            Exit::Interrupted => Self::from(130),
        }
    }
}

impl Exit {
    /// [`Exit::Found`] if so.
    pub fn found(found: bool) -> Self {
        if found { Self::Found } else { Self::Clean }
    }

    /// What findings amount to: warnings and hints alone are clean.
    pub fn of(findings: &[Finding]) -> Self {
        let worst = findings.iter().filter(|finding| finding.severity == Severity::Error).map(|finding| exit(finding.diagnostic.code));
        worst.max().unwrap_or(Self::Clean)
    }
}

/// How a command ends that found an error of a code: what the system or the user's settings refuse is a failure.
fn exit(code: &Code) -> Exit {
    let failed = [&files::UNREADABLE, &files::OUTSIDE, &files::UNWRITABLE, &files::NO_PIPELINES, &files::SETTINGS, &files::NETWORK];
    if failed.iter().any(|other| **other == *code) { Exit::Failed } else { Exit::Found }
}

/// Something wrong with a file as such.
#[derive(Clone, Debug)]
pub struct Failure {
    code: &'static Code,
    path: String,
    message: String,
    help: Option<String>,
    /// The file's text and a place in it, where that is known.
    at: Option<(String, Range<usize>)>,
}

impl Failure {
    /// A failure of a code; `path` as users know the file.
    pub fn new(code: &'static Code, path: impl Into<String>, message: impl Into<String>) -> Self {
        Self { code, path: path.into(), message: message.into(), help: None, at: None }
    }

    /// With advice.
    #[must_use]
    pub fn help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(help.into());
        self
    }

    /// With the place in the file.
    #[must_use]
    pub fn at(mut self, text: &str, range: Range<usize>) -> Self {
        self.at = Some((text.to_owned(), range));
        self
    }

    /// A file that cannot be read.
    pub fn unreadable(path: impl Into<String>, error: &io::Error) -> Self {
        let path = path.into();
        let message = format!("`{path}` cannot be read: {}", reason(error));
        Self::new(&files::UNREADABLE, path, message)
    }

    /// A file that cannot be written.
    pub fn unwritable(path: impl Into<String>, error: &io::Error) -> Self {
        let path = path.into();
        let message = format!("`{path}` cannot be written: {}", reason(error));
        Self::new(&files::UNWRITABLE, path, message)
    }

    /// As a finding, its file added to `sources`.
    pub fn finding(self, sources: &mut SourceSet) -> Finding {
        let (text, range) = self.at.unwrap_or_default();
        let file = sources.add(SourceFile::new(self.path, text));
        let mut diagnostic = Diagnostic::new(self.code, Span::new(file, range), self.message);
        diagnostic.help = self.help;
        diagnostic.into()
    }
}

/// The operating system's words in the style of our own: lower case, without its number.
fn reason(error: &io::Error) -> String {
    let text = error.to_string();
    let text = text.split(" (os error").next().unwrap_or_default();
    let mut chars = text.chars();
    chars.next().map(|first| first.to_lowercase().chain(chars).collect()).unwrap_or_default()
}

/// Why a command did not come to its own end.
#[derive(Debug)]
pub enum Stop {
    /// Something is wrong with files.
    Failures(Vec<Failure>),
    /// The arguments do not go together.
    Usage(String),
    /// Results could not be written.
    Output(io::Error),
}

impl From<Failure> for Stop {
    fn from(failure: Failure) -> Self {
        Self::Failures(vec![failure])
    }
}

impl From<io::Error> for Stop {
    fn from(error: io::Error) -> Self {
        Self::Output(error)
    }
}

/// What a command gives.
pub type Outcome = Result<Exit, Stop>;
