//! One job, step by step: every way in which it can end.

use std::rc::Rc;

use github_actions_expressions::Evaluation;
use github_actions_expressions::call::Function;

use super::effect::Kind;
use super::expr::{Part, Scope, Template, Value};
use super::program::{Act, Program, Unit};
use super::run::{Chapter, Found, Run};
use super::state::{Above, Ended, Ending, State, Text};
use super::ways::Ways;

/// How a job stands to the moment at which the run is cancelled, and to the attempt before.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mode {
    /// Not cancelled, or not yet.
    Early,
    /// Running when the run is cancelled.
    Cut,
    /// Goes on after the run was cancelled, or starts then.
    Late,
    /// Not run: kept from the attempt before, in which it succeeded.
    Kept,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Status {
    Going,
    Failed,
    Cancelled,
    /// No machine is left to run anything.
    Gone(Ending),
}

/// A job that has got so far.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Path {
    pub state: State,
    pub status: Status,
    /// A step failed, whatever `continue-on-error` makes of it.
    pub failed: bool,
    /// The first step of the job that was cancelled, but not with the run.
    pub killed: bool,
    pub steps: Vec<Done>,
    /// How many finished candidates the training has.
    pub candidates: u8,
}

/// A step that is over.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Done {
    pub outcome: Ending,
    pub conclusion: Ending,
    pub outputs: Vec<(&'static str, Text)>,
}

/// How unusual a way is, and what happened on it.
#[derive(Clone, Debug, Default)]
pub struct Story {
    /// How many things went another way than usual.
    pub cost: u32,
    /// What is worth telling of the job at hand.
    pub notes: Vec<String>,
    /// The jobs before.
    pub before: Option<Rc<Chapter>>,
}

impl Story {
    #[must_use]
    pub fn and(&self, cost: u32, note: Option<String>) -> Self {
        let mut story = self.clone();
        story.cost += cost;
        story.notes.extend(note);
        story
    }

    /// This story, and a job's that was told apart from it.
    pub fn then(&self, way: &Self) -> Self {
        let chapter = way.before.as_ref().map(|chapter| Rc::new(Chapter { before: self.before.clone(), ..Chapter::clone(chapter) }));
        Self { cost: self.cost + way.cost, notes: Vec::new(), before: chapter }
    }
}

/// What an expression sees within a job.
pub struct Inside<'a, 'w> {
    pub program: &'a Program<'w>,
    pub unit: &'a Unit<'w>,
    pub jobs: &'a [Option<Rc<Ended>>],
    pub fork: bool,
    pub again: Option<bool>,
    /// Nothing while the job's own condition is looked at.
    pub path: Option<&'a Path>,
    /// What `cancelled()` says of the run.
    pub cancelled: Option<bool>,
    pub above: Above,
}

impl Scope for Inside<'_, '_> {
    fn value(&self, path: &[Part]) -> Option<Value> {
        let Some(Part::Name(context)) = path.first() else { return None };
        let rest = path.get(1..).unwrap_or_default();
        match context.as_str() {
            "github" => Some(self.github(rest)),
            "vars" | "inputs" => Some(Value::Any),
            "needs" => Some(self.needs(rest)),
            // The rest exists in steps only; a job's `if` is evaluated before its matrix.
            "steps" => self.path.map(|path| self.step(path, rest)),
            "secrets" | "env" | "runner" | "job" => self.path.map(|_| Value::Any),
            _ => None,
        }
    }

    fn status(&self, function: Function) -> Option<Value> {
        let Some(path) = self.path else { return Some(self.run_status(function)) };
        Some(match function {
            Function::Success => Value::bool(path.status == Status::Going),
            Function::Failure => Value::bool(path.status == Status::Failed),
            _ if path.status == Status::Cancelled => Value::bool(true),
            _ => self.cancelled.map_or(Value::Any, Value::bool),
        })
    }
}

impl Inside<'_, '_> {
    fn run_status(&self, function: Function) -> Value {
        match function {
            Function::Success if self.cancelled == Some(true) || !self.above.clean => Value::bool(false),
            Function::Success => Value::bool(true),
            Function::Failure => Value::bool(self.above.failed && self.cancelled != Some(true)),
            _ => self.cancelled.map_or(Value::Any, Value::bool),
        }
    }

    fn github(&self, path: &[Part]) -> Value {
        let names: Vec<&str> = path.iter().map(|part| if let Part::Name(name) = part { name.as_str() } else { "*" }).collect();
        match (names.as_slice(), self.again) {
            (["event", "repository", "fork"], _) => Value::bool(self.fork),
            (["run_attempt"], Some(again)) => Value::text(if again { "2" } else { "1" }),
            _ => Value::Any,
        }
    }

    fn needs(&self, path: &[Part]) -> Value {
        match path {
            [] => Value::Needs,
            [Part::Name(id), rest @ ..] => self.need(id).map_or(Value::NULL, |need| self.of_need(need, rest)),
            [Part::Star, rest @ ..] => self.each_need(rest),
        }
    }

    fn need(&self, id: &str) -> Option<usize> {
        let named = |need: &&usize| self.program.jobs.get(**need).is_some_and(|unit| unit.job.id.eq_ignore_ascii_case(id));
        self.unit.needs.iter().find(named).copied()
    }

    fn of_need(&self, need: usize, path: &[Part]) -> Value {
        let Some(ended) = self.jobs.get(need).and_then(Option::as_ref) else { return Value::Any };
        match path {
            _ if path.contains(&Part::Star) => Value::Any,
            [Part::Name(what)] if what == "result" => Value::text(ended.result.text()),
            [Part::Name(what), Part::Name(output)] if what == "outputs" => {
                let outputs = self.program.jobs.get(need).map_or(&[][..], |unit| &unit.outputs);
                let found = outputs.iter().zip(&ended.outputs).find(|((name, _), _)| name == output);
                found.map_or(Value::NULL, |(_, text)| Value::from(text))
            }
            [] => Value::Any,
            [Part::Name(what)] if what == "outputs" => Value::Any,
            _ => Value::NULL,
        }
    }

    /// What is not there has no place in the list; whether an empty output is there is not documented.
    fn each_need(&self, path: &[Part]) -> Value {
        let values = self.unit.needs.iter().map(|need| self.of_need(*need, path)).filter(|value| *value != Value::NULL);
        let known = |value: Value| match value {
            Value::Data(data) if data.as_boolean() => Some(data),
            _ => None,
        };
        let values: Option<Vec<Evaluation>> = values.map(known).collect();
        values.map_or(Value::Any, |values| Value::Data(Evaluation::Array(values)))
    }

    fn step(&self, path: &Path, parts: &[Part]) -> Value {
        let [Part::Name(id), rest @ ..] = parts else { return Value::Any };
        let named = |act: &Act<'_>| act.step.id.as_deref().is_some_and(|known| known.eq_ignore_ascii_case(id));
        let Some(number) = self.unit.acts.iter().position(named) else { return Value::NULL };
        let (Some(act), Some(done)) = (self.unit.acts.get(number), path.steps.get(number)) else { return Value::NULL };
        match rest {
            [Part::Name(what)] if what == "outcome" => Value::text(done.outcome.text()),
            [Part::Name(what)] if what == "conclusion" => Value::text(done.conclusion.text()),
            [Part::Name(what), Part::Name(output)] if what == "outputs" => {
                let found = done.outputs.iter().find(|(name, _)| name == output).map(|(_, text)| Value::from(text));
                let unknown = (act.effect.kind == Kind::Foreign || act.step.uses.is_some()) && done.outcome != Ending::Skipped;
                found.unwrap_or(if unknown { Value::Any } else { Value::NULL })
            }
            _ => Value::Any,
        }
    }
}

/// A job about to be walked through.
pub struct Walk<'r, 'w> {
    pub run: &'r Run<'r, 'w>,
    pub job: usize,
    pub unit: &'r Unit<'w>,
    pub mode: Mode,
    pub above: Above,
    /// The jobs that it sees; paths are without them.
    pub jobs: &'r [Option<Rc<Ended>>],
}

impl<'r, 'w> Walk<'r, 'w> {
    /// Every way through the job's steps, in an order that does not change from run to run of this program.
    pub fn ways(&self, state: &State, story: &Story) -> Result<Vec<(Path, Story)>, String> {
        let state = State { jobs: Vec::new(), ..state.clone() };
        let first = Path { state, status: Status::Going, failed: false, killed: false, steps: Vec::new(), candidates: 0 };
        let mut ways = vec![(first, story.clone())];
        for number in 0..self.unit.acts.len() {
            let mut next = Ways::new();
            for (path, story) in ways {
                self.step(number, path, &story, &mut next)?;
            }
            ways = next.into_list();
        }
        Ok(ways)
    }

    pub fn inside<'a>(&'a self, path: &'a Path) -> Inside<'a, 'w> {
        let cancelled = (self.mode != Mode::Late).then_some(false);
        let (fork, again) = (path.state.fork, path.state.again);
        Inside { program: self.run.program, unit: self.unit, jobs: self.jobs, fork, again, path: Some(path), cancelled, above: self.above }
    }

    fn step(&self, number: usize, path: Path, story: &Story, ways: &mut Ways<Path>) -> Result<(), String> {
        let Some(act) = self.unit.acts.get(number) else { return Ok(()) };
        let runs = self.runs(act, &path)?;
        if runs != Some(true) {
            self.meet(ways, skipped(path.clone()), story.cost, || story.clone());
        }
        if runs != Some(false) {
            self.begin(number, act, path, story, ways)?;
        }
        Ok(())
    }

    /// Whether a step runs, where that is known.
    fn runs(&self, act: &Act<'_>, path: &Path) -> Result<Option<bool>, String> {
        if matches!(path.status, Status::Gone(_)) {
            return Ok(Some(false));
        }
        let Some(condition) = &act.condition else { return Ok(Some(path.status == Status::Going)) };
        if !condition.says_status() && path.status != Status::Going {
            return Ok(Some(false));
        }
        let truth = condition.evaluate(&self.inside(path))?.truth();
        // Once a job is cancelled, the steps that are left run only if their machine is.
        Ok(if path.status == Status::Cancelled && truth == Some(true) { None } else { truth })
    }

    fn begin(&self, number: usize, act: &Act<'w>, mut path: Path, story: &Story, ways: &mut Ways<Path>) -> Result<(), String> {
        if path.failed && !act.condition.as_ref().is_some_and(Template::survives) {
            let why = format!("`{}` runs although a step before it failed", act.step.name);
            self.found("contained", act.step.line, why, story);
        }
        path.state.truth.ran = true;
        #[cfg(all(test, feature = "outside"))]
        if act.effect.kind == Kind::Scripted {
            self.meet(ways, self.follow(act, path), story.cost, || story.clone());
            return Ok(());
        }
        let forced = self.forced(act, &path)?;
        if forced.is_none() {
            for (done, note) in self.succeed(number, act, &path, story)? {
                self.meet(ways, done, story.cost, || story.and(0, note));
            }
        }
        if self.mode != Mode::Kept {
            self.break_off(number, act, &path, story, forced.as_deref(), ways)?;
        }
        Ok(())
    }

    /// Every way in which a step does not succeed: before what it does, after it, and after it said so.
    fn break_off(
        &self,
        number: usize,
        act: &Act<'w>,
        path: &Path,
        story: &Story,
        forced: Option<&str>,
        ways: &mut Ways<Path>,
    ) -> Result<(), String> {
        let nothing = Path {
            steps: with(&path.steps, Done { outcome: Ending::Failure, conclusion: Ending::Failure, outputs: vec![] }),
            ..path.clone()
        };
        let mut ends = vec![(nothing, "")];
        if forced.is_none() && act.effect.kind != Kind::Neutral {
            for mut done in self.half(number, act, path, story)? {
                ends.push((done.clone(), " after it had done its work"));
                if let Some(last) = done.steps.last_mut() {
                    last.outputs.clear();
                }
                ends.push((done, " after it had done its work"));
            }
        }
        for (end, when) in ends {
            self.fail(act, &end, story, forced, when, ways);
            if path.status == Status::Going {
                self.cancel(act, &end, story, when, ways);
            }
        }
        Ok(())
    }

    fn fail(&self, act: &Act<'_>, end: &Path, story: &Story, forced: Option<&str>, when: &str, ways: &mut Ways<Path>) {
        let mut path = end.clone();
        if act.effect.kind == Kind::Verify {
            path.state.unverify(act.effect.text("environment"));
        }
        let continues = act.continues();
        path.failed = true;
        path.state.truth.trouble |= forced.is_none();
        conclude(&mut path, Ending::Failure, if continues { Ending::Success } else { Ending::Failure });
        if !continues && path.status == Status::Going {
            path.status = Status::Failed;
        }
        let note = || forced.map_or_else(|| format!("`{}` fails{when}", act.step.name), |why| format!("`{}` fails: {why}", act.step.name));
        let cost = u32::from(forced.is_none());
        self.meet(ways, path, story.cost + cost, || story.and(cost, Some(note())));
    }

    /// The run is cancelled, the job's time is up, or its machine is lost.
    fn cancel(&self, act: &Act<'_>, end: &Path, story: &Story, when: &str, ways: &mut Ways<Path>) {
        let mut path = end.clone();
        path.state.truth.trouble = true;
        conclude(&mut path, Ending::Cancelled, Ending::Cancelled);
        if self.mode == Mode::Cut {
            let note = || format!("the run is cancelled in `{}`{when}", act.step.name);
            let path = Path { status: Status::Cancelled, ..path };
            self.meet(ways, path, story.cost, || story.and(0, Some(note())));
            return;
        }
        path.killed = true;
        let note = || format!("the job's time is up in `{}`{when}", act.step.name);
        self.meet(ways, Path { status: Status::Cancelled, ..path.clone() }, story.cost + 1, || story.and(1, Some(note())));
        for ending in [Ending::Failure, Ending::Cancelled] {
            let note = || format!("the machine is lost in `{}`{when}", act.step.name);
            let path = Path { status: Status::Gone(ending), killed: ending == Ending::Cancelled, ..path.clone() };
            self.meet(ways, path, story.cost + 1, || story.and(1, Some(note())));
        }
    }

    /// Adds a path without what no later step looks at.
    fn meet(&self, ways: &mut Ways<Path>, mut path: Path, cost: u32, story: impl FnOnce() -> Story) {
        let place = path.steps.len();
        let machine = !matches!(path.status, Status::Gone(_));
        for (act, done) in self.unit.acts.iter().zip(&mut path.steps) {
            if (act.last_read < place || !machine) && act.effect.kind != Kind::Gate {
                *done = Done { outcome: Ending::Success, conclusion: Ending::Success, outputs: Vec::new() };
            }
        }
        ways.meet(path, cost, story);
    }

    /// The value of a step's variable.
    pub fn variable(&self, act: &Act<'_>, name: &str, path: &Path) -> Result<Text, String> {
        let value = act.variable(name).map(|template| template.evaluate(&self.inside(path))).transpose()?;
        Ok(value.map(Text::from).unwrap_or_default())
    }

    pub fn found(&self, property: &'static str, line: u64, why: String, story: &Story) {
        self.run.found(Found { property, line, why, story: story.clone(), job: Some(self.job) });
    }
}

fn with(steps: &[Done], done: Done) -> Vec<Done> {
    steps.iter().cloned().chain([done]).collect()
}

fn skipped(mut path: Path) -> Path {
    path.steps.push(Done { outcome: Ending::Skipped, conclusion: Ending::Skipped, outputs: Vec::new() });
    path
}

fn conclude(path: &mut Path, outcome: Ending, conclusion: Ending) {
    if let Some(last) = path.steps.last_mut() {
        (last.outcome, last.conclusion) = (outcome, conclusion);
    }
}
