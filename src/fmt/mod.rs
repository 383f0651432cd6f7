//! The formatter: a tree and its comments to text, and the proof that nothing else changed.

mod align;
mod doc;
mod expr;
mod origin;
mod stmt;

use std::borrow::Cow;
use std::error::Error;
use std::fmt;

use crate::source::FileId;
use crate::syntax::ast::File;
use crate::syntax::trivia::Trivia;
use crate::syntax::{Parsed, SyntaxError, parse};
use origin::Origin;

/// Why a text was not formatted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum FormatError {
    /// It has syntax errors; spans are of the text as it was given.
    Syntax(Vec<SyntaxError>),
    /// The result would mean something else: a bug of the formatter.
    Changed,
    /// The result would have lost or altered a comment: a bug of the formatter.
    Comments,
    /// Formatting the result would change it again: a bug of the formatter.
    Unstable,
}

impl fmt::Display for FormatError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Syntax(_) => "the file has syntax errors",
            Self::Changed => "formatting would change what the file means; this is a bug in mlp",
            Self::Comments => "formatting would lose a comment; this is a bug in mlp",
            Self::Unstable => "formatting twice would give another result; this is a bug in mlp",
        })
    }
}

impl Error for FormatError {}

/// Formats a file, and proves that the result has the same tree and comments and is formatted itself.
///
/// # Errors
/// When the text has syntax errors, or when the proof fails.
pub fn format(text: &str) -> Result<String, FormatError> {
    let parsed = checked(text)?;
    let clean = without_marks(text);
    let parsed = if matches!(clean, Cow::Owned(_)) { checked(&clean)? } else { parsed };
    let result = print(&parsed.file, &parsed.trivia, Some((FileId::default(), &clean)));
    // A text that stays as it is needs no proof.
    if result != clean {
        prove(&parsed, &result)?;
    }
    Ok(result)
}

/// Prints a tree. `source` is the file, with its text, from which `trivia` and every node with a span in it come;
/// nodes with an empty span, and all of them without a source, are printed from the tree alone.
/// A tree is printed as it is: brackets that an operator needs must be in it.
pub fn print(file: &File, trivia: &Trivia, source: Option<(FileId, &str)>) -> String {
    Formatter { origin: Origin::new(source, trivia) }.file(file)
}

/// Prints one file.
struct Formatter<'a> {
    origin: Origin<'a>,
}

fn checked(text: &str) -> Result<Parsed, FormatError> {
    let parsed = parse(FileId::default(), text);
    if parsed.errors.is_empty() { Ok(parsed) } else { Err(FormatError::Syntax(parsed.errors)) }
}

/// The text without a byte-order mark and carriage returns at line ends.
fn without_marks(text: &str) -> Cow<'_, str> {
    let bare = text.trim_start_matches('\u{FEFF}');
    if bare.len() == text.len() && !text.contains("\r\n") {
        return Cow::Borrowed(text);
    }
    let lines: Vec<&str> = bare.split('\n').map(|line| line.trim_end_matches('\r')).collect();
    Cow::Owned(lines.join("\n"))
}

fn prove(before: &Parsed, result: &str) -> Result<(), FormatError> {
    let after = checked(result).map_err(|_| FormatError::Changed)?;
    if after.file != before.file {
        return Err(FormatError::Changed);
    }
    if comments(&after.trivia) != comments(&before.trivia) {
        return Err(FormatError::Comments);
    }
    if print(&after.file, &after.trivia, Some((FileId::default(), result))) != result {
        return Err(FormatError::Unstable);
    }
    Ok(())
}

fn comments(trivia: &Trivia) -> Vec<&str> {
    let mut texts: Vec<&str> = trivia.comments.iter().map(|comment| comment.text.as_str()).collect();
    texts.sort_unstable();
    texts
}
