//! An emitted workflow as its readers see it, and a model of how GitHub runs it.
#![allow(dead_code, unused_imports, reason = "each test uses a part of it")]

mod simulate;

use std::collections::{BTreeMap, BTreeSet};

use mlp::Artifact;
use serde::Deserialize;

pub use simulate::{Outcome, Scenario, simulate, simulate_all};

pub type Map<T> = BTreeMap<String, T>;

/// A string, number or switch, as text.
#[derive(Clone, Debug, Deserialize)]
#[serde(from = "serde_yaml::Value")]
pub struct Text(pub String);

impl From<serde_yaml::Value> for Text {
    fn from(value: serde_yaml::Value) -> Self {
        match value {
            serde_yaml::Value::String(text) => Self(text),
            other => Self(serde_yaml::to_string(&other).unwrap().trim().to_owned()),
        }
    }
}

#[derive(Clone, Debug, Deserialize)]
#[serde(untagged)]
enum Needs {
    One(String),
    Several(Vec<String>),
}

#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct Job {
    needs: Option<Needs>,
    pub name: String,
    pub r#if: Option<String>,
    pub runs_on: String,
    pub timeout_minutes: u32,
    pub environment: Option<Map<serde_yaml::Value>>,
    #[serde(default)]
    pub outputs: Map<Text>,
    #[serde(default)]
    pub env: Map<Text>,
    pub steps: Vec<Step>,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct Step {
    pub name: String,
    pub id: Option<String>,
    pub r#if: Option<String>,
    pub timeout_minutes: Option<u32>,
    #[serde(default)]
    pub env: Map<Text>,
    pub uses: Option<String>,
    #[serde(default)]
    pub with: Map<Text>,
    pub run: Option<String>,
}

#[derive(Clone, Debug, Deserialize)]
pub struct Workflow {
    #[serde(skip)]
    pub text: String,
    pub jobs: Map<Job>,
}

impl Job {
    pub fn needs(&self) -> &[String] {
        match &self.needs {
            None => &[],
            Some(Needs::One(one)) => std::slice::from_ref(one),
            Some(Needs::Several(several)) => several,
        }
    }

    /// Whether a step of it runs a script of ours; publishing manifests is no deploy.
    pub fn runs(&self, script: &str) -> bool {
        self.steps.iter().any(|step| step.script().is_some_and(|(name, subcommand)| name == script && subcommand != Some("publish")))
    }

    /// Every text of it in which GitHub evaluates expressions, and the number of the step it belongs to.
    pub fn texts(&self) -> Vec<(usize, &str)> {
        let all = self.steps.len();
        let job = self.env.values().map(|text| (0, text.0.as_str())).chain(self.outputs.values().map(move |text| (all, text.0.as_str())));
        let steps = self.steps.iter().enumerate().flat_map(|(i, step)| {
            let values = step.env.values().chain(step.with.values()).map(|text| text.0.as_str());
            values.chain(step.r#if.as_deref()).map(move |text| (i, text))
        });
        job.chain(steps).collect()
    }
}

impl Step {
    /// The script of ours that it runs, and the subcommand.
    pub fn script(&self) -> Option<(&str, Option<&str>)> {
        let (_, call) = self.run.as_deref()?.split_once(" .github/mlp/")?;
        let (name, rest) = call.split_once(".py")?;
        Some((name, Some(rest.trim()).filter(|rest| !rest.is_empty())))
    }
}

impl Workflow {
    /// All workflows among the files.
    pub fn all(artifacts: &[Artifact]) -> Vec<Self> {
        let found = artifacts.iter().filter(|file| file.path.starts_with(".github/workflows/"));
        let read = |file: &Artifact| {
            // Of two equal keys a map would keep one without a word; this refuses them.
            let document: serde_yaml::Value = serde_yaml::from_str(&file.text).unwrap_or_else(|error| panic!("{}: {error}", file.path));
            Self { text: file.text.to_string(), ..serde_yaml::from_value(document).unwrap() }
        };
        found.map(read).collect()
    }

    /// The jobs that must have ended before one starts.
    pub fn ancestors(&self, id: &str) -> BTreeSet<&str> {
        let direct = self.jobs[id].needs();
        direct.iter().flat_map(|need| self.ancestors(need).into_iter().chain([need.as_str()])).collect()
    }

    /// How many steps run a script of ours.
    pub fn steps(&self, script: &str) -> usize {
        let steps = self.jobs.values().flat_map(|job| &job.steps).filter_map(Step::script);
        steps.filter(|(name, _)| *name == script).count()
    }

    pub fn with_script(&self, script: &str) -> Vec<&str> {
        self.jobs.iter().filter(|(_, job)| job.runs(script)).map(|(id, _)| id.as_str()).collect()
    }
}
