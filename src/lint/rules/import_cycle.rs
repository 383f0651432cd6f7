use crate::diagnostic::{Code, Diagnostic, Severity};
use crate::lint::{Context, Rule, Sink};
use crate::resolve::problem::Problem;

pub static RULE: Rule =
    Rule { code: Code { id: "MLP0402", name: "import-cycle", severity: Severity::Error, docs: include_str!("import_cycle.md") }, check };

fn check(context: &Context<'_>, sink: &mut Sink) {
    for problem in context.problems() {
        if let Problem::ImportCycle { path, chain } = problem {
            let first = chain.first().map_or("", String::as_str);
            let way: Vec<String> = chain.iter().map(String::as_str).chain([first]).map(|file| format!("`{file}`")).collect();
            let found = Diagnostic::new(&RULE.code, path.span, format!("`{first}` imports itself: {}", way.join(" → ")));
            sink.push(found.label("this import closes the circle").help("move what both need into a file of its own"));
        }
    }
}
