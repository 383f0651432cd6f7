//! A workflow as read back: what a rendering must turn out to be.

use std::fmt;
use std::marker::PhantomData;

use serde::de::{Error, MapAccess, Visitor};
use serde::{Deserialize, Deserializer};

use super::view;

/// A mapping as written: every key with its value, in order. A key that stands twice is an error, where a reader of YAML would keep
/// the last.
#[derive(Debug, PartialEq)]
struct Map<T>(Vec<(String, T)>);

impl<T> Default for Map<T> {
    fn default() -> Self {
        Self(Vec::new())
    }
}

impl<T> FromIterator<(String, T)> for Map<T> {
    fn from_iter<I: IntoIterator<Item = (String, T)>>(pairs: I) -> Self {
        Self(pairs.into_iter().collect())
    }
}

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Map<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(Pairs(PhantomData))
    }
}

struct Pairs<T>(PhantomData<T>);

impl<'de, T: Deserialize<'de>> Visitor<'de> for Pairs<T> {
    type Value = Map<T>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a mapping")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut access: A) -> Result<Map<T>, A::Error> {
        let mut pairs: Vec<(String, T)> = Vec::new();
        while let Some((key, value)) = access.next_entry::<String, T>()? {
            if pairs.iter().any(|(other, _)| *other == key) {
                return Err(A::Error::custom(format_args!("the key `{key}` stands twice")));
            }
            pairs.push((key, value));
        }
        Ok(Map(pairs))
    }
}

/// A workflow file.
#[derive(Debug, Deserialize, PartialEq)]
#[serde(deny_unknown_fields)]
pub struct Workflow {
    name: String,
    on: On,
    permissions: Map<String>,
    concurrency: Concurrency,
    defaults: Map<Map<String>>,
    jobs: Map<Job>,
}

#[derive(Debug, Deserialize, PartialEq)]
#[serde(deny_unknown_fields)]
struct On {
    push: Option<Filter>,
    #[serde(default)]
    schedule: Vec<Schedule>,
    #[serde(default, deserialize_with = "present")]
    pull_request: Option<Option<Filter>>,
    #[serde(default, deserialize_with = "present")]
    workflow_dispatch: Option<Option<Dispatch>>,
}

/// Tells an absent key from one without a value.
fn present<'de, D: Deserializer<'de>, T: Deserialize<'de>>(deserializer: D) -> Result<Option<Option<T>>, D::Error> {
    Option::deserialize(deserializer).map(Some)
}

#[derive(Debug, Deserialize, PartialEq)]
#[serde(deny_unknown_fields)]
struct Filter {
    #[serde(default)]
    branches: Vec<String>,
    #[serde(default)]
    paths: Vec<String>,
}

#[derive(Debug, Deserialize, PartialEq)]
#[serde(deny_unknown_fields)]
struct Schedule {
    cron: String,
    timezone: Option<String>,
}

#[derive(Debug, Deserialize, PartialEq)]
#[serde(deny_unknown_fields)]
struct Dispatch {
    inputs: Map<Input>,
}

#[derive(Debug, Deserialize, PartialEq)]
#[serde(deny_unknown_fields)]
struct Input {
    r#type: String,
    default: Option<view::Scalar>,
}

#[derive(Debug, Deserialize, PartialEq)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
struct Concurrency {
    group: String,
    cancel_in_progress: bool,
}

#[derive(Debug, Deserialize, PartialEq)]
#[serde(untagged)]
enum Needs {
    One(String),
    Several(Vec<String>),
}

#[derive(Debug, Deserialize, PartialEq)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
struct Job {
    name: String,
    needs: Option<Needs>,
    r#if: Option<String>,
    runs_on: String,
    timeout_minutes: u32,
    environment: Option<Environment>,
    permissions: Map<String>,
    #[serde(default)]
    outputs: Map<view::Scalar>,
    #[serde(default)]
    env: Map<view::Scalar>,
    steps: Vec<Step>,
}

#[derive(Debug, Deserialize, PartialEq)]
#[serde(deny_unknown_fields)]
struct Environment {
    name: String,
    url: Option<String>,
    deployment: Option<bool>,
}

#[derive(Debug, Deserialize, PartialEq)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
struct Step {
    name: String,
    id: Option<String>,
    r#if: Option<String>,
    timeout_minutes: Option<u32>,
    #[serde(default)]
    env: Map<view::Scalar>,
    uses: Option<String>,
    #[serde(default)]
    with: Map<view::Scalar>,
    working_directory: Option<String>,
    run: Option<String>,
}

impl From<&view::Workflow> for Workflow {
    fn from(view: &view::Workflow) -> Self {
        let shell = Map(vec![("shell".to_owned(), "bash".to_owned())]);
        Self {
            name: view.name.clone(),
            on: on(view),
            permissions: Map::default(),
            concurrency: Concurrency { group: view.group.clone(), cancel_in_progress: view.cancel },
            defaults: Map(vec![("run".to_owned(), shell)]),
            jobs: view.jobs.iter().map(|job| (job.id.clone(), Job::from(job))).collect(),
        }
    }
}

fn on(view: &view::Workflow) -> On {
    let filter = |push: &view::Push| Filter { branches: push.branches.clone(), paths: push.paths.clone() };
    let input = |input: &view::Input| (input.name.clone(), Input { r#type: input.r#type.to_owned(), default: input.default.clone() });
    let inputs: Map<Input> = view.inputs.iter().map(input).collect();
    let dispatch = (!inputs.0.is_empty()).then_some(Dispatch { inputs });
    On {
        push: view.pushes.first().map(filter),
        schedule: view.schedules.iter().map(|s| Schedule { cron: s.cron.clone(), timezone: s.timezone.clone() }).collect(),
        pull_request: view.pull_requests.first().map(|p| (!p.branches.is_empty()).then(|| filter(p))),
        workflow_dispatch: view.manual.then_some(dispatch),
    }
}

impl From<&view::Job> for Job {
    fn from(view: &view::Job) -> Self {
        let environment = view.environment.as_ref().map(|environment| Environment {
            name: environment.name.clone(),
            url: environment.url.clone(),
            deployment: (!environment.deployment).then_some(false),
        });
        Self {
            name: view.name.clone(),
            needs: needs(&view.needs),
            r#if: view.condition.clone(),
            runs_on: view.runner.clone(),
            timeout_minutes: view.minutes,
            environment,
            permissions: view.permissions.iter().map(|p| (p.scope.clone(), p.access.clone())).collect(),
            outputs: map(&view.outputs),
            env: map(&view.env),
            steps: view.steps.iter().map(Step::from).collect(),
        }
    }
}

impl From<&view::Step> for Step {
    fn from(view: &view::Step) -> Self {
        Self {
            name: view.name.clone(),
            id: view.id.clone(),
            r#if: view.condition.clone(),
            timeout_minutes: view.minutes,
            env: map(&view.env),
            uses: view.uses.clone(),
            with: map(&view.with),
            working_directory: view.working_directory.clone(),
            run: view.run.clone(),
        }
    }
}

fn needs(jobs: &[String]) -> Option<Needs> {
    match jobs {
        [] => None,
        [one] => Some(Needs::One(one.clone())),
        several => Some(Needs::Several(several.to_vec())),
    }
}

fn map(pairs: &[view::Pair]) -> Map<view::Scalar> {
    pairs.iter().map(|pair| (pair.key.clone(), pair.value.clone())).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_that_stands_twice_is_an_error() {
        assert_eq!(serde_yaml::from_str::<Map<u32>>("b: 1\na: 2\n").unwrap(), Map(vec![("b".into(), 1), ("a".into(), 2)]));
        let twice = serde_yaml::from_str::<Map<u32>>("a: 1\nb: 2\na: 1\n").unwrap_err();
        assert!(twice.to_string().contains("the key `a` stands twice"), "{twice}");
    }

    #[test]
    fn a_variable_planned_twice_is_never_written() {
        let pair = |value: &str| view::Pair { key: "ROWS".into(), value: view::Scalar::Text(value.into()) };
        let step = view::Step { name: "Report".into(), run: Some("true".into()), env: vec![pair("1"), pair("2")], ..view::Step::default() };
        let meant = Step::from(&step);
        assert_eq!(meant.env.0.len(), 2);
        assert!(serde_yaml::from_str::<Step>("name: Report\nenv:\n  ROWS: '1'\n  ROWS: '2'\nrun: 'true'\n").is_err());
    }
}
