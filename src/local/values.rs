//! What the steps of a job see: values of a plan as text.

use std::collections::BTreeMap;

use serde_json::{Map, Value as Json, json};

use super::schedule::Schedule;
use crate::plan::{Condition, EnvValue, Job};

/// Names and values that a step or a job hands on.
pub type Outputs = BTreeMap<String, String>;

/// What is known in a whole run.
#[derive(Debug, Default)]
pub struct Facts {
    /// Variables and secrets by name.
    pub variables: BTreeMap<String, String>,
    /// Inputs given by hand.
    pub inputs: BTreeMap<String, String>,
    /// `github.actor`, `github.sha` …, by name.
    pub github: BTreeMap<&'static str, String>,
    /// The repository's clone URL.
    pub repository: String,
}

/// What is known in a job: of the jobs above it, and of its steps so far.
#[derive(Debug)]
pub struct JobFacts<'f> {
    /// What is known in the run.
    pub facts: &'f Facts,
    /// `needs`, as GitHub tells it.
    pub needs: Json,
    /// Outputs of steps, by id.
    pub steps: BTreeMap<String, Outputs>,
    /// Whether it may see the token of GitHub's.
    token: bool,
}

impl<'f> JobFacts<'f> {
    /// Before the first step.
    pub fn new(facts: &'f Facts, job: &Job, needs: Json) -> Self {
        // The last job would ask GitHub about approvals of a run that GitHub does not have.
        let token = !matches!(job.condition, Condition::Outcome);
        Self { facts, needs, steps: BTreeMap::new(), token }
    }

    /// A value as text; what is not set is empty.
    pub fn text(&self, value: &EnvValue) -> String {
        let of = |map: &BTreeMap<String, String>, name: &str| map.get(name).cloned().unwrap_or_default();
        match value {
            EnvValue::Literal(text) | EnvValue::Block(text) => text.clone(),
            EnvValue::Flag(on) => on.to_string(),
            EnvValue::Var(name) | EnvValue::Secret(name) => of(&self.facts.variables, name),
            EnvValue::Input(name, otherwise) => {
                Some(of(&self.facts.inputs, name)).filter(|text| !text.is_empty()).unwrap_or_else(|| otherwise.clone())
            }
            EnvValue::Need(job, output) => self.need(job, output),
            EnvValue::Result(job) => self.needs.get(job).and_then(|need| need["result"].as_str()).unwrap_or_default().to_owned(),
            EnvValue::Step(step, output) => self.steps.get(step).map(|outputs| of(outputs, output)).unwrap_or_default(),
            EnvValue::GitHub("github.token") if !self.token => String::new(),
            EnvValue::GitHub(name) => self.facts.github.get(name).cloned().unwrap_or_default(),
            EnvValue::ThisRepository => self.facts.repository.clone(),
            EnvValue::Needs => format!("{:#}", self.needs),
            EnvValue::Concat(parts) => parts.iter().map(|part| self.text(part)).collect(),
        }
    }

    fn need(&self, job: &str, output: &str) -> String {
        let value = self.needs.get(job).and_then(|need| need.get("outputs")?.get(output)?.as_str());
        value.unwrap_or_default().to_owned()
    }

    /// Whether an output of a step is `true`, for GitHub in any case.
    pub fn says(&self, step: &str, output: &str) -> bool {
        self.steps.get(step).and_then(|outputs| outputs.get(output)).is_some_and(|value| value.eq_ignore_ascii_case("true"))
    }

    /// What the job hands on. GitHub leaves out what is empty.
    pub fn outputs(&self, job: &Job) -> Outputs {
        let all = job.outputs.iter().map(|(name, step, output)| (name.clone(), self.text(&EnvValue::Step(step.clone(), output.clone()))));
        all.filter(|(_, value)| !value.is_empty()).collect()
    }
}

/// `needs` of a job: results and outputs of the jobs that it names.
pub fn needs(schedule: &Schedule<'_>, job: &Job) -> Json {
    let told = |id: &String| {
        let done = schedule.done(id)?;
        Some((id.clone(), json!({ "result": done.ending.text(), "outputs": done.outputs })))
    };
    Json::Object(job.needs.iter().filter_map(told).collect::<Map<_, _>>())
}

/// A text without the secrets that it holds, longest first.
pub fn masked(text: &str, secrets: &[String]) -> String {
    secrets.iter().fold(text.to_owned(), |text, secret| if text.contains(secret.as_str()) { text.replace(secret, "***") } else { text })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn value(facts: &Facts, value: &EnvValue) -> String {
        let needs = json!({ "fit": { "result": "success", "outputs": { "run_id": "r1" } } });
        let steps = BTreeMap::from([("check".to_owned(), Outputs::from([("ok".to_owned(), "True".to_owned())]))]);
        let job = JobFacts { facts, needs, steps, token: true };
        assert!(job.says("check", "ok") && !job.says("check", "other"));
        job.text(value)
    }

    #[test]
    fn every_kind_of_value() {
        let mut facts = Facts { repository: "https://github.com/acme/churn.git".into(), ..Facts::default() };
        facts.variables.insert("HOST".into(), "h".into());
        facts.github.insert("github.sha", "abc".into());
        let input = EnvValue::Input("rows".into(), "10".into());
        assert_eq!(value(&facts, &input), "10");
        facts.inputs.insert("rows".into(), "20".into());
        assert_eq!(value(&facts, &input), "20");
        assert_eq!(value(&facts, &EnvValue::Var("HOST".into())), "h");
        assert_eq!(value(&facts, &EnvValue::Secret("NONE".into())), "");
        assert_eq!(value(&facts, &EnvValue::Need("fit".into(), "run_id".into())), "r1");
        assert_eq!(value(&facts, &EnvValue::Need("fit".into(), "none".into())), "");
        assert_eq!(value(&facts, &EnvValue::Result("fit".into())), "success");
        assert_eq!(value(&facts, &EnvValue::Concat(vec![EnvValue::Literal("x:".into()), EnvValue::GitHub("github.sha")])), "x:abc");
        assert!(value(&facts, &EnvValue::Needs).starts_with("{\n  \"fit\": {\n    \"result\": \"success\","));
    }

    #[test]
    fn secrets_are_masked() {
        let secrets = ["long-secret".to_owned(), "long".to_owned()];
        assert_eq!(masked("a long-secret is long", &secrets), "a *** is ***");
    }
}
