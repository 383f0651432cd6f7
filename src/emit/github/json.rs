//! JSON for people: what fits on a line stays on it; ASCII only, so that no YAML reader finds a line break in a string.

use std::fmt::Write as _;

use serde_json::Value as Json;

const WIDTH: usize = 100;

/// The text of a value, without the keys that are null.
pub fn pretty(value: &Json) -> String {
    let mut out = String::new();
    write(&mut out, value, 0);
    out.push('\n');
    out
}

/// On one line where it fits; a line that grows too long is taken back.
fn write(out: &mut String, value: &Json, indent: usize) {
    let start = out.len();
    let fits = flat(out, value, start + WIDTH.saturating_sub(indent));
    match value {
        Json::Object(map) if !fits => {
            out.truncate(start);
            broken(out, '{', '}', entries(map), indent);
        }
        Json::Array(items) if !fits => {
            out.truncate(start);
            broken(out, '[', ']', items.iter().map(|item| (None, item)), indent);
        }
        _ => {}
    }
}

fn entries(map: &serde_json::Map<String, Json>) -> impl Iterator<Item = (Option<&str>, &Json)> {
    map.iter().filter(|(_, value)| !value.is_null()).map(|(key, value)| (Some(key.as_str()), value))
}

fn broken<'v>(out: &mut String, open: char, close: char, items: impl Iterator<Item = (Option<&'v str>, &'v Json)>, indent: usize) {
    out.push(open);
    for (i, (key, value)) in items.enumerate() {
        out.push_str(if i == 0 { "\n" } else { ",\n" });
        out.extend(std::iter::repeat_n(' ', indent + 2));
        key.into_iter().for_each(|key| write_key(out, key));
        write(out, value, indent + 2);
    }
    out.push('\n');
    out.extend(std::iter::repeat_n(' ', indent));
    out.push(close);
}

/// Writes a value on one line; false, and not all of it, when the text would end behind `limit`.
fn flat(out: &mut String, value: &Json, limit: usize) -> bool {
    match value {
        Json::Object(map) => listed(out, '{', '}', entries(map), limit),
        Json::Array(items) => listed(out, '[', ']', items.iter().map(|v| (None, v)), limit),
        Json::String(text) => string(out, text),
        other => drop(write!(out, "{other}")),
    }
    out.len() <= limit
}

fn listed<'v>(out: &mut String, open: char, close: char, items: impl Iterator<Item = (Option<&'v str>, &'v Json)>, limit: usize) {
    out.push(open);
    for (i, (key, value)) in items.enumerate() {
        if i > 0 {
            out.push_str(", ");
        }
        key.into_iter().for_each(|key| write_key(out, key));
        if !flat(out, value, limit) {
            break;
        }
    }
    out.push(close);
}

fn write_key(out: &mut String, key: &str) {
    string(out, key);
    out.push_str(": ");
}

fn string(out: &mut String, text: &str) {
    let plain = |c: char| (' '..='~').contains(&c) && c != '"' && c != '\\';
    if text.chars().all(plain) {
        let _ = write!(out, "\"{text}\"");
        return;
    }
    for c in Json::String(text.to_owned()).to_string().chars() {
        if c.is_ascii() && !c.is_ascii_control() {
            out.push(c);
        } else {
            let mut units = [0; 2];
            for unit in c.encode_utf16(&mut units) {
                let _ = write!(out, "\\u{unit:04x}");
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_back_as_it_was() {
        let value = serde_json::json!({ "a": ["x\u{2028}y\u{85}🙂", "\0\"\\"], "b": { "c": vec!["long enough"; 12] } });
        let text = pretty(&value);
        assert!(text.is_ascii() && text.lines().count() > 3);
        assert_eq!(serde_json::from_str::<Json>(&text).unwrap(), value);
    }
}
