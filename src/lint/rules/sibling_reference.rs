use crate::diagnostic::{Code, Diagnostic, Severity};
use crate::lint::{Context, Rule, Sink};
use crate::resolve::problem::Problem;

pub static RULE: Rule = Rule {
    code: Code { id: "MLP0602", name: "sibling-reference", severity: Severity::Error, docs: include_str!("sibling_reference.md") },
    check,
};

fn check(context: &Context<'_>, sink: &mut Sink) {
    for problem in context.problems() {
        if let Problem::Sibling { name, declared } = problem {
            let message = format!("`{}` runs side by side with this stage, so its outputs are not there yet", name.text);
            sink.push(
                Diagnostic::new(&RULE.code, name.span, message)
                    .label("used here")
                    .related(*declared, "declared here, in another branch of the same `parallel`")
                    .help("put both into one `sequence { … }`, or the one that needs the other below the `parallel`"),
            );
        }
    }
}
