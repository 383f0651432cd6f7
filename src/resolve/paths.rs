//! Paths as written, made relative to the repository's root.

/// Resolves `written` against `folder` (`""` or ending in `/`); `//` starts at the root. `None` if it leaves the repository.
pub fn resolve(folder: &str, written: &str) -> Option<String> {
    let joined = match written.strip_prefix("//") {
        Some(rest) => rest.to_owned(),
        None if written.starts_with('/') => return None,
        None => format!("{folder}{written}"),
    };
    let mut parts: Vec<&str> = Vec::new();
    for part in joined.split('/') {
        match part {
            "" | "." => {}
            ".." => drop(parts.pop()?),
            _ => parts.push(part),
        }
    }
    let end = if joined.ends_with('/') && !parts.is_empty() { "/" } else { "" };
    Some(parts.join("/") + end)
}

#[cfg(test)]
mod tests {
    use super::resolve;

    #[test]
    fn stays_inside() {
        assert_eq!(resolve("a/b/", "../c.py").as_deref(), Some("a/c.py"));
        assert_eq!(resolve("a/", "//c/").as_deref(), Some("c/"));
        assert_eq!(resolve("a/", "../../c"), None);
        assert_eq!(resolve("", "/etc/passwd"), None);
        assert_eq!(resolve("a/", "./x//y").as_deref(), Some("a/x/y"));
    }
}
