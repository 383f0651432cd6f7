//! Where results and progress go: results to standard output or a file, everything else to standard error.

use std::io::{self, IsTerminal as _, Write as _};
use std::path::{Path, PathBuf};
use std::time::Duration;

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use super::args::{Global, Reporting, When};
use super::exit::{Failure, Stop};
use crate::diagnostic::Severity;
use crate::diagnostic::render::{Finding, Format, Report, Style, render};

/// Fewer files than this are done before a bar could be read.
const WORTH_A_BAR: usize = 100;
/// Columns where there is no terminal.
const PLAIN_WIDTH: usize = 100;

/// Where results and progress go.
#[derive(Clone, Debug)]
pub struct Console {
    when: When,
    /// How findings are written.
    pub format: Format,
    file: Option<PathBuf>,
}

impl Console {
    /// For commands that report no findings of their own.
    pub fn new(global: &Global) -> Self {
        Self { when: global.color, format: Format::Full, file: None }
    }

    /// For commands that do.
    pub fn reporting(global: &Global, reporting: &Reporting) -> Self {
        Self { when: global.color, format: reporting.output_format, file: reporting.output_file.clone() }
    }

    /// Whether a stream is coloured: flag, then NO_COLOR (<https://no-color.org>) and FORCE_COLOR, then whether it is a terminal.
    fn color(&self, terminal: bool) -> bool {
        let set = |name: &str| std::env::var_os(name).is_some_and(|value| !value.is_empty());
        match self.when {
            When::Always => true,
            When::Never => false,
            When::Auto if set("NO_COLOR") => false,
            When::Auto => set("FORCE_COLOR") || terminal,
        }
    }

    fn style(&self, terminal: bool) -> Style {
        let width = terminal_width().unwrap_or(PLAIN_WIDTH).clamp(40, 140);
        Style { color: self.color(terminal), width }
    }

    /// Whether standard output is coloured.
    pub fn colored_output(&self) -> bool {
        self.color(io::stdout().is_terminal())
    }

    /// Writes a result to standard output.
    pub fn print(&self, text: &str) -> Result<(), Stop> {
        let mut out = io::stdout().lock();
        out.write_all(text.as_bytes())?;
        Ok(out.flush()?)
    }

    /// Says something on standard error. Nobody may be listening, which is no reason to stop.
    pub fn say(&self, text: &str) {
        drop(writeln!(io::stderr().lock(), "{text}"));
    }

    /// Writes findings as results.
    pub fn report(&self, report: Report<'_>) -> Result<(), Stop> {
        match &self.file {
            Some(path) => {
                let text = render(self.format, report, Style { color: self.when == When::Always, width: PLAIN_WIDTH });
                std::fs::write(path, text).map_err(|error| Failure::unwritable(path.to_string_lossy(), &error))?;
            }
            None => self.print(&render(self.format, report, self.style(io::stdout().is_terminal())))?,
        }
        self.summary(report.findings);
        Ok(())
    }

    /// Writes findings to standard error: where standard output belongs to something else.
    pub fn complain(&self, report: Report<'_>) {
        let text = render(Format::Full, report, self.style(io::stderr().is_terminal()));
        drop(io::stderr().lock().write_all(text.as_bytes()));
        self.summary(report.findings);
    }

    fn summary(&self, findings: &[Finding]) {
        let count = |severity| findings.iter().filter(|finding| finding.severity == severity).count();
        let counts = [Severity::Error, Severity::Warning, Severity::Hint].map(|severity| (count(severity), severity.text()));
        let counted = |(n, word): &(usize, &str)| (*n > 0).then(|| plural(*n, word));
        let parts: Vec<String> = counts.iter().filter_map(counted).collect();
        if !parts.is_empty() {
            self.say(&format!("Found {}.", parts.join(", ")));
        }
    }

    /// A bar for long work over many files, on a terminal only.
    pub fn bar(&self, files: usize, verb: &'static str) -> ProgressBar {
        if files < WORTH_A_BAR || !io::stderr().is_terminal() {
            return ProgressBar::hidden();
        }
        let bar = ProgressBar::with_draw_target(Some(files as u64), ProgressDrawTarget::stderr()).with_message(verb);
        if let Ok(style) = ProgressStyle::with_template("{msg} [{bar:32}] {pos}/{len}") {
            bar.set_style(style.progress_chars("=> "));
        }
        bar.enable_steady_tick(Duration::from_millis(100));
        bar
    }
}

/// `1 error`, `2 errors`
pub fn plural(count: usize, word: &str) -> String {
    if count == 1 { format!("1 {word}") } else { format!("{count} {word}s") }
}

/// A path as users know it.
pub fn shown(path: &Path) -> String {
    path.to_string_lossy().replace('\\', "/")
}

fn terminal_width() -> Option<usize> {
    terminal_size::terminal_size().map(|(width, _)| usize::from(width.0))
}
