//! What the generator makes up is valid, and it makes up everything that the language has.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::string_slice,
    reason = "a test may fail"
)]

mod generator;

use std::collections::BTreeMap;

use generator::{Repository, cases, repositories, runner};
use mlp::schema::{self, Block, Ty};
use mlp::syntax::ast::{Directive, ExprKind, Stmt, StmtKind};
use mlp::syntax::parse;
use proptest::test_runner::TestCaseError;

/// How often each attribute, statement and word must occur.
const OFTEN: usize = 5;

#[test]
fn valid() {
    let complain = |repository: Repository| {
        let errors = repository.errors();
        if errors.is_empty() { Ok(()) } else { Err(TestCaseError::fail(format!("{}\n{repository}", errors.join("\n")))) }
    };
    if let Err(error) = runner(generator::CASES).run(&repositories(), complain) {
        panic!("{error}");
    }
}

#[test]
fn complete() {
    let mut counts = Counts::default();
    counts.expect_file();
    for repository in cases() {
        for (path, text) in repository.files.iter().filter(|(path, _)| path.ends_with(".mlp")) {
            assert!(parse(mlp::source::FileId(0), text).errors.is_empty(), "{path}\n{text}");
            counts.count(&schema::FILE, &parse(mlp::source::FileId(0), text).file.stmts);
        }
    }
    let rare: Vec<String> = counts.0.iter().filter(|(_, count)| **count < OFTEN).map(|(what, count)| format!("{what}: {count}")).collect();
    assert!(rare.is_empty(), "seldom or never:\n{}", rare.join("\n"));
}

/// Occurrences of `block.attribute`, `block.statement` and `block.attribute = word`.
#[derive(Default)]
struct Counts(BTreeMap<String, usize>);

impl Counts {
    /// Enters all that there is, with no occurrence yet.
    fn expect_file(&mut self) {
        self.expect(&schema::FILE);
        for block in [
            &schema::PIPELINE,
            &schema::ENVIRONMENT,
            &schema::RESOURCES,
            &schema::TRANSFORMER_RESOURCES,
            &schema::AUTOSCALE,
            &schema::STEP,
            &schema::ON_FAILURE,
            &schema::GATE_FALLBACK,
        ] {
            self.expect(block);
        }
        for block in [schema::CONNECTIONS, schema::TRIGGERS, schema::STAGES, schema::SMOKE_TESTS].into_iter().flatten() {
            self.0.entry(format!("{} (kind)", block.name)).or_default();
            self.expect(block);
        }
    }

    fn expect(&mut self, block: &Block) {
        for attr in block.attrs {
            self.0.entry(format!("{}.{}", block.name, attr.name)).or_default();
            if let Ty::Word(words) = attr.ty {
                for word in words {
                    self.0.entry(format!("{}.{} = {word}", block.name, attr.name)).or_default();
                }
            }
        }
        for statement in block.statements {
            self.0.entry(format!("{} / {}", block.name, statement.keyword)).or_default();
        }
    }

    fn add(&mut self, what: String) {
        *self.0.entry(what).or_default() += 1;
    }

    fn count(&mut self, block: &'static Block, stmts: &[Stmt]) {
        for stmt in stmts {
            match &stmt.kind {
                StmtKind::Attr(attr) => {
                    self.add(format!("{}.{}", block.name, attr.key.text));
                    if let (Some(Ty::Word(_)), ExprKind::Path(path)) = (block.attr(&attr.key.text).map(|a| a.ty), &attr.value.kind) {
                        self.add(format!("{}.{} = {}", block.name, attr.key.text, path[0].text));
                    }
                }
                StmtKind::Rule(rule) => self.add(format!("{} / {}", block.name, rule.keyword.text)),
                StmtKind::Names(names) => self.add(format!("{} / {}", block.name, names.keyword.text)),
                StmtKind::Directive(directive) => self.directive(block, directive),
                StmtKind::Junk(_) => panic!("junk"),
            }
        }
    }

    fn directive(&mut self, block: &'static Block, directive: &Directive) {
        let keyword = directive.keyword.text.as_str();
        self.add(format!("{} / {keyword}", block.name));
        if let Some(inner) = inner(block, directive) {
            let forks = matches!(keyword, "parallel" | "sequence");
            if !forks {
                self.add(format!("{} (kind)", inner.name));
            }
            self.count(inner, directive.stmts());
        }
    }
}

/// The table of the block behind a directive, unless its keys are the user's own.
fn inner(block: &'static Block, directive: &Directive) -> Option<&'static Block> {
    let label = directive.labels.first().map_or("", |label| label.name.text.as_str());
    match (block.name, directive.keyword.text.as_str()) {
        ("file", "connection") => schema::find(schema::CONNECTIONS, &directive.ty.as_ref()?.name.text),
        ("file", "pipeline") | ("pipeline", "parallel" | "sequence") => Some(&schema::PIPELINE),
        ("pipeline", "on") => schema::find(schema::TRIGGERS, label),
        ("pipeline", "environment") => Some(&schema::ENVIRONMENT),
        ("verify", "smoke") => schema::find(schema::SMOKE_TESTS, label),
        ("verify", "on") => Some(&schema::ON_FAILURE),
        ("deploy", "autoscale") => Some(&schema::AUTOSCALE),
        ("deploy", "transformer_resources") => Some(&schema::TRANSFORMER_RESOURCES),
        ("deploy", _) => Some(&schema::RESOURCES),
        ("gate", "without") => Some(&schema::GATE_FALLBACK),
        (_, "step") => Some(&schema::STEP),
        ("pipeline", kind) => schema::find(schema::STAGES, kind),
        _ => None,
    }
}
