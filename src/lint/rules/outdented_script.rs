use crate::diagnostic::{Code, Diagnostic, Fix, Severity};
use crate::lint::{Context, Rule, Sink};
use crate::source::Span;
use crate::syntax::SyntaxErrorKind;

pub static RULE: Rule = Rule {
    code: Code { id: "MLP0104", name: "outdented-script", severity: Severity::Error, docs: include_str!("outdented_script.md") },
    check,
};

fn check(context: &Context<'_>, sink: &mut Sink) {
    for error in context.syntax_errors() {
        if let SyntaxErrorKind::Outdented { fence } = error.kind {
            sink.push(report(context, error.span, fence));
        }
    }
}

fn report(context: &Context<'_>, line: Span, fence: Span) -> Diagnostic {
    let indent = indentation(context, fence);
    let own = context.text(line).len() - context.text(line).trim_start().len();
    let blanks = Span { end: line.start.saturating_add(u32::try_from(own).unwrap_or(0)), ..line };
    Diagnostic::new(&RULE.code, line, "this line of the script stands left of its closing fence")
        .label(format!("indented by {own}, the fence by {}", indent.len()))
        .related(fence, "the fence says how much indentation every line loses")
        .help("indent the line, or move the fence to the left")
        .fix(Fix::unsafe_edit("indent the line like the fence", blanks, indent))
}

/// The blanks before a fence.
fn indentation<'a>(context: &Context<'a>, fence: Span) -> &'a str {
    let before = context.sources.get(fence.file).and_then(|file| file.text.get(..fence.start as usize)).unwrap_or_default();
    before.rsplit('\n').next().unwrap_or_default()
}
