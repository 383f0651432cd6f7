//! Patterns of branches and paths as GitHub matches them, without character classes.
//!
//! <https://docs.github.com/en/actions/reference/workflows-and-actions/workflow-syntax#filter-pattern-cheat-sheet>

/// Whether the last pattern that matches is one without `!`.
pub fn any<'p>(patterns: impl IntoIterator<Item = &'p str>, text: &str) -> bool {
    patterns.into_iter().fold(false, |matched, pattern| match pattern.strip_prefix('!') {
        Some(pattern) if matches(pattern, text) => false,
        None if matches(pattern, text) => true,
        _ => matched,
    })
}

/// Whether a pattern matches: `*` stops at `/`, `**` does not, `?` makes the character before it optional.
pub fn matches(pattern: &str, text: &str) -> bool {
    let pattern: Vec<char> = pattern.chars().collect();
    let text: Vec<char> = text.chars().collect();
    at(&pattern, &text)
}

fn at(pattern: &[char], text: &[char]) -> bool {
    let rest = |n: usize| pattern.get(n..).unwrap_or_default();
    let advance = |across: bool, left: &[char]| {
        let ends = (0..=text.len()).take_while(|n| *n == 0 || across || text.get(n - 1) != Some(&'/'));
        ends.map(|n| text.get(n..).unwrap_or_default()).any(|text| at(left, text))
    };
    match pattern {
        [] => text.is_empty(),
        // `**/` also matches no folder at all.
        ['*', '*', '/', ..] => at(rest(3), text) || advance(true, rest(2)),
        ['*', '*', ..] => advance(true, rest(2)),
        ['*', ..] => advance(false, rest(1)),
        [c, '?', ..] => at(rest(2), text) || (text.first() == Some(c) && at(rest(2), text.get(1..).unwrap_or_default())),
        [c, ..] => text.first() == Some(c) && at(rest(1), text.get(1..).unwrap_or_default()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stars_and_question_marks() {
        assert!(matches("main", "main") && !matches("main", "mainline"));
        assert!(matches("releases/*", "releases/1") && !matches("releases/*", "releases/1/2"));
        assert!(matches("deploy/**", "deploy/mlp/churn/release.yaml") && matches("**", "a/b"));
        assert!(matches("**/*.py", "train.py") && matches("data/**.dvc", "data/a/b.dvc"));
        assert!(matches("*.jsx?", "page.js") && matches("*.jsx?", "page.jsx"));
    }

    #[test]
    fn the_last_match_decides() {
        assert!(!any(["**", "!deploy/**"], "deploy/x") && any(["**", "!deploy/**", "deploy/x"], "deploy/x"));
        assert!(!any(["src/**"], "deploy/x"));
    }
}
