//! The generated documents: all of them are made in memory, then written or compared.

use std::fs;
use std::path::Path;

use crate::{page, rules, schema, sizes};

/// A document: from the repository's root, as it stands and as it should.
struct Document {
    path: &'static str,
    old: String,
    new: String,
}

fn documents(root: &Path) -> Result<Vec<Document>, String> {
    let read = |path: &str| fs::read_to_string(root.join(path)).unwrap_or_default();
    let made = |path, new| Document { path, old: read(path), new };
    let filled = |path, parts: &page::Parts| Ok::<_, String>(made(path, page::fill(path, &read(path), parts)?));
    let demo = sizes::Demo::compile(root)?;
    Ok(vec![
        filled("docs/language.md", &schema::parts())?,
        filled("README.md", &demo.parts())?,
        made("docs/rules.md", rules::index()),
        made("docs/churn.svg", demo.picture()),
    ])
}

/// Writes what is not current.
pub fn write(root: &Path) -> Result<(), String> {
    for document in documents(root)?.iter().filter(|document| document.old != document.new) {
        fs::write(root.join(document.path), &document.new).map_err(|error| format!("{}: {error}", document.path))?;
        println!("wrote {}", document.path);
    }
    Ok(())
}

/// Complains about what is not current.
pub fn check(root: &Path) -> Result<(), String> {
    let documents = documents(root)?;
    let stale: Vec<&str> = documents.iter().filter(|document| document.old != document.new).map(|document| document.path).collect();
    if stale.is_empty() { Ok(()) } else { Err(format!("not current, run `cargo xtask docs`: {}", stale.join(", "))) }
}
