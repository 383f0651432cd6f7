//! Pins: which commit an action's tag means.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use serde::de::{Error as _, Unexpected};
use serde::{Deserialize, Deserializer, Serialize};

/// The pins that come with the compiler.
const BUILT_IN: &str = include_str!("../templates/pins.json");

static DEFAULT: LazyLock<Lock> = LazyLock::new(|| Lock::parse(BUILT_IN).unwrap_or_default());

/// `mlp.lock`, or the pins that come with the compiler.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Lock {
    /// This repository on GitHub, `owner/name`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub repository: Option<String>,
    /// Where the workflow of pull requests installs mlp from; without it, from crates.io.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mlp: Option<Source>,
    /// `owner/name` → its pin.
    #[serde(default)]
    pub actions: BTreeMap<String, Pin>,
    /// Tool → version.
    #[serde(default)]
    pub tools: BTreeMap<String, String>,
    /// `.mlp` file → the files it compiles to; `*` → those that all share.
    #[serde(default)]
    pub outputs: BTreeMap<String, Vec<String>>,
}

/// A pin.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Pin {
    /// The tag, `v7.0.1`.
    pub tag: String,
    /// The commit, 40 hexadecimal digits.
    pub sha: String,
}

/// A commit of a git repository.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Source {
    /// Its `https://` address, without user or password.
    #[serde(deserialize_with = "address")]
    pub git: String,
    /// The commit, 40 hexadecimal digits.
    #[serde(deserialize_with = "commit")]
    pub sha: String,
}

fn address<'de, D: Deserializer<'de>>(reader: D) -> Result<String, D::Error> {
    let allowed = |b: u8| b.is_ascii_alphanumeric() || b"-._~/:".contains(&b);
    read(reader, |text| text.starts_with("https://") && text.bytes().all(allowed), "an `https://` address without user and password")
}

fn commit<'de, D: Deserializer<'de>>(reader: D) -> Result<String, D::Error> {
    read(reader, |text| text.len() == 40 && text.bytes().all(|b| b.is_ascii_hexdigit()), "a commit of 40 hexadecimal digits")
}

fn read<'de, D: Deserializer<'de>>(reader: D, valid: impl Fn(&str) -> bool, wanted: &'static str) -> Result<String, D::Error> {
    let text = String::deserialize(reader)?;
    if valid(&text) { Ok(text) } else { Err(D::Error::invalid_value(Unexpected::Str(&text), &wanted)) }
}

impl Lock {
    /// Reads a lock file.
    pub fn parse(text: &str) -> Result<Self, serde_json::Error> {
        serde_json::from_str(text)
    }

    /// As written to `mlp.lock`.
    pub fn text(&self) -> String {
        serde_json::to_string_pretty(self).unwrap_or_default() + "\n"
    }

    /// The pins that come with the compiler.
    pub fn built_in() -> &'static Self {
        &DEFAULT
    }

    /// The pin of an action: this file's own, else the compiler's.
    pub fn action(&self, name: &str) -> Option<&Pin> {
        self.actions.get(name).or_else(|| DEFAULT.actions.get(name))
    }

    /// The version of a tool.
    pub fn tool(&self, name: &str) -> Option<&str> {
        self.tools.get(name).or_else(|| DEFAULT.tools.get(name)).map(String::as_str)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_source_of_mlp_is_an_address_and_a_commit() {
        let parse = |git: &str, sha: &str| Lock::parse(&format!(r#"{{ "mlp": {{ "git": "{git}", "sha": "{sha}" }} }}"#));
        let (git, sha) = ("https://git.acme.internal:8443/ml/mlp.git", &"0a".repeat(20));
        assert_eq!(parse(git, sha).unwrap().mlp, Some(Source { git: git.into(), sha: sha.clone() }));
        for wrong in
            ["http://git.acme.internal/mlp", "https://a/${{ x }}", "https://me:secret@a/mlp", "https://a/b c", "https://a/$(x)", "-x"]
        {
            assert!(parse(wrong, sha).is_err(), "{wrong}");
        }
        for wrong in ["main", "", &"0g".repeat(20)] {
            assert!(parse(git, wrong).is_err(), "{wrong}");
        }
    }
}
