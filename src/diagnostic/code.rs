//! The identity of a rule.

/// How bad a finding is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Severity {
    /// Worth knowing; nothing is wrong.
    Hint,
    /// Probably a mistake; compiled all the same.
    Warning,
    /// Nothing is compiled.
    Error,
}

impl Severity {
    /// As users read it.
    pub fn text(self) -> &'static str {
        match self {
            Self::Hint => "hint",
            Self::Warning => "warning",
            Self::Error => "error",
        }
    }
}

/// A rule's stable code and its documentation.
#[derive(Debug)]
pub struct Code {
    /// `MLP0101`
    pub id: &'static str,
    /// `missing-equals`
    pub name: &'static str,
    /// How bad a finding of it is.
    pub severity: Severity,
    /// The page that `mlp explain` shows: Markdown.
    pub docs: &'static str,
}

impl Code {
    /// The first paragraph below the title: the rule in a sentence.
    pub fn summary(&self) -> &'static str {
        let mut paragraphs = self.docs.split("\n\n").map(str::trim);
        paragraphs.find(|text| !text.is_empty() && !text.starts_with('#')).unwrap_or_default()
    }

    /// The group, by the two digits behind `MLP`.
    pub fn group(&self) -> &'static str {
        self.id.get(3..5).unwrap_or_default()
    }
}

impl PartialEq for Code {
    fn eq(&self, other: &Self) -> bool {
        self.id == other.id
    }
}

impl Eq for Code {}
