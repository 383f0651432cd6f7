//! How a run ended: jobs, times, and what would have been released.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::Path;

use serde_json::{Value as Json, json};

use super::board::state;
use super::job::Ended;
use super::time;
use crate::cli::console::plural;
use crate::local::{Ending, Facts, JobFacts, Schedule, needs};
use crate::plan::{Action, Job, Plan};

/// How a run ended.
#[derive(Debug)]
pub struct Report<'r> {
    /// What ran.
    pub plan: &'r Plan,
    /// The jobs chosen.
    pub jobs: &'r [&'r Job],
    /// How they ended.
    pub schedule: &'r Schedule<'r>,
    /// Those that started.
    pub ended: &'r BTreeMap<String, Ended>,
    /// The run's number.
    pub number: u64,
    /// How long it took.
    pub seconds: f64,
    /// Where logs and summaries are.
    pub folder: &'r Path,
}

/// What a deploy puts out, or would.
const RELEASED: [(&str, &str); 3] = [("model", "STORAGE_URI"), ("version", "MODEL_VERSION"), ("image", "IMAGE_DIGEST")];

impl Report<'_> {
    fn conclusion(&self) -> &'static str {
        match () {
            () if self.schedule.is_cancelled() => "cancelled",
            () if self.schedule.is_red() => "failure",
            () => "success",
        }
    }

    /// For programs.
    pub fn json(&self) -> String {
        let jobs: Vec<Json> = self.jobs.iter().map(|job| self.job(job)).collect();
        let report = json!({
            "pipeline": self.plan.name,
            "run": self.number,
            "conclusion": self.conclusion(),
            "seconds": self.seconds,
            "folder": self.folder,
            "jobs": jobs,
            "releases": self.releases(),
        });
        format!("{report:#}\n")
    }

    fn job(&self, job: &Job) -> Json {
        let done = self.schedule.done(&job.id);
        let ended = self.ended.get(&job.id);
        let reason = done.and_then(|done| if let Ending::NotHere(why) = &done.ending { Some(why) } else { ended?.why.as_ref() });
        json!({
            "id": job.id,
            "title": job.title,
            "state": done.map(|done| state(&done.ending).replace(' ', "_")),
            "seconds": ended.map(|ended| ended.seconds),
            "reason": reason,
            "outputs": done.map(|done| &done.outputs),
        })
    }

    /// What each deploy puts out, as far as it is known.
    fn releases(&self) -> Vec<Json> {
        self.jobs.iter().filter_map(|job| self.release(job)).collect()
    }

    fn release(&self, job: &Job) -> Option<Json> {
        let deploys = |action: &Action| matches!(action, Action::Script { script: "deploy", subcommand: None, .. });
        let step = job.steps.iter().find(|step| deploys(&step.action))?;
        let Action::Script { config, .. } = &step.action else { return None };
        let facts = Facts::default();
        let known = JobFacts::new(&facts, job, needs(self.schedule, job));
        let value = |variable: &str| {
            let found = step.env.iter().find(|(name, _)| name == variable).map(|(_, value)| known.text(value));
            found.filter(|text| !text.is_empty())
        };
        let done = self.schedule.done(&job.id)?;
        let mut release = json!({
            "environment": config.get("environment"),
            "released": done.ending == Ending::Success,
            "commit": done.outputs.get("commit"),
        });
        let map = release.as_object_mut()?;
        RELEASED.iter().for_each(|(key, variable)| drop(map.insert((*key).to_owned(), json!(value(variable)))));
        Some(release)
    }

    /// For people.
    pub fn text(&self) -> String {
        let color = if self.schedule.is_red() { "red" } else { "green" };
        let end = if self.schedule.is_cancelled() { "interrupted" } else { color };
        let missing =
            self.jobs.iter().filter(|job| self.schedule.done(&job.id).is_some_and(|done| matches!(done.ending, Ending::NotHere(_))));
        let missing = match missing.count() {
            0 => String::new(),
            count => format!("; {} did not run here", plural(count, "job")),
        };
        let mut out = format!("{}: {end} after {}{missing}\n\n", self.plan.name, time(self.seconds));
        out += &self.table();
        self.releases().iter().for_each(|release| out += &released(release));
        out
    }

    fn table(&self) -> String {
        let width = self.jobs.iter().map(|job| job.id.len()).max().unwrap_or_default();
        let line = |job: &&Job| {
            let told = self.job(job);
            let word = |key: &str| told.get(key).and_then(Json::as_str).unwrap_or_default().to_owned();
            let spent = self.ended.get(&job.id).map(|ended| time(ended.seconds)).unwrap_or_default();
            let line = format!("  {:<width$}  {:<9}  {spent:>6}  {}", job.id, word("state").replace('_', " "), word("reason"));
            format!("{}\n", line.trim_end())
        };
        self.jobs.iter().map(line).collect()
    }
}

/// A release, unless nothing of it is known.
fn released(release: &Json) -> String {
    let word = |key: &str| release.get(key).and_then(Json::as_str);
    if RELEASED.iter().all(|(key, _)| word(key).is_none()) {
        return String::new();
    }
    let out = release.get("released") == Some(&Json::Bool(true));
    let what = if out { "Released to" } else { "Not released; with `--release` this would go to" };
    let mut text = format!("\n{what} {}:\n", word("environment").unwrap_or_default());
    for (key, value) in ["model", "version", "image", "commit"].into_iter().filter_map(|key| Some((key, word(key)?))) {
        let _ = writeln!(text, "  {key:<7}  {value}");
    }
    text
}
