//! Stages, one function a kind.

use mlp::schema::{self, Block, Output};

use super::flow::{Author, Made};
use super::rules::Metric;
use super::text::quote;
use super::write::{block, list, pair};

const NAMES: &[(&str, &[&str])] = &[
    ("preflight", &["checks", "on"]),
    ("data", &["features", "y", "Rows"]),
    ("train", &["fit", "null", "no"]),
    ("gate", &["quality", "true_enough", "off"]),
    ("export", &["winner", "e1"]),
    ("image", &["transformer", "_x"]),
    ("deploy", &["rollout", "live", "a_stage_whose_name_says_all_that_there_is_to_say_about_it_and_then_some"]),
    ("verify", &["watch", "n"]),
    ("job", &["report", "_1_000", "Yes"]),
];

/// A stage that is being written.
struct Draft {
    schema: &'static Block,
    name: String,
    body: Vec<String>,
}

impl Author {
    /// Names a stage and says what it waits for.
    fn begin(&mut self, kind: &'static str, can_wait: bool) -> Draft {
        let (_, names) = NAMES.iter().find(|(of, _)| *of == kind).unwrap_or_else(|| panic!("no names for {kind}"));
        let mut name = self.choices.pick(names).to_owned();
        while self.stages.iter().any(|stage| stage.name == name) || self.connections.iter().any(|(_, other)| *other == name) {
            name = format!("{name}_{}", self.number());
        }
        self.preds = self.last.clone();
        let mut body = Vec::new();
        let explicit = std::mem::take(&mut self.explicit);
        if can_wait && !self.last.is_empty() && (explicit || self.choices.chance(12)) {
            body.push(self.after());
        }
        Draft { schema: schema::find(schema::STAGES, kind).unwrap(), name, body }
    }

    /// `after`: all that stands last and perhaps one more of what stands above, but for what leads around a gate.
    fn after(&mut self) -> String {
        let is = |id: &usize, kind: &str| self.stages[*id].kind == kind;
        let judged = |id: &usize| is(id, "gate") || self.stages[*id].above.iter().any(|above| is(above, "gate"));
        let modelled = |id: &usize| is(id, "train") || self.stages[*id].above.iter().any(|above| is(above, "train"));
        let above: Vec<usize> = self.above().into_iter().filter(|id| judged(id) || !modelled(id)).collect();
        if !above.is_empty() && self.choices.chance(30) {
            let more = self.choices.pick(&above);
            self.preds.push(more);
            self.preds.dedup();
        }
        let names: Vec<String> = self.preds.iter().map(|id| self.stages[*id].name.clone()).collect();
        pair("after", &if names.len() == 1 && self.choices.chance(50) { names[0].clone() } else { list(&names) })
    }

    /// Writes the stage and remembers it.
    fn end(&mut self, draft: Draft, outputs: &[(&str, Output)], metrics: Vec<Metric>) -> String {
        let outputs = outputs.iter().map(|(name, ty)| ((*name).to_owned(), *ty)).collect();
        self.stages.push(Made { name: draft.name.clone(), kind: draft.schema.name, outputs, metrics, above: self.above() });
        self.last = vec![self.stages.len() - 1];
        let narrow = self.narrow();
        let text = block(&format!("{} {}", draft.schema.name, draft.name), &draft.body, narrow);
        self.documented(text)
    }

    /// Some of the statements that a stage takes, but those of `never`.
    fn statements(&mut self, schema: &'static Block, never: &[&str]) -> Vec<String> {
        let mut lines = Vec::new();
        for statement in schema.statements.iter().filter(|statement| !never.contains(&statement.keyword)) {
            if self.choices.chance(25) {
                lines.extend(self.statement(schema, statement.keyword));
            }
        }
        lines
    }

    fn statement(&mut self, schema: &'static Block, keyword: &'static str) -> Vec<String> {
        match (schema.name, keyword) {
            (_, "env" | "with") => vec![self.env(keyword)],
            (_, "step") => (0..=self.choices.below(2)).map(|_| self.step()).collect(),
            (_, "permissions") => vec![self.permissions()],
            (_, "expect") => (0..=self.choices.below(3)).map(|_| format!("expect {}", self.expectation())).collect(),
            ("preflight", "skip") => self.skip().into_iter().collect(),
            ("deploy", "resources") => vec![self.sub_block(keyword, &schema::RESOURCES)],
            ("deploy", "transformer_resources") => vec![self.sub_block(keyword, &schema::TRANSFORMER_RESOURCES)],
            ("deploy", "autoscale") => vec![self.sub_block(keyword, &schema::AUTOSCALE)],
            _ => panic!("unknown statement `{keyword}` of {}", schema.name),
        }
    }

    fn sub_block(&mut self, keyword: &str, schema: &'static Block) -> String {
        let attrs = self.attrs(schema, &[], &[]);
        let narrow = self.narrow();
        block(keyword, &attrs, narrow)
    }

    fn step(&mut self) -> String {
        let uses = self.choices.chance(60);
        let never = if uses { "run" } else { "uses" };
        let (key, value) = if uses { ("uses", self.value_of("step", "uses")) } else { ("run", self.command()) };
        let mut body = self.attrs(&schema::STEP, &[(key, value)], &[never]);
        let without = if uses { [].as_slice() } else { &["with"] };
        body.extend(self.statements(&schema::STEP, without));
        let narrow = self.narrow();
        block("step", &body, narrow)
    }

    fn permissions(&mut self) -> String {
        let pairs = [("packages", "write"), ("issues", "read"), ("id_token", "write"), ("contents", "read"), ("pull_requests", "write")];
        let first = self.choices.below(pairs.len());
        let chosen: Vec<String> = pairs.iter().skip(first).take(1 + self.choices.below(2)).map(|(key, value)| pair(key, value)).collect();
        block("permissions", &chosen, true)
    }

    fn skip(&mut self) -> Option<String> {
        let names: Vec<String> = self.connections.iter().map(|(_, name)| name.clone()).collect();
        let name = (!names.is_empty()).then(|| self.choices.pick(&names))?;
        Some(block("skip", &[pair(&name, &quote(&self.text()))], true))
    }

    pub fn preflight(&mut self) -> String {
        let mut draft = self.begin("preflight", false);
        draft.body.extend(self.attrs(draft.schema, &[], &[]));
        draft.body.extend(self.statements(draft.schema, &[]));
        self.end(draft, &[], Vec::new())
    }

    pub fn data(&mut self) -> String {
        let mut draft = self.begin("data", true);
        draft.body.extend(self.attrs(draft.schema, &[], &["after"]));
        draft.body.extend(self.statements(draft.schema, &[]));
        self.end(draft, &[("snapshot", Output::Dataset)], Vec::new())
    }

    pub fn train(&mut self) -> String {
        let mut draft = self.begin("train", true);
        let datasets = self.of_kind("data");
        let input = self.reference("input", &datasets, "snapshot");
        draft.body.extend(input.iter().map(|(key, value)| pair(key, value)));
        draft.body.extend(self.attrs(draft.schema, &[], &["after", "input"]));
        let metrics = self.metrics();
        draft.body.extend(metrics.iter().map(|m| format!("metric {}: {} {}", m.name, m.ty, if m.higher { "higher" } else { "lower" })));
        draft.body.extend(self.statements(draft.schema, &["metric"]));
        self.end(draft, &[("model", Output::Model), ("run", Output::Run)], metrics)
    }

    /// A reference that may be left out where there is but one thing it can mean.
    fn reference(&mut self, key: &'static str, stages: &[usize], output: &str) -> Vec<(&'static str, String)> {
        if stages.is_empty() || (stages.len() == 1 && self.choices.chance(40)) {
            return Vec::new();
        }
        let stage = self.choices.pick(stages);
        vec![(key, format!("{}.{output}", self.stages[stage].name))]
    }

    pub fn gate(&mut self, train: usize) -> String {
        let mut draft = self.begin("gate", true);
        let judged = self.stages[train].clone();
        if self.of_kind("train").len() > 1 || self.choices.chance(60) {
            draft.body.push(pair("candidate", &format!("{}.model", judged.name)));
        }
        let compares = self.choices.chance(60);
        let (mut given, mut never) = (Vec::new(), vec!["after", "candidate"]);
        if compares {
            given.push(("champion", self.value_of("gate", "champion")));
            let basis = self.choices.pick(&["evaluate", "holdout"]);
            given.push((basis, self.value_of("gate", basis)));
        } else {
            never.push("confidence");
        }
        draft.body.extend(self.attrs(draft.schema, &given, &never));
        let rules: Vec<String> = (0..=self.choices.below(3)).map(|_| format!("require {}", self.absolute(&judged.metrics))).collect();
        draft.body.extend(rules);
        if compares {
            draft.body.push(format!("require {}", self.relative(&judged.metrics)));
            let fallback = format!("require {}", self.absolute(&judged.metrics));
            draft.body.push(block("without champion", &[fallback], true));
        }
        draft.body.extend(self.statements(draft.schema, &["require", "without"]));
        self.end(draft, &[("approved", Output::Approved)], Vec::new())
    }

    pub fn export(&mut self, gate: usize) -> String {
        let mut draft = self.begin("export", true);
        let gates = self.of_kind("gate");
        let from =
            if gates.len() == 1 { self.reference("from", &gates, "approved") } else { self.reference("from", &[gate, gate], "approved") };
        draft.body.extend(from.iter().map(|(key, value)| pair(key, value)));
        draft.body.extend(self.attrs(draft.schema, &[], &["after", "from"]));
        let over_v1 = ["sklearn", "xgboost", "huggingface"].iter().any(|format| draft.body.contains(&pair("format", format)));
        let text = self.end(draft, &[("artifact", Output::ModelArtifact)], Vec::new());
        self.over_v1.extend(over_v1.then_some(self.last[0]));
        text
    }

    pub fn image(&mut self) -> String {
        let mut draft = self.begin("image", true);
        draft.body.extend(self.attrs(draft.schema, &[], &["after"]));
        self.end(draft, &[("digest", Output::Image)], Vec::new())
    }

    /// A deploy; one whose export is filled in (not `shown`) has nothing to name.
    pub fn deploy(&mut self, shown: bool) -> String {
        let mut draft = self.begin("deploy", shown);
        let exports = self.of_kind("export");
        let mut given = if shown { self.reference("model", &exports, "artifact") } else { Vec::new() };
        given.push(self.destination());
        let images: Vec<usize> = self.of_kind("image");
        if self.choices.chance(50) {
            let digest = images.first().map(|id| format!("{}.digest", self.stages[*id].name));
            given.push(("transformer", digest.unwrap_or_else(|| self.image_by_digest())));
        }
        let mut never = vec!["after", "model", "environment", "namespace", "transformer"];
        if exports.is_empty() || exports.iter().any(|id| !self.over_v1.contains(id)) {
            given.extend(self.choices.chance(30).then(|| ("protocol", "v2".to_owned())));
            never.push("protocol");
        }
        never.push(self.choices.pick(&["gitops", "manifest"]));
        never.retain(|name| !given.iter().any(|(key, _)| key == name));
        draft.body.extend(self.attrs(draft.schema, &given, &never));
        draft.body.extend(self.statements(draft.schema, &[]));
        self.end(draft, &[("release", Output::Release)], Vec::new())
    }

    /// Where a deploy goes: an environment of its own, with a name or with a namespace alone.
    fn destination(&mut self) -> (&'static str, String) {
        let number = self.environments.len();
        if self.choices.chance(20) {
            self.environments.push((String::new(), String::new()));
            return ("namespace", quote(["ml-dev", "y", "e1"][number]));
        }
        let name = ["prod", "staging_2", "on_1"][number];
        let attrs = self.attrs(&schema::ENVIRONMENT, &[], &[]);
        let narrow = self.narrow();
        self.environments.push((name.to_owned(), block(&format!("environment {name}"), &attrs, narrow)));
        ("environment", name.to_owned())
    }

    pub fn verify(&mut self, deploy: usize) -> String {
        let mut draft = self.begin("verify", true);
        let several = self.of_kind("deploy").len() > 1;
        if several || self.stages.len() > deploy + 1 || self.choices.chance(60) || self.last != [deploy] {
            draft.body.push(pair("release", &format!("{}.release", self.stages[deploy].name)));
        }
        draft.body.extend(self.attrs(draft.schema, &[], &["after", "release"]));
        for test in schema::SMOKE_TESTS {
            if self.choices.chance(60) {
                let golden = draft.body.iter().any(|line| line.starts_with("smoke golden"));
                draft.body.push(self.smoke(test, golden));
            }
        }
        if self.choices.chance(80) {
            let mut body = self.attrs(&schema::ON_FAILURE, &[], &[]);
            body.extend(self.choices.chance(85).then(|| "rollback".to_owned()));
            draft.body.push(block("on failure", &body, true));
        }
        self.end(draft, &[("live", Output::Live)], Vec::new())
    }

    /// A smoke test; what times requests needs a `golden` one that has some.
    fn smoke(&mut self, test: &'static Block, golden: bool) -> String {
        let needs_file = test.name == "golden" || (test.name == "contract" && self.choices.chance(50));
        let file = if needs_file { format!(" {}", self.file(".json")) } else { String::new() };
        let attrs = self.attrs(test, &[], if golden { &[] } else { &["p95"] });
        let head = format!("smoke {}{file}", test.name);
        if attrs.is_empty() { head } else { block(&head, &attrs, true) }
    }

    pub fn job(&mut self) -> String {
        let mut draft = self.begin("job", true);
        let gives = self.choices.chance(50);
        let given = if gives { vec![("run", self.command())] } else { Vec::new() };
        draft.body.extend(self.attrs(draft.schema, &given, &["after"]));
        let ty = self.choices.pick(&["int", "string", "bool", "float"]);
        draft.body.extend(gives.then(|| format!("output on: {ty}")));
        draft.body.extend(self.statements(draft.schema, &["output"]));
        let outputs: &[(&str, Output)] = if gives { &[("on", Output::Value)] } else { &[] };
        self.end(draft, outputs, Vec::new())
    }
}
