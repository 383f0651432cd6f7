use crate::diagnostic::{Code, Diagnostic, Severity};
use crate::lint::{Context, Rule, Sink};
use crate::resolve::problem::Problem;

pub static RULE: Rule = Rule {
    code: Code { id: "MLP0704", name: "outside-repository", severity: Severity::Error, docs: include_str!("outside_repository.md") },
    check,
};

fn check(context: &Context<'_>, sink: &mut Sink) {
    for problem in context.problems() {
        if let Problem::OutsideRepository { span, path } = problem {
            let message = if path.is_empty() { "the path is empty".to_owned() } else { format!("`{path}` leads out of the repository") };
            sink.push(
                Diagnostic::new(&RULE.code, *span, message)
                    .label("not a path of this repository")
                    .help("write it relative to this file, or from the root of the repository with `//` in front"),
            );
        }
    }
}
