//! Which jobs start and which are skipped, by GitHub's rules: <https://docs.github.com/en/actions/reference/workflows-and-actions/expressions>

use std::collections::{BTreeMap, BTreeSet};

use super::values::Outputs;
use super::wants::not_here;
use crate::plan::{Condition, Job};

/// How a job ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Ending {
    /// All its steps succeeded.
    Success,
    /// A step failed.
    Failure,
    /// Somebody ended the run, or its time limit did.
    Cancelled,
    /// Its condition did not hold.
    Skipped,
    /// GitHub would have started it; here it cannot run.
    NotHere(String),
}

impl Ending {
    /// What GitHub calls it; to other jobs, one that did not run is one that was skipped.
    pub fn text(&self) -> &'static str {
        match self {
            Self::Success => "success",
            Self::Failure => "failure",
            Self::Cancelled => "cancelled",
            Self::Skipped | Self::NotHere(_) => "skipped",
        }
    }

    /// Whether it makes a run red.
    pub fn is_red(&self) -> bool {
        matches!(self, Self::Failure | Self::Cancelled)
    }

    fn is_not_here(&self) -> bool {
        matches!(self, Self::NotHere(_))
    }
}

/// A job that has ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Done {
    /// How.
    pub ending: Ending,
    /// What it hands on.
    pub outputs: Outputs,
}

impl Done {
    /// Without outputs.
    pub fn new(ending: Ending) -> Self {
        Self { ending, outputs: Outputs::new() }
    }
}

/// A run in progress.
#[derive(Debug)]
pub struct Schedule<'p> {
    jobs: Vec<&'p Job>,
    waiting: BTreeSet<&'p str>,
    done: BTreeMap<&'p str, Done>,
    cancelled: bool,
}

/// What becomes of a job whose needs have ended.
enum Verdict {
    Start,
    Skip,
    NotHere(String),
}

impl<'p> Schedule<'p> {
    /// Of jobs that need each other alone.
    pub fn new(jobs: impl IntoIterator<Item = &'p Job>) -> Self {
        let jobs: Vec<&Job> = jobs.into_iter().collect();
        let waiting = jobs.iter().map(|job| job.id.as_str()).collect();
        Self { jobs, waiting, done: BTreeMap::new(), cancelled: false }
    }

    /// The jobs to start now, in the order written. Those that do not start have ended with this.
    pub fn start(&mut self) -> Vec<&'p Job> {
        let mut starting = Vec::new();
        while let Some(job) = self.next() {
            self.waiting.remove(job.id.as_str());
            match self.verdict(job) {
                Verdict::Start => starting.push(job),
                Verdict::Skip => self.end(job, Done::new(Ending::Skipped)),
                Verdict::NotHere(why) => self.end(job, Done::new(Ending::NotHere(why))),
            }
        }
        starting
    }

    /// A job has ended.
    pub fn end(&mut self, job: &'p Job, done: Done) {
        self.done.insert(&job.id, done);
    }

    /// Somebody ended the run: from now on only what runs always is started.
    pub fn cancel(&mut self) {
        self.cancelled = true;
    }

    /// All of them, in the order written.
    pub fn jobs(&self) -> &[&'p Job] {
        &self.jobs
    }

    /// Whether somebody ended the run.
    pub fn is_cancelled(&self) -> bool {
        self.cancelled
    }

    /// How a job ended, once it has.
    pub fn done(&self, id: &str) -> Option<&Done> {
        self.done.get(id)
    }

    /// Whether every job has ended.
    pub fn is_over(&self) -> bool {
        self.done.len() == self.jobs.len()
    }

    /// Whether GitHub would show the run as failed or cancelled.
    pub fn is_red(&self) -> bool {
        self.cancelled || self.done.values().any(|done| done.ending.is_red())
    }

    fn next(&self) -> Option<&'p Job> {
        let ready = |job: &&Job| job.needs.iter().all(|need| self.done.contains_key(need.as_str()));
        self.jobs.iter().filter(|job| self.waiting.contains(job.id.as_str())).copied().find(ready)
    }

    /// A job that could not run here is taken for one that did all it should, so that what GitHub would skip anyway is skipped.
    fn verdict(&self, job: &Job) -> Verdict {
        if !self.holds(job) {
            return Verdict::Skip;
        }
        let missing = job.needs.iter().find(|need| self.of(need).is_some_and(|done| done.ending.is_not_here()));
        match missing.filter(|_| !matches!(job.condition, Condition::Outcome)) {
            Some(need) => Verdict::NotHere(not_here(need)),
            None => Verdict::Start,
        }
    }

    fn holds(&self, job: &Job) -> bool {
        match &job.condition {
            Condition::Success { .. } => self.all_above_succeeded(job),
            // Without a status function in the condition, `success()` is implied.
            Condition::Gated { approved, succeeded } if succeeded.is_empty() => {
                self.all_above_succeeded(job) && approved.iter().all(|gate| self.says(gate, "approved"))
            }
            Condition::Gated { approved, succeeded } => {
                let gates = approved.iter().all(|gate| self.succeeded(gate) && self.says(gate, "approved"));
                !self.cancelled && gates && succeeded.iter().all(|need| self.succeeded(need))
            }
            Condition::Changed(need) => self.all_above_succeeded(job) && self.says(need, "changed"),
            Condition::Rollback { deploy, verify } => !self.was_skipped(deploy) && !self.succeeded(verify),
            Condition::Outcome => true,
        }
    }

    /// `success()` looks at every job above, however far.
    fn all_above_succeeded(&self, job: &Job) -> bool {
        !self.cancelled && ancestors(&self.jobs, job).iter().all(|id| self.succeeded(id))
    }

    fn of(&self, id: &str) -> Option<&Done> {
        self.done.get(id)
    }

    fn succeeded(&self, id: &str) -> bool {
        self.of(id).is_some_and(|done| matches!(done.ending, Ending::Success | Ending::NotHere(_)))
    }

    fn was_skipped(&self, id: &str) -> bool {
        self.of(id).is_none_or(|done| done.ending == Ending::Skipped)
    }

    /// GitHub's `==` takes no notice of case.
    fn says(&self, id: &str, output: &str) -> bool {
        self.of(id).is_some_and(|done| {
            done.ending.is_not_here() || done.outputs.get(output).is_some_and(|value| value.eq_ignore_ascii_case("true"))
        })
    }
}

/// The ids of all jobs above one.
pub fn ancestors<'p>(jobs: &[&'p Job], job: &'p Job) -> BTreeSet<&'p str> {
    let mut found = BTreeSet::new();
    let mut open: Vec<&str> = job.needs.iter().map(String::as_str).collect();
    while let Some(id) = open.pop() {
        if found.insert(id) {
            let above = jobs.iter().find(|job| job.id == id).into_iter().flat_map(|job| &job.needs);
            open.extend(above.map(String::as_str));
        }
    }
    found
}
