//! Names that other systems must accept.

use super::Resolver;
use super::hir::Attrs;
use super::problem::Problem;
use crate::syntax::ast::Ident;

/// Words that nothing may be named: they have a meaning wherever a name may stand.
const RESERVED: &[&str] =
    &["secret", "var", "param", "champion", "true", "false", "and", "or", "not", "rollback", "outcome", "file", "dvc", "action"];

/// Whether Kubernetes takes it as the name of an InferenceService: a DNS label that begins with a letter.
pub fn is_dns_label(text: &str) -> bool {
    let body = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-';
    let bytes = text.as_bytes();
    let ends = bytes.first().is_some_and(u8::is_ascii_lowercase) && bytes.last().is_some_and(|b| *b != b'-');
    ends && bytes.len() <= 63 && bytes.iter().all(|b| body(*b))
}

/// The nearest name that Kubernetes takes.
pub fn dns_label(text: &str) -> String {
    let lower = text.to_ascii_lowercase();
    let mapped: String = lower.chars().map(|c| if c.is_ascii_alphanumeric() { c } else { '-' }).collect();
    let trimmed = mapped.trim_matches('-').trim_start_matches(|c: char| c.is_ascii_digit() || c == '-');
    let short: String = trimmed.chars().take(63).collect();
    if short.is_empty() { "name".into() } else { short.trim_end_matches('-').to_owned() }
}

/// Whether a registry takes it as a path of an image.
pub fn is_image_name(text: &str) -> bool {
    let part = |part: &str| {
        let inner = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || matches!(b, b'.' | b'_' | b'-');
        let edge = |b: Option<&u8>| b.is_some_and(|b| b.is_ascii_lowercase() || b.is_ascii_digit());
        edge(part.as_bytes().first()) && edge(part.as_bytes().last()) && part.bytes().all(inner)
    };
    !text.is_empty() && text.len() <= 200 && text.split('/').all(part)
}

/// The nearest name that a registry takes.
pub fn image_name(text: &str) -> String {
    let parts = text.split('/').map(dns_label);
    parts.collect::<Vec<_>>().join("/")
}

/// Whether Kubernetes takes it as a DNS subdomain: labels divided by dots, which may begin with a digit.
fn is_dns_subdomain(text: &str) -> bool {
    let alphanumeric = |b: Option<u8>| b.is_some_and(|b| b.is_ascii_lowercase() || b.is_ascii_digit());
    let part = |part: &[u8]| {
        let ends = alphanumeric(part.first().copied()) && alphanumeric(part.last().copied());
        ends && part.iter().all(|b| *b == b'-' || alphanumeric(Some(*b)))
    };
    text.len() <= 253 && text.as_bytes().split(|b| *b == b'.').all(part)
}

/// Whether an action can have an input of this name.
/// <https://docs.github.com/en/actions/reference/workflows-and-actions/metadata-syntax#inputsinput_id>
fn is_input_name(text: &str) -> bool {
    let begins = text.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_');
    begins && text.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_'))
}

/// The name that a string attribute gives, and where it stands.
pub(super) fn written_name(attrs: &Attrs, key: &str) -> Option<Ident> {
    Some(Ident { text: attrs.string(key)?.to_owned(), span: attrs.get(key)?.span })
}

impl Resolver<'_> {
    /// Complains about a declared name that the language keeps for itself.
    pub(super) fn check_reserved(&mut self, name: &Ident) {
        if RESERVED.contains(&name.text.as_str()) {
            self.problem(Problem::Reserved(name.clone()));
        }
    }

    /// Complains about a name that Kubernetes would refuse.
    pub(super) fn check_dns_label(&mut self, name: &Ident, what: &'static str) {
        if !is_dns_label(&name.text) {
            let suggestion = dns_label(&name.text);
            self.problem(Problem::InvalidName { name: name.clone(), what, suggestion });
        }
    }

    /// Complains about a service account that Kubernetes would refuse.
    pub(super) fn check_service_account(&mut self, name: &Ident) {
        if !is_dns_subdomain(&name.text) {
            let suggestion = dns_label(&name.text);
            self.problem(Problem::InvalidName { name: name.clone(), what: "service account", suggestion });
        }
    }

    /// Complains about a name that no input of an action has.
    pub(super) fn check_input_name(&mut self, name: &Ident) {
        if !is_input_name(&name.text) {
            let suggestion = dns_label(&name.text);
            self.problem(Problem::InvalidName { name: name.clone(), what: "input", suggestion });
        }
    }

    /// Complains about a name that a registry would refuse.
    pub(super) fn check_image_name(&mut self, name: &Ident) {
        if !is_image_name(&name.text) {
            let suggestion = image_name(&name.text);
            self.problem(Problem::InvalidName { name: name.clone(), what: "image", suggestion });
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn suggestions_are_valid() {
        for text in ["Churn Model", "9lives", "_x_", "", "ä", "a--", &"x".repeat(80)] {
            assert!(is_dns_label(&dns_label(text)), "{text}");
            assert!(is_image_name(&image_name(text)), "{text}");
            assert!(is_dns_subdomain(&dns_label(text)) && is_input_name(&dns_label(text)), "{text}");
        }
        assert!(!is_dns_label("1a") && !is_dns_label("a_b") && is_dns_label("a-1"));
    }

    #[test]
    fn service_accounts() {
        for text in ["kserve-s3", "1a", "a.b-c.d"] {
            assert!(is_dns_subdomain(text), "{text}");
        }
        for text in ["", "S3", "a_b", "a.", "a..b", "-a", "a-", &"a".repeat(254)] {
            assert!(!is_dns_subdomain(text), "{text}");
        }
    }

    #[test]
    fn inputs() {
        assert!(["python-version", "_x", "node_20"].into_iter().all(is_input_name));
        assert!(!["", "a b", "a.b", "-a", "1a", "é"].into_iter().any(is_input_name));
    }
}
