//! Text of the language from its parts.

/// `head { … }`, on one line where `narrow` and nothing in it has several.
pub fn block(head: &str, body: &[String], narrow: bool) -> String {
    let line = body.join(", ");
    if body.is_empty() {
        format!("{head} {{}}")
    } else if narrow && line.len() < 100 && !body.iter().any(|part| part.contains(['\n', '{', '#'])) {
        format!("{head} {{ {line} }}")
    } else {
        format!("{head} {{\n{}\n}}", indent(&body.join("\n")))
    }
}

fn indent(text: &str) -> String {
    text.split('\n').map(|line| if line.is_empty() { String::new() } else { format!("  {line}") }).collect::<Vec<_>>().join("\n")
}

pub fn list(items: &[String]) -> String {
    format!("[{}]", items.join(", "))
}

pub fn pair(key: &str, value: &str) -> String {
    format!("{key} = {value}")
}
