use crate::diagnostic::{Code, Diagnostic, Severity};
use crate::lint::{Context, Rule, Sink};
use crate::resolve::problem::Problem;

pub static RULE: Rule =
    Rule { code: Code { id: "MLP0903", name: "image-by-tag", severity: Severity::Error, docs: include_str!("image_by_tag.md") }, check };

fn check(context: &Context<'_>, sink: &mut Sink) {
    for problem in context.problems() {
        if let Problem::ImageByTag(span) = problem {
            let image = context.text(*span).trim_matches('"');
            sink.push(
                Diagnostic::new(&RULE.code, *span, format!("`{image}` does not say which image it is, only what it is called today"))
                    .label("no digest")
                    .help("build it in an `image` stage and use its `digest`, or write `NAME@sha256:…`"),
            );
        }
    }
}
