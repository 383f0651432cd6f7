//! Random files, with blanks and comments wherever the grammar takes them: the formatter keeps every word and comment.

use mlp::fmt::format;
use mlp::syntax::parse;
use proptest::prelude::{Just, ProptestConfig, Strategy, any, prop_assert, prop_assert_eq, prop_oneof};
use proptest::{collection::vec, option, proptest};

/// Marks in a generated text: a place for blanks, a place where a line may go on, and the end of a statement.
const BLANK: char = '~';
const LINE: char = '^';
const END: char = ';';

fn word() -> impl Strategy<Value = String> {
    const TEXTS: &[&str] = &["a", "bb", "auc", "latency_p95", "champion", "some_longer_name", "x1", "require_not"];
    proptest::sample::select(TEXTS).prop_map(str::to_owned)
}

fn path() -> impl Strategy<Value = String> {
    let slice = option::of(proptest::sample::select(["/region/eu", "/n1", "/a-b"].as_slice()));
    (vec(word(), 1..3), slice).prop_map(|(words, slice)| words.join(".") + slice.unwrap_or_default())
}

fn literal() -> impl Strategy<Value = String> {
    const TEXTS: &[&str] =
        &["1", "10_000", "0.5%", "5min", "32Gi", "true", "\"\"", "\"#no\"", "\"a\\\"b\\\\\"", "\"ü→\"", "bash\"\"\"x#y\"\"\""];
    proptest::sample::select(TEXTS).prop_map(str::to_owned)
}

fn script() -> impl Strategy<Value = String> {
    const TEXTS: &[&str] = &["bash\"\"\"\n  a\n\n    b\n  \"\"\"", "python\"\"\"\n\"\"\"", "bash\"\"\"x\ny\"\"\"", "bash\"\"\"\na\n\"\"\""];
    proptest::sample::select(TEXTS).prop_map(str::to_owned)
}

fn operator() -> impl Strategy<Value = &'static str> {
    proptest::sample::select([" or ", " and ", "~>=", "~<", "~==", "~!=", "~+", " - ", "~*", " / "].as_slice())
}

fn expr() -> impl Strategy<Value = String> {
    let leaf = prop_oneof![4 => literal(), 4 => path(), 1 => script()];
    leaf.prop_recursive(4, 24, 4, |inner| {
        let arg = (option::of(word()), inner.clone()).prop_map(|(name, value)| match name {
            Some(name) => format!("{name}~=^{value}"),
            None => value,
        });
        prop_oneof![
            vec(inner.clone(), 0..4).prop_map(|items| listed("[", &items, "]")),
            (path(), vec(arg, 0..4)).prop_map(|(path, args)| path + "~" + &listed("(", &args, ")")),
            inner.clone().prop_map(|inner| format!("(^{inner}^)")),
            (proptest::sample::select(["-~", "not "].as_slice()), inner.clone()).prop_map(|(op, inner)| format!("{op}{inner}")),
            (inner.clone(), operator(), inner).prop_map(|(left, op, right)| format!("{left}{op}^ {right}")),
        ]
    })
}

fn listed(open: &str, items: &[String], close: &str) -> String {
    format!("{open}^{}^{close}", items.join("^,^"))
}

fn quoted_or_not() -> impl Strategy<Value = String> {
    prop_oneof![3 => word(), 1 => Just("\"quoted/name.json\"".to_owned())]
}

fn head() -> impl Strategy<Value = String> {
    let ty = option::of(proptest::sample::select(["~:~float", "~:~duration~(~ms~)"].as_slice()));
    let labels = vec(quoted_or_not(), 0..3);
    (word(), labels, ty, option::of(quoted_or_not())).prop_map(|(keyword, labels, ty, last)| {
        let labels: String = labels.iter().map(|label| format!("~ {label}")).collect();
        let last = last.filter(|_| ty.is_some()).map(|label| format!("~ {label}"));
        format!("{keyword}{labels}{}{}", ty.unwrap_or_default(), last.unwrap_or_default())
    })
}

fn line() -> impl Strategy<Value = String> {
    prop_oneof![
        3 => (quoted_or_not(), expr()).prop_map(|(key, value)| format!("{key}~=^{value}~")),
        2 => expr().prop_map(|rule| format!("require {rule}~")),
        1 => expr().prop_map(|rule| format!("expect {rule}~")),
        1 => vec(word(), 1..4).prop_map(|names| format!("secret {}~\n", names.join("~,^"))),
        2 => head().prop_map(|head| head + "~"),
        1 => (head(), expr()).prop_map(|(head, value)| format!("{head} p~=^{value}~")),
    ]
}

fn stmt() -> impl Strategy<Value = String> {
    line().prop_recursive(4, 32, 5, |inner| {
        let body = vec(inner.clone(), 0..5).prop_map(|stmts| format!("{{;{};}}", stmts.join(";")));
        let one_line = vec(inner.clone(), 0..3).prop_map(|stmts| format!("{{~{}~}}", stmts.join("~,~")));
        prop_oneof![inner, (head(), prop_oneof![body, one_line]).prop_map(|(head, body)| format!("{head}~{body}~"))]
    })
}

/// Puts something at every mark, each comment with a number of its own.
fn fill(marked: &str, choices: &[u8]) -> String {
    let mut out = String::new();
    for ((i, c), &choice) in marked.chars().enumerate().zip(choices.iter().cycle()) {
        match c {
            BLANK => out.push_str(blank(choice)),
            LINE => out.push_str(&line_break(choice, i)),
            END => out.push_str(&end(choice, i)),
            _ => out.push(c),
        }
    }
    out
}

fn file() -> impl Strategy<Value = String> {
    let stmts = vec(stmt(), 0..8);
    (stmts, vec(any::<u8>(), 64)).prop_map(|(stmts, choices)| fill(&stmts.join(";"), &choices))
}

fn blank(choice: u8) -> &'static str {
    match choice % 4 {
        0 => "",
        1 => " ",
        2 => "  ",
        _ => "\t",
    }
}

fn line_break(choice: u8, i: usize) -> String {
    match choice % 8 {
        0 => format!(" # c{i}.\n"),
        1 => format!("\n\n # c{i}.\n\t## d{i}.\n"),
        2 => "\n \n".to_owned(),
        _ => String::new(),
    }
}

fn end(choice: u8, i: usize) -> String {
    match choice % 9 {
        0 => format!("    # c{i}.\n"),
        1 => format!("\n## d{i}.\n"),
        2 => format!("\r\n\n\n## d{i}.\n\n# c{i}.\n"),
        3 => format!(", # c{i}.\n"),
        4 => format!("# c{i}.\n,\n"),
        5 => "\n\n\n".to_owned(),
        _ => "\n".to_owned(),
    }
}

/// The text without what the formatter may change: comments, blanks and commas.
fn words(text: &str) -> String {
    let code =
        |line: &str| ["# c", "## d"].iter().filter_map(|mark| line.find(mark)).min().map_or(line, |end| line.split_at(end).0).to_owned();
    let words: String = text.lines().map(code).collect();
    words.replace(|c: char| c.is_whitespace() || c == ',', "")
}

fn comments(text: &str) -> Vec<&str> {
    let mut found: Vec<&str> = text.lines().filter_map(|line| line.rfind('#').and_then(|at| line.get(at..))).collect();
    found.retain(|comment| comment.ends_with('.'));
    found.sort_unstable();
    found
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn every_word_and_comment_stays(source in file()) {
        let errors = parse(Default::default(), &source).errors;
        prop_assert!(errors.is_empty(), "{errors:?}\n{source}");
        let result = format(&source);
        prop_assert!(result.is_ok(), "{:?}\n{source}", result);
        let result = result.unwrap();
        prop_assert_eq!(words(&result), words(&source));
        prop_assert_eq!(comments(&result), comments(&source));
        prop_assert_eq!(format(&result).unwrap(), result);
    }
}
