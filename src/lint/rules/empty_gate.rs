use crate::diagnostic::{Code, Diagnostic, Severity};
use crate::lint::text::broken;
use crate::lint::{Context, Rule, Sink};

pub static RULE: Rule =
    Rule { code: Code { id: "MLP0509", name: "empty-gate", severity: Severity::Error, docs: include_str!("empty_gate.md") }, check };

fn check(context: &Context<'_>, sink: &mut Sink) {
    for gate in context.pipelines().flat_map(|(pipeline, _)| pipeline.of_kind("gate")) {
        if gate.rules.is_empty() && !broken(context, gate.span) {
            let name = &gate.name.text;
            let found = Diagnostic::new(&RULE.code, gate.name.span, format!("the gate `{name}` lets every model pass"));
            sink.push(found.label("it has no `require`").help("write what must hold, such as `require auc >= 0.75`"));
        }
    }
}
