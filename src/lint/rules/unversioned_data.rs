use crate::diagnostic::{Code, Diagnostic, Severity};
use crate::lint::{Context, Rule, Sink};
use crate::resolve::problem::Problem;

pub static RULE: Rule = Rule {
    code: Code { id: "MLP0703", name: "unversioned-data", severity: Severity::Error, docs: include_str!("unversioned_data.md") },
    check,
};

fn check(context: &Context<'_>, sink: &mut Sink) {
    for problem in context.problems() {
        if let Problem::Unversioned(span) = problem {
            let written = context.text(*span).trim_matches('"');
            sink.push(
                Diagnostic::new(&RULE.code, *span, format!("nothing says which version of `{written}` was used"))
                    .label("a URL or path, whose content can change")
                    .help("track it with DVC and write `CONNECTION.file(\"….dvc\")`, or `dvc(\"….dvc\")` for the default remote"),
            );
        }
    }
}
