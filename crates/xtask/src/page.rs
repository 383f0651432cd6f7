//! Generated parts of a page written by hand: what stands between `<!-- generated: NAME -->` and `<!-- end -->`.

use std::collections::{BTreeMap, BTreeSet};

/// Name → text.
pub type Parts = BTreeMap<String, String>;

const BEGIN: &str = "<!-- generated: ";
const END: &str = "<!-- end -->";

/// The page with its parts replaced. Every part must have a place, and every place a part.
pub fn fill(path: &str, text: &str, parts: &Parts) -> Result<String, String> {
    let mut filled = String::new();
    let mut placed = BTreeSet::new();
    let mut rest = text;
    while let Some((before, after)) = rest.split_once(BEGIN) {
        let (name, after) = after.split_once(" -->").ok_or_else(|| format!("{path}: a marker does not end"))?;
        let (_, after) = after.split_once(END).ok_or_else(|| format!("{path}: `{name}` has no `{END}`"))?;
        let part = parts.get(name).ok_or_else(|| format!("{path}: nothing is called `{name}`"))?;
        filled.push_str(&format!("{before}{BEGIN}{name} -->\n\n{}\n\n{END}", part.trim_end()));
        placed.insert(name);
        rest = after;
    }
    filled.push_str(rest);
    match parts.keys().find(|name| !placed.contains(name.as_str())) {
        Some(name) => Err(format!("{path}: no place for `{name}`; add `{BEGIN}{name} -->` and `{END}`")),
        None => Ok(filled),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parts(names: &[&str]) -> Parts {
        names.iter().map(|name| ((*name).to_owned(), format!("text of {name}"))).collect()
    }

    #[test]
    fn parts_are_replaced_and_filling_again_changes_nothing() {
        let page = "a\n<!-- generated: x -->\nold\n<!-- end -->\nb\n";
        let once = fill("p", page, &parts(&["x"])).unwrap();
        assert_eq!(once, "a\n<!-- generated: x -->\n\ntext of x\n\n<!-- end -->\nb\n");
        assert_eq!(fill("p", &once, &parts(&["x"])).unwrap(), once);
    }

    #[test]
    fn a_missing_place_and_a_missing_part_are_errors() {
        assert!(fill("p", "", &parts(&["x"])).unwrap_err().contains("no place for `x`"));
        assert!(fill("p", "<!-- generated: y --><!-- end -->", &parts(&[])).unwrap_err().contains("`y`"));
        assert!(fill("p", "<!-- generated: x -->", &parts(&["x"])).unwrap_err().contains("has no"));
    }
}
