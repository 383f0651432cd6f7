//! The files through which a step speaks: `GITHUB_OUTPUT`, `GITHUB_ENV`, `GITHUB_PATH`.
//! <https://docs.github.com/en/actions/reference/workflows-and-actions/workflow-commands>

/// The lines of a file, without their ends and without empty ones.
pub fn lines(text: &str) -> impl Iterator<Item = &str> {
    text.lines().filter(|line| !line.is_empty())
}

/// The names and values of a file: `name=value`, or `name<<DELIMITER` and lines up to `DELIMITER`.
pub fn assignments(text: &str) -> Result<Vec<(String, String)>, String> {
    let mut lines = text.lines();
    let mut found = Vec::new();
    while let Some(line) = lines.next() {
        if !line.is_empty() {
            found.push(assignment(line, &mut lines)?);
        }
    }
    Ok(found)
}

/// Whichever of `=` and `<<` stands first says which form it is.
fn assignment<'t>(line: &str, rest: &mut impl Iterator<Item = &'t str>) -> Result<(String, String), String> {
    let (single, several) = (line.split_once('='), line.split_once("<<"));
    match (single, several) {
        (Some((name, value)), several) if several.is_none_or(|(other, _)| name.len() < other.len()) => named(name, value.to_owned()),
        (_, Some((name, delimiter))) => named(name, until(delimiter, rest)?),
        _ => Err(format!("`{line}` is neither `name=value` nor `name<<delimiter`")),
    }
}

fn named(name: &str, value: String) -> Result<(String, String), String> {
    if name.is_empty() { Err("a value has no name".to_owned()) } else { Ok((name.to_owned(), value)) }
}

fn until<'t>(delimiter: &str, rest: &mut impl Iterator<Item = &'t str>) -> Result<String, String> {
    if delimiter.is_empty() {
        return Err("a value has no delimiter".to_owned());
    }
    let mut value = Vec::new();
    for line in rest {
        if line == delimiter {
            return Ok(value.join("\n"));
        }
        value.push(line);
    }
    Err(format!("the delimiter `{delimiter}` does not occur again"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pairs(text: &str) -> Vec<(String, String)> {
        assignments(text).unwrap()
    }

    fn pair(name: &str, value: &str) -> (String, String) {
        (name.to_owned(), value.to_owned())
    }

    #[test]
    fn both_forms() {
        assert_eq!(pairs("a=1\n\nb=x=y<<z\r\n"), [pair("a", "1"), pair("b", "x=y<<z")]);
        assert_eq!(pairs("a<<E\nx=1\n\n y\nE\nb=\n"), [pair("a", "x=1\n\n y"), pair("b", "")]);
        assert_eq!(pairs("a<<=\nx\n=\n"), [pair("a", "x")]);
        assert_eq!(pairs("a<<E\nE\n"), [pair("a", "")]);
    }

    #[test]
    fn what_is_neither_is_refused() {
        for text in ["a", "=1", "<<E\nE", "a<<\n", "a<<E\nb=1\n"] {
            assert!(assignments(text).is_err(), "{text}");
        }
    }

    /// What the scripts write comes back, whatever it is, as long as the delimiter is not in it.
    #[test]
    fn any_value() {
        use proptest::prelude::*;
        proptest!(|(value in "[^\r]*")| {
            prop_assume!(!value.lines().any(|line| line == "ghadelimiter"));
            prop_assert_eq!(pairs(&format!("a<<ghadelimiter\n{value}\nghadelimiter\n")), [pair("a", &value)]);
        });
    }
}
