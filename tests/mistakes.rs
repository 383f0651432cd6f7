//! A mistake gives its own finding and none that only follows from it, with advice that fits.

#![allow(clippy::panic, clippy::string_slice, reason = "a test may panic")]

use mlp::diagnostic::Diagnostic;
use mlp::source::{FileId, SourceSet};
use mlp::{analyze, lock::Lock};

/// The findings of a file, but for layout and style.
fn file(text: &str) -> Vec<Diagnostic> {
    let sources = SourceSet::single("demo.mlp", format!("mlp 1\n{text}\n"));
    let mut found = analyze(&sources, FileId(0), Lock::built_in()).diagnostics;
    found.retain(|finding| !finding.code.id.starts_with("MLP12"));
    found
}

/// The code, the place as written and the help of the only finding in stages.
fn only(stages: &str) -> (&'static str, String, String) {
    only_of_file(&format!("pipeline \"demo\" {{\non manual\n{stages}\n}}"))
}

fn only_of_file(text: &str) -> (&'static str, String, String) {
    let found = file(text);
    let [finding] = found.as_slice() else { panic!("{text}\n{found:#?}") };
    let place = format!("mlp 1\n{text}\n")[finding.span.range()].to_owned();
    (finding.code.id, place, finding.help.clone().unwrap_or_default())
}

#[test]
fn what_stands_before_a_block_is_no_attribute() {
    let (code, place, help) = only_of_file("pipeline weekly-report {\non manual\njob a { run = file(\"a.py\") }\n}");
    assert_eq!((code, place.as_str()), ("MLP0108", "-report"));
    assert!(help.contains("in quotes"), "{help}");
}

#[test]
fn a_colon_stands_for_an_equals_sign() {
    let (code, place, _) = only("job a {\ntimeout: 5min\nrun = file(\"a.py\")\n}");
    assert_eq!((code, place.as_str()), ("MLP0101", ":"));
}

#[test]
fn quoted_actions_and_files_are_wrapped() {
    let (code, place, help) = only("job a { step { uses = \"actions/setup-python@v7.0.0\" } }");
    assert_eq!((code, place.as_str()), ("MLP0308", "\"actions/setup-python@v7.0.0\""));
    assert!(help.contains("action("), "{help}");
    let (code, _, help) = only("job a { run = \"a.py\" }");
    assert_eq!(code, "MLP0308");
    assert!(help.contains("file("), "{help}");
}

#[test]
fn an_output_without_a_type_is_known_all_the_same() {
    let user = "job b {\nenv { ROWS = a.rows }\nrun = file(\"a.py\")\n}";
    let (code, place, _) = only(&format!("job a {{\noutput rows\nrun = file(\"a.py\")\n}}\n{user}"));
    assert_eq!((code, place.as_str()), ("MLP0112", "output rows"));
    let (code, place, _) = only(&format!("job a {{\noutput rows: number\nrun = file(\"a.py\")\n}}\n{user}"));
    assert_eq!((code, place.as_str()), ("MLP0201", "number"));
}

#[test]
fn surplus_words_are_not_ignored() {
    for (stages, place) in [
        ("job a {\nenv prod { A = 1 }\nrun = file(\"a.py\")\n}", "env prod"),
        ("job a b { run = file(\"a.py\") }", "job a b"),
        ("parallel {\njob a b { run = file(\"a.py\") }\njob c { run = file(\"a.py\") }\n}", "job a b"),
        ("sequence {\njob a b { run = file(\"a.py\") }\n}", "job a b"),
        ("job a: float { run = file(\"a.py\") }", "job a"),
    ] {
        let (code, found, _) = only(stages);
        assert_eq!((code, found.as_str()), ("MLP0112", place), "{stages}");
    }
}

#[test]
fn surplus_words_of_declarations_are_not_ignored() {
    let user = "pipeline \"demo\" {\non manual\njob a {\nenv { ROWS = param.rows }\nrun = file(\"a.py\")\n}\n}";
    let (code, place, _) = only_of_file(&format!("param rows more: int = 1\n{user}"));
    assert_eq!((code, place.as_str()), ("MLP0112", "param rows more"));
    let (code, place, _) = only_of_file(&format!("param rows: int = 1\n{}", user.replace("\"demo\"", "\"demo\" \"more\"")));
    assert_eq!((code, place.as_str()), ("MLP0112", "pipeline \"demo\" \"more\""));
}

#[test]
fn a_sequence_holds_stages_alone() {
    for (line, word) in [("concurrency = queue", "concurrency"), ("report {}", "report"), ("secret A", "secret")] {
        let (code, place, _) =
            only(&format!("parallel {{\njob b {{ run = file(\"a.py\") }}\nsequence {{\n{line}\njob a {{ run = file(\"a.py\") }}\n}}\n}}"));
        assert_eq!((code, place.as_str()), ("MLP0113", word));
    }
}
