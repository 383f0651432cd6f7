//! A run, job by job: every state that it can be in.

use std::cell::{Cell, RefCell};
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::rc::Rc;

use super::begin::Begin;
use super::effect::Kind;
use super::judge;
use super::pack::{Packed, Pool, Sees};
use super::program::{Program, Unit};
use super::state::{Above, Ended, Ending, Folded, Line, Mark, Release, State, Term, Terms, Text, Truth};
use super::walk::{Inside, Mode, Story};
use super::ways::Ways;

/// More states than this are not explored.
const MOST: usize = 2_000_000;

/// What happened to a job, after what happened before.
#[derive(Clone, Debug)]
pub struct Chapter {
    pub job: usize,
    pub result: Ending,
    pub text: Rc<str>,
    pub before: Option<Rc<Chapter>>,
}

/// A property that does not hold.
#[derive(Clone, Debug)]
pub struct Found {
    pub property: &'static str,
    pub line: u64,
    pub why: String,
    pub story: Story,
    pub job: Option<usize>,
}

/// An ending of a run, as people see it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Shape {
    pub fork: bool,
    pub told: Option<Line>,
    pub red: bool,
    pub released: Vec<(String, bool, bool)>,
}

/// The exploration.
pub struct Run<'r, 'w> {
    pub program: &'r Program<'w>,
    terms: RefCell<Terms>,
    found: RefCell<BTreeMap<&'static str, Found>>,
    pub states: Cell<usize>,
    /// The endings, each with its least unusual story.
    pub shapes: RefCell<BTreeMap<Shape, Story>>,
    /// How each job can end: what an equivalent workflow has in common.
    pub table: RefCell<BTreeSet<String>>,
    /// After the job with a number in the order: those that nothing needs any more.
    folds: Vec<Vec<usize>>,
    /// What can become of a job, by all that it can see.
    cache: RefCell<HashMap<(usize, Packed), Rc<Next>>>,
    pool: RefCell<Pool>,
    folded: RefCell<HashMap<(Moment, Parts), Parts>>,
}

/// A position in the order, and what conditions see beside the jobs.
type Moment = (usize, bool, Option<bool>);

/// Jobs, what the outcome job is to see, and decisions, by number.
type Parts = (Vec<u32>, u32, u32);

/// States after a job, each with the least unusual story of it.
type Next = Vec<(Packed, Story)>;

impl<'r, 'w> Run<'r, 'w> {
    pub fn new(program: &'r Program<'w>) -> Self {
        Self {
            program,
            terms: RefCell::default(),
            found: RefCell::default(),
            states: Cell::new(0),
            shapes: RefCell::default(),
            table: RefCell::default(),
            folds: folds(program),
            cache: RefCell::default(),
            pool: RefCell::new(Pool::new()),
            folded: RefCell::default(),
        }
    }

    /// Explores runs in which nothing goes wrong outside, then all runs; one that nobody cancels is one that is cancelled when all is over.
    /// Attempts follow until nothing new can come of them.
    /// With `first`, it ends where a property is found broken.
    pub fn explore(&self, first: bool) -> Result<(), String> {
        self.undisturbed()?;
        if first && !self.found.borrow().is_empty() {
            return Ok(());
        }
        let mut known = BTreeSet::new();
        let mut new = self.attempt(&[self.disturbed(None)])?;
        while !new.is_empty() {
            let starts: Vec<State> = new.iter().map(|world| self.disturbed(Some(world))).collect();
            known.append(&mut new);
            new = self.attempt(&starts)?.difference(&known).cloned().collect();
        }
        Ok(())
    }

    /// Explores runs in which nothing goes wrong outside.
    pub fn undisturbed(&self) -> Result<(), String> {
        self.attempt(&[true, false].map(|fork| self.start(fork))).map(drop)
    }

    /// The start of a run in which nothing goes wrong outside; a fork's may be any attempt.
    fn start(&self, fork: bool) -> State {
        State {
            fork,
            again: (!fork).then_some(false),
            jobs: vec![None; self.program.jobs.len()],
            seen: self.program.report.as_ref().map(|_| Folded { marks: BTreeSet::new(), above: Above::NOTHING }),
            ..State::default()
        }
    }

    /// The start of any run: of a first attempt, or of one that finds in place what those before have released.
    fn disturbed(&self, found: Option<&BTreeMap<String, Release>>) -> State {
        let mut world = found.cloned().unwrap_or_default();
        world.values_mut().for_each(|release| release.settled = release.verified);
        let truth = Truth { trouble: true, any: true, ..Truth::default() };
        State { again: Some(found.is_some()), cancel: true, world, truth, ..self.start(false) }
    }

    /// Every way through an attempt; what the runs have released in the end.
    fn attempt(&self, starts: &[State]) -> Result<BTreeSet<BTreeMap<String, Release>>, String> {
        let mut layer: Next = starts.iter().map(|state| (self.pool.borrow_mut().pack(state), Story::default())).collect();
        for (position, job) in self.program.order.iter().enumerate() {
            let mut next = Ways::new();
            for (state, story) in &layer {
                self.job(*job, state, story, &mut next)?;
            }
            let mut folded = Ways::new();
            for (state, story) in next.into_list() {
                folded.add(self.fold(position, state), story);
            }
            layer = folded.into_list();
            // The least unusual first, so that what is found first is the shortest.
            layer.sort_by_key(|(_, story)| story.cost);
            self.states.set(self.states.get() + layer.len());
            if self.states.get() > MOST {
                return Err(format!("there are more than {MOST} states"));
            }
        }
        let ends: Vec<(State, Story)> = layer.into_iter().map(|(state, story)| (self.pool.borrow().unpack(&state), story)).collect();
        for (state, story) in &ends {
            self.end(state, story);
        }
        Ok(ends.into_iter().filter(|(state, _)| !state.fork).map(|(state, _)| state.world).collect())
    }

    fn end(&self, state: &State, story: &Story) {
        judge::end(self, state, story);
        let released = state.world.iter().map(|(name, release)| (name.clone(), release.verified, release.champion)).collect();
        let shape = Shape { fork: state.fork, told: state.told, red: state.truth.red, released };
        self.table.borrow_mut().insert(format!("{shape:?} {:?}", state.truth));
        let mut shapes = self.shapes.borrow_mut();
        let old = shapes.entry(shape).or_insert_with(|| story.clone());
        if old.cost > story.cost {
            *old = story.clone();
        }
    }

    /// Every state after a job. What it cannot see does not change what becomes of it.
    fn job(&self, job: usize, state: &Packed, story: &Story, next: &mut Ways<Packed>) -> Result<(), String> {
        let key = (job, self.visible(job, state));
        let known = self.cache.borrow().get(&key).map(Rc::clone);
        let ends = match known {
            Some(ends) => ends,
            None => self.look(key, story)?,
        };
        let undisturbed = |end: &&(Packed, Story)| state.truth.any || !end.0.truth.trouble;
        let sees = self.sees(job);
        for (end, way) in ends.iter().filter(undisturbed) {
            let cost = story.cost + way.cost;
            next.meet(state.after(job, end, sees), cost, || {
                let chapter =
                    way.before.as_ref().map(|chapter| Rc::new(Chapter { before: story.before.clone(), ..Chapter::clone(chapter) }));
                Story { cost, notes: Vec::new(), before: chapter }
            });
        }
        Ok(())
    }

    fn look(&self, key: (usize, Packed), story: &Story) -> Result<Rc<Next>, String> {
        let state = self.pool.borrow().unpack(&key.1);
        let mut ways = Ways::new();
        self.ways(key.0, &state, story, &mut ways)?;
        let relative = |(end, way): (State, Story)| (self.pool.borrow_mut().pack(&end), Story { cost: way.cost - story.cost, ..way });
        let ends: Rc<Next> = Rc::new(ways.into_list().into_iter().map(relative).collect());
        self.cache.borrow_mut().insert(key, Rc::clone(&ends));
        Ok(ends)
    }

    /// What a job's steps look at, beside the jobs that it needs.
    fn sees(&self, job: usize) -> Sees {
        let has = |kinds: &[Kind]| self.program.jobs.get(job).is_some_and(|unit| kinds.iter().any(|kind| unit.has(*kind)));
        Sees {
            report: self.program.report.as_ref().is_some_and(|report| report.job == job),
            world: has(&[Kind::Preflight, Kind::Deploy, Kind::Verify, Kind::Rollback]),
            decisions: has(&[Kind::Gate, Kind::Export, Kind::Deploy]),
        }
    }

    /// As much of a state as a job can see.
    fn visible(&self, job: usize, state: &Packed) -> Packed {
        let needs = self.program.jobs.get(job).map_or(&[][..], |unit| &unit.needs);
        let sees = self.sees(job);
        let of = |(other, ended): (usize, &u32)| if needs.contains(&other) { *ended } else { 0 };
        Packed {
            jobs: state.jobs.iter().enumerate().map(of).collect(),
            seen: if sees.report { state.seen } else { 0 },
            told: None,
            world: if sees.world { state.world } else { 0 },
            decisions: if sees.decisions { state.decisions } else { 0 },
            reached: if sees.world { state.reached } else { 0 },
            stuck: 0,
            truth: Truth { dropped: state.truth.dropped, any: state.truth.any, ..Truth::default() },
            ..state.clone()
        }
    }

    /// Every way in which a job can go.
    fn ways(&self, job: usize, state: &State, story: &Story, next: &mut Ways<State>) -> Result<(), String> {
        let Some(unit) = self.program.jobs.get(job) else { return Ok(()) };
        let above = self.above(unit, state);
        let mut modes = match (state.cancel, above.late) {
            (true, true) => vec![Mode::Late],
            (true, false) => vec![Mode::Early, Mode::Cut, Mode::Late],
            _ => vec![Mode::Early],
        };
        if state.again == Some(true) && above.kept && !self.program.is_aftermath(job) {
            modes.push(Mode::Kept);
        }
        for mode in modes {
            let cancelled = matches!(mode, Mode::Cut | Mode::Late) && !above.late;
            let story = story.and(u32::from(cancelled), None);
            Begin { run: self, job, unit, above, state, story: &story }.go(mode, next)?;
        }
        Ok(())
    }

    fn above(&self, unit: &Unit<'_>, state: &State) -> Above {
        let folded = state.seen.as_ref().map_or(Above::NOTHING, |seen| seen.above);
        let of = |need: &usize| state.jobs.get(*need).and_then(Option::as_ref).map_or(folded, |ended| ended.above);
        unit.needs.iter().map(of).fold(Above::NOTHING, Above::and)
    }

    pub fn found(&self, found: Found) {
        let mut all = self.found.borrow_mut();
        match all.get(found.property) {
            Some(old) if old.story.cost <= found.story.cost => {}
            _ => drop(all.insert(found.property, found)),
        }
    }

    pub fn into_found(self) -> BTreeMap<&'static str, Found> {
        self.found.into_inner()
    }

    /// A value that only this step can make of its inputs.
    pub fn made(&self, term: Term) -> Text {
        Text::Made(self.terms.borrow_mut().number(term))
    }

    pub fn term(&self, text: &Text) -> Option<Term> {
        self.terms.borrow().get(text).cloned()
    }

    /// Forgets the jobs that nothing needs any more, but for what the outcome job is to see of them.
    fn fold(&self, position: usize, packed: Packed) -> Packed {
        let key = ((position, packed.fork, packed.again), (packed.jobs.clone(), packed.seen, packed.decisions));
        let known = self.folded.borrow().get(&key).cloned();
        let (jobs, seen, decisions) = known.unwrap_or_else(|| {
            let state = self.pool.borrow().unpack(&packed);
            let state = self.forget(position, self.plain(position, state));
            let folded = self.pool.borrow_mut().pack(&state);
            let folded = (folded.jobs, folded.seen, folded.decisions);
            self.folded.borrow_mut().insert(key, folded.clone());
            folded
        });
        Packed { jobs, seen, decisions, ..packed }
    }

    fn forget(&self, position: usize, mut state: State) -> State {
        let gone = self.folds.get(position).map_or(&[][..], Vec::as_slice);
        let marks = self.marks(&state, gone);
        for job in gone {
            let ended = state.jobs.get_mut(*job).and_then(Option::take);
            if let (Some(seen), Some(ended)) = (&mut state.seen, ended) {
                seen.above = seen.above.and(ended.above);
            }
        }
        if let Some(seen) = &mut state.seen {
            seen.marks.extend(marks);
        }
        let waiting = |gate: &usize| self.program.order.iter().skip(position + 1).any(|job| self.deploys_after(*job, *gate));
        state.decisions.retain(|(job, _), _| waiting(job));
        state
    }

    /// The jobs of a state, without the outputs that only jobs read which certainly are skipped.
    fn plain(&self, position: usize, mut state: State) -> State {
        let doomed = |job: &usize| self.is_doomed(*job, &state);
        let left: BTreeSet<usize> = self.program.order.iter().skip(position + 1).copied().filter(|job| !doomed(job)).collect();
        let report = self.program.report.as_ref().map(|report| report.job);
        let read = |job: usize| self.program.below(job).any(|below| left.contains(&below) && Some(below) != report);
        let kept: Vec<bool> = (0..state.jobs.len()).map(read).collect();
        for ((job, ended), kept) in state.jobs.iter_mut().enumerate().zip(kept) {
            let Some(ended) = ended.as_mut().filter(|_| !kept) else { continue };
            let ended = Rc::make_mut(ended);
            let outputs = self.program.jobs.get(job).map_or(&[][..], |unit| &unit.outputs);
            for (text, (name, _)) in ended.outputs.iter_mut().zip(outputs) {
                if !self.program.tells(job, name) {
                    *text = Text::default();
                }
            }
        }
        state
    }

    /// Whether a job that has not had its turn is skipped, whatever the jobs do that have not had theirs.
    fn is_doomed(&self, job: usize, state: &State) -> bool {
        let Some(unit) = self.program.jobs.get(job) else { return true };
        let known = |need: &usize| state.jobs.get(*need).and_then(Option::as_ref);
        let unclean = unit.needs.iter().filter_map(known).any(|ended| !ended.above.clean);
        let Some(condition) = unit.condition.as_ref() else { return unclean };
        let inside = Inside { program: self.program, unit, state, path: None, cancelled: None, above: Above::NOTHING };
        let never = || condition.evaluate(&inside).is_ok_and(|value| value.truth() == Some(false));
        if condition.says_status() { !condition.says_success() && never() } else { unclean || never() }
    }

    fn deploys_after(&self, job: usize, gate: usize) -> bool {
        let Some(unit) = self.program.jobs.get(job) else { return false };
        (unit.has(Kind::Deploy) || unit.has(Kind::Export)) && self.is_above(gate, job)
    }

    fn is_above(&self, upper: usize, lower: usize) -> bool {
        let needs = self.program.jobs.get(lower).map_or(&[][..], |unit| &unit.needs);
        upper == lower || needs.iter().any(|need| self.is_above(upper, *need))
    }

    /// What the outcome script says in the end.
    pub fn line(&self, state: &State) -> Line {
        let left: Vec<usize> = (0..state.jobs.len()).collect();
        let mut marks: BTreeSet<Mark> = self.marks(state, &left).into_iter().collect();
        marks.extend(state.seen.iter().flat_map(|seen| &seen.marks));
        Mark::line(&marks)
    }

    /// What the outcome script makes of some jobs.
    fn marks(&self, state: &State, jobs: &[usize]) -> Vec<Mark> {
        let Some(report) = &self.program.report else { return Vec::new() };
        let Some(unit) = self.program.jobs.get(report.job) else { return Vec::new() };
        let known: Vec<(usize, &Ended)> =
            jobs.iter().filter(|job| unit.needs.contains(job)).filter_map(|job| Some((*job, state.jobs.get(*job)?.as_deref()?))).collect();
        let of = |job: usize| known.iter().find(|(known, _)| *known == job).map(|(_, ended)| *ended);
        let in_release = |job: &usize| report.releases.iter().any(|trio| trio.jobs().any(|member| member == *job));
        let bad = known.iter().filter(|(job, _)| !in_release(job)).filter_map(|(_, ended)| match ended.result {
            Ending::Failure => Some(Mark::Line(Line::Failed)),
            Ending::Cancelled => Some(Mark::Line(Line::Cancelled)),
            _ => None,
        });
        let gates = report.gates.iter().filter_map(|gate| self.decided(*gate, of(*gate)?));
        let releases = report.releases.iter().flat_map(|trio| {
            let Some(deploy) = of(trio.deploy) else { return Vec::new() };
            self.release(deploy, trio.verify, trio.rollback, state.again, &of)
        });
        bad.chain(gates).chain(releases).collect()
    }

    fn decided(&self, gate: usize, ended: &Ended) -> Option<Mark> {
        let approved = self.says(gate, ended, "approved");
        match ended.result {
            _ if approved.is("false") => Some(Mark::Line(Line::KeptChampion)),
            _ if approved.is("true") => None,
            Ending::Success => Some(Mark::Silent),
            Ending::Skipped => Some(Mark::Undecided),
            _ => None,
        }
    }

    fn release<'s>(
        &self,
        deploy: &Ended,
        verify: Option<usize>,
        rollback: Option<usize>,
        again: Option<bool>,
        of: &dyn Fn(usize) -> Option<&'s Ended>,
    ) -> Vec<Mark> {
        let result = |job: Option<usize>| job.and_then(of).map_or(Ending::Skipped, |ended| ended.result);
        let says =
            |output: &str, value: &str| rollback.and_then(|job| Some(self.says(job, of(job)?, output))).is_some_and(|text| text.is(value));
        // In a first attempt it waited, if the run was cancelled.
        let (skipped, again) = (deploy.result == Ending::Skipped, again == Some(true));
        let back = match result(rollback) {
            Ending::Success if says("result", "restored") && (!skipped || says("changed", "true")) => Some(Mark::Line(Line::RolledBack)),
            Ending::Failure | Ending::Cancelled if !skipped || again => Some(Mark::Line(Line::RollbackFailed)),
            _ => None,
        };
        if skipped {
            return std::iter::once(Mark::Unbegun).chain(back).collect();
        }
        if deploy.result == Ending::Success && (verify.is_none() || result(verify) == Ending::Success) {
            return vec![Mark::Line(Line::Promoted)];
        }
        let broken = match deploy.result {
            Ending::Success if result(verify) == Ending::Cancelled => Line::Cancelled,
            Ending::Failure if deploy.refused => Line::Rejected,
            Ending::Cancelled => Line::Cancelled,
            _ => Line::Failed,
        };
        std::iter::once(Mark::Line(broken)).chain(back).collect()
    }

    /// An output of a job, empty if it has none of this name.
    fn says(&self, job: usize, ended: &Ended, name: &str) -> Text {
        let outputs = self.program.jobs.get(job).map_or(&[][..], |unit| &unit.outputs);
        outputs.iter().zip(&ended.outputs).find(|((key, _), _)| key == name).map(|(_, text)| text.clone()).unwrap_or_default()
    }
}

/// After which job each can be forgotten: the last of those that need it, and of those of its release.
fn folds(program: &Program<'_>) -> Vec<Vec<usize>> {
    let position = |job: usize| program.order.iter().position(|other| *other == job).unwrap_or_default();
    let report = program.report.as_ref();
    let last = |job: usize| {
        let below = program.below(job).filter(|other| report.is_none_or(|report| report.job != *other)).map(position);
        below.chain([position(job)]).max().unwrap_or_default()
    };
    let mut folds = vec![Vec::new(); program.order.len()];
    for job in 0..program.jobs.len() {
        if report.is_some_and(|report| report.job == job || report.named.contains(&job)) {
            continue;
        }
        let trios = report.iter().flat_map(|report| &report.releases);
        let family: BTreeSet<usize> =
            trios.filter(|trio| trio.jobs().any(|member| member == job)).flat_map(super::program::Trio::jobs).collect();
        let at = family.into_iter().chain([job]).map(last).max().unwrap_or_default();
        if let Some(list) = folds.get_mut(at) {
            list.push(job);
        }
    }
    folds
}
