//! Progress: a line when a job starts and when it ends, and on a terminal what runs at the moment.

use std::io::{IsTerminal as _, Write as _};
use std::time::{Duration, Instant};

use indicatif::{MultiProgress, ProgressBar, ProgressStyle};

use super::job::Ended;
use super::time;
use crate::local::Ending;
use crate::plan::Job;

/// Where progress goes.
#[derive(Clone, Debug)]
pub struct Board {
    begun: Instant,
    width: usize,
    live: Option<MultiProgress>,
}

impl Board {
    /// For jobs with these ids.
    pub fn new<'j>(ids: impl IntoIterator<Item = &'j str>) -> Self {
        let width = ids.into_iter().map(str::len).max().unwrap_or_default();
        Self { begun: Instant::now(), width, live: std::io::stderr().is_terminal().then(MultiProgress::new) }
    }

    /// Since the run began.
    pub fn seconds(&self) -> f64 {
        self.begun.elapsed().as_secs_f64()
    }

    /// A line that stays. Nobody may be listening, which is no reason to stop.
    pub fn say(&self, text: &str) {
        match &self.live {
            Some(live) => drop(live.println(text)),
            None => drop(writeln!(std::io::stderr().lock(), "{text}")),
        }
    }

    fn line(&self, state: &str, job: &str, more: &str) {
        let seconds = self.begun.elapsed().as_secs();
        let line = format!("{:02}:{:02}  {state:<9}  {job:<width$}  {more}", seconds / 60, seconds % 60, width = self.width);
        self.say(line.trim_end());
    }

    /// A job starts.
    pub fn start(&self, job: &Job) -> ProgressBar {
        self.line("start", &job.id, &job.title);
        let Some(live) = &self.live else { return ProgressBar::hidden() };
        let bar = live.add(ProgressBar::new_spinner().with_prefix(job.id.clone()));
        if let Ok(style) = ProgressStyle::with_template("{spinner} {prefix}  {elapsed}  {wide_msg}") {
            bar.set_style(style);
        }
        bar.enable_steady_tick(Duration::from_millis(200));
        bar
    }

    /// A step of it starts.
    pub fn step(&self, bar: &ProgressBar, name: &str) {
        bar.set_message(name.to_owned());
    }

    /// A job has ended.
    pub fn end(&self, job: &Job, ended: &Ended, bar: &ProgressBar) {
        bar.finish_and_clear();
        let why = ended.why.as_ref().map(|why| format!(": {why}")).unwrap_or_default();
        self.line(state(&ended.done.ending), &job.id, &format!("{}{why}", time(ended.seconds)));
        ended.tail.iter().for_each(|line| self.say(&format!("    | {line}")));
    }

    /// A job does not start.
    pub fn omit(&self, job: &Job, ending: &Ending) {
        let why = if let Ending::NotHere(why) = ending { why } else { "" };
        self.line(state(ending), &job.id, why);
    }
}

/// How a job ended, for people.
pub fn state(ending: &Ending) -> &'static str {
    if let Ending::NotHere(_) = ending { "not here" } else { ending.text() }
}
