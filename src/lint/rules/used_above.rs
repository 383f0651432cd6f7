use crate::diagnostic::{Code, Diagnostic, Severity};
use crate::lint::{Context, Rule, Sink};
use crate::resolve::problem::Problem;

pub static RULE: Rule =
    Rule { code: Code { id: "MLP0401", name: "used-above", severity: Severity::Error, docs: include_str!("used_above.md") }, check };

fn check(context: &Context<'_>, sink: &mut Sink) {
    for problem in context.problems() {
        if let Problem::UsedAbove { name, declared } = problem {
            let found = Diagnostic::new(&RULE.code, name.span, format!("`{}` is used above its declaration", name.text));
            sink.push(found.label("used here").related(*declared, "declared here").help("stages run in the order written: move it up"));
        }
    }
}
