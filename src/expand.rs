//! A file with everything written out that it leaves to mlp: stages, references, connections and default values.
//!
//! The result means the same and compiles to the same files; expanding it again changes nothing. Comments are not kept,
//! documentation (`##`) is. What follows from the rest at compile time, such as a runner's label, is not written out.

use std::collections::BTreeSet;

use crate::Analysis;
use crate::resolve::defaults::{self, Connections, attr_stmt};
use crate::resolve::hir::Pipeline;
use crate::schema::{self, Block, Need};
use crate::source::Span;
use crate::syntax::ast::{Body, Directive, File, Stmt, StmtKind};
use crate::syntax::trivia::Trivia;

/// The file that was analysed, written out.
pub fn expand(analysis: &Analysis<'_>) -> String {
    let Some(parsed) = analysis.resolved.parsed.get(&analysis.file) else { return String::new() };
    let mut pipelines = analysis.resolved.hir.pipelines.iter();
    let mut stmts = Vec::with_capacity(parsed.file.stmts.len());
    let first = parsed.file.stmts.iter().position(|stmt| is(stmt, "pipeline"));
    for (i, stmt) in parsed.file.stmts.iter().enumerate() {
        if Some(i) == first {
            stmts.extend(connections(analysis, &parsed.file));
        }
        let pipeline = if is(stmt, "pipeline") { pipelines.next() } else { None };
        stmts.push(pipeline.map_or_else(|| stmt.clone(), |pipeline| completed(analysis, pipeline, stmt)));
    }
    let stmts = stmts.iter().map(|stmt| filled(stmt, &schema::FILE)).collect();
    crate::fmt::print(&File { stmts }, &Trivia::default(), None)
}

fn is(stmt: &Stmt, keyword: &str) -> bool {
    stmt.directive().is_some_and(|directive| directive.keyword.text == keyword)
}

/// Declarations of the connections that pipelines use and nobody declares, without names that the file declares itself.
fn connections(analysis: &Analysis<'_>, file: &File) -> Vec<Stmt> {
    let mut declared: BTreeSet<String> = file.stmts.iter().flat_map(names).collect();
    let mut out: Vec<Stmt> = Vec::new();
    let implied = analysis.resolved.hir.connections.iter().filter(|connection| connection.implied);
    for mut stmt in implied.filter_map(|connection| Some(defaults::connection(connection.kind(), Span::default())?.1)).flatten() {
        if let StmtKind::Names(stated) = &mut stmt.kind {
            stated.names.retain(|name| declared.insert(name.text.clone()));
        }
        let empty = matches!(&stmt.kind, StmtKind::Names(stated) if stated.names.is_empty());
        let repeated = stmt.directive().and_then(Directive::name).is_some_and(|name| !declared.insert(name.text.clone()));
        if !empty && !repeated {
            out.push(stmt);
        }
    }
    out.sort_by_key(|stmt| match &stmt.kind {
        StmtKind::Names(names) if names.keyword.text == "secret" => 0,
        StmtKind::Names(_) => 1,
        _ => 2,
    });
    out
}

/// The names that a statement declares.
fn names(stmt: &Stmt) -> Vec<String> {
    match &stmt.kind {
        StmtKind::Names(names) => names.names.iter().map(|name| name.text.clone()).collect(),
        _ => Vec::new(),
    }
}

/// A pipeline with the stages and references that it leaves out.
fn completed(analysis: &Analysis<'_>, pipeline: &Pipeline, stmt: &Stmt) -> Stmt {
    let Some(directive) = stmt.directive() else { return stmt.clone() };
    let named = |id: &crate::resolve::hir::ConnectionId| analysis.resolved.hir.connections.get(id.0).map(|c| c.name.text.clone());
    let connections: Connections = pipeline.connections.iter().filter_map(|(kind, id)| Some((*kind, named(id)?))).collect();
    let stmts = defaults::complete(&pipeline.name.text, directive.stmts(), &connections, Span::default());
    with_stmts(stmt, directive, stmts)
}

fn with_stmts(stmt: &Stmt, directive: &Directive, stmts: Vec<Stmt>) -> Stmt {
    let body = (directive.body.is_some() || !stmts.is_empty()).then_some(Body { span: stmt.span, stmts });
    Stmt { kind: StmtKind::Directive(Directive { body, ..directive.clone() }), ..stmt.clone() }
}

/// A statement of a block, with the default values of the block that it opens itself, and so on inwards.
fn filled(stmt: &Stmt, outer: &Block) -> Stmt {
    let Some(directive) = stmt.directive() else { return stmt.clone() };
    let Some(block) = block_of(directive, outer) else { return stmt.clone() };
    let mut stmts: Vec<Stmt> = directive.stmts().iter().map(|inner| filled(inner, block)).collect();
    if !nests(directive) {
        stmts.extend(missing(block, &stmts));
        stmts.sort_by_key(|stmt| key(stmt).is_none());
    }
    if directive.keyword.text == "deploy" {
        resources(&mut stmts);
    }
    with_stmts(stmt, directive, stmts)
}

fn nests(directive: &Directive) -> bool {
    matches!(directive.keyword.text.as_str(), "parallel" | "sequence")
}

/// The default values that a block's statements leave out.
fn missing(block: &Block, stmts: &[Stmt]) -> Vec<Stmt> {
    let written = |name: &str| stmts.iter().filter_map(key).any(|key| key == name);
    let default = |attr: &schema::Attr| match attr.need {
        Need::Default(value) => Some(attr_stmt(attr.name, value, Span::default())),
        _ => None,
    };
    block.attrs.iter().filter(|attr| !written(attr.name)).filter_map(default).collect()
}

/// What containers get where a deploy does not say; a manifest of the user's own says it itself.
fn resources(stmts: &mut Vec<Stmt>) {
    if stmts.iter().filter_map(key).any(|key| key == "manifest") {
        return;
    }
    let transformer = stmts.iter().filter_map(key).any(|key| key == "transformer");
    let containers = [("resources", "1cpu", "2Gi", true), ("transformer_resources", "0.5cpu", "512Mi", transformer)];
    for (name, cpu, memory, _) in containers.into_iter().filter(|(.., present)| *present) {
        if let Some(at) = stmts.iter().position(|stmt| is(stmt, name)) {
            let Some(stmt) = stmts.get_mut(at) else { continue };
            *stmt = sized(stmt, cpu, memory);
        } else {
            let text = format!("{name} {{ cpu = {cpu}, memory = {memory} }}");
            stmts.extend(crate::syntax::parse(crate::source::FileId::default(), &text).file.stmts);
        }
    }
}

/// A block of resources with what it leaves out.
fn sized(stmt: &Stmt, cpu: &str, memory: &str) -> Stmt {
    let Some(directive) = stmt.directive() else { return stmt.clone() };
    let mut stmts = directive.stmts().to_vec();
    for (name, value) in [("cpu", cpu), ("memory", memory)] {
        if !stmts.iter().filter_map(key).any(|key| key == name) {
            stmts.push(attr_stmt(name, value, Span::default()));
        }
    }
    with_stmts(stmt, directive, stmts)
}

fn key(stmt: &Stmt) -> Option<&str> {
    match &stmt.kind {
        StmtKind::Attr(attr) => Some(&attr.key.text),
        _ => None,
    }
}

/// What a directive's block may hold, by its keyword and the block it stands in; nothing for blocks without attributes of ours.
fn block_of(directive: &Directive, outer: &Block) -> Option<&'static Block> {
    let label = directive.name().map_or("", |name| name.text.as_str());
    match directive.keyword.text.as_str() {
        "pipeline" | "parallel" | "sequence" => Some(&schema::PIPELINE),
        "environment" if outer.takes("environment") => Some(&schema::ENVIRONMENT),
        "connection" => schema::find(schema::CONNECTIONS, &directive.ty.as_ref()?.name.text),
        "on" if label == "failure" => Some(&schema::ON_FAILURE),
        "on" => schema::find(schema::TRIGGERS, label),
        "smoke" => schema::find(schema::SMOKE_TESTS, label),
        "autoscale" => Some(&schema::AUTOSCALE),
        keyword => schema::find(schema::STAGES, keyword).filter(|_| outer.takes(keyword)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::lock::Lock;
    use crate::source::{FileId, SourceFile, SourceSet};

    /// An example with the platform file it may import.
    fn sources(path: &str, text: &str) -> SourceSet {
        let mut sources = SourceSet::single(path, text);
        let platform = if path.contains('/') {
            include_str!("../examples/monorepo/platform.mlp")
        } else {
            include_str!("../examples/churn/platform.mlp")
        };
        sources.add(SourceFile::new("platform.mlp", platform));
        sources
    }

    fn compiled(sources: &SourceSet) -> Vec<crate::Artifact> {
        let lock = Lock { repository: Some("acme/ml".to_owned()), ..Lock::built_in().clone() };
        let analysis = crate::analyze(sources, FileId(0), &lock);
        let checked = analysis.checked().unwrap_or_else(|| panic!("{:#?}", analysis.diagnostics));
        crate::compile(&checked).unwrap()
    }

    fn expanded(sources: &SourceSet) -> String {
        expand(&crate::analyze(sources, FileId(0), Lock::built_in()))
    }

    #[test]
    fn the_result_compiles_to_the_same_and_stays() {
        let examples = [
            ("hello.mlp", include_str!("../examples/hello/hello.mlp")),
            ("churn.mlp", include_str!("../examples/churn/churn.mlp")),
            ("pipelines/fraud/fraud.mlp", include_str!("../examples/monorepo/pipelines/fraud/fraud.mlp")),
            ("pipelines/search/search.mlp", include_str!("../examples/monorepo/pipelines/search/search.mlp")),
            ("pipelines/sentiment/sentiment.mlp", include_str!("../examples/monorepo/pipelines/sentiment/sentiment.mlp")),
        ];
        for (path, text) in examples {
            let before = sources(path, text);
            let once = expanded(&before);
            let after = sources(path, &once);
            assert_eq!(expanded(&after), once, "{path}");
            assert_eq!(crate::fmt::format(&once).unwrap(), once, "{path}");
            for (new, old) in compiled(&after).iter().zip(compiled(&before)) {
                assert_eq!(new.path, old.path);
                assert_eq!(new.text, old.text, "{path} {}", new.path);
            }
        }
    }

    #[test]
    fn nothing_is_left_to_defaults() {
        let hello = expanded(&sources("hello.mlp", include_str!("../examples/hello/hello.mlp")));
        for part in ["connection tracking: mlflow", "secret ", "preflight", "export", "verify", "rollback", "timeout", "environment ml_dev"]
        {
            assert!(hello.contains(part), "{part} in\n{hello}");
        }
    }
}
