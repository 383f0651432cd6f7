//! A job: its steps, one behind the other, in a workspace of its own.

use std::ffi::OsString;
use std::fs::{self, OpenOptions};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;
use std::time::{Duration, Instant};

use indicatif::ProgressBar;
use serde_json::Value as Json;

use super::actions::{self, Deed};
use super::board::Board;
use super::log::Log;
use super::process::{self, Exit, Group, Limits, Stops};
use super::workspace::{Place, copy};
use crate::emit::config_text;
use crate::local::{Done, Ending, Facts, JobFacts, Outputs, assignments, lines};
use crate::plan::{Action, Env, Job, Step, StepCondition, script_line};

/// What a cancelled job has for the steps that run always, as on GitHub.
const AFTER_CANCEL: Duration = Duration::from_secs(5 * 60);

/// What all jobs of a run have in common.
#[derive(Debug)]
pub struct Shared {
    /// Folders.
    pub place: Place,
    /// Values.
    pub facts: Facts,
    /// Whether images are pushed.
    pub release: bool,
    /// What nobody is to see.
    pub secrets: Arc<Vec<String>>,
    /// Variables of this process that steps do not inherit.
    pub hidden: Vec<String>,
    /// Variables that GitHub sets.
    pub environment: Vec<(String, String)>,
    /// The user's wish to end.
    pub stops: Stops,
    /// Progress.
    pub board: Board,
}

/// A job that has ended.
#[derive(Clone, Debug)]
pub struct Ended {
    /// How, and what it hands on.
    pub done: Done,
    /// How long it took.
    pub seconds: f64,
    /// What went wrong.
    pub why: Option<String>,
    /// The last lines of the step that went wrong.
    pub tail: Vec<String>,
}

/// How a step went wrong.
type Wrong = (Ending, String);

/// Runs a job. Wishes to end up to `deaf_to` were meant for others.
pub fn run(shared: &Shared, job: &Job, needs: Json, deaf_to: usize, bar: &ProgressBar) -> Ended {
    let begun = Instant::now();
    let mut ended = match Runner::new(shared, job, needs, deaf_to, bar) {
        Ok(runner) => runner.run(),
        Err(error) => Ended::bad(Ending::Failure, format!("the job's folder cannot be written: {error}")),
    };
    ended.seconds = begun.elapsed().as_secs_f64();
    ended
}

impl Ended {
    fn bad(ending: Ending, why: String) -> Self {
        Self { done: Done::new(ending), seconds: 0.0, why: Some(why), tail: Vec::new() }
    }
}

struct Runner<'r> {
    shared: &'r Shared,
    job: &'r Job,
    bar: &'r ProgressBar,
    log: Log,
    facts: JobFacts<'r>,
    /// Variables that steps have set for those behind them.
    environment: Vec<(String, String)>,
    /// Folders that steps have put on `PATH`.
    paths: Vec<PathBuf>,
    groups: Vec<Group>,
    ends: Instant,
    deaf_to: usize,
    steps: usize,
    wrong: Option<(Wrong, Vec<String>)>,
}

impl<'r> Runner<'r> {
    fn new(shared: &'r Shared, job: &'r Job, needs: Json, deaf_to: usize, bar: &'r ProgressBar) -> io::Result<Self> {
        for name in ["workspace", "temp"] {
            fs::create_dir_all(shared.place.of_job(&job.id, name))?;
        }
        let log = Log::create(&shared.place.of_job(&job.id, "log.txt"), &shared.secrets)?;
        Ok(Self {
            shared,
            job,
            bar,
            log,
            facts: JobFacts::new(&shared.facts, job, needs),
            environment: Vec::new(),
            paths: Vec::new(),
            groups: Vec::new(),
            ends: Instant::now() + minutes(job.minutes),
            deaf_to,
            steps: 0,
            wrong: None,
        })
    }

    fn run(mut self) -> Ended {
        for step in &self.job.steps {
            self.log.begin(&step.name);
            if self.wanted(step) {
                self.step(step);
            } else {
                self.log.line("skipped");
            }
        }
        self.groups.iter().for_each(Group::clear);
        let outputs = self.outputs();
        match self.wrong {
            Some(((ending, why), tail)) => Ended { done: Done { ending, outputs }, seconds: 0.0, why: Some(why), tail },
            None => Ended { done: Done { ending: Ending::Success, outputs }, seconds: 0.0, why: None, tail: Vec::new() },
        }
    }

    /// Without a condition of its own, a step runs as long as all went well.
    fn wanted(&self, step: &Step) -> bool {
        match &step.only_if {
            Some(StepCondition::Always) => true,
            Some(StepCondition::Unless(other, output)) => self.wrong.is_none() && !self.facts.says(other, output),
            None => self.wrong.is_none(),
        }
    }

    fn step(&mut self, step: &Step) {
        self.steps += 1;
        self.shared.board.step(self.bar, &step.name);
        let limits = self.limits(step);
        let result = match limits.reached() {
            Some(exit) => self.judge(exit, step),
            None => self.act(step, &limits),
        };
        if let Err((ending, why)) = result {
            let tail = self.log.tail();
            self.log.line(&why);
            let why = format!("step `{}` {why}", step.name);
            self.wrong.get_or_insert(((ending, why), tail));
        }
    }

    fn limits(&self, step: &Step) -> Limits {
        let now = Instant::now();
        let stops = self.shared.stops.clone();
        let step = step.minutes.map(|limit| now + minutes(limit));
        match &self.wrong {
            Some(((Ending::Cancelled, _), _)) => Limits { step, job: now + AFTER_CANCEL, deaf_to: self.deaf_to.max(1), stops },
            _ => Limits { step, job: self.ends, deaf_to: self.deaf_to, stops },
        }
    }

    fn act(&mut self, step: &Step, limits: &Limits) -> Result<(), Wrong> {
        match &step.action {
            Action::Checkout => copy(&self.shared.place.source(), &self.workspace()).map_err(|error| failed(&error)),
            Action::SetupUv(python) => {
                self.environment.push(("UV_PYTHON".to_owned(), python.clone()));
                Ok(())
            }
            Action::AppToken { .. } => {
                let token = self.shared.facts.variables.get("GITOPS_TOKEN").cloned().unwrap_or_default();
                self.told(step, Outputs::from([("token".to_owned(), token)]));
                Ok(())
            }
            Action::Script { groups, script, subcommand, config } => {
                let mut env = self.texts(&step.env);
                env.push(("MLP_CONFIG".to_owned(), config_text(config)));
                self.bash(step, &script_line(groups, script, *subcommand), "", env, limits)
            }
            Action::Run { text, folder } => self.bash(step, text, folder, self.texts(&step.env), limits),
            Action::Uses { name, with, .. } => self.uses(step, name, with, limits),
        }
    }

    fn uses(&mut self, step: &Step, name: &str, with: &Env, limits: &Limits) -> Result<(), Wrong> {
        let (workspace, metadata) = (self.workspace(), self.temp("metadata.json"));
        let action = actions::Action {
            name,
            with,
            facts: &self.facts,
            place: &self.shared.place,
            workspace: &workspace,
            metadata: &metadata,
            release: self.shared.release,
        };
        match action.deed().map_err(|error| failed(&error))? {
            Deed::Done(line) => self.log.line(&line),
            Deed::Script(text, env) => {
                let env = self.texts(&step.env).into_iter().chain(env).collect();
                self.bash(step, text, "", env, limits)?;
                if self.shared.release {
                    self.told(step, actions::digest(&metadata));
                }
            }
        }
        Ok(())
    }

    /// Runs a script as `shell: bash` does, and reads what it said to GitHub.
    fn bash(&mut self, step: &Step, text: &str, folder: &str, env: Vec<(String, String)>, limits: &Limits) -> Result<(), Wrong> {
        let script = self.temp("script.sh");
        fs::write(&script, text).map_err(|error| failed(&error))?;
        let mut command = Command::new("bash");
        command.args(["--noprofile", "--norc", "-e", "-o", "pipefail"]).arg(script).current_dir(self.workspace().join(folder));
        self.give(&mut command, env).map_err(|error| failed(&error))?;
        let (exit, group) = process::run(command, &self.log, limits).map_err(|error| failed(&error))?;
        self.groups.push(group);
        let heard = self.hear(step).map_err(|why| (Ending::Failure, why));
        self.judge(exit, step).and(heard)
    }

    /// The environment of a step: what is nearer to the step wins.
    fn give(&self, command: &mut Command, env: Vec<(String, String)>) -> io::Result<()> {
        for name in &self.shared.hidden {
            command.env_remove(name);
        }
        command.envs(self.shared.environment.iter().map(|(name, value)| (name, value)));
        command.env("GITHUB_JOB", &self.job.id).env("GITHUB_WORKSPACE", self.workspace());
        command.env("RUNNER_TEMP", self.shared.place.of_job(&self.job.id, "temp"));
        for (name, file) in FILES {
            fs::write(self.temp(file), "")?;
            command.env(name, self.temp(file));
        }
        let old = std::env::var_os("PATH").unwrap_or_default();
        let all = self.paths.iter().rev().cloned().chain(std::env::split_paths(&old));
        command.env("PATH", std::env::join_paths(all).unwrap_or_else(|_| OsString::from(&old)));
        command.envs(self.texts(&self.job.env)).envs(self.environment.iter().cloned()).envs(env);
        Ok(())
    }

    /// What a step said through its files.
    fn hear(&mut self, step: &Step) -> Result<(), String> {
        let [output, environment, path, summary] = FILES.map(|(_, file)| fs::read_to_string(self.temp(file)).unwrap_or_default());
        self.summarize(&summary).map_err(|error| format!("has a summary that cannot be kept: {error}"))?;
        let of = |name: &str, text: &str| assignments(text).map_err(|why| format!("wrote a {name} that GitHub refuses: {why}"));
        let outputs = of("GITHUB_OUTPUT", &output)?;
        self.told(step, outputs.into_iter().collect());
        self.environment.extend(of("GITHUB_ENV", &environment)?);
        self.paths.extend(lines(&path).map(PathBuf::from));
        Ok(())
    }

    fn summarize(&self, text: &str) -> io::Result<()> {
        if text.is_empty() {
            return Ok(());
        }
        let path = self.shared.place.of_job(&self.job.id, "summary.md");
        OpenOptions::new().append(true).create(true).open(path)?.write_all(self.log.mask(text).as_bytes())
    }

    fn told(&mut self, step: &Step, outputs: Outputs) {
        if let Some(id) = &step.id {
            self.facts.steps.entry(id.clone()).or_default().extend(outputs);
        }
    }

    /// What the job hands on; GitHub keeps back what holds a secret.
    fn outputs(&self) -> Outputs {
        let all = self.facts.outputs(self.job).into_iter();
        all.filter(|(name, value)| {
            let secret = self.log.is_secret(value);
            if secret {
                self.log.line(&format!("the output {name} is kept back: it holds a secret"));
            }
            !secret
        })
        .collect()
    }

    fn judge(&self, exit: Exit, step: &Step) -> Result<(), Wrong> {
        let limit = |minutes: u32| format!("reached the time limit of {minutes} min");
        match exit {
            Exit::Code(0) => Ok(()),
            Exit::Code(code) => Err((Ending::Failure, format!("ended with {code}"))),
            Exit::Signal => Err((Ending::Failure, "was killed".to_owned())),
            Exit::StepLimit => Err((Ending::Failure, limit(step.minutes.unwrap_or_default()))),
            // GitHub cancels such a job.
            Exit::JobLimit => Err((Ending::Cancelled, format!("was ended: the job {}", limit(self.job.minutes)))),
            Exit::Stopped => Err((Ending::Cancelled, "was interrupted".to_owned())),
        }
    }

    fn texts(&self, env: &Env) -> Vec<(String, String)> {
        env.iter().map(|(name, value)| (name.clone(), self.facts.text(value))).collect()
    }

    fn workspace(&self) -> PathBuf {
        self.shared.place.of_job(&self.job.id, "workspace")
    }

    /// A file of the step that is running.
    fn temp(&self, name: &str) -> PathBuf {
        self.shared.place.of_job(&self.job.id, "temp").join(Path::new(&format!("{}-{name}", self.steps)))
    }
}

/// The files through which a step speaks.
const FILES: [(&str, &str); 4] =
    [("GITHUB_OUTPUT", "output"), ("GITHUB_ENV", "env"), ("GITHUB_PATH", "path"), ("GITHUB_STEP_SUMMARY", "summary.md")];

fn failed(error: &io::Error) -> Wrong {
    (Ending::Failure, format!("could not run: {error}"))
}

fn minutes(count: u32) -> Duration {
    Duration::from_secs(u64::from(count) * 60)
}

#[cfg(unix)]
#[cfg(test)]
mod tests {
    use super::*;
    use crate::plan::Condition;

    fn step(name: &str, text: &str) -> Step {
        let action = Action::Run { text: text.to_owned(), folder: String::new() };
        Step { id: Some(name.to_owned()), name: name.to_owned(), comment: None, only_if: None, minutes: None, env: Env::new(), action }
    }

    fn job(minutes: u32, steps: Vec<Step>) -> Job {
        Job {
            id: "fit".into(),
            title: "Fit".into(),
            comment: None,
            needs: Vec::new(),
            condition: Condition::Success { first: true },
            runner: String::new(),
            minutes,
            environment: None,
            permissions: Vec::new(),
            outputs: vec![("out".into(), "one".into(), "out".into()), ("last".into(), "two".into(), "last".into())],
            env: Env::new(),
            steps,
        }
    }

    fn run_job(job: &Job) -> (Ended, String) {
        let folder = tempfile::tempdir().unwrap();
        let shared = Shared {
            place: Place { folder: folder.path().to_owned() },
            facts: Facts::default(),
            release: false,
            secrets: Arc::default(),
            hidden: Vec::new(),
            environment: Vec::new(),
            stops: Stops::default(),
            board: Board::new([]),
        };
        let ended = run(&shared, job, Json::Null, 0, &ProgressBar::hidden());
        (ended, fs::read_to_string(shared.place.of_job("fit", "log.txt")).unwrap())
    }

    #[test]
    fn what_a_step_says_reaches_those_behind_it() {
        let first = step("one", "echo out=1 >> $GITHUB_OUTPUT; echo A=x >> $GITHUB_ENV; mkdir b; echo $PWD/b >> $GITHUB_PATH");
        let second = step("two", "test \"$A\" = x; [[ $PATH == $PWD/b:* ]]; printf 'last<<E\\na\\nb\\nE\\n' >> $GITHUB_OUTPUT");
        let (ended, log) = run_job(&job(1, vec![first, second]));
        assert_eq!(ended.done.ending, Ending::Success, "{log}");
        assert_eq!(ended.done.outputs, Outputs::from([("out".into(), "1".into()), ("last".into(), "a\nb".into())]));
        let (ended, _) = run_job(&job(1, vec![step("one", "echo nonsense >> $GITHUB_OUTPUT")]));
        assert_eq!(ended.done.ending, Ending::Failure);
    }

    #[test]
    fn a_step_that_takes_too_long_fails_and_a_job_is_cancelled() {
        let always = || Step { only_if: Some(StepCondition::Always), ..step("always", "echo ran anyway") };
        let slow = Step { minutes: Some(0), ..step("slow", "sleep 60") };
        let (ended, log) = run_job(&job(1, vec![slow, step("next", "echo never"), always()]));
        assert_eq!(ended.done.ending, Ending::Failure);
        assert_eq!(ended.why.as_deref(), Some("step `slow` reached the time limit of 0 min"));
        assert!(log.contains("ran anyway") && !log.contains("never"), "{log}");
        let (ended, log) = run_job(&job(0, vec![step("slow", "sleep 60"), always()]));
        assert_eq!(ended.done.ending, Ending::Cancelled);
        assert!(log.contains("ran anyway"), "{log}");
    }

    #[test]
    fn a_pipe_that_breaks_fails_and_an_output_counts_though_the_step_failed() {
        let (ended, _) = run_job(&job(1, vec![step("one", "echo out=1 >> $GITHUB_OUTPUT; false | true; echo on")]));
        assert_eq!((ended.done.ending, ended.done.outputs.len()), (Ending::Failure, 1));
    }
}
