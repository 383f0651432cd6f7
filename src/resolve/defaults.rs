//! What a pipeline leaves out and mlp fills in: stages, references and connections, as syntax.
//!
//! The result is an ordinary pipeline, which is what `mlp expand` prints.

use std::collections::{BTreeMap, BTreeSet};

use crate::schema;
use crate::source::{FileId, Span};
use crate::syntax::ast::{Attr, Body, Directive, Expr, ExprKind, Ident, Stmt, StmtKind};
use crate::syntax::parse;

/// Names of the connections at hand, by kind.
pub type Connections = BTreeMap<&'static str, String>;

/// Connections that are filled in where none of their kind is at hand: kind, name, declaration.
const CONNECTIONS: &[(&str, &str, &str)] = &[
    (
        "mlflow",
        "tracking",
        "var MLFLOW_TRACKING_URI\nsecret MLFLOW_TRACKING_PASSWORD\nvar MLFLOW_TRACKING_USERNAME\nconnection tracking: mlflow {\n  uri = var.MLFLOW_TRACKING_URI\n  user = var.MLFLOW_TRACKING_USERNAME\n  password = secret.MLFLOW_TRACKING_PASSWORD\n}",
    ),
    (
        "s3",
        "store",
        "var S3_ENDPOINT, S3_BUCKET\nsecret S3_ACCESS_KEY, S3_SECRET_KEY\nconnection store: s3 {\n  endpoint = var.S3_ENDPOINT\n  bucket = var.S3_BUCKET\n  access_key = secret.S3_ACCESS_KEY\n  secret_key = secret.S3_SECRET_KEY\n}",
    ),
    ("git", "manifests", "connection manifests: git { branch = \"main\" }"),
    (
        "argocd",
        "argo",
        "var ARGOCD_SERVER\nsecret ARGOCD_TOKEN\nconnection argo: argocd {\n  server = var.ARGOCD_SERVER\n  token = secret.ARGOCD_TOKEN\n}",
    ),
    ("kserve", "serving", "connection serving: kserve { version = \"0.20\", mode = standard }"),
];

/// The connections that stages of these kinds need.
pub fn needed_connections(kinds: &BTreeSet<String>) -> Vec<&'static str> {
    let any = |names: &[&str]| names.iter().any(|name| kinds.contains(*name));
    let mut needed = Vec::new();
    if any(&["train", "gate", "export"]) {
        needed.push("mlflow");
    }
    if any(&["export", "deploy"]) {
        needed.push("s3");
    }
    if any(&["deploy"]) {
        needed.extend(["git", "argocd", "kserve"]);
    }
    needed
}

/// Declarations of the connection of `kind`, to stand at `at`; its name beside them.
pub fn connection(kind: &str, at: Span) -> Option<(&'static str, Vec<Stmt>)> {
    let (_, name, text) = CONNECTIONS.iter().find(|(of, ..)| *of == kind)?;
    Some((name, written(text, at)))
}

/// Statements from text, all of them standing at `at`.
fn written(text: &str, at: Span) -> Vec<Stmt> {
    let mut stmts = parse(FileId::default(), text).file.stmts;
    stmts.iter_mut().for_each(|stmt| place_stmt(stmt, at));
    stmts
}

fn place_stmt(stmt: &mut Stmt, at: Span) {
    stmt.span = at;
    match &mut stmt.kind {
        StmtKind::Attr(attr) => {
            attr.key.span = at;
            place_expr(&mut attr.value, at);
        }
        StmtKind::Names(names) => names.names.iter_mut().for_each(|name| name.span = at),
        StmtKind::Directive(directive) => place_directive(directive, at),
        StmtKind::Rule(_) | StmtKind::Junk(_) => {}
    }
}

fn place_directive(directive: &mut Directive, at: Span) {
    directive.keyword.span = at;
    directive.labels.iter_mut().for_each(|label| label.name.span = at);
    if let Some(ty) = &mut directive.ty {
        ty.name.span = at;
    }
    if let Some(body) = &mut directive.body {
        body.span = at;
        body.stmts.iter_mut().for_each(|stmt| place_stmt(stmt, at));
    }
}

fn place_expr(expr: &mut Expr, at: Span) {
    expr.span = at;
    match &mut expr.kind {
        ExprKind::Path(path) => path.iter_mut().for_each(|part| part.span = at),
        ExprKind::Call(call) => {
            call.path.iter_mut().for_each(|part| part.span = at);
            call.args.iter_mut().for_each(|arg| place_expr(&mut arg.value, at));
        }
        ExprKind::List(items) => items.iter_mut().for_each(|item| place_expr(item, at)),
        _ => {}
    }
}

/// The stages last seen, by kind.
#[derive(Clone, Default)]
struct Above(BTreeMap<&'static str, String>);

/// Fills a pipeline's gaps.
pub struct Completer<'a> {
    pipeline: &'a str,
    connections: &'a Connections,
    names: BTreeSet<String>,
    /// Deploys that a `verify` names.
    verified: BTreeSet<String>,
    environments: Vec<Stmt>,
    has_export: bool,
}

/// Whether a directive is a stage.
pub fn is_stage(directive: &Directive) -> bool {
    schema::find(schema::STAGES, &directive.keyword.text).is_some()
}

/// Every directive of a pipeline that is a stage, nested ones included.
pub fn stages(stmts: &[Stmt]) -> Vec<&Directive> {
    let mut found = Vec::new();
    for directive in stmts.iter().filter_map(Stmt::directive) {
        match directive.keyword.text.as_str() {
            "parallel" | "sequence" => found.extend(stages(directive.stmts())),
            _ if is_stage(directive) => found.push(directive),
            _ => {}
        }
    }
    found
}

/// The pipeline's statements with what they leave out. `head` is where filled-in stages stand.
pub fn complete(pipeline: &str, stmts: &[Stmt], connections: &Connections, head: Span) -> Vec<Stmt> {
    let all = stages(stmts);
    let names = all.iter().filter_map(|d| d.name()).map(|name| name.text.clone()).collect();
    let verified = all.iter().filter(|d| d.keyword.text == "verify").filter_map(|d| released(d)).collect();
    let has_export = all.iter().any(|d| d.keyword.text == "export");
    let mut completer = Completer { pipeline, connections, names, verified, environments: Vec::new(), has_export };
    let mut done = completer.sequence(stmts, &mut Above::default());
    let first = done.iter().position(|stmt| stmt.directive().is_some_and(runs)).unwrap_or(done.len());
    let kinds: BTreeSet<String> = all.iter().map(|d| d.keyword.text.clone()).collect();
    if !kinds.contains("preflight") && !needed_connections(&kinds).is_empty() {
        let name = completer.fresh("preflight");
        done.splice(first..first, written(&format!("preflight {name} {{}}"), head));
    }
    done.splice(first..first, completer.environments);
    done
}

fn runs(directive: &Directive) -> bool {
    is_stage(directive) || directive.keyword.text == "parallel"
}

fn attr<'d>(directive: &'d Directive, key: &str) -> Option<&'d Attr> {
    directive.stmts().iter().find_map(|stmt| match &stmt.kind {
        StmtKind::Attr(attr) if attr.key.text == key => Some(attr),
        _ => None,
    })
}

/// The environment that a namespace gives: `ml-dev` → `ml_dev`.
fn environment_name(namespace: &[Stmt]) -> Option<String> {
    match &namespace.first()?.kind {
        StmtKind::Attr(Attr { value: Expr { kind: ExprKind::String(text), .. }, .. }) if super::names::is_dns_label(text) => {
            Some(text.replace('-', "_"))
        }
        _ => None,
    }
}

/// The deploy that a verify names.
fn released(directive: &Directive) -> Option<String> {
    match &attr(directive, "release")?.value.kind {
        ExprKind::Path(path) => path.first().map(|name| name.text.clone()),
        _ => None,
    }
}

impl Completer<'_> {
    fn fresh(&mut self, wanted: &str) -> String {
        let numbered = (2..).map(|n| format!("{wanted}_{n}"));
        let free = std::iter::once(wanted.to_owned()).chain(numbered).find(|name| !self.names.contains(name));
        let name = free.unwrap_or_else(|| wanted.to_owned());
        self.names.insert(name.clone());
        name
    }

    fn sequence(&mut self, stmts: &[Stmt], above: &mut Above) -> Vec<Stmt> {
        let mut done = Vec::with_capacity(stmts.len() + 2);
        for (i, stmt) in stmts.iter().enumerate() {
            let Some(directive) = stmt.directive() else {
                done.push(stmt.clone());
                continue;
            };
            match directive.keyword.text.as_str() {
                "parallel" => done.push(self.nested(stmt, directive, above, true)),
                "sequence" => done.push(self.nested(stmt, directive, above, false)),
                "deploy" => self.deploy(stmt, directive, above, stmts.get(i + 1..).unwrap_or_default(), &mut done),
                _ if is_stage(directive) => done.push(self.stage(stmt, directive, above)),
                _ => done.push(stmt.clone()),
            }
        }
        done
    }

    /// A `parallel` or `sequence`; branches see what stood above all of them.
    fn nested(&mut self, stmt: &Stmt, directive: &Directive, above: &mut Above, fork: bool) -> Stmt {
        let stmts = if fork {
            let before = above.clone();
            let branch = |one: &Stmt| {
                let mut inner = before.clone();
                let done = self.sequence(std::slice::from_ref(one), &mut inner);
                above.0.extend(inner.0.into_iter().filter(|(kind, name)| before.0.get(kind) != Some(name)));
                done
            };
            directive.stmts().iter().flat_map(branch).collect()
        } else {
            self.sequence(directive.stmts(), above)
        };
        with_body(stmt, directive, stmts)
    }

    fn stage(&mut self, stmt: &Stmt, directive: &Directive, above: &mut Above) -> Stmt {
        let references: &[(&str, &str, &str)] = match directive.keyword.text.as_str() {
            "train" => &[("input", "data", "snapshot")],
            "gate" => &[("candidate", "train", "model")],
            "export" => &[("from", "gate", "approved")],
            "verify" => &[("release", "deploy", "release")],
            _ => &[],
        };
        let mut stmts = directive.stmts().to_vec();
        for (key, kind, output) in references {
            if let Some(name) = above.0.get(kind).filter(|_| attr(directive, key).is_none()) {
                stmts.push(attr_stmt(key, &format!("{name}.{output}"), directive.head()));
            }
        }
        if let (Some(schema), Some(name)) = (schema::find(schema::STAGES, &directive.keyword.text), directive.name()) {
            above.0.insert(schema.name, name.text.clone());
        }
        with_body(stmt, directive, stmts)
    }

    fn deploy(&mut self, stmt: &Stmt, directive: &Directive, above: &mut Above, rest: &[Stmt], done: &mut Vec<Stmt>) {
        let head = directive.head();
        let name = directive.name().map(|name| name.text.clone()).unwrap_or_default();
        if attr(directive, "model").is_none() && !self.has_export && above.0.contains_key("gate") {
            let export = self.fresh("export");
            let stage = written(&format!("export {export} {{}}"), head);
            done.extend(self.sequence(&stage, above));
            self.has_export = true;
        }
        let mut stmts = directive.stmts().to_vec();
        self.environment(directive, &name, &mut stmts);
        if let Some(export) = above.0.get("export").filter(|_| attr(directive, "model").is_none()) {
            stmts.push(attr_stmt("model", &format!("{export}.artifact"), head));
        }
        let placed = attr(directive, "gitops").is_some() || attr(directive, "manifest").is_some();
        if let Some(git) = self.connections.get("git").filter(|_| !placed) {
            stmts.push(attr_stmt("gitops", &format!("{git}.path(\"deploy/mlp/{}\")", self.pipeline), head));
        }
        above.0.insert("deploy", name.clone());
        done.push(with_body(stmt, directive, stmts));
        self.verify(&name, rest, head, above, done);
    }

    /// A deploy that gives a namespace instead of an environment gets an environment of its own.
    fn environment(&mut self, directive: &Directive, deploy: &str, stmts: &mut Vec<Stmt>) {
        if attr(directive, "environment").is_some() || attr(directive, "namespace").is_none() {
            return;
        }
        let moved = |stmt: &Stmt| matches!(&stmt.kind, StmtKind::Attr(attr) if attr.key.text == "namespace");
        let body: Vec<Stmt> = stmts.extract_if(.., |stmt| moved(stmt)).collect();
        let name = self.fresh(&environment_name(&body).unwrap_or_else(|| format!("{deploy}_environment")));
        let mut environment = written(&format!("environment {name} {{}}"), directive.head());
        if let Some(stmt) = environment.first_mut()
            && let Some(made) = stmt.directive().cloned()
        {
            *stmt = with_body(stmt, &made, body);
        }
        self.environments.extend(environment);
        stmts.push(attr_stmt("environment", &name, directive.head()));
    }

    /// A deploy that nothing verifies gets a verification with rollback.
    fn verify(&mut self, deploy: &str, rest: &[Stmt], head: Span, above: &mut Above, done: &mut Vec<Stmt>) {
        let until_next = stages(rest).into_iter().take_while(|d| d.keyword.text != "deploy");
        let follows = until_next.filter(|d| d.keyword.text == "verify").any(|d| released(d).is_none());
        if follows || self.verified.contains(deploy) {
            return;
        }
        let name = self.fresh("verify");
        let text = format!("verify {name} {{\n  smoke ready\n  smoke contract\n  on failure {{ rollback }}\n}}");
        let stage = written(&text, head);
        done.extend(self.sequence(&stage, above));
    }
}

fn with_body(stmt: &Stmt, directive: &Directive, stmts: Vec<Stmt>) -> Stmt {
    let span = directive.body.as_ref().map_or(stmt.span.after(), |body| body.span);
    let body = (directive.body.is_some() || !stmts.is_empty()).then_some(Body { span, stmts });
    Stmt { kind: StmtKind::Directive(Directive { body, ..directive.clone() }), ..stmt.clone() }
}

/// `key = value`, standing at `at`.
pub fn attr_stmt(key: &str, value: &str, at: Span) -> Stmt {
    let mut value = crate::syntax::parse_expr(value).unwrap_or(Expr { span: at, kind: ExprKind::Bad });
    place_expr(&mut value, at);
    Stmt { span: at, doc: None, kind: StmtKind::Attr(Attr { key: Ident { text: key.to_owned(), span: at }, quoted: false, value }) }
}
