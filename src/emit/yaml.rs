//! The one place where a value becomes YAML.

use std::fmt::Write as _;

/// Words that some YAML reader takes for something else than text.
const WORDS: &[&str] = &["y", "n", "yes", "no", "true", "false", "on", "off", "null"];

/// A scalar that every YAML reader, of 1.1 and of 1.2, reads as this text.
pub fn scalar(text: &str) -> String {
    if is_plain(text) {
        return text.to_owned();
    }
    let written = serde_saphyr::to_string(&text).unwrap_or_default();
    let line = written.strip_suffix('\n').unwrap_or(&written);
    if line.contains('\n') || line.starts_with(['|', '>']) || !is_quoted(line) { quoted(text) } else { line.to_owned() }
}

/// Whether text needs no quotes, whoever reads it: it begins with a letter, `/` or `$` and holds nothing that YAML reads as syntax.
fn is_plain(text: &str) -> bool {
    let begins = text.bytes().next().is_some_and(|b| b.is_ascii_alphabetic() || b == b'/' || b == b'$');
    let inner = |b: u8| b.is_ascii_alphanumeric() || b" _-./@$(){}'\"=!&|<>*+,:".contains(&b);
    begins
        && text.bytes().all(inner)
        && !text.contains(": ")
        && !text.ends_with([' ', ':'])
        && !WORDS.contains(&text.to_ascii_lowercase().as_str())
}

fn is_quoted(line: &str) -> bool {
    line.starts_with('"') || line.starts_with('\'')
}

/// A double-quoted scalar on one line.
fn quoted(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 2);
    out.push('"');
    for c in text.chars() {
        match c {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\t' => out.push_str("\\t"),
            ' '..='~' => out.push(c),
            c => escape(&mut out, u32::from(c)),
        }
    }
    out.push('"');
    out
}

fn escape(out: &mut String, code: u32) {
    let _ = match code {
        0..=0xff => write!(out, "\\x{code:02x}"),
        0x100..=0xffff => write!(out, "\\u{code:04x}"),
        _ => write!(out, "\\U{code:08x}"),
    };
}

/// Text of several lines as a literal block whose lines stand `indent` deep; a quoted scalar where a block could change it.
pub fn block(text: &str, indent: usize) -> String {
    if !fits_block(text) {
        return scalar(text);
    }
    let body = text.strip_suffix('\n');
    let mut out = String::from(if body.is_some() { "|" } else { "|-" });
    for line in body.unwrap_or(text).split('\n') {
        out.push('\n');
        if !line.is_empty() {
            out.extend(std::iter::repeat_n(' ', indent));
            out.push_str(line);
        }
    }
    out
}

/// Whether a literal block keeps text as it is: no control or line-breaking characters but `\n`, no blank edges.
fn fits_block(text: &str) -> bool {
    let printable = |c: char| c == '\n' || (' '..='~').contains(&c) || (c > '\u{a0}' && !is_special(c));
    let body = text.strip_suffix('\n').unwrap_or(text);
    let edges = !body.starts_with([' ', '\n']) && !body.ends_with('\n') && !body.is_empty();
    edges && body.chars().all(printable) && body.split('\n').all(|line| !line.ends_with(' '))
}

fn is_special(c: char) -> bool {
    matches!(c, '\u{2028}' | '\u{2029}' | '\u{feff}' | '\u{fffe}' | '\u{ffff}') || c.is_control()
}

/// Lines of a comment, each behind `# `, all but the first `indent` deep.
pub fn comment(text: &str, indent: usize) -> String {
    let clean = |line: &str| line.chars().filter(|c| !c.is_control() && !is_special(*c)).collect::<String>();
    let lines: Vec<String> = text.lines().map(|line| format!("# {}", clean(line)).trim_end().to_owned()).collect();
    lines.join(&format!("\n{}", " ".repeat(indent)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn awkward_text_stays_text() {
        let awkward = [
            "",
            " ",
            "on",
            "No",
            "y",
            "~",
            "null",
            "1_000",
            "12:30:45",
            "2026-01-01",
            "0x1f",
            "0o7",
            "1e3",
            ".inf",
            "=",
            "<<",
            "- a",
            "a: b",
            "a #b",
            "#",
            "'",
            "\"",
            "\\",
            "a\nb",
            "a\n",
            "\ta",
            "é",
            "\u{85}",
            "\u{2028}",
            "\u{feff}",
            "🙂",
            "{a}",
            "[a]",
            "*a",
            "&a",
            "!a",
            "%a",
            "@a",
            "`a",
            "a:",
            "?",
            "|",
            ">",
            "--- a",
            "...",
            "\0",
            "\u{7f}",
            "$x",
            "a{b}",
        ];
        for text in awkward {
            let yaml = format!("k: {}\n", scalar(text));
            let read: std::collections::BTreeMap<String, serde_yaml::Value> = serde_yaml::from_str(&yaml).unwrap();
            assert_eq!(read["k"], serde_yaml::Value::String(text.to_owned()), "{yaml}");
            let yaml = format!("k: {}\n", block(text, 2));
            let read: std::collections::BTreeMap<String, serde_yaml::Value> = serde_yaml::from_str(&yaml).unwrap();
            assert_eq!(read["k"], serde_yaml::Value::String(text.to_owned()), "{yaml}");
        }
    }
}
