//! Unified diffs.

use similar::TextDiff;

/// The lines that differ between two texts of a file, in the form that `patch` and `git apply` read; `None` is no file.
pub fn unified(path: &str, old: Option<&str>, new: Option<&str>, color: bool) -> String {
    let name = |side: &str, text: Option<&str>| text.map_or_else(|| "/dev/null".to_owned(), |_| format!("{side}/{path}"));
    let diff = TextDiff::from_lines(old.unwrap_or_default(), new.unwrap_or_default());
    let text = diff.unified_diff().context_radius(3).header(&name("a", old), &name("b", new)).to_string();
    if color { text.split_inclusive('\n').map(paint).collect() } else { text }
}

fn paint(line: &str) -> String {
    let number = match line.as_bytes() {
        [b'+', ..] => 32,
        [b'-', ..] => 31,
        _ => return line.to_owned(),
    };
    format!("\x1b[{number}m{}\x1b[0m\n", line.trim_end_matches('\n'))
}
