//! What the workflow's template places.

use serde::{Deserialize, Serialize};

#[derive(Debug, Serialize)]
pub struct Workflow {
    pub source: String,
    pub doc: Option<String>,
    pub name: String,
    pub pushes: Vec<Push>,
    pub schedules: Vec<Schedule>,
    pub pull_requests: Vec<Push>,
    pub manual: bool,
    pub inputs: Vec<Input>,
    pub group: String,
    pub cancel: bool,
    /// What overlapping runs do to each other, for the reader.
    pub overlap: &'static str,
    pub jobs: Vec<Job>,
}

#[derive(Debug, Serialize)]
pub struct Push {
    pub branches: Vec<String>,
    pub paths: Vec<String>,
}

#[derive(Debug, Serialize)]
pub struct Schedule {
    pub cron: String,
    pub timezone: Option<String>,
}

#[derive(Debug, Serialize)]
pub struct Input {
    pub name: String,
    pub r#type: &'static str,
    pub default: Option<Scalar>,
}

#[derive(Debug, Serialize)]
pub struct Job {
    pub id: String,
    pub comment: Option<String>,
    pub name: String,
    pub needs: Vec<String>,
    pub condition_comment: Option<&'static str>,
    pub condition: Option<String>,
    pub runner: String,
    pub minutes: u32,
    pub environment: Option<Environment>,
    pub permissions: Vec<Permission>,
    pub outputs: Vec<Pair>,
    pub env: Vec<Pair>,
    pub steps: Vec<Step>,
}

#[derive(Debug, Serialize)]
pub struct Environment {
    pub name: String,
    pub url: Option<String>,
    pub deployment: bool,
}

#[derive(Debug, Serialize)]
pub struct Permission {
    pub scope: String,
    pub access: String,
    pub why: Option<String>,
}

#[derive(Clone, Debug, Serialize)]
pub struct Pair {
    pub key: String,
    pub value: Scalar,
}

/// Text, or a switch.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Scalar {
    Flag(bool),
    Text(String),
}

#[derive(Debug, Default, Serialize)]
pub struct Step {
    pub name: String,
    pub id: Option<String>,
    pub comment: Option<String>,
    pub condition: Option<String>,
    pub minutes: Option<u32>,
    pub env: Vec<Pair>,
    pub uses: Option<String>,
    pub tag: Option<String>,
    pub with: Vec<Pair>,
    pub working_directory: Option<String>,
    pub run: Option<String>,
}
