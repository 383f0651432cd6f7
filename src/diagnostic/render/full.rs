//! Findings with the text they point at, drawn by miette.

use std::fmt;

use miette::{GraphicalReportHandler, GraphicalTheme, LabeledSpan, MietteError, SourceCode, SourceSpan, SpanContents, ThemeStyles};

use super::{Finding, Report, Style};
use crate::diagnostic::{Diagnostic, Severity};
use crate::source::{SourceFile, Span};

/// Lines of text longer than this, in bytes, are not drawn.
const LONGEST_LINE: usize = 500;
/// Of a place that covers more lines than this, only the first is drawn.
const MOST_LINES: usize = 12;

pub fn render(report: Report<'_>, style: Style) -> String {
    let theme =
        GraphicalTheme { styles: if style.color { ThemeStyles::ansi() } else { ThemeStyles::none() }, ..GraphicalTheme::unicode_nocolor() };
    let handler = GraphicalReportHandler::new_themed(theme).with_links(false).with_width(style.width).with_break_words(false);
    let mut out = String::new();
    for finding in report.findings {
        let shown = Shown::new(report, finding);
        if handler.render_report(&mut out, &shown).is_err() {
            out.push_str(&shown.to_string());
        }
        out.push_str(&notes(report, &finding.diagnostic, shown.source.is_some()));
        out.push('\n');
    }
    out
}

/// What does not stand in the picture: places in other files, and the fix.
fn notes(report: Report<'_>, diagnostic: &Diagnostic, drawn: bool) -> String {
    let elsewhere = |span: Span| !drawn || span.file != diagnostic.span.file;
    let mut out = String::new();
    for (span, text) in diagnostic.related.iter().filter(|(span, _)| elsewhere(*span)) {
        let at = report.region(*span);
        out.push_str(&format!("  note: {}:{}:{}: {text}\n", at.path, at.start.line, at.start.column));
    }
    if let Some(fix) = &diagnostic.fix {
        let flag = if fix.safe { "--fix" } else { "--unsafe-fixes" };
        out.push_str(&format!("   fix: {} (`mlp check {flag}`)\n", fix.title));
    }
    out
}

/// One finding as miette wants it.
#[derive(Debug)]
struct Shown<'a> {
    finding: &'a Finding,
    source: Option<Text<'a>>,
    /// Where it is, for findings in a text that is not drawn.
    place: String,
}

impl<'a> Shown<'a> {
    fn new(report: Report<'a>, finding: &'a Finding) -> Self {
        let at = report.region(finding.diagnostic.span);
        let place = format!("{}:{}:{}: ", at.path, at.start.line, at.start.column);
        let file = report.file(finding.diagnostic.span).filter(|file| !file.text.is_empty());
        let source = file.map(Text);
        let nowhere = source.is_none();
        let mut shown = Self { finding, source, place };
        if shown.spans().any(|(span, _)| shown.too_long(span)) {
            shown.source = None;
        }
        if nowhere || shown.source.is_some() {
            shown.place.clear();
        }
        shown
    }

    /// The places in the drawn file, the finding's own first.
    fn spans(&self) -> impl Iterator<Item = (Span, Option<&str>)> {
        let diagnostic = &self.finding.diagnostic;
        let own = std::iter::once((diagnostic.span, diagnostic.label.as_deref()));
        let related = diagnostic.related.iter().map(|(span, text)| (*span, Some(text.as_str())));
        own.chain(related.filter(|(span, _)| span.file == diagnostic.span.file))
    }

    fn too_long(&self, span: Span) -> bool {
        let Some(Text(file)) = &self.source else { return false };
        let start = file.lines.start(file.lines.line(span.start as usize));
        file.text.get(start..).and_then(|rest| rest.lines().next()).is_some_and(|line| line.len() > LONGEST_LINE)
    }

    fn label(&self, span: Span, text: Option<&str>, primary: bool) -> LabeledSpan {
        let range = self.source.as_ref().map_or(span.range(), |Text(file)| first_lines(file, span));
        let text = text.map(str::to_owned);
        let place = SourceSpan::new(range.start.into(), range.len());
        if primary { LabeledSpan::new_primary_with_span(text, place) } else { LabeledSpan::new_with_span(text, place) }
    }
}

/// The span itself, or its first line where it covers too many.
fn first_lines(file: &SourceFile, span: Span) -> std::ops::Range<usize> {
    let range = span.range();
    let (first, last) = (file.lines.line(range.start), file.lines.line(range.end));
    if last - first < MOST_LINES {
        return range;
    }
    let end = file.lines.start(first + 1).saturating_sub(1);
    range.start..end.max(range.start)
}

impl fmt::Display for Shown<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}{}", self.place, self.finding.diagnostic.message)
    }
}

impl std::error::Error for Shown<'_> {}

impl miette::Diagnostic for Shown<'_> {
    fn code<'b>(&'b self) -> Option<Box<dyn fmt::Display + 'b>> {
        let code = self.finding.diagnostic.code;
        Some(Box::new(format!("{}[{}] {}", self.finding.severity.text(), code.id, code.name)))
    }

    fn severity(&self) -> Option<miette::Severity> {
        Some(match self.finding.severity {
            Severity::Error => miette::Severity::Error,
            Severity::Warning => miette::Severity::Warning,
            Severity::Hint => miette::Severity::Advice,
        })
    }

    fn help<'b>(&'b self) -> Option<Box<dyn fmt::Display + 'b>> {
        self.finding.diagnostic.help.as_ref().map(|help| Box::new(help) as Box<dyn fmt::Display>)
    }

    fn source_code(&self) -> Option<&dyn SourceCode> {
        self.source.as_ref().map(|text| text as &dyn SourceCode)
    }

    fn labels(&self) -> Option<Box<dyn Iterator<Item = LabeledSpan> + '_>> {
        self.source.as_ref()?;
        Some(Box::new(self.spans().enumerate().map(|(i, (span, text))| self.label(span, text, i == 0))))
    }
}

/// A file's text under its path.
#[derive(Debug)]
struct Text<'a>(&'a SourceFile);

impl SourceCode for Text<'_> {
    fn read_span<'b>(&'b self, span: &SourceSpan, before: usize, after: usize) -> Result<Box<dyn SpanContents<'b> + 'b>, MietteError> {
        let inner = self.0.text.read_span(span, before, after)?;
        Ok(Box::new(miette::MietteSpanContents::new_named(
            self.0.path.clone(),
            inner.data(),
            *inner.span(),
            inner.line(),
            inner.column(),
            inner.line_count(),
        )))
    }
}
