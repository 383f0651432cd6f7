use crate::diagnostic::{Code, Diagnostic, Severity};
use crate::lint::{Context, Rule, Sink};
use crate::source::{FileId, Span};

pub static RULE: Rule = Rule {
    code: Code { id: "MLP0803", name: "credential-literal", severity: Severity::Error, docs: include_str!("credential_literal.md") },
    check,
};

/// How a kind of credential looks: what it begins with, and at least how many characters follow.
struct Shape {
    prefix: &'static str,
    rest: usize,
    what: &'static str,
}

const fn shape(prefix: &'static str, rest: usize, what: &'static str) -> Shape {
    Shape { prefix, rest, what }
}

/// Shapes that nothing else has.
const SHAPES: &[Shape] = &[
    shape("AKIA", 16, "an AWS access key"),
    shape("ASIA", 16, "an AWS access key"),
    shape("ghp_", 36, "a GitHub token"),
    shape("gho_", 36, "a GitHub token"),
    shape("ghu_", 36, "a GitHub token"),
    shape("ghs_", 36, "a GitHub token"),
    shape("github_pat_", 36, "a GitHub token"),
    shape("glpat-", 20, "a GitLab token"),
    shape("xoxb-", 20, "a Slack token"),
    shape("xoxp-", 20, "a Slack token"),
    shape("xoxa-", 20, "a Slack token"),
    shape("xapp-", 20, "a Slack token"),
    shape("AIza", 35, "a Google API key"),
    shape("hf_", 34, "a Hugging Face token"),
];

fn check(context: &Context<'_>, sink: &mut Sink) {
    for file in context.resolved.parsed.keys() {
        let Some(source) = context.sources.get(*file) else { continue };
        sink.extend(tokens(&source.text).filter_map(|(at, token)| Some(report(*file, at, token.len(), kind(token)?))));
        sink.extend(keys(&source.text).map(|(at, length)| report(*file, at, length, "a private key")));
    }
}

/// Words of the characters that credentials consist of, each with where it begins.
fn tokens(text: &str) -> impl Iterator<Item = (usize, &str)> {
    let outside = |c: char| !c.is_ascii_alphanumeric() && !matches!(c, '_' | '-');
    let start = text.as_ptr() as usize;
    text.split(outside).filter(|token| token.len() >= 20).map(move |token| (token.as_ptr() as usize - start, token))
}

fn kind(token: &str) -> Option<&'static str> {
    let fits = |shape: &&Shape| token.strip_prefix(shape.prefix).is_some_and(|rest| rest.len() >= shape.rest);
    let exact = |shape: &&Shape| !shape.prefix.ends_with("IA") || token.bytes().all(|b| b.is_ascii_uppercase() || b.is_ascii_digit());
    SHAPES.iter().find(|shape| fits(shape) && exact(shape)).map(|shape| shape.what)
}

/// `-----BEGIN … PRIVATE KEY-----`
fn keys(text: &str) -> impl Iterator<Item = (usize, usize)> {
    const BEGIN: &str = "-----BEGIN ";
    const END: &str = "PRIVATE KEY-----";
    text.match_indices(BEGIN).filter_map(move |(at, _)| {
        let line = text.get(at..)?.lines().next()?;
        let end = line.find(END)? + END.len();
        (end <= 64).then_some((at, end))
    })
}

fn report(file: FileId, at: usize, length: usize, what: &str) -> Diagnostic {
    Diagnostic::new(&RULE.code, Span::new(file, at..at + length), format!("this looks like {what}"))
        .label("anyone who can read the repository can use it")
        .help("revoke it, store a new one as a secret of the CI system, and refer to that with `secret.NAME`")
}
