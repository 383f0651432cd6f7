//! A JSON array, one object a finding. Lines and columns count from 1, columns in Unicode scalar values, offsets in bytes from 0.

use serde_json::{Value, json};

use super::{Finding, Report};
use crate::diagnostic::Fix;
use crate::source::Span;

pub fn render(report: Report<'_>) -> String {
    let findings: Vec<Value> = report.findings.iter().map(|finding| object(report, finding)).collect();
    format!("{:#}\n", Value::Array(findings))
}

fn object(report: Report<'_>, finding: &Finding) -> Value {
    let diagnostic = &finding.diagnostic;
    let related: Vec<Value> =
        diagnostic.related.iter().map(|(span, text)| json!({ "at": place(report, *span), "message": text })).collect();
    json!({
        "code": diagnostic.code.id,
        "name": diagnostic.code.name,
        "severity": finding.severity.text(),
        "message": diagnostic.message,
        "at": place(report, diagnostic.span),
        "label": diagnostic.label,
        "related": related,
        "help": diagnostic.help,
        "fix": diagnostic.fix.as_ref().map(|fix| object_of_fix(report, fix)),
    })
}

fn object_of_fix(report: Report<'_>, fix: &Fix) -> Value {
    let edits: Vec<Value> = fix.edits.iter().map(|edit| json!({ "at": place(report, edit.span), "text": edit.text })).collect();
    json!({ "title": fix.title, "safe": fix.safe, "edits": edits })
}

fn place(report: Report<'_>, span: Span) -> Value {
    let at = report.region(span);
    json!({
        "path": at.path,
        "start": { "line": at.start.line, "column": at.start.column, "offset": span.start },
        "end": { "line": at.end.line, "column": at.end.column, "offset": span.end },
    })
}
