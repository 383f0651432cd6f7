//! A workflow file as anybody may have written it. What is not understood and could matter is named, never ignored.

use super::yaml::{self, Entry, Kind, Node};

/// Something with the line on which it stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct At<T> {
    pub line: u64,
    pub value: T,
}

/// A key with its text.
#[derive(Clone, Debug)]
pub struct Pair {
    pub key: String,
    pub value: At<String>,
}

#[derive(Clone, Debug, Default)]
pub struct Workflow {
    pub env: Vec<Pair>,
    pub concurrency: Option<Concurrency>,
    pub permissions: Option<Vec<Pair>>,
    pub jobs: Vec<Job>,
    /// What is not understood.
    pub strange: Vec<At<String>>,
}

#[derive(Clone, Debug)]
pub struct Concurrency {
    pub line: u64,
    pub group: String,
    pub cancel: String,
}

#[derive(Clone, Debug, Default)]
pub struct Job {
    pub id: String,
    pub line: u64,
    pub needs: Vec<At<String>>,
    pub condition: Option<At<String>>,
    pub minutes: Option<At<String>>,
    pub environment: Option<At<String>>,
    pub permissions: Option<Vec<Pair>>,
    pub outputs: Vec<Pair>,
    pub env: Vec<Pair>,
    pub continues: Option<At<String>>,
    pub steps: Vec<Step>,
}

#[derive(Clone, Debug, Default)]
pub struct Step {
    pub line: u64,
    pub name: String,
    pub id: Option<String>,
    pub condition: Option<At<String>>,
    pub minutes: Option<At<String>>,
    pub env: Vec<Pair>,
    pub uses: Option<String>,
    pub with: Vec<Pair>,
    pub run: Option<String>,
    pub folder: Option<String>,
    pub continues: Option<At<String>>,
}

/// Reads a workflow.
///
/// # Errors
///
/// When the text is no YAML, or has no jobs.
pub fn read(text: &str) -> Result<Workflow, String> {
    let document = yaml::read(text)?;
    let mut workflow = Workflow::default();
    for entry in document.entries() {
        match entry.key.as_str() {
            "name" | "run-name" | "on" => {}
            "env" => workflow.env = pairs(&entry.value),
            "permissions" => workflow.permissions = Some(permissions(entry)),
            "concurrency" => workflow.concurrency = Some(concurrency(entry)),
            "jobs" => workflow.jobs = entry.value.entries().iter().map(|entry| job(entry, &mut workflow.strange)).collect(),
            "defaults" if is_bash(&entry.value) => {}
            _ => workflow.strange.push(unknown(entry, "the workflow")),
        }
    }
    if workflow.jobs.is_empty() { Err("there are no jobs".to_owned()) } else { Ok(workflow) }
}

fn unknown(entry: &Entry, of: &str) -> At<String> {
    At { line: entry.line, value: format!("`{}` of {of} is not understood", entry.key) }
}

fn is_bash(defaults: &Node) -> bool {
    let shell = defaults.get("run").and_then(|run| run.value.get("shell")).and_then(|shell| shell.value.text());
    shell == Some("bash") && defaults.entries().len() == 1
}

fn text(entry: &Entry) -> At<String> {
    At { line: entry.line, value: entry.value.text().unwrap_or_default().to_owned() }
}

fn pairs(node: &Node) -> Vec<Pair> {
    node.entries().iter().map(|entry| Pair { key: entry.key.clone(), value: text(entry) }).collect()
}

/// Single permissions, or all of them: `*`.
fn permissions(entry: &Entry) -> Vec<Pair> {
    match entry.value.text() {
        Some(_) => vec![Pair { key: "*".to_owned(), value: text(entry) }],
        None => pairs(&entry.value),
    }
}

fn concurrency(entry: &Entry) -> Concurrency {
    let of = |key: &str| entry.value.get(key).and_then(|entry| entry.value.text()).unwrap_or_default().to_owned();
    let short = entry.value.text().map(str::to_owned);
    Concurrency { line: entry.line, group: short.unwrap_or_else(|| of("group")), cancel: of("cancel-in-progress") }
}

fn job(entry: &Entry, strange: &mut Vec<At<String>>) -> Job {
    let mut job = Job { id: entry.key.clone(), line: entry.line, ..Job::default() };
    for part in entry.value.entries() {
        match part.key.as_str() {
            "name" | "runs-on" => {}
            "needs" => job.needs = needs(&part.value),
            "if" => job.condition = Some(text(part)),
            "timeout-minutes" => job.minutes = Some(text(part)),
            "environment" => job.environment = Some(environment(part)),
            "permissions" => job.permissions = Some(permissions(part)),
            "outputs" => job.outputs = pairs(&part.value),
            "env" => job.env = pairs(&part.value),
            "continue-on-error" => job.continues = Some(text(part)),
            "steps" => job.steps = steps(&part.value, &entry.key, strange),
            _ => strange.push(unknown(part, &format!("job `{}`", entry.key))),
        }
    }
    job
}

fn needs(node: &Node) -> Vec<At<String>> {
    let one = |node: &Node| Some(At { line: node.line, value: node.text()?.to_owned() });
    match &node.kind {
        Kind::List(nodes) => nodes.iter().filter_map(one).collect(),
        _ => one(node).into_iter().collect(),
    }
}

fn environment(entry: &Entry) -> At<String> {
    match entry.value.get("name") {
        Some(name) => text(name),
        None => text(entry),
    }
}

fn steps(node: &Node, job: &str, strange: &mut Vec<At<String>>) -> Vec<Step> {
    let Kind::List(nodes) = &node.kind else { return Vec::new() };
    nodes.iter().map(|node| step(node, job, strange)).collect()
}

fn step(node: &Node, job: &str, strange: &mut Vec<At<String>>) -> Step {
    let mut step = Step { line: node.line, ..Step::default() };
    for part in node.entries() {
        match part.key.as_str() {
            "name" => step.name = text(part).value,
            "id" => step.id = Some(text(part).value),
            "if" => step.condition = Some(text(part)),
            "timeout-minutes" => step.minutes = Some(text(part)),
            "env" => step.env = pairs(&part.value),
            "uses" => step.uses = Some(text(part).value),
            "with" => step.with = pairs(&part.value),
            "run" => step.run = Some(text(part).value),
            "working-directory" => step.folder = Some(text(part).value),
            "continue-on-error" => step.continues = Some(text(part)),
            _ => strange.push(unknown(part, &format!("a step of job `{job}`"))),
        }
    }
    if step.name.is_empty() {
        step.name = step.uses.clone().or_else(|| step.run.clone()).unwrap_or_default();
    }
    step
}
