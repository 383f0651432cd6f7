use crate::diagnostic::{Code, Diagnostic, Severity};
use crate::lint::{Context, Rule, Sink};

pub static RULE: Rule = Rule {
    code: Code { id: "MLP1004", name: "too-many-inputs", severity: Severity::Error, docs: include_str!("too_many_inputs.md") },
    check,
};

/// What `workflow_dispatch` takes. <https://docs.github.com/en/actions/reference/workflows-and-actions/workflow-syntax#onworkflow_dispatchinputs>
const MOST: usize = 25;

fn check(context: &Context<'_>, sink: &mut Sink) {
    for trigger in context.pipelines().flat_map(|(pipeline, _)| &pipeline.triggers) {
        if let Some(first) = trigger.inputs.get(MOST) {
            let message = format!("`on manual` asks for {} inputs, but GitHub takes at most {MOST}", trigger.inputs.len());
            sink.push(
                Diagnostic::new(&RULE.code, first.name.span, message)
                    .label("one too many")
                    .related(trigger.attrs.head, "of this trigger")
                    .help("leave the others as plain `param`s, which change with a commit"),
            );
        }
    }
}
