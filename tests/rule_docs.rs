//! The documentation of every rule is complete, and its examples do what it says.

#![allow(clippy::expect_used, clippy::indexing_slicing, reason = "a test may panic")]

mod documented;

use std::collections::BTreeSet;

use documented::{Example, examples};
use mlp::diagnostic::{Code, Fix, Severity, apply};
use mlp::lint;
use mlp::source::FileId;

/// Every complaint of every rule at once.
fn check(complain: impl Fn(&'static Code, &mut Vec<String>)) {
    let mut complaints = Vec::new();
    for rule in lint::all() {
        complain(&rule.code, &mut complaints);
    }
    assert!(complaints.is_empty(), "\n{}", complaints.join("\n"));
}

#[test]
fn codes_are_unique_and_sorted() {
    let ids: Vec<&str> = lint::all().iter().map(|rule| rule.code.id).collect();
    let mut sorted = ids.clone();
    sorted.sort_unstable();
    sorted.dedup();
    assert_eq!(ids, sorted);
    let names: BTreeSet<&str> = lint::all().iter().map(|rule| rule.code.name).collect();
    assert_eq!(names.len(), ids.len());
}

#[test]
fn pages_have_their_parts() {
    check(|code, complaints| {
        let title = format!("# {} {}\n", code.id, code.name);
        if !code.docs.starts_with(&title) {
            complaints.push(format!("{}: the title is not `{}`", code.id, title.trim()));
        }
        if !code.summary().ends_with('.') {
            complaints.push(format!("{}: no summary below the title", code.id));
        }
        for part in ["\n## Why\n", "\n## Example\n"].iter().filter(|part| !code.docs.contains(**part)) {
            complaints.push(format!("{}: no `{}`", code.id, part.trim()));
        }
        let kinds: BTreeSet<bool> = examples(code.docs).iter().map(|example| example.bad).collect();
        if kinds.len() < 2 {
            complaints.push(format!("{}: an example of both kinds is needed", code.id));
        }
    });
}

#[test]
fn every_page_begins_with_code_name_and_summary() {
    for code in lint::codes() {
        assert!(code.docs.starts_with(&format!("# {} {}\n", code.id, code.name)), "{}", code.id);
        assert!(code.summary().ends_with('.') && code.docs.contains("\n## Why\n"), "{}", code.id);
    }
}

#[test]
fn examples_show_exactly_their_rule() {
    check(|code, complaints| {
        for (number, example) in examples(code.docs).iter().enumerate() {
            let expected: BTreeSet<&str> = example.bad.then_some(code.id).into_iter().collect();
            let findings = example.findings();
            if documented::codes(&findings) != expected {
                let said: Vec<String> = findings.iter().map(|f| format!("    {} {}", f.code.id, f.message)).collect();
                let kind = if example.bad { "bad" } else { "good" };
                complaints.push(format!("{}: example {} ({kind}) gives\n{}", code.id, number + 1, said.join("\n")));
            }
        }
    });
}

#[test]
fn messages_keep_their_form() {
    check(|code, complaints| {
        for finding in examples(code.docs).iter().flat_map(Example::findings) {
            let related = finding.related.iter().map(|(_, text)| text);
            let texts = std::iter::once(&finding.message).chain(&finding.label).chain(&finding.help).chain(related);
            for text in texts.filter(|text| !in_form(text)) {
                complaints.push(format!("{}: not lower case without a full stop: {text}", code.id));
            }
        }
    });
}

/// Lower case, no full stop, and not empty; code, acronyms and names keep their case.
fn in_form(text: &str) -> bool {
    let mut chars = text.chars();
    let (first, second) = (chars.next(), chars.next());
    let sentence = first.is_some_and(char::is_uppercase) && second.is_some_and(char::is_lowercase);
    let name = ["Argo", "Kubernetes", "Git", "Python"].iter().any(|name| text.starts_with(name));
    !text.is_empty() && !text.ends_with('.') && (!sentence || name) && text.matches('`').count().is_multiple_of(2)
}

#[test]
fn safe_fixes_settle_the_matter() {
    check(|code, complaints| {
        for example in examples(code.docs).iter().filter(|example| example.bad) {
            let findings = example.findings();
            let fixes: Vec<&Fix> = findings.iter().filter_map(|finding| finding.fix.as_ref()).filter(|fix| fix.safe).collect();
            if fixes.is_empty() {
                continue;
            }
            let mut fixed = example.clone();
            fixed.files[0].1 = apply(&example.files[0].1, FileId(0), fixes.iter().copied()).0;
            if fixed.codes().contains(code.id) || breaks(&fixed) {
                complaints.push(format!("{}: its safe fix gives\n{}", code.id, fixed.files[0].1));
            }
        }
    });
}

#[test]
fn unsafe_fixes_leave_less_of_it() {
    check(|code, complaints| {
        for example in examples(code.docs).iter().filter(|example| example.bad) {
            for fix in example.findings().iter().filter_map(|finding| finding.fix.as_ref()).filter(|fix| !fix.safe) {
                let mut fixed = example.clone();
                fixed.files[0].1 = apply(&example.files[0].1, FileId(0), [fix]).0;
                if count(&fixed, code) >= count(example, code) {
                    complaints.push(format!("{}: `{}` gives\n{}", code.id, fix.title, fixed.files[0].1));
                }
            }
        }
    });
}

fn count(example: &Example, code: &Code) -> usize {
    example.findings().iter().filter(|finding| finding.code == code).count()
}

/// Whether an error is found.
fn breaks(example: &Example) -> bool {
    example.findings().iter().any(|finding| finding.severity() == Severity::Error)
}
