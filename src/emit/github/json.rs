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

fn write(out: &mut String, value: &Json, indent: usize) {
    let line = flat(value);
    match value {
        _ if line.len() + indent <= WIDTH => out.push_str(&line),
        Json::Object(map) => {
            let entries = map.iter().filter(|(_, v)| !v.is_null()).map(|(key, v)| (Some(key.as_str()), v));
            broken(out, '{', '}', entries, indent);
        }
        Json::Array(items) => broken(out, '[', ']', items.iter().map(|v| (None, v)), indent),
        _ => out.push_str(&line),
    }
}

fn broken<'v>(out: &mut String, open: char, close: char, items: impl Iterator<Item = (Option<&'v str>, &'v Json)>, indent: usize) {
    out.push(open);
    for (i, (key, value)) in items.enumerate() {
        out.push_str(if i == 0 { "\n" } else { ",\n" });
        out.extend(std::iter::repeat_n(' ', indent + 2));
        if let Some(key) = key {
            out.push_str(&string(key));
            out.push_str(": ");
        }
        write(out, value, indent + 2);
    }
    out.push('\n');
    out.extend(std::iter::repeat_n(' ', indent));
    out.push(close);
}

fn flat(value: &Json) -> String {
    match value {
        Json::Object(map) => {
            let entries = map.iter().filter(|(_, v)| !v.is_null()).map(|(key, v)| format!("{}: {}", string(key), flat(v)));
            format!("{{{}}}", entries.collect::<Vec<_>>().join(", "))
        }
        Json::Array(items) => format!("[{}]", items.iter().map(flat).collect::<Vec<_>>().join(", ")),
        Json::String(text) => string(text),
        other => other.to_string(),
    }
}

fn string(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 2);
    for c in Json::String(text.to_owned()).to_string().chars() {
        if (' '..='~').contains(&c) {
            out.push(c);
        } else {
            let mut units = [0; 2];
            for unit in c.encode_utf16(&mut units) {
                let _ = write!(out, "\\u{unit:04x}");
            }
        }
    }
    out
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
