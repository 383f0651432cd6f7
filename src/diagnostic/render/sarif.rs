//! SARIF 2.1.0: <https://docs.oasis-open.org/sarif/sarif/v2.1.0/sarif-v2.1.0.html>.
//!
//! All rules are listed, so that a viewer can explain each result; paths are relative to `%SRCROOT%`, the repository's root.

use serde_json::{Value, json};

use super::{Finding, Region, Report};
use crate::diagnostic::{Code, Fix, Severity};
use crate::lint;
use crate::source::Span;

const SCHEMA: &str = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json";

pub fn render(report: Report<'_>) -> String {
    let rules: Vec<Value> = lint::codes().map(rule).collect();
    let results: Vec<Value> = report.findings.iter().map(|finding| result(report, finding)).collect();
    let log = json!({
        "$schema": SCHEMA,
        "version": "2.1.0",
        "runs": [{
            "tool": { "driver": { "name": "mlp", "version": env!("CARGO_PKG_VERSION"), "rules": rules } },
            "columnKind": "unicodeCodePoints",
            "results": results,
        }],
    });
    format!("{log:#}\n")
}

fn rule(code: &Code) -> Value {
    json!({
        "id": code.id,
        "name": code.name,
        "shortDescription": { "text": code.summary() },
        "help": { "text": code.docs, "markdown": code.docs },
        "defaultConfiguration": { "level": level(code.severity) },
    })
}

fn level(severity: Severity) -> &'static str {
    match severity {
        Severity::Error => "error",
        Severity::Warning => "warning",
        Severity::Hint => "note",
    }
}

fn result(report: Report<'_>, finding: &Finding) -> Value {
    let diagnostic = &finding.diagnostic;
    let text = match &diagnostic.help {
        Some(help) => format!("{}\nhelp: {help}", diagnostic.message),
        None => diagnostic.message.clone(),
    };
    let mut result = json!({
        "ruleId": diagnostic.code.id,
        "ruleIndex": lint::codes().position(|code| code == diagnostic.code).map_or(json!(-1), |index| json!(index)),
        "level": level(finding.severity),
        "message": { "text": text },
        "locations": [location(report, diagnostic.span, diagnostic.label.as_deref())],
    });
    if let Some(object) = result.as_object_mut() {
        if !diagnostic.related.is_empty() {
            let related = diagnostic.related.iter().map(|(span, text)| location(report, *span, Some(text))).collect();
            object.insert("relatedLocations".to_owned(), Value::Array(related));
        }
        if let Some(fix) = &diagnostic.fix {
            object.insert("fixes".to_owned(), json!([fix_object(report, fix)]));
        }
    }
    result
}

fn location(report: Report<'_>, span: Span, message: Option<&str>) -> Value {
    let at = report.region(span);
    let physical = json!({ "artifactLocation": artifact(&at), "region": region(&at) });
    match message {
        Some(text) => json!({ "physicalLocation": physical, "message": { "text": text } }),
        None => json!({ "physicalLocation": physical }),
    }
}

fn artifact(at: &Region<'_>) -> Value {
    json!({ "uri": uri(at.path), "uriBaseId": "%SRCROOT%" })
}

fn region(at: &Region<'_>) -> Value {
    json!({ "startLine": at.start.line, "startColumn": at.start.column, "endLine": at.end.line, "endColumn": at.end.column })
}

/// Edits of one fix, grouped by the file they change.
fn fix_object(report: Report<'_>, fix: &Fix) -> Value {
    let mut files: Vec<_> = fix.edits.iter().map(|edit| edit.span.file).collect();
    files.sort_unstable();
    files.dedup();
    let change = |file| {
        let edits = fix.edits.iter().filter(|edit| edit.span.file == file);
        let replacement =
            |span: Span, text: &str| json!({ "deletedRegion": region(&report.region(span)), "insertedContent": { "text": text } });
        let replacements: Vec<Value> = edits.map(|edit| replacement(edit.span, &edit.text)).collect();
        json!({ "artifactLocation": artifact(&report.region(Span::new(file, 0..0))), "replacements": replacements })
    };
    let changes: Vec<Value> = files.into_iter().map(change).collect();
    json!({ "description": { "text": fix.title }, "artifactChanges": changes })
}

/// A path as a relative URI reference: bytes that RFC 3986 does not allow in a path are percent-encoded, and so is a colon.
fn uri(path: &str) -> String {
    let keep = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~!$&'()*+,;=@/".contains(&byte);
    path.bytes().map(|byte| if keep(byte) { char::from(byte).to_string() } else { format!("%{byte:02X}") }).collect()
}
