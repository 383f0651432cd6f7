//! Stages.

use super::Resolver;
use super::hir::{ConnectionId, Metric, OnFailure, Smoke, Spanned, Stage, StageId, Step, Value};
use super::names::written_name;
use super::pipeline::directives;
use super::problem::Problem;
use super::rules::RuleScope;
use super::scope::{Entry, Symbol};
use super::units;
use crate::schema::{self, Block};
use crate::syntax::ast::{Directive, ExprKind, Ident, Rule as RuleStmt, Stmt, StmtKind};

impl Resolver<'_> {
    /// Reads a stage; `None` for directives that are none.
    pub(super) fn stage_stmt(&mut self, stmt: &Stmt, directive: &Directive, last: &[StageId]) -> Option<StageId> {
        let block = schema::find(schema::STAGES, &directive.keyword.text)?;
        let Some(name) = directive.labels.first().filter(|label| !label.quoted).map(|label| label.name.clone()) else {
            self.problem(Problem::WrongForm { span: directive.head(), form: "keyword name { … }, the name without quotes" });
            return None;
        };
        let attrs = self.attrs(block, directive.head(), directive.body.as_ref());
        let id = StageId(self.stages.len());
        let mut stage = Stage {
            id,
            name,
            doc: stmt.doc.clone(),
            span: stmt.span,
            attrs,
            implied: directive.keyword.span.range().len() != directive.keyword.text.len(),
            preds: last.to_vec(),
            implied_preds: last.to_vec(),
            metrics: Vec::new(),
            rules: Vec::new(),
            fallback: None,
            smokes: Vec::new(),
            on_failure: None,
            env: Vec::new(),
            steps: Vec::new(),
            permissions: Vec::new(),
            outputs: Vec::new(),
            skips: Vec::new(),
            blocks: Vec::new(),
        };
        self.after(&mut stage);
        self.children(directive, &mut stage);
        self.stage_rules(directive, &mut stage);
        self.stage_names(&stage);
        self.appear(&stage);
        self.stages.push(stage);
        Some(id)
    }

    fn after(&mut self, stage: &mut Stage) {
        if !stage.has_after() {
            return;
        }
        if let Some(Spanned { value: Value::Stages(stages), .. }) = stage.attrs.get("after") {
            stage.preds = stages.iter().map(|(id, _)| *id).collect();
        }
    }

    /// From here on the stage can be referred to.
    fn appear(&mut self, stage: &Stage) {
        let entry = Entry { symbol: Symbol::Stage(stage.id), span: stage.name.span };
        match self.scope.name(&stage.name.text) {
            Some(first) if first.span != stage.name.span => {
                self.problem(Problem::Duplicate { name: stage.name.clone(), first: first.span });
            }
            _ => self.scope.replace(&stage.name.text, entry),
        }
    }

    fn stage_names(&mut self, stage: &Stage) {
        let name = || written_name(&stage.attrs, "name");
        match stage.kind() {
            "deploy" => name().iter().for_each(|name| self.check_dns_label(name, "InferenceService")),
            "image" => name().iter().for_each(|name| self.check_image_name(name)),
            _ => {}
        }
    }

    fn children(&mut self, directive: &Directive, stage: &mut Stage) {
        for child in directive.stmts().iter().filter_map(Stmt::directive) {
            if !stage.attrs.block.takes(&child.keyword.text) {
                continue;
            }
            match child.keyword.text.as_str() {
                "metric" => stage.metrics.extend(self.metric(child, &stage.metrics)),
                "env" => stage.env.extend(self.env(child)),
                "step" => stage.steps.push(self.step(child)),
                "permissions" => stage.permissions.extend(self.permissions(child)),
                "output" => stage.outputs.extend(self.declared_output(child)),
                "skip" => stage.skips.extend(self.skips(child)),
                "smoke" => stage.smokes.extend(self.smoke(child)),
                "on" => stage.on_failure = self.on_failure(child),
                "autoscale" => self.sub_block("autoscale", &schema::AUTOSCALE, child, stage),
                "resources" => self.sub_block("resources", &schema::RESOURCES, child, stage),
                "transformer_resources" => self.sub_block("transformer_resources", &schema::TRANSFORMER_RESOURCES, child, stage),
                _ => {}
            }
        }
    }

    fn sub_block(&mut self, name: &'static str, block: &'static Block, directive: &Directive, stage: &mut Stage) {
        if let Some(first) = stage.block(name) {
            let first = first.head;
            return self.problem(Problem::Duplicate { name: directive.keyword.clone(), first });
        }
        let attrs = self.attrs(block, directive.head(), directive.body.as_ref());
        stage.blocks.push((name, attrs));
    }

    fn metric(&mut self, directive: &Directive, before: &[Metric]) -> Option<Metric> {
        const FORM: &str = "metric name: float higher";
        let [name, direction] = directive.labels.as_slice() else {
            self.problem(Problem::WrongForm { span: directive.head(), form: FORM });
            return None;
        };
        let Some(ty) = &directive.ty else {
            self.problem(Problem::WrongForm { span: directive.head(), form: FORM });
            return None;
        };
        if let Some(first) = before.iter().find(|metric| metric.name.text == name.name.text) {
            self.problem(Problem::Duplicate { name: name.name.clone(), first: first.name.span });
        }
        let higher = self.one_of(&direction.name, &["higher", "lower"], "direction")? == "higher";
        let Some(unit) = units::metric_unit(&ty.name.text, ty.unit.as_ref().map(|u| u.text.as_str())) else {
            let candidates = ["float", "int", "percent", "duration(ms)", "duration(s)", "size(MB)"].map(str::to_owned).to_vec();
            self.problem(Problem::UnknownName { name: ty.name.clone(), what: "metric type", candidates });
            return None;
        };
        Some(Metric { name: name.name.clone(), unit, higher })
    }

    fn one_of(&mut self, name: &Ident, words: &[&'static str], what: &'static str) -> Option<&'static str> {
        let found = words.iter().find(|word| **word == name.text).copied();
        if found.is_none() {
            let candidates = words.iter().map(|word| (*word).to_owned()).collect();
            self.problem(Problem::UnknownName { name: name.clone(), what, candidates });
        }
        found
    }

    fn step(&mut self, directive: &Directive) -> Step {
        let attrs = self.attrs(&schema::STEP, directive.head(), directive.body.as_ref());
        let written = |name: &str| directive.stmts().iter().any(|stmt| matches!(&stmt.kind, StmtKind::Attr(attr) if attr.key.text == name));
        if written("uses") == written("run") {
            self.problem(Problem::WrongForm { span: directive.head(), form: "step { uses = action(\"…\") } or step { run = … }" });
        }
        let with = directives(directive.stmts(), "with").flat_map(|d| self.with(d)).collect();
        let env = directives(directive.stmts(), "env").flat_map(|d| self.env(d)).collect();
        Step { attrs, with, env }
    }

    fn permissions(&mut self, directive: &Directive) -> Vec<(Ident, Ident)> {
        const FORM: &str = "permissions { packages = write }";
        let mut found = Vec::new();
        for (key, value) in self.pairs(directive) {
            match &value.kind {
                ExprKind::Path(path) if path.len() == 1 => found.extend(path.first().map(|level| (key.clone(), level.clone()))),
                _ => self.problem(Problem::WrongForm { span: value.span, form: FORM }),
            }
        }
        for (key, level) in &found {
            self.one_of(key, PERMISSIONS, "permission");
            self.one_of(level, access(&key.text), "access");
        }
        found
    }

    fn declared_output(&mut self, directive: &Directive) -> Option<Ident> {
        match (directive.name(), &directive.ty) {
            (Some(_), Some(ty)) => drop(self.scalar_type(&ty.name)),
            _ => self.problem(Problem::WrongForm { span: directive.head(), form: "output rows: int" }),
        }
        directive.name().cloned()
    }

    fn skips(&mut self, directive: &Directive) -> Vec<(ConnectionId, String)> {
        let mut found = Vec::new();
        for (key, value) in self.pairs(directive) {
            let reason = self.value(value, schema::Ty::String);
            match (self.lookup(key, "connection"), reason) {
                (Some(Symbol::Connection(id)), Some(Spanned { value: Value::String(reason), .. })) => found.push((id, reason)),
                (Some(_), Some(_)) => {
                    let (expected, found) = ("a connection".to_owned(), "another name".to_owned());
                    self.problem(Problem::WrongType { span: key.span, expected, found });
                }
                _ => {}
            }
        }
        found
    }

    fn smoke(&mut self, directive: &Directive) -> Option<Smoke> {
        let Some(kind) = directive.name() else {
            self.problem(Problem::WrongForm { span: directive.head(), form: "smoke ready" });
            return None;
        };
        let block = self.kind(schema::SMOKE_TESTS, kind, "smoke test")?;
        let attrs = self.attrs(block, directive.head(), directive.body.as_ref());
        let file = directive.labels.get(1).filter(|label| label.quoted).map(|label| &label.name);
        if file.is_none() && block.name == "golden" {
            self.problem(Problem::WrongForm { span: directive.head(), form: "smoke golden \"smoke/rows.json\"" });
        }
        let file = file.and_then(|name| Some((self.path(&name.text, name.span, true)?, name.span)));
        Some(Smoke { attrs, file })
    }

    fn on_failure(&mut self, directive: &Directive) -> Option<OnFailure> {
        if directive.name().is_none_or(|name| name.text != "failure") {
            self.problem(Problem::WrongForm { span: directive.head(), form: "on failure { rollback }" });
            return None;
        }
        let attrs = self.attrs(&schema::ON_FAILURE, directive.head(), directive.body.as_ref());
        let rollback = directives(directive.stmts(), "rollback").next().map(|d| d.keyword.span);
        Some(OnFailure { attrs, rollback })
    }

    fn stage_rules(&mut self, directive: &Directive, stage: &mut Stage) {
        let scope = self.rule_scope(stage);
        for rule in rule_stmts(directive.stmts()).filter(|rule| stage.attrs.block.takes(&rule.keyword.text)) {
            stage.rules.extend(self.rule(rule, &scope));
        }
        if !stage.attrs.block.takes("without") {
            return;
        }
        for child in directives(directive.stmts(), "without") {
            if child.name().is_none_or(|name| name.text != "champion") {
                self.problem(Problem::WrongForm { span: child.head(), form: "without champion { require … }" });
                continue;
            }
            self.attrs(&schema::GATE_FALLBACK, child.head(), child.body.as_ref());
            let alone = RuleScope { champion: false, ..scope.clone() };
            let rules = rule_stmts(child.stmts()).filter_map(|rule| self.rule(rule, &alone)).collect();
            stage.fallback = Some(rules);
        }
    }

    /// What the rules of a stage may read.
    fn rule_scope(&self, stage: &Stage) -> RuleScope {
        if stage.kind() != "gate" {
            return RuleScope { metrics: None, champion: false };
        }
        let candidate = stage.attrs.output("candidate").and_then(|output| self.stages.get(output.stage.0));
        let metrics = candidate.map(|train| train.metrics.clone()).unwrap_or_default();
        RuleScope { metrics: Some(metrics), champion: stage.attrs.get("champion").is_some() }
    }
}

fn rule_stmts(stmts: &[Stmt]) -> impl Iterator<Item = &RuleStmt> {
    stmts.iter().filter_map(|stmt| match &stmt.kind {
        StmtKind::Rule(rule) => Some(rule),
        _ => None,
    })
}

/// Scopes of the workflow's token. <https://docs.github.com/en/actions/reference/workflows-and-actions/workflow-syntax#permissions>
/// What a scope can be granted. <https://docs.github.com/en/actions/reference/workflows-and-actions/workflow-syntax#permissions>
fn access(scope: &str) -> &'static [&'static str] {
    if scope == "id_token" { &["write"] } else { &["read", "write"] }
}

const PERMISSIONS: &[&str] = &[
    "actions",
    "attestations",
    "checks",
    "contents",
    "deployments",
    "discussions",
    "id_token",
    "issues",
    "packages",
    "pages",
    "pull_requests",
    "security_events",
    "statuses",
];
