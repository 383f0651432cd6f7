//! Pins: which commit an action's tag means.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use serde::{Deserialize, Serialize};

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
