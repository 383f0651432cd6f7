//! A repository as a whole: files, declarations, and the order of a pipeline's stages.

use std::collections::BTreeSet;

use mlp::schema::Output;

use super::Repository;
use super::choices::Choices;
use super::connections::Declarations;
use super::rules::Metric;
use super::text::quote;
use super::write::block;

/// A stage that has been written.
#[derive(Clone)]
pub struct Made {
    pub name: String,
    pub kind: &'static str,
    pub outputs: Vec<(String, Output)>,
    pub metrics: Vec<Metric>,
    /// All that has succeeded before it runs.
    pub above: BTreeSet<usize>,
}

/// One side of a fork.
#[derive(Clone, Copy)]
enum Branch {
    Data,
    Judged,
    Gate(usize),
    Export(usize),
    Image,
    Verify(usize),
    Job,
    Nested,
}

/// Writes one repository.
pub struct Author {
    pub choices: Choices,
    pub repository: Repository,
    /// Folder of the pipeline's file.
    pub folder: String,
    pub name: String,
    pub in_platform: bool,
    /// Whether pull requests run it up to the gate: then nothing up to there reads a secret.
    pub open: bool,
    pub platform: Declarations,
    pub root: Declarations,
    pub connections: Vec<(&'static str, String)>,
    pub params: Vec<(&'static str, &'static str)>,
    pub environments: Vec<(String, String)>,
    pub stages: Vec<Made>,
    /// Exports of a format that is served over the older protocol too.
    pub over_v1: Vec<usize>,
    /// The stages that stand last.
    pub last: Vec<usize>,
    /// Stages of other branches, which cannot be referred to.
    hidden: BTreeSet<usize>,
    /// What the stage being written waits for, and all above that.
    pub preds: Vec<usize>,
    /// Whether the next stage must name what it waits for.
    pub explicit: bool,
    numbers: usize,
}

impl Author {
    pub fn new(choices: Choices) -> Self {
        Self {
            choices,
            repository: Repository::default(),
            folder: String::new(),
            name: String::new(),
            in_platform: false,
            open: false,
            platform: Declarations::default(),
            root: Declarations::default(),
            connections: Vec::new(),
            params: Vec::new(),
            environments: Vec::new(),
            stages: Vec::new(),
            over_v1: Vec::new(),
            last: Vec::new(),
            hidden: BTreeSet::new(),
            preds: Vec::new(),
            explicit: false,
            numbers: 0,
        }
    }

    pub fn repository(mut self) -> Repository {
        self.folder = self.choices.pick(&["", "pipelines/", "it's/a b/"]).to_owned();
        self.name = self.choices.pick(&["churn", "on", "y", "null", "e1", "a-name-as-long-as-any-that-somebody-would-want"]).to_owned();
        for file in ["uv.lock", "requirements.txt"] {
            if self.choices.chance(40) {
                self.repository.files.insert(file.to_owned(), String::new());
            }
        }
        self.open = self.choices.chance(10);
        self.in_platform = self.choices.chance(50);
        self.declare_connections();
        let imported = std::mem::take(&mut self.in_platform);
        let import = if imported { self.import() } else { String::new() };
        let pipeline = self.pipeline();
        let path = format!("{}{}.mlp", self.folder, self.choices.pick(&["demo", "it's", "a #b"]));
        let text = format!("mlp 1\n\n{import}{}\n{pipeline}\n", self.root.text());
        self.repository.files.insert("mlp.lock".into(), LOCK.into());
        self.repository.files.insert(path.clone(), text);
        self.repository.pipeline = path;
        self.repository
    }

    /// Puts the platform's file into the repository.
    fn import(&mut self) -> String {
        if self.platform.names.is_empty() {
            return String::new();
        }
        let text = format!("mlp 1\n{}", self.platform.text());
        let path = self.choices.pick(&["platform.mlp", "//platform.mlp", "//shared/y.mlp", "../platform.mlp"]);
        let path = if self.folder.is_empty() { path.replace("../", "") } else { path.to_owned() };
        let parent = self.folder.trim_end_matches('/').rsplit_once('/').map_or(String::new(), |(up, _)| format!("{up}/"));
        let target = match (path.strip_prefix("//"), path.strip_prefix("../")) {
            (Some(rest), _) => rest.to_owned(),
            (_, Some(rest)) => format!("{parent}{rest}"),
            _ => format!("{}{path}", self.folder),
        };
        self.repository.files.insert(target, text);
        format!("use {} {{ {} }}\n", quote(&path), self.platform.names.join(", "))
    }

    fn pipeline(&mut self) -> String {
        let stages = self.stages();
        let mut body = self.attrs(&mlp::schema::PIPELINE, &[], &[]);
        body.extend(self.triggers());
        body.extend(self.environments.iter().map(|(_, text)| text.clone()));
        body.extend(stages);
        self.documented(block(&format!("pipeline {}", quote(&self.name)), &body, false))
    }

    /// With lines of documentation above it, sometimes.
    pub fn documented(&mut self, text: String) -> String {
        if !self.choices.chance(25) {
            return text;
        }
        let words = self.text();
        let lines: Vec<String> = words.split('\n').map(|line| format!("## {line}")).collect();
        format!("{}\n{text}", lines.join("\n"))
    }

    pub fn narrow(&mut self) -> bool {
        self.choices.chance(30)
    }

    pub fn number(&mut self) -> usize {
        self.numbers += 1;
        self.numbers
    }

    fn stages(&mut self) -> Vec<String> {
        let mut out = Vec::new();
        if self.choices.chance(40) {
            out.push(self.preflight());
        }
        match self.choices.below(12) {
            10 => self.free(&mut out),
            11 => self.training(&mut out),
            _ => self.release(&mut out),
        }
        out
    }

    /// Jobs alone.
    fn free(&mut self, out: &mut Vec<String>) {
        out.push(self.job());
        self.maybe(&mut *out, 60);
        out.push(self.fork(&[Branch::Job, Branch::Nested, Branch::Job]));
        self.maybe(out, 60);
    }

    /// Data and training, with nothing that judges it.
    fn training(&mut self, out: &mut Vec<String>) {
        self.datasets(out);
        out.push(self.train());
        self.maybe(out, 50);
    }

    fn release(&mut self, out: &mut Vec<String>) {
        self.maybe(out, 15);
        self.datasets(out);
        if self.choices.chance(15) {
            out.push(self.fork(&[Branch::Judged, Branch::Judged]));
        } else {
            self.judged(out);
        }
        let implied = self.choices.chance(40) && self.of_kind("gate").len() == 1;
        if !implied {
            self.exports(out);
        }
        let deploys = self.choices.pick(&[1, 1, 2, 3, usize::from(implied)]);
        for number in 0..deploys {
            let shown = !implied || number > 0;
            self.deployed(out, shown);
        }
        self.maybe(out, 20);
    }

    fn datasets(&mut self, out: &mut Vec<String>) {
        match self.choices.below(5) {
            0 => {}
            4 => out.push(self.fork(&[Branch::Data, Branch::Data])),
            3 => out.extend([self.data(), self.data()]),
            _ => out.push(self.data()),
        }
    }

    /// A training and what judges it.
    fn judged(&mut self, out: &mut Vec<String>) {
        out.push(self.train());
        let train = self.stages.len() - 1;
        self.maybe(out, 15);
        match self.choices.below(10) {
            8 => out.extend([self.gate(train), self.gate(train)]),
            9 => out.push(self.fork(&[Branch::Gate(train), Branch::Gate(train)])),
            _ => out.push(self.gate(train)),
        }
    }

    fn exports(&mut self, out: &mut Vec<String>) {
        let gates = self.of_kind("gate");
        let mut branches: Vec<Branch> = vec![Branch::Export(self.choices.pick(&gates))];
        if self.connection("container_registry").is_some() && self.choices.chance(70) {
            branches.push(Branch::Image);
        }
        for (branch, share) in [
            (Branch::Export(gates[0]), 20),
            (Branch::Image, if branches.len() > 1 { 25 } else { 0 }),
            (Branch::Job, 20),
            (Branch::Nested, 10),
        ] {
            if self.choices.chance(share) {
                branches.push(branch);
            }
        }
        if branches.len() > 1 && self.choices.chance(70) {
            out.push(self.fork(&branches));
        } else {
            for branch in branches {
                out.extend(self.branch(branch));
            }
        }
    }

    fn deployed(&mut self, out: &mut Vec<String>, shown: bool) {
        out.push(self.deploy(shown));
        let deploy = self.stages.len() - 1;
        match self.choices.below(5) {
            0 => {}
            3 => {
                out.push(self.job());
                out.push(self.verify(deploy));
            }
            4 => out.push(self.fork(&[Branch::Verify(deploy), Branch::Job])),
            _ => out.push(self.verify(deploy)),
        }
    }

    /// A job, sometimes; one that stands aside makes the next name what it waits for.
    fn maybe(&mut self, out: &mut Vec<String>, percent: usize) {
        if !self.choices.chance(percent) {
            return;
        }
        let before = self.last.clone();
        out.push(self.job());
        if !before.is_empty() && self.choices.chance(30) {
            (self.last, self.explicit) = (before, true);
            out.push(self.job());
        }
    }

    fn fork(&mut self, branches: &[Branch]) -> String {
        let (start, hidden) = (self.last.clone(), self.hidden.clone());
        let (mut ends, mut texts) = (Vec::new(), Vec::new());
        for branch in branches {
            self.last.clone_from(&start);
            let first = self.stages.len();
            let stmts = self.branch(*branch);
            texts.push(if stmts.len() == 1 { stmts[0].clone() } else { block("sequence", &stmts, false) });
            self.hidden.extend(first..self.stages.len());
            ends.append(&mut self.last);
        }
        (self.last, self.hidden) = (ends, hidden);
        block("parallel", &texts, false)
    }

    fn branch(&mut self, branch: Branch) -> Vec<String> {
        match branch {
            Branch::Data => vec![self.data()],
            Branch::Gate(train) => vec![self.gate(train)],
            Branch::Export(gate) => vec![self.export(gate)],
            Branch::Image => vec![self.image()],
            Branch::Verify(deploy) => vec![self.verify(deploy)],
            Branch::Job => vec![self.job()],
            Branch::Nested => vec![self.job(), self.fork(&[Branch::Job, Branch::Job])],
            Branch::Judged => {
                let mut out = Vec::new();
                self.judged(&mut out);
                out
            }
        }
    }

    /// Stages that can be referred to here.
    pub fn of_kind(&self, kind: &str) -> Vec<usize> {
        (0..self.stages.len()).filter(|id| !self.hidden.contains(id) && self.stages[*id].kind == kind).collect()
    }

    /// What has succeeded before the stage that is being written.
    pub fn upstream(&self) -> Vec<Made> {
        self.above().into_iter().map(|id| self.stages[id].clone()).collect()
    }

    pub fn above(&self) -> BTreeSet<usize> {
        self.preds.iter().flat_map(|id| self.stages[*id].above.iter().copied().chain([*id])).collect()
    }
}

/// Pins that the compiler does not bring along.
pub const LOCK: &str = r#"{
  "repository": "acme/churn",
  "actions": {
    "acme/notify": { "tag": "v1.2.0", "sha": "89abcdef0123456789abcdef0123456789abcdef" },
    "acme/tools": { "tag": "v3", "sha": "fedcba9876543210fedcba9876543210fedcba98" }
  }
}
"#;
