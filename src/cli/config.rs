//! `mlp.toml`: which rules, how severe, and which files not. Never what a pipeline means.

use std::collections::{BTreeMap, HashMap};
use std::path::Path;

use ignore::gitignore::{Gitignore, GitignoreBuilder};
use serde::Deserialize;

use super::exit::Failure;
use crate::diagnostic::render::Finding;
use crate::diagnostic::{Diagnostic, Severity};
use crate::lint::{self, files};

/// The file's name.
pub const NAME: &str = "mlp.toml";

/// The settings that hold.
#[derive(Debug)]
pub struct Config {
    exclude: Gitignore,
    levels: HashMap<&'static str, Level>,
}

impl Default for Config {
    fn default() -> Self {
        Self { exclude: Gitignore::empty(), levels: HashMap::new() }
    }
}

/// The file as written.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct Written {
    #[serde(default)]
    exclude: Vec<String>,
    #[serde(default)]
    rules: BTreeMap<String, Level>,
}

/// How severe findings of a rule are.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Level {
    Off,
    Hint,
    Warning,
    Error,
}

impl Level {
    fn severity(self) -> Option<Severity> {
        match self {
            Self::Off => None,
            Self::Hint => Some(Severity::Hint),
            Self::Warning => Some(Severity::Warning),
            Self::Error => Some(Severity::Error),
        }
    }
}

impl Config {
    /// Reads the file of the nearest folder from `start` up to `root`; defaults where there is none.
    pub fn load(start: &Path, root: &Path) -> Result<Self, Failure> {
        let folders = start.ancestors().take_while(|folder| folder.starts_with(root));
        let Some(path) = folders.map(|folder| folder.join(NAME)).find(|path| path.is_file()) else { return Ok(Self::default()) };
        let shown = path.strip_prefix(root).unwrap_or(&path).to_string_lossy().into_owned();
        let text = std::fs::read_to_string(&path).map_err(|error| Failure::unreadable(&shown, &error))?;
        Self::parse(&text, path.parent().unwrap_or(root))
            .map_err(|(message, range)| Failure::new(&files::SETTINGS, shown, message).at(&text, range))
    }

    fn parse(text: &str, folder: &Path) -> Result<Self, (String, std::ops::Range<usize>)> {
        let written: Written = toml::from_str(text).map_err(|e| (e.message().replace('\n', ", "), e.span().unwrap_or_default()))?;
        let mut exclude = GitignoreBuilder::new(folder);
        for pattern in &written.exclude {
            exclude.add_line(None, pattern).map_err(|e| (format!("`{pattern}` is no pattern: {e}"), place(text, pattern)))?;
        }
        let exclude = exclude.build().map_err(|error| (error.to_string(), 0..0))?;
        let levels = written.rules.iter().map(|(name, level)| known(name, *level).map_err(|why| (why, place(text, name))));
        Ok(Self { exclude, levels: levels.collect::<Result<_, _>>()? })
    }

    /// Whether a file is not looked at unless it is named.
    pub fn excludes(&self, path: &Path, folder: bool) -> bool {
        !self.exclude.is_empty() && self.exclude.matched_path_or_any_parents(path, folder).is_ignore()
    }

    /// A finding with the severity that holds for it; nothing if its rule is off.
    pub fn finding(&self, diagnostic: Diagnostic) -> Option<Finding> {
        let severity = match self.levels.get(diagnostic.code.id) {
            Some(level) => level.severity()?,
            None => diagnostic.severity(),
        };
        Some(Finding { diagnostic, severity })
    }
}

/// Where a word stands.
fn place(text: &str, word: &str) -> std::ops::Range<usize> {
    text.find(word).map_or(0..0, |start| start..start + word.len())
}

fn known(name: &str, level: Level) -> Result<(&'static str, Level), String> {
    let codes = || lint::codes().flat_map(|code| [code.id, code.name]);
    let Some(code) = lint::find_code(name) else {
        let meant = lint::did_you_mean(name, codes()).map(|meant| format!("; did you mean `{meant}`?")).unwrap_or_default();
        return Err(format!("there is no rule `{name}`{meant}"));
    };
    if code.severity == Severity::Error && level != Level::Error {
        return Err(format!("`{name}` is an error and stays one: what it finds cannot be compiled"));
    }
    Ok((code.id, level))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(text: &str) -> String {
        Config::parse(text, Path::new("/r")).unwrap_err().0
    }

    #[test]
    fn unknown_keys_and_rules_are_refused() {
        assert!(refused("exclud = []").contains("unknown field `exclud`"));
        assert!(refused("[rules]\nMLP0500 = \"off\"").contains("no rule `MLP0500`"));
        assert!(refused("[rules]\nungated-deploi = \"off\"").contains("did you mean `ungated-deploy`?"));
        assert!(refused("[rules]\nMLP0501 = \"warning\"").contains("stays one"));
    }

    #[test]
    fn patterns_are_those_of_gitignore() {
        let config = Config::parse("exclude = [\"vendor/\", \"*.old.mlp\"]", Path::new("/r")).unwrap();
        assert!(config.excludes(Path::new("/r/a/vendor/x.mlp"), false));
        assert!(config.excludes(Path::new("/r/b.old.mlp"), false));
        assert!(!config.excludes(Path::new("/r/b.mlp"), false));
    }
}
