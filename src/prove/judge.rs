//! The properties that are looked at on the way.

use std::collections::BTreeSet;

use super::effect::Kind;
use super::expr::{Part, Template};
use super::program::{Act, Program};
use super::run::{Found, Run};
use super::state::{Above, Decision, Ending, Line, Place, Release, State, Term, Text};
use super::walk::{Path, Story, Walk};

type Wrong = Vec<(&'static str, String)>;

/// A job starts.
pub fn begin(run: &Run<'_, '_>, job: usize, above: Above, state: &State, story: &Story) {
    let Some(unit) = run.program.jobs.get(job) else { return };
    run.started.borrow_mut().insert(job);
    let line = unit.job.condition.as_ref().map_or(unit.job.line, |at| at.line);
    let found = |why: String| run.found(Found { property: "contained", line, why, story: story.clone(), job: Some(job) });
    if !run.program.is_aftermath(job) && above.bad {
        found(format!("`{}` runs below a job that did not succeed", unit.job.id));
    }
    if !run.program.is_aftermath(job) && above.lost {
        let why = format!("`{}` runs below a gate that was lost", unit.job.id);
        run.found(Found { property: "lost-gate", line, why, story: story.clone(), job: Some(job) });
    }
    for act in unit.acts.iter().filter(|act| act.effect.kind == Kind::Rollback) {
        if state.again == Some(false) && state.reached & run.program.bit(act) == 0 {
            found(format!("`{}` runs although no deploy has begun", unit.job.id));
        }
    }
}

/// All runs are known: a job that starts in none of them is there for nothing.
pub fn idle(run: &Run<'_, '_>, started: &BTreeSet<usize>) {
    for (_, unit) in run.program.jobs.iter().enumerate().filter(|(job, _)| !started.contains(job)) {
        let line = unit.job.condition.as_ref().map_or(unit.job.line, |at| at.line);
        let why = format!("`{}` never starts, whatever happens", unit.job.id);
        run.found(Found { property: "starts", line, why, story: Story::default(), job: None });
    }
}

/// A job ends.
pub fn job(run: &Run<'_, '_>, job: usize, path: &Path, result: Ending, story: &Story) {
    let Some(unit) = run.program.jobs.get(job) else { return };
    for (act, done) in unit.acts.iter().zip(&path.steps) {
        if act.effect.kind == Kind::Gate && done.outcome == Ending::Failure && !result.is_bad() {
            let why = format!("`{}` fails, and the job is green", act.step.name);
            run.found(Found { property: "broken-gate", line: act.step.line, why, story: story.clone(), job: Some(job) });
        }
    }
    let hidden = unit.job.continues.as_ref().filter(|at| at.value != "false");
    let line = hidden.map_or(unit.job.line, |at| at.line);
    if path.failed && (result == Ending::Success || hidden.is_some()) {
        let why = format!("a step of `{}` fails, and the run goes on as if it had not", unit.job.id);
        run.found(Found { property: "contained", line, why, story: story.clone(), job: Some(job) });
    }
}

/// An export is made.
pub fn export(walk: &Walk<'_, '_>, act: &Act<'_>, path: &Path) -> Result<Wrong, String> {
    let model = walk.variable(act, "MODEL_ID", path)?;
    let run = walk.variable(act, "RUN_ID", path)?;
    let champion = walk.variable(act, "CHAMPION_VERSION", path)?;
    let snapshot = walk.variable(act, "SNAPSHOT_SHA256", path)?;
    let mut wrong = trained(walk, path, &run, &model, &snapshot);
    wrong.extend(unapproved(walk, path, &run, &model));
    if !compared(walk, path, &model, &champion) {
        wrong.push(("provenance", "CHAMPION_VERSION is not the version that the gate compared with".to_owned()));
    }
    Ok(wrong)
}

/// A release is pushed.
pub fn deploy(walk: &Walk<'_, '_>, act: &Act<'_>, path: &Path) -> Result<Wrong, String> {
    let variable = |name: &str| walk.variable(act, name, path);
    let Some(export) = exported(walk, &variable("STORAGE_URI")?, "storage_uri") else {
        return Ok(vec![("approved-only", "STORAGE_URI is not what an export made".to_owned())]);
    };
    let (run, model) = (export.input("RUN_ID"), export.input("MODEL_ID"));
    let mut wrong = unapproved(walk, path, &run, &model);
    let version = exported(walk, &variable("MODEL_VERSION")?, "model_version");
    if version.is_none_or(|version| (version.place, &version.inputs) != (export.place, &export.inputs)) {
        wrong.push(("approved-only", "MODEL_VERSION is not of the export that made STORAGE_URI".to_owned()));
    }
    if variable("RUN_ID")? != run {
        wrong.push(("provenance", "RUN_ID is not the run of the model".to_owned()));
    }
    wrong.extend(trained(walk, path, &run, &model, &variable("SNAPSHOT_SHA256")?));
    if act.effect.text("replaces") == "champion" && !compared(walk, path, &model, &variable("CHAMPION_VERSION")?) {
        wrong.push(("provenance", "CHAMPION_VERSION is not the version that the gate compared with".to_owned()));
    }
    if act.effect.takes_image() && !built(walk, &variable("IMAGE_DIGEST")?) {
        wrong.push(("approved-only", "IMAGE_DIGEST is not of an image that was built".to_owned()));
    }
    Ok(wrong)
}

fn exported(walk: &Walk<'_, '_>, text: &Text, output: &str) -> Option<Term> {
    let term = walk.run.term(text)?;
    (kind(walk.run.program, term.place) == Some(Kind::Export) && term.output == output).then_some(term)
}

fn built(walk: &Walk<'_, '_>, text: &Text) -> bool {
    match text {
        Text::Known(text) => text.starts_with("sha256:"),
        _ => walk.run.term(text).is_some_and(|term| kind(walk.run.program, term.place) == Some(Kind::Image)),
    }
}

fn kind(program: &Program<'_>, (job, step): Place) -> Option<Kind> {
    Some(program.jobs.get(job)?.acts.get(step)?.effect.kind)
}

/// Run and model are of one training, which used that snapshot.
fn trained(walk: &Walk<'_, '_>, path: &Path, run: &Text, model: &Text, snapshot: &Text) -> Wrong {
    let (Some(run), Some(model)) = (walk.run.term(run), walk.run.term(model)) else {
        return vec![("provenance", "the model is not what a training made".to_owned())];
    };
    let one = run.place == model.place && run.output == "run_id" && model.output == "model_id";
    if !one || kind(walk.run.program, model.place) != Some(Kind::Finish) {
        return vec![("provenance", "run and model are not of one training".to_owned())];
    }
    let dropped = path.state.truth.dropped && snapshot.is_empty();
    let told = dropped || *snapshot == model.input("SNAPSHOT_SHA256");
    if told { Vec::new() } else { vec![("provenance", "SNAPSHOT_SHA256 is not of the data that the model learnt from".to_owned())] }
}

/// The gates that judge a model, as they decided.
fn decisions<'p>(walk: &Walk<'_, '_>, path: &'p Path, model: &Text) -> Vec<(String, Option<&'p Decision>)> {
    let Some(term) = walk.run.term(model) else { return Vec::new() };
    let program = walk.run.program;
    let judges = program
        .steps(Kind::Gate)
        .filter(|(job, _, act)| act.variable("MODEL_ID").and_then(|template| origin(program, *job, template)) == Some(term.place));
    judges.map(|(job, step, act)| (act.step.name.clone(), path.state.decisions.get(&(job, step)))).collect()
}

fn unapproved(walk: &Walk<'_, '_>, path: &Path, run: &Text, model: &Text) -> Wrong {
    let decisions = decisions(walk, path, model);
    if decisions.is_empty() {
        return vec![("approved-only", "no gate judges this model".to_owned())];
    }
    let approves = |decision: &Decision| decision.approved && decision.model == *model && decision.run == *run;
    let refuses = |(name, decision): (String, Option<&Decision>)| {
        let why = format!("`{name}` has not approved this model");
        (!decision.is_some_and(approves)).then_some(("approved-only", why))
    };
    decisions.into_iter().filter_map(refuses).collect()
}

/// Whether a gate compared the model with this version.
fn compared(walk: &Walk<'_, '_>, path: &Path, model: &Text, version: &Text) -> bool {
    let decisions = decisions(walk, path, model);
    let dropped = path.state.truth.dropped && version.is_empty();
    dropped || decisions.is_empty() || decisions.iter().any(|(_, decision)| decision.is_some_and(|decision| decision.champion == *version))
}

/// The step whose output a variable is, wherever it came through.
pub fn origin(program: &Program<'_>, job: usize, template: &Template<'_>) -> Option<Place> {
    let unit = program.jobs.get(job)?;
    match template.only_path()?.as_slice() {
        [Part::Name(needs), Part::Name(id), Part::Name(_), Part::Name(output)] if needs == "needs" => {
            let upper =
                unit.needs.iter().copied().find(|need| program.jobs.get(*need).is_some_and(|unit| unit.job.id.eq_ignore_ascii_case(id)))?;
            let (_, template) = program.jobs.get(upper)?.outputs.iter().find(|(name, _)| name == output)?;
            origin(program, upper, template)
        }
        [Part::Name(steps), Part::Name(id), Part::Name(_), Part::Name(output)] if steps == "steps" => {
            let named = |act: &&Act<'_>| act.step.id.as_deref().is_some_and(|known| known.eq_ignore_ascii_case(id));
            let act = unit.acts.iter().find(named)?;
            let passed = matches!(act.effect.kind, Kind::Gate | Kind::Export) && output == "model_id";
            match act.variable("MODEL_ID").filter(|_| passed) {
                Some(template) => origin(program, job, template),
                None => Some((job, unit.acts.iter().position(|other| std::ptr::eq(other, act))?)),
            }
        }
        _ => None,
    }
}

/// The line of the condition of the first job that has such a step.
fn line(program: &Program<'_>, kind: Kind) -> Option<u64> {
    let unit = program.jobs.iter().find(|unit| unit.has(kind))?;
    Some(unit.job.condition.as_ref().map_or(unit.job.line, |at| at.line))
}

/// Nothing follows that could verify a release or take it back, and no rollback ended badly.
pub fn close(run: &Run<'_, '_>, environment: &str, release: &Release, story: &dyn Fn() -> Story) {
    if !release.verified {
        let why = format!("the release to {environment} is neither verified nor taken back");
        let line = line(run.program, Kind::Rollback).unwrap_or_default();
        run.found(Found { property: "rolled-back", line, why, story: story(), job: None });
    }
}

/// A run ends.
pub fn end(run: &Run<'_, '_>, state: &State, story: &Story) {
    let found = |property: &'static str, line: u64, why: &str| {
        run.found(Found { property, line, why: why.to_owned(), story: story.clone(), job: None });
    };
    let end = End { run, state };
    end.fork(&found);
    if state.fork {
        return;
    }
    end.reports(&found);
    end.promises(&found);
}

struct End<'a, 'r, 'w> {
    run: &'a Run<'r, 'w>,
    state: &'a State,
}

type Sink<'a> = &'a dyn Fn(&'static str, u64, &str);

impl End<'_, '_, '_> {
    fn fork(&self, found: Sink<'_>) {
        if self.state.fork && self.state.truth.ran {
            found("fork", 0, "a step runs in a fork");
        }
    }

    fn line(&self, kind: Kind) -> Option<u64> {
        line(self.run.program, kind)
    }

    fn reports(&self, found: Sink<'_>) {
        let Some(report) = &self.run.program.report else { return };
        let line = self.line(Kind::Outcome).unwrap_or_default();
        let Some(ended) = self.state.jobs.get(report.job).and_then(Option::as_ref) else { return };
        match self.state.told {
            None if !ended.result.is_bad() => found("reported", line, "nothing says how the run ended"),
            Some(told) if told.is_green() == ended.result.is_bad() && !self.state.truth.trouble => {
                found("reported", line, &format!("the outcome is `{}`, and its job is {}", told.text(), ended.result.text()));
            }
            Some(told) if !told.is_green() && ended.result == Ending::Success => {
                found("reported", line, &format!("the outcome is `{}`, and its job is green", told.text()));
            }
            Some(told) => self.truth(told, line, found),
            None => {}
        }
    }

    /// Whether what is reported is what happened.
    fn truth(&self, told: Line, line: u64, found: Sink<'_>) {
        let truth = self.state.truth;
        let verified = !self.state.world.is_empty() && self.state.world.values().all(|release| release.verified);
        let deploys = self.run.program.steps(Kind::Deploy).next().is_some();
        let gates = self.run.program.steps(Kind::Gate).next().is_some();
        let lie = match told {
            _ if told.is_green() && truth.failed => Some("a job failed"),
            _ if told.is_green() && truth.cancelled => Some("a job was cancelled"),
            _ if self.state.stuck != 0 && told != Line::RollbackFailed => Some("a rollback did not succeed"),
            _ if truth.undone && !truth.dropped && !matches!(told, Line::RolledBack | Line::RollbackFailed) => {
                Some("a release was taken back")
            }
            Line::Cancelled if truth.failed => Some("a job failed"),
            Line::Promoted if !verified => Some("nothing verified is in place"),
            Line::KeptChampion if !truth.lost => Some("no gate was lost"),
            Line::Passed if gates && !truth.approved && !truth.lost => Some("no gate decided"),
            Line::Passed if truth.lost => Some("a gate was lost"),
            Line::Passed if truth.approved && deploys => Some("the gate approved, and nothing was released"),
            Line::RolledBack if !truth.undone => Some("nothing was taken back"),
            Line::RollbackFailed if self.state.stuck == 0 => Some("no rollback failed"),
            _ if !told.is_green() && !truth.any && !truth.failed => Some("no job failed"),
            _ => None,
        };
        if let Some(lie) = lie {
            found("reported", line, &format!("the outcome is `{}`, but {lie}", told.text()));
        }
    }

    /// What is to come of a run in which nothing outside goes wrong.
    fn promises(&self, found: Sink<'_>) {
        let truth = self.state.truth;
        if truth.trouble {
            return;
        }
        let told = |line: Line| self.state.told.is_none_or(|told| told == line);
        if truth.lost {
            let kept = !truth.red && told(Line::KeptChampion) && (truth.approved || !truth.touched);
            if !kept {
                found(
                    "lost-gate",
                    self.line(Kind::Gate).unwrap_or_default(),
                    "the gate is lost, and the run is not green with the champion kept",
                );
            }
            return;
        }
        if let Some(why) = self.unkept(truth.red || !truth.ran, &told) {
            found("promotes", self.line(Kind::Deploy).or_else(|| self.line(Kind::Outcome)).unwrap_or_default(), &why);
        }
    }

    fn unkept(&self, red: bool, told: &dyn Fn(Line) -> bool) -> Option<String> {
        if red {
            return Some("nothing went wrong outside, and the run does not succeed".to_owned());
        }
        let program = self.run.program;
        let truth = self.state.truth;
        if truth.published && !truth.checked && program.steps(Kind::Verify).next().is_some() {
            return Some("what is published is not verified".to_owned());
        }
        for (_, _, act) in program.steps(Kind::Deploy) {
            let environment = act.effect.text("environment");
            let Some(release) = self.state.world.get(environment) else { return Some(format!("nothing is released to {environment}")) };
            let mut checks = program.steps(Kind::Verify).filter(|(_, _, act)| act.effect.text("environment") == environment);
            if let Some((_, _, check)) = checks.next() {
                let champion = check.effect.text("alias").is_empty() || release.champion;
                if !release.verified || !champion {
                    return Some(format!("the release to {environment} does not become the champion"));
                }
            }
        }
        let line = if self.state.world.is_empty() { Line::Passed } else { Line::Promoted };
        (!told(line)).then(|| format!("the outcome is not `{}`", line.text()))
    }
}
