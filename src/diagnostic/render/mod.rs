//! Renderers, one format a file.

mod concise;
#[cfg(feature = "cli")]
mod full;
mod github;
mod json;
mod sarif;

use super::{Diagnostic, Severity};
use crate::source::{Position, SourceFile, SourceSet, Span};

/// A finding with the severity that holds for this run, which configuration may have changed.
#[derive(Clone, Debug)]
pub struct Finding {
    /// What was found.
    pub diagnostic: Diagnostic,
    /// How bad it is here.
    pub severity: Severity,
}

impl From<Diagnostic> for Finding {
    fn from(diagnostic: Diagnostic) -> Self {
        Self { severity: diagnostic.severity(), diagnostic }
    }
}

/// What a run found, in the order in which it is shown.
#[derive(Clone, Copy, Debug)]
pub struct Report<'a> {
    /// The sources that findings point into.
    pub sources: &'a SourceSet,
    /// The findings.
    pub findings: &'a [Finding],
}

/// How findings are written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[cfg_attr(feature = "cli", derive(clap::ValueEnum))]
pub enum Format {
    /// With the text they point at.
    #[default]
    Full,
    /// One line each.
    Concise,
    /// A JSON array.
    Json,
    /// SARIF 2.1.0.
    Sarif,
    /// Annotations of GitHub Actions.
    Github,
}

/// How findings look on a terminal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Style {
    /// Whether to use colours.
    pub color: bool,
    /// Columns of the terminal.
    pub width: usize,
}

/// Writes a report.
pub fn render(format: Format, report: Report<'_>, style: Style) -> String {
    match format {
        #[cfg(feature = "cli")]
        Format::Full => full::render(report, style),
        #[cfg(not(feature = "cli"))]
        Format::Full => concise::render(report, style),
        Format::Concise => concise::render(report, style),
        Format::Json => json::render(report),
        Format::Sarif => sarif::render(report),
        Format::Github => github::render(report),
    }
}

/// A span as people and programs address it: one-based, columns in Unicode scalar values, the end exclusive.
struct Region<'a> {
    path: &'a str,
    start: Position,
    end: Position,
}

impl<'a> Report<'a> {
    fn file(&self, span: Span) -> Option<&'a SourceFile> {
        self.sources.get(span.file)
    }

    fn region(&self, span: Span) -> Region<'a> {
        let one_based = |p: Position| Position { line: p.line + 1, column: p.column + 1 };
        let Some(file) = self.file(span) else {
            let first = Position { line: 1, column: 1 };
            return Region { path: "", start: first, end: first };
        };
        let at = |offset: u32| one_based(file.lines.position(&file.text, offset as usize));
        Region { path: &file.path, start: at(span.start), end: at(span.end) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::source::FileId;

    static CODE: crate::diagnostic::Code = crate::diagnostic::Code {
        id: "MLP9999",
        name: "sample",
        severity: Severity::Warning,
        docs: "# MLP9999 sample\n\nA sample, for tests.\n",
    };

    /// A finding in `dir/a b.mlp` with everything a finding may have.
    fn sample() -> (SourceSet, Vec<Finding>) {
        use crate::diagnostic::Fix;
        let mut sources = SourceSet::single("dir/a b.mlp", "mlp 1\n\npipeline \"ä,x\" { }\n");
        let other = sources.add(SourceFile::new("platform.mlp", "mlp 1\nvar X\n"));
        let name = Span::new(FileId(0), 16..22);
        let diagnostic = Diagnostic::new(&CODE, name, "`ä,x`: 100% wrong\nreally")
            .label("here")
            .related(Span::new(other, 10..11), "declared here")
            .help("write `x`")
            .fix(Fix::unsafe_edit("replace by `x`", name, "\"x\""));
        (sources, vec![diagnostic.into()])
    }

    fn rendered(format: Format) -> String {
        let (sources, findings) = sample();
        render(format, Report { sources: &sources, findings: &findings }, Style { color: false, width: 100 })
    }

    fn snapshot(name: &str, text: &str) {
        let mut settings = insta::Settings::clone_current();
        settings.set_snapshot_path("../../../snapshots/diag");
        settings.set_prepend_module_to_snapshot(false);
        settings.set_omit_expression(true);
        settings.bind(|| insta::assert_snapshot!(name, text));
    }

    #[test]
    fn concise_is_one_line() {
        insta::assert_snapshot!(rendered(Format::Concise), @"dir/a b.mlp:3:10: warning[MLP9999] `ä,x`: 100% wrong really");
    }

    #[test]
    fn github_escapes_what_its_commands_would_read() {
        insta::assert_snapshot!(rendered(Format::Github), @"::warning file=dir/a b.mlp,line=3,col=10,endLine=3,endColumn=15,title=MLP9999 sample::`ä,x`: 100%25 wrong%0Areally%0Ahelp: write `x`");
    }

    #[test]
    fn full_shows_other_files_and_fixes() {
        snapshot("full", &rendered(Format::Full));
    }

    #[test]
    fn json_has_everything() {
        snapshot("json", &rendered(Format::Json));
    }

    #[test]
    fn sarif_points_from_results_to_rules() {
        let log: serde_json::Value = serde_json::from_str(&rendered(Format::Sarif)).unwrap();
        let run = &log["runs"][0];
        let rules = run["tool"]["driver"]["rules"].as_array().unwrap();
        assert_eq!(rules.len(), crate::lint::codes().count());
        assert!(rules.iter().all(|rule| rule["help"]["markdown"].as_str().unwrap().contains("## Why")), "{rules:#?}");
        snapshot("sarif", &serde_json::to_string_pretty(&run["results"]).unwrap());
    }
}
