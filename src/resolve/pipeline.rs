//! A pipeline: triggers, environments, and the flow of its stages.

use std::collections::{BTreeMap, BTreeSet, HashSet};

use super::Resolver;
use super::defaults;
use super::hir::{Environment, EnvironmentId, Flow, Input, Parallel, Pipeline, StageId, Trigger};
use super::names::written_name;
use super::problem::Problem;
use super::scope::{Entry, Symbol};
use crate::schema;
use crate::syntax::ast::{Directive, Ident, Stmt, StmtKind};

/// What is read of a pipeline so far.
#[derive(Default)]
struct Parts {
    environments: Vec<Environment>,
    triggers: Vec<Trigger>,
    parallels: Vec<Parallel>,
}

impl Resolver<'_> {
    /// Reads a pipeline.
    pub(super) fn pipeline(&mut self, stmt: &Stmt, directive: &Directive) {
        let Some(label) = directive.labels.first().filter(|label| label.quoted) else {
            return self.problem(Problem::WrongForm { span: directive.head(), form: "pipeline \"name\" { … }" });
        };
        let name = label.name.clone();
        self.check_dns_label(&name, "pipeline");
        let outer = self.scope.clone();
        self.stages.clear();
        self.used_outputs.clear();
        let kinds: BTreeSet<String> = defaults::stages(directive.stmts()).iter().map(|d| d.keyword.text.clone()).collect();
        let connections = self.connections(&defaults::needed_connections(&kinds), directive.head());
        let stmts = defaults::complete(&name.text, directive.stmts(), &connections, directive.head());
        let mut pipeline = self.pipeline_of(stmt, directive, name, &stmts);
        pipeline.connections = self.connection_ids(&connections);
        self.prefer_named(&mut pipeline);
        self.hir.pipelines.push(pipeline);
        self.out.used_outputs.push(self.used_outputs.drain(..).collect());
        self.mark_implied(&connections, &kinds);
        self.scope = outer;
    }

    /// A connection that a stage names is the one of its kind that the pipeline uses; behind a DVC remote, its store.
    fn prefer_named(&self, pipeline: &mut Pipeline) {
        for (id, _) in pipeline.named_connections().into_iter().rev() {
            let Some(connection) = self.hir.connections.get(id.0) else { continue };
            pipeline.connections.insert(connection.kind(), id);
            if let Some(store) = (connection.kind() == "dvc").then(|| connection.attrs.connection("storage")).flatten() {
                pipeline.connections.insert("s3", store);
            }
        }
    }

    /// Connections that the pipeline uses without naming them.
    fn mark_implied(&mut self, connections: &defaults::Connections, kinds: &BTreeSet<String>) {
        let needed = defaults::needed_connections(kinds);
        for name in connections.iter().filter(|(kind, _)| needed.contains(kind)).map(|(_, name)| name) {
            if let Some(entry) = self.scope.name(name) {
                self.mark_used(name, entry.span);
            }
        }
    }

    fn pipeline_of(&mut self, stmt: &Stmt, directive: &Directive, name: Ident, stmts: &[Stmt]) -> Pipeline {
        let insert =
            directive.body.as_ref().map(|body| crate::source::Span { start: body.span.start + 1, end: body.span.start + 1, ..body.span });
        let attrs = self.attrs_of(&schema::PIPELINE, directive.head(), stmts, insert);
        let mut parts = Parts::default();
        self.triggers(stmts, &mut parts);
        self.environments(stmts, &mut parts);
        self.announce(stmts);
        let (flow, _) = self.flow(stmts, Vec::new(), &mut parts);
        self.inputs.clear();
        Pipeline {
            name,
            doc: stmt.doc.clone(),
            attrs,
            triggers: parts.triggers,
            environments: parts.environments,
            stages: std::mem::take(&mut self.stages),
            flow,
            parallels: parts.parallels,
            connections: BTreeMap::new(),
        }
    }

    fn triggers(&mut self, stmts: &[Stmt], parts: &mut Parts) {
        for directive in directives(stmts, "on") {
            let Some(name) = directive.name() else {
                self.problem(Problem::WrongForm { span: directive.head(), form: "on push { … }" });
                continue;
            };
            let Some(block) = self.kind(schema::TRIGGERS, name, "trigger") else { continue };
            let attrs = self.attrs(block, directive.head(), directive.body.as_ref());
            let inputs = directives(directive.stmts(), "input").filter_map(|d| self.input(d)).collect();
            parts.triggers.push(Trigger { attrs, inputs });
        }
    }

    fn input(&mut self, directive: &Directive) -> Option<Input> {
        let (Some(name), Some(ty)) = (directive.name(), &directive.ty) else {
            self.problem(Problem::WrongForm { span: directive.head(), form: "input rows: int = 1000" });
            return None;
        };
        let ty = self.scalar_type(&ty.name)?;
        let default = directive.value.as_ref().and_then(|value| self.value(value, ty));
        match self.scope.param(&name.text) {
            Some(entry) => self.mark_used(&name.text, entry.span),
            None => {
                let candidates = self.scope.names_of(|symbol| symbol.what() == "param");
                self.problem(Problem::UnknownName { name: name.clone(), what: "param", candidates });
            }
        }
        self.inputs.insert(name.text.clone());
        Some(Input { name: name.clone(), ty, default, doc: None })
    }

    fn environments(&mut self, stmts: &[Stmt], parts: &mut Parts) {
        for directive in directives(stmts, "environment") {
            let Some(name) = directive.name() else {
                self.problem(Problem::WrongForm { span: directive.head(), form: "environment prod { namespace = \"…\" }" });
                continue;
            };
            let attrs = self.attrs(&schema::ENVIRONMENT, directive.head(), directive.body.as_ref());
            if let Some(namespace) = written_name(&attrs, "namespace") {
                self.check_dns_label(&namespace, "namespace");
            }
            if let Some(account) = written_name(&attrs, "service_account") {
                self.check_service_account(&account);
            }
            let id = EnvironmentId(parts.environments.len());
            self.declare(name, Symbol::Environment(id));
            parts.environments.push(Environment { name: name.clone(), attrs });
        }
    }

    /// Makes the stages' names known, so that a reference upward is told from a typo.
    fn announce(&mut self, stmts: &[Stmt]) {
        let mut seen = HashSet::new();
        for name in defaults::stages(stmts).iter().filter_map(|d| d.name()) {
            if seen.insert(name.text.clone()) {
                self.declare(name, Symbol::Later);
            }
        }
    }

    /// Reads statements in order; gives what they are and the stages that stand last.
    fn flow(&mut self, stmts: &[Stmt], mut last: Vec<StageId>, parts: &mut Parts) -> (Vec<Flow>, Vec<StageId>) {
        let mut flow = Vec::new();
        for stmt in stmts {
            let Some(directive) = stmt.directive() else { continue };
            match directive.keyword.text.as_str() {
                "parallel" => {
                    let (parallel, ends) = self.parallel(directive, &last, parts);
                    flow.push(Flow::Parallel(parts.parallels.len()));
                    parts.parallels.push(parallel);
                    last = ends;
                }
                "sequence" => {
                    directive.stmts().iter().for_each(|stmt| self.check_branch(stmt, "sequence"));
                    let (inner, ends) = self.flow(directive.stmts(), last, parts);
                    flow.extend(inner);
                    last = ends;
                }
                _ => {
                    if let Some(id) = self.stage_stmt(stmt, directive, &last) {
                        flow.push(Flow::Stage(id));
                        last = vec![id];
                    }
                }
            }
        }
        (flow, last)
    }

    fn parallel(&mut self, directive: &Directive, last: &[StageId], parts: &mut Parts) -> (Parallel, Vec<StageId>) {
        let mut branches = Vec::new();
        let mut ends = Vec::new();
        let mut inside: Vec<StageId> = Vec::new();
        for stmt in directive.stmts() {
            self.check_branch(stmt, "parallel");
            let first = self.stages.len();
            let (branch, exits) = self.flow(std::slice::from_ref(stmt), last.to_vec(), parts);
            let made: Vec<StageId> = (first..self.stages.len()).map(StageId).collect();
            self.set_visible(&made, false);
            inside.extend(made);
            if !branch.is_empty() {
                branches.push(branch);
                ends.extend(exits);
            }
        }
        self.set_visible(&inside, true);
        let ends = if ends.is_empty() { last.to_vec() } else { ends };
        (Parallel { span: directive.keyword.span, branches }, ends)
    }

    fn check_branch(&mut self, stmt: &Stmt, block: &'static str) {
        let keyword = match &stmt.kind {
            StmtKind::Directive(d) if defaults::is_stage(d) || matches!(d.keyword.text.as_str(), "sequence" | "parallel") => {
                return self.surplus(&schema::PIPELINE, d);
            }
            StmtKind::Directive(d) => &d.keyword,
            StmtKind::Attr(attr) => &attr.key,
            StmtKind::Rule(rule) => &rule.keyword,
            StmtKind::Names(names) => &names.keyword,
            StmtKind::Junk(_) => return,
        };
        let candidates = schema::STAGES.iter().map(|block| block.name).chain(["sequence", "parallel"]).map(str::to_owned).collect();
        self.problem(Problem::UnknownKeyword { keyword: keyword.clone(), block, candidates });
    }

    fn set_visible(&mut self, ids: &[StageId], visible: bool) {
        for id in ids {
            let Some(stage) = self.stages.get(id.0) else { continue };
            let symbol = if visible { Symbol::Stage(*id) } else { Symbol::Sibling };
            let (name, span) = (stage.name.text.clone(), stage.name.span);
            self.scope.replace(&name, Entry { symbol, span });
        }
    }
}

/// The directives of a keyword.
pub(super) fn directives<'s>(stmts: &'s [Stmt], keyword: &'static str) -> impl Iterator<Item = &'s Directive> {
    stmts.iter().filter_map(Stmt::directive).filter(move |d| d.keyword.text == keyword)
}
