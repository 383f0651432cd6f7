//! Workflow commands of GitHub Actions, which annotate the files of a pull request.
//!
//! `::error file=…,line=…,col=…,endLine=…,endColumn=…,title=…::message`; values are percent-encoded as GitHub's own toolkit does it.

use super::{Finding, Report};
use crate::diagnostic::Severity;

pub fn render(report: Report<'_>) -> String {
    report.findings.iter().map(|finding| command(report, finding)).collect()
}

fn command(report: Report<'_>, finding: &Finding) -> String {
    let diagnostic = &finding.diagnostic;
    let at = report.region(diagnostic.span);
    let level = match finding.severity {
        Severity::Error => "error",
        Severity::Warning => "warning",
        Severity::Hint => "notice",
    };
    let title = format!("{} {}", diagnostic.code.id, diagnostic.code.name);
    let help = diagnostic.help.as_ref().map(|help| format!("\nhelp: {help}")).unwrap_or_default();
    format!(
        "::{level} file={},line={},col={},endLine={},endColumn={},title={}::{}\n",
        property(at.path),
        at.start.line,
        at.start.column,
        at.end.line,
        at.end.column,
        property(&title),
        data(&format!("{}{help}", diagnostic.message)),
    )
}

/// The text behind `::`.
fn data(text: &str) -> String {
    text.replace('%', "%25").replace('\r', "%0D").replace('\n', "%0A")
}

/// A value before `::`, where commas and colons mean something too.
fn property(text: &str) -> String {
    data(text).replace(':', "%3A").replace(',', "%2C")
}
