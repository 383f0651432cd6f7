//! Strings that are awkward for somebody: YAML 1.1, YAML 1.2, shells, JSON, GitHub's expressions.

use super::choices::Choices;

/// Whole strings; the first is the simplest.
const AWKWARD: &[&str] = &[
    "plain",
    "",
    " ",
    " blank",
    "blank ",
    "on",
    "No",
    "y",
    "~",
    "null",
    "true",
    "1_000",
    "0x1f",
    "0o17",
    "1e3",
    ".inf",
    "12:30:45",
    "2026-01-01",
    "3.10",
    "=",
    "<<",
    "- a",
    "a: b",
    "a:",
    "a #b",
    "#",
    "'",
    "''",
    "it's",
    "\"",
    "say \"hi\"",
    "\\",
    "a\\nb",
    "a\nb",
    "a\n",
    "\n",
    "\ta",
    "a\tb",
    "é",
    "\u{85}",
    "a\u{85}b",
    "\u{2028}",
    "a\u{2029}b",
    "\u{feff}",
    "🙂",
    "{a}",
    "[a]",
    "*a",
    "&a",
    "!a",
    "%a",
    "@a",
    "`a`",
    "?",
    "|",
    ">",
    "--- a",
    "...",
    "$HOME",
    "$(id)",
    "${MLP}",
    "{{ a }}",
    "a, b",
    "\u{7f}",
    "\u{1b}[0m",
    "a && b || c",
    "*.py",
    "~/x",
    "C:\\x",
    "::set-output name=a::b",
    "a very long value that no line of ordinary width would hold, and that a writer of YAML may therefore want to fold somewhere in the middle",
];

/// File names a repository may well have, and a few that it had better not.
const FILES: &[&str] = &[
    "train",
    "it's",
    "two words",
    "a: b",
    "#1",
    "naïve",
    "on",
    "-x",
    "$HOME",
    "a'b c",
    "a,b",
    "100%",
    "[x]",
    "{y}",
    "a&b",
    "x=y",
    "tilde~",
    "🙂",
];

pub fn awkward(choices: &mut Choices) -> String {
    let first = choices.pick(AWKWARD);
    if choices.chance(15) { format!("{first}{}", choices.pick(AWKWARD)) } else { first.to_owned() }
}

pub fn file_stem(choices: &mut Choices) -> &'static str {
    choices.pick(FILES)
}

/// A string of the language.
pub fn quote(text: &str) -> String {
    let escaped = text.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\n").replace('\t', "\\t");
    format!("\"{escaped}\"")
}
