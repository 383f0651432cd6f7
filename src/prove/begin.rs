//! One job of a run: whether it starts, and every state that it leaves behind.

use std::rc::Rc;

use super::effect::Kind;
use super::expr::Template;
use super::judge;
use super::program::Unit;
use super::run::{Chapter, Run};
use super::state::{Above, Ended, Ending, State, Text};
use super::walk::{Inside, Mode, Path, Status, Story, Walk};
use super::ways::Ways;

/// A job whose turn has come.
pub struct Begin<'a, 'r, 'w> {
    pub run: &'a Run<'r, 'w>,
    pub job: usize,
    pub unit: &'a Unit<'w>,
    pub above: Above,
    pub state: &'a State,
    pub story: &'a Story,
}

impl Begin<'_, '_, '_> {
    pub fn go(&self, mode: Mode, next: &mut Ways<State>) -> Result<(), String> {
        let early = if self.above.killed { None } else { Some(false) };
        let cancelled = if mode == Mode::Late { Some(true) } else { early };
        let starts = self.starts(cancelled)?;
        if starts != Some(true) && matches!(mode, Mode::Early | Mode::Late) {
            self.leave_out(mode, next);
        }
        if starts == Some(false) {
            return Ok(());
        }
        if mode != Mode::Cut {
            return self.walk(mode, next);
        }
        // Conditions are looked at again when the run is cancelled.
        let goes_on = self.starts(Some(true))?;
        if goes_on != Some(false) {
            self.walk(Mode::Late, next)?;
        }
        if goes_on != Some(true) {
            self.walk(Mode::Cut, next)?;
        }
        Ok(())
    }

    /// Whether the job's condition holds, where that is known.
    fn starts(&self, cancelled: Option<bool>) -> Result<Option<bool>, String> {
        if self.state.jobs.get(self.job).is_some_and(Option::is_some) {
            return Ok(Some(false));
        }
        let clean = self.above.clean && cancelled != Some(true);
        let Some(condition) = &self.unit.condition else { return Ok(Some(clean)) };
        if !condition.says_status() && !clean {
            return Ok(Some(false));
        }
        let (jobs, fork, again) = (&*self.state.jobs, self.state.fork, self.state.again);
        let inside = Inside { program: self.run.program, unit: self.unit, jobs, fork, again, path: None, cancelled, above: self.above };
        Ok(condition.evaluate(&inside)?.truth())
    }

    /// The job is skipped, or shown as cancelled where it was waiting when the run was.
    fn leave_out(&self, mode: Mode, next: &mut Ways<State>) {
        let results: &[Ending] = if mode == Mode::Late { &[Ending::Skipped, Ending::Cancelled] } else { &[Ending::Skipped] };
        for result in results {
            let ended = self.ended(mode, *result, self.blank(), None);
            self.close(self.state.clone(), ended, Ending::Skipped, self.story.clone(), next);
        }
    }

    fn blank(&self) -> Vec<Text> {
        vec![Text::default(); self.unit.outputs.len()]
    }

    fn ended(&self, mode: Mode, result: Ending, outputs: Vec<Text>, path: Option<&Path>) -> Ended {
        let gates = path.iter().flat_map(|path| path.state.decisions.iter());
        let lost = gates.filter(|((job, _), _)| *job == self.job).any(|(_, decision)| !decision.approved);
        let own = Above {
            clean: result == Ending::Success,
            failed: result == Ending::Failure,
            late: matches!(mode, Mode::Cut | Mode::Late),
            killed: path.is_some_and(|path| path.killed),
            bad: result.is_bad() || path.is_some_and(|path| path.failed),
            lost,
            kept: mode == Mode::Kept,
        };
        Ended { result, outputs, refused: false, above: self.above.and(own) }
    }

    fn walk(&self, mode: Mode, next: &mut Ways<State>) -> Result<(), String> {
        judge::begin(self.run, self.job, self.above, self.state, self.story);
        let walk = Walk { run: self.run, job: self.job, unit: self.unit, mode, above: self.above, jobs: &self.state.jobs };
        if self.unit.job.environment.is_some() && matches!(mode, Mode::Early | Mode::Late) {
            self.refuse(mode, next);
        }
        for (path, story) in walk.ways(self.state, self.story)? {
            self.finish(&walk, &path, &story, next)?;
        }
        Ok(())
    }

    /// Somebody refuses the approval, or the environment does not let this branch in.
    fn refuse(&self, mode: Mode, next: &mut Ways<State>) {
        let mut state = self.state.clone();
        state.truth.trouble = true;
        let ended = Ended { refused: true, ..self.ended(mode, Ending::Failure, self.blank(), None) };
        self.close(state, ended, Ending::Failure, self.story.and(1, Some("its approval is refused".to_owned())), next);
    }

    fn finish(&self, walk: &Walk<'_, '_>, path: &Path, story: &Story, next: &mut Ways<State>) -> Result<(), String> {
        let result = match path.status {
            Status::Going => Ending::Success,
            Status::Failed => Ending::Failure,
            Status::Cancelled => Ending::Cancelled,
            Status::Gone(ending) => ending,
        };
        let wanted = match walk.mode {
            Mode::Cut => result == Ending::Cancelled,
            Mode::Kept => result == Ending::Success,
            Mode::Early | Mode::Late => true,
        };
        if !wanted {
            return Ok(());
        }
        judge::job(self.run, self.job, path, result, story);
        let outputs = if matches!(path.status, Status::Gone(_)) { self.blank() } else { self.outputs(walk, path)? };
        if result == Ending::Cancelled {
            self.close(path.state.clone(), self.ended(walk.mode, result, self.blank(), Some(path)), result, story.clone(), next);
        }
        if result == Ending::Success && walk.mode != Mode::Kept && !path.state.truth.dropped {
            self.drop_each(walk.mode, path, &outputs, story, next);
        }
        let shown = if self.unit.job.continues.as_ref().is_some_and(|at| at.value != "false") {
            vec![result, Ending::Success]
        } else {
            vec![result]
        };
        for shown in shown {
            let ended = self.ended(walk.mode, result, outputs.clone(), Some(path));
            self.close(path.state.clone(), Ended { result: shown, ..ended }, result, story.clone(), next);
        }
        Ok(())
    }

    fn outputs(&self, walk: &Walk<'_, '_>, path: &Path) -> Result<Vec<Text>, String> {
        let value = |(name, template): &(String, Template<'_>)| match self.run.program.reads(self.job, name) {
            true => template.evaluate(&walk.inside(path)).map(Text::from),
            false => Ok(Text::default()),
        };
        self.unit.outputs.iter().map(value).collect()
    }

    /// One output is dropped, as it holds a masked secret.
    fn drop_each(&self, mode: Mode, path: &Path, outputs: &[Text], story: &Story, next: &mut Ways<State>) {
        for (number, (name, _)) in self.unit.outputs.iter().enumerate() {
            let mut outputs = outputs.to_vec();
            let Some(output) = outputs.get_mut(number).filter(|output| !output.is_empty()) else { continue };
            *output = Text::default();
            let mut state = path.state.clone();
            (state.truth.trouble, state.truth.dropped) = (true, true);
            let note = format!("its output `{name}` holds a masked secret and is dropped");
            let ended = self.ended(mode, Ending::Success, outputs, Some(path));
            self.close(state, ended, Ending::Success, story.and(1, Some(note)), next);
        }
    }

    /// The job has ended: `result` as it is, `ended` as others see it.
    fn close(&self, mut state: State, ended: Ended, result: Ending, story: Story, next: &mut Ways<State>) {
        self.note(&mut state, &ended, result);
        self.run.table.borrow_mut().insert(format!("{} {} {}", self.unit.job.id, result.text(), ended.result.text()));
        // How a job shows that never started is GitHub's affair.
        let shown = if result == Ending::Skipped { result } else { ended.result };
        state.event = self.run.joint.then_some((self.job, result, shown));
        state.jobs.clone_from(&self.state.jobs);
        if let Some(place) = state.jobs.get_mut(self.job) {
            *place = Some(Rc::new(ended));
        }
        let chapter = Chapter { job: self.job, result, text: story.notes.join("; ").into(), before: story.before };
        next.add(state, Story { cost: story.cost, notes: Vec::new(), before: Some(Rc::new(chapter)) });
    }

    fn note(&self, state: &mut State, ended: &Ended, result: Ending) {
        let continues = ended.result != result && result.is_bad();
        let reports = self.run.program.report.as_ref().is_some_and(|report| report.job == self.job);
        state.truth.failed |= result == Ending::Failure && !reports;
        state.truth.cancelled |= result == Ending::Cancelled && !reports;
        state.truth.red |= result.is_bad() && !continues;
        let of = |kind: Kind| self.unit.acts.iter().filter(move |act| act.effect.kind == kind);
        let bits = |kind: Kind| of(kind).fold(0, |bits, act| bits | self.run.program.bit(act));
        if ended.result != Ending::Skipped {
            state.reached |= bits(Kind::Deploy);
        }
        if result.is_bad() {
            state.stuck |= bits(Kind::Rollback);
        }
    }
}
