//! `path:line:column: severity[CODE] message`

use super::{Finding, Report, Style};
use crate::diagnostic::Severity;

pub fn render(report: Report<'_>, style: Style) -> String {
    report.findings.iter().map(|finding| line(report, finding, style)).collect()
}

fn line(report: Report<'_>, finding: &Finding, style: Style) -> String {
    let at = report.region(finding.diagnostic.span);
    let code = paint(finding.severity, &format!("{}[{}]", finding.severity.text(), finding.diagnostic.code.id), style.color);
    let message = finding.diagnostic.message.replace('\n', " ");
    format!("{}:{}:{}: {code} {message}\n", at.path, at.start.line, at.start.column)
}

fn paint(severity: Severity, text: &str, color: bool) -> String {
    let number = match severity {
        Severity::Error => 31,
        Severity::Warning => 33,
        Severity::Hint => 36,
    };
    if color { format!("\x1b[{number};1m{text}\x1b[0m") } else { text.to_owned() }
}
