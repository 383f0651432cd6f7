//! The index of all codes.

use mlp::lint;

const GROUPS: &[(&str, &str)] = &[
    ("00", "Files"),
    ("01", "Syntax"),
    ("02", "Names"),
    ("03", "Types and units"),
    ("04", "Order of stages"),
    ("05", "The gate"),
    ("06", "Parallel stages"),
    ("07", "Data flow"),
    ("08", "Security"),
    ("09", "Deploy and verification"),
    ("10", "Triggers"),
    ("11", "Cost and time"),
    ("12", "Style"),
];

const HEAD: &str = "# Rules

Everything that mlp reports has a code that does not change. `mlp explain CODE` prints its page, with the reason, a bad example
and a good one; `mlp explain --all` prints all pages. Errors stop the build; warnings and hints do not. `# mlp: allow(CODE) reason` on the
line, or on a line of its own above, allows a warning or hint there; [`mlp.toml`](language.md#settings-mlptoml) sets a level for the whole repository.

This page is made by `cargo xtask docs`.
";

/// The page.
pub fn index() -> String {
    let sections = GROUPS.iter().map(|(group, title)| section(group, title));
    std::iter::once(HEAD.to_owned()).chain(sections).collect()
}

fn section(group: &str, title: &str) -> String {
    let codes = lint::codes().filter(|code| code.group() == group);
    let row = |code: &mlp::diagnostic::Code| {
        let summary = code.summary().replace('\n', " ").replace('|', "\\|");
        format!("| {} | {} | {} | {summary} |\n", code.id, code.name, code.severity.text())
    };
    let rows: String = codes.map(row).collect();
    if rows.is_empty() { rows } else { format!("\n## {title}\n\n| code | name | level | |\n|---|---|---|---|\n{rows}") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_code_is_listed_once() {
        let page = index();
        for code in lint::codes() {
            assert_eq!(page.matches(&format!("| {} |", code.id)).count(), 1, "{}", code.id);
        }
    }
}
