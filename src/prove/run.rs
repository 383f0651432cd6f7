//! A run, job by job: every state that it can be in.

use std::cell::{Cell, RefCell};
use std::collections::{BTreeMap, BTreeSet};
use std::hash::{DefaultHasher, Hash as _, Hasher as _};
use std::rc::Rc;

use rustc_hash::FxHashMap;

use super::begin::Begin;
use super::effect::Kind;
use super::judge;
use super::merge::Merge;
use super::pack::{Packed, Pool, Sees};
use super::place::Places;
use super::program::{Program, Unit};
use super::state::{Above, Ending, Folded, Line, Mark, State, Term, Terms, Text, Truth};
use super::walk::{Mode, Story};
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
    /// Jobs that start in some run.
    pub started: RefCell<BTreeSet<usize>>,
    /// The endings, each with its least unusual story.
    pub shapes: RefCell<BTreeMap<Shape, Story>>,
    /// How each job can end: what an equivalent workflow has in common.
    pub table: RefCell<BTreeSet<String>>,
    /// How all of them can end together, and what has happened then, hashed; only if `joint`.
    pub outcomes: RefCell<BTreeSet<u64>>,
    pub joint: bool,
    merge: Merge<'r, 'w>,
    places: Places,
    /// What can become of a job, by all that it can see.
    cache: RefCell<FxHashMap<(usize, Packed), Rc<Next>>>,
    pub pool: RefCell<Pool>,
    merged: RefCell<Merged>,
}

/// Jobs, what the outcome job is to see, and decisions, by number.
type Parts = (u32, u32, u32);

/// By place in the order, what conditions see beside the jobs, and parts: what is left of them, and the worst line so far.
type Merged = FxHashMap<((usize, bool, Option<bool>), Parts), (Parts, Option<Line>)>;

/// States after a job, each with the least unusual story of it.
pub type Next = Vec<(Packed, Story)>;

impl<'r, 'w> Run<'r, 'w> {
    pub fn new(program: &'r Program<'w>, joint: bool) -> Self {
        Self {
            program,
            terms: RefCell::default(),
            found: RefCell::default(),
            states: Cell::new(0),
            started: RefCell::default(),
            shapes: RefCell::default(),
            table: RefCell::default(),
            outcomes: RefCell::default(),
            joint,
            merge: Merge::new(program),
            places: Places::new(program),
            cache: RefCell::default(),
            pool: RefCell::new(Pool::new()),
            merged: RefCell::default(),
        }
    }

    /// Explores runs in which nothing goes wrong outside, then all runs, in a first attempt and in later ones; a run that nobody cancels
    /// is one that is cancelled when all is over. Attempts follow until nothing new can come of them.
    /// With `first`, it ends where a property is found broken.
    pub fn explore(&self, first: bool) -> Result<(), String> {
        self.undisturbed()?;
        let undisturbed = self.states.get();
        loop {
            if first && !self.found.borrow().is_empty() {
                return Ok(());
            }
            self.states.set(undisturbed);
            let known = self.places.count();
            self.attempt(vec![self.disturbed(false), self.disturbed(true)])?;
            if self.places.count() == known {
                judge::idle(self, &self.started.borrow());
                return Ok(());
            }
        }
    }

    /// Explores runs in which nothing goes wrong outside.
    pub fn undisturbed(&self) -> Result<(), String> {
        self.attempt(vec![self.start(true), self.start(false)])
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

    /// The start of any run, in a first attempt or in a later one.
    fn disturbed(&self, again: bool) -> State {
        State { again: Some(again), cancel: true, truth: Truth { trouble: true, any: true, ..Truth::default() }, ..self.start(false) }
    }

    /// Every way through an attempt.
    fn attempt(&self, starts: Vec<State>) -> Result<(), String> {
        let mut layer: Next = starts.iter().map(|state| (self.pool.borrow_mut().pack(state), Story::default())).collect();
        for (position, job) in self.program.order.iter().enumerate() {
            layer = self.places.open(self, position, layer);
            let mut next = Ways::new();
            for (state, story) in &layer {
                self.job((position, *job), state, story, &mut next)?;
            }
            layer = next.into_list();
            // The least unusual first, so that what is found first is the shortest.
            layer.sort_by_key(|(_, story)| story.cost);
            self.states.set(self.states.get() + layer.len());
            if self.states.get() > MOST {
                return Err(format!("there are more than {MOST} states"));
            }
        }
        for (packed, story) in layer {
            let state = self.pool.borrow().unpack(&packed);
            self.end(&state, &story, packed.history);
        }
        Ok(())
    }

    /// A state after the job at a place in the order, without what cannot matter any more.
    fn merge(&self, position: usize, packed: Packed) -> Packed {
        let key = ((position, packed.fork, packed.again), (packed.jobs, packed.seen, packed.decisions));
        let known = self.merged.borrow().get(&key).copied();
        let ((jobs, seen, decisions), line) = known.unwrap_or_else(|| {
            let state = self.pool.borrow().unpack(&packed);
            let state = self.merge.forget(position, state);
            let line = state.seen.as_ref().and_then(|seen| Mark::worst(&seen.marks));
            let merged = self.pool.borrow_mut().pack(&state);
            let merged = ((merged.jobs, merged.seen, merged.decisions), line);
            self.merged.borrow_mut().insert(key, merged);
            merged
        });
        let truth = if packed.truth.any && !self.joint { packed.truth.left(line) } else { packed.truth };
        Packed { jobs, seen, decisions, truth, ..packed }
    }

    fn end(&self, state: &State, story: &Story, history: u32) {
        judge::end(self, state, story);
        let released = state.world.iter().map(|(name, release)| (name.clone(), release.verified, release.champion)).collect();
        let shape = Shape { fork: state.fork, told: state.told, red: state.truth.red, released };
        if self.joint {
            self.outcomes.borrow_mut().insert(self.outcome(state, history));
        }
        let mut shapes = self.shapes.borrow_mut();
        let old = shapes.entry(shape).or_insert_with(|| story.clone());
        if old.cost > story.cost {
            *old = story.clone();
        }
    }

    /// All that has come of a run: how each job ended and shows, what is in place and what it is made of, what was told, what happened.
    fn outcome(&self, state: &State, history: u32) -> u64 {
        let mut hasher = DefaultHasher::new();
        self.pool.borrow().events(history).hash(&mut hasher);
        for (name, release) in &state.world {
            (name, self.origin(&release.uri), release.verified, release.champion).hash(&mut hasher);
        }
        // That an output was dropped is a cause; what came of it is told by the rest.
        (state.fork, state.told, Truth { dropped: false, ..state.truth }).hash(&mut hasher);
        hasher.finish()
    }

    /// Every state after a job. What it cannot see does not change what becomes of it.
    fn job(&self, (position, job): (usize, usize), state: &Packed, story: &Story, next: &mut Ways<Packed>) -> Result<(), String> {
        let key = (job, self.visible(job, state));
        let known = self.cache.borrow().get(&key).map(Rc::clone);
        let ends = match known {
            Some(ends) => ends,
            None => self.look(key, story)?,
        };
        let undisturbed = |end: &&(Packed, Story)| state.truth.any || !end.0.truth.trouble;
        let sees = self.sees(job);
        for (end, way) in ends.iter().filter(undisturbed) {
            let after = self.merge(position, self.after(job, state, end, sees));
            let told = || story.then(way);
            next.meet(self.places.close(self, position, after, &told), story.cost + way.cost, told);
        }
        Ok(())
    }

    fn after(&self, job: usize, state: &Packed, end: &Packed, sees: Sees) -> Packed {
        let mut pool = self.pool.borrow_mut();
        let ended = pool.job(end.jobs, job);
        let jobs = pool.replace(state.jobs, job, ended);
        let history = end.event.map_or(state.history, |event| pool.follow(state.history, event));
        Packed { jobs, history, ..state.after(end, sees) }
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
        Packed {
            jobs: self.pool.borrow_mut().only(state.jobs, |other| other == job || needs.contains(&other)),
            seen: if sees.report { state.seen } else { 0 },
            told: None,
            world: if sees.world { state.world } else { 0 },
            decisions: if sees.decisions { state.decisions } else { 0 },
            reached: if sees.world { state.reached } else { 0 },
            stuck: 0,
            repaired: false,
            event: None,
            history: 0,
            truth: Truth { dropped: state.truth.dropped, any: state.truth.any, ..Truth::default() },
            ..*state
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

    /// What a text is made of, in words.
    fn origin(&self, text: &Text) -> String {
        let Some(term) = self.term(text) else { return format!("{text:?}") };
        let inputs: Vec<String> = term.inputs.iter().map(|(name, text)| format!("{name}={}", self.origin(text))).collect();
        format!("{:?} {} {}", term.place, term.output, inputs.join(" "))
    }

    pub fn term(&self, text: &Text) -> Option<Term> {
        self.terms.borrow().get(text).cloned()
    }
}
