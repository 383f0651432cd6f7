//! What the compiler has to say about a file.

mod code;
mod fix;
pub mod render;

pub use code::{Code, Severity};
pub use fix::{Edit, Fix, apply};

use crate::source::Span;

/// One finding.
#[derive(Clone, Debug)]
pub struct Diagnostic {
    /// Which rule found it.
    pub code: &'static Code,
    /// The problem in the user's words: lower case, no full stop, their text in backticks.
    pub message: String,
    /// Where.
    pub span: Span,
    /// What the span is marked with.
    pub label: Option<String>,
    /// Other places that matter, each with why.
    pub related: Vec<(Span, String)>,
    /// What to do about it.
    pub help: Option<String>,
    /// How to do it.
    pub fix: Option<Fix>,
}

impl Diagnostic {
    /// A finding of a rule.
    pub fn new(code: &'static Code, span: Span, message: impl Into<String>) -> Self {
        Self { code, message: message.into(), span, label: None, related: Vec::new(), help: None, fix: None }
    }

    /// With a mark on its span.
    #[must_use]
    pub fn label(mut self, text: impl Into<String>) -> Self {
        self.label = Some(text.into());
        self
    }

    /// With another place.
    #[must_use]
    pub fn related(mut self, span: Span, text: impl Into<String>) -> Self {
        self.related.push((span, text.into()));
        self
    }

    /// With advice.
    #[must_use]
    pub fn help(mut self, text: impl Into<String>) -> Self {
        self.help = Some(text.into());
        self
    }

    /// With a fix, if there is one.
    #[must_use]
    pub fn fix(mut self, fix: impl Into<Option<Fix>>) -> Self {
        self.fix = fix.into();
        self
    }

    /// How bad it is.
    pub fn severity(&self) -> Severity {
        self.code.severity
    }
}
