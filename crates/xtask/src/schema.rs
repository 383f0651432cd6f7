//! The tables of the language reference, from `mlp::schema`.

use mlp::schema::{self, Attr, Block, Need, Statement, Ty};

use crate::page::Parts;

/// A table for each block, by the words that begin it.
pub fn parts() -> Parts {
    let alone: [&Block; 10] = [
        &schema::FILE,
        &schema::PIPELINE,
        &schema::ENVIRONMENT,
        &schema::GATE_FALLBACK,
        &schema::ON_FAILURE,
        &schema::RESOURCES,
        &schema::TRANSFORMER_RESOURCES,
        &schema::AUTOSCALE,
        &schema::STEP,
        &schema::TRIGGER_MANUAL,
    ];
    let kinds = [("connection", schema::CONNECTIONS), ("on", schema::TRIGGERS), ("smoke", schema::SMOKE_TESTS)];
    let of_kinds = kinds.iter().flat_map(|(keyword, blocks)| blocks.iter().map(move |block| (format!("{keyword} {}", block.name), *block)));
    let plain = alone.iter().chain(schema::STAGES).map(|block| (block.name.to_owned(), *block));
    let all = plain.filter(|(name, _)| name != "manual").chain(of_kinds);
    all.map(|(name, block)| (name, table(block))).collect()
}

fn table(block: &Block) -> String {
    let attrs = section("| attribute | value | without it | |\n|---|---|---|---|\n", block.attrs.iter().map(attr_row));
    let statements = section("| statement | |\n|---|---|\n", block.statements.iter().map(statement_row));
    format!("{}\n\n{attrs}{statements}", block.doc)
}

/// A table with a head, or nothing where it has no rows.
fn section(head: &str, rows: impl Iterator<Item = String>) -> String {
    let rows: String = rows.collect();
    if rows.is_empty() { rows } else { format!("{head}{rows}\n") }
}

fn attr_row(attr: &Attr) -> String {
    let without = match attr.need {
        Need::Required => "*required*".to_owned(),
        Need::Optional => "–".to_owned(),
        Need::Default(value) => format!("`{value}`"),
        Need::Inferred(how) => how.to_owned(),
    };
    format!("| `{}` | {} | {} | {} |\n", attr.name, cell(&value(attr.ty)), cell(&without), cell(attr.doc))
}

fn statement_row(statement: &Statement) -> String {
    format!("| `{}` | {} |\n", cell(statement.form), cell(statement.doc))
}

fn cell(text: &str) -> String {
    text.replace('|', "\\|")
}

/// What a value must be, in a few words; the reference explains them under "Values".
fn value(ty: Ty) -> String {
    match ty {
        Ty::String => "string".into(),
        Ty::Text => "string or `var`".into(),
        Ty::Path => "path".into(),
        Ty::Produced => "path to be written".into(),
        Ty::Glob => "path pattern".into(),
        Ty::Int => "int".into(),
        Ty::Float => "float".into(),
        Ty::Percent => "percent".into(),
        Ty::Duration => "duration".into(),
        Ty::Size => "size".into(),
        Ty::Cpu => "cpu".into(),
        Ty::Bool => "bool".into(),
        Ty::Word(words) => words.iter().map(|word| format!("`{word}`")).collect::<Vec<_>>().join(", "),
        Ty::Secret => "secret".into(),
        Ty::Command => "command".into(),
        Ty::Connection(kind) => format!("connection of kind `{kind}`"),
        Ty::Environment => "environment".into(),
        Ty::Output(output) => format!("`{}`", output.text()),
        Ty::ImageRef => "`Image`, or a quoted image by digest".into(),
        Ty::Stages => "stages".into(),
        Ty::Dvc => "DVC file".into(),
        Ty::GitPath => "folder of a `git` connection".into(),
        Ty::GitFile => "file of a `git` connection".into(),
        Ty::RegisteredModel => "registered model".into(),
        Ty::Action => "action".into(),
        Ty::List(item) => format!("list: {}", value(*item)),
        Ty::EnvValue => "value of a variable".into(),
    }
}
