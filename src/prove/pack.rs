//! States by number, so that many can be kept and compared.

use std::collections::BTreeMap;
use std::hash::Hash;
use std::rc::Rc;

use rustc_hash::FxHashMap;

use super::state::{Decision, Ended, Event, Folded, Line, Place, Release, State, Truth};

/// A state whose parts are numbers of a [`Pool`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Packed {
    pub fork: bool,
    pub again: Option<bool>,
    pub cancel: bool,
    pub jobs: u32,
    pub world: u32,
    pub repaired: bool,
    pub decisions: u32,
    pub seen: u32,
    pub reached: u64,
    pub stuck: u64,
    pub told: Option<Line>,
    pub truth: Truth,
    pub event: Option<Event>,
    /// All events up to here, where they are written down.
    pub history: u32,
}

/// What a job can see and change beside the jobs that it needs.
#[derive(Clone, Copy, Debug)]
pub struct Sees {
    pub report: bool,
    pub world: bool,
    pub decisions: bool,
}

impl Packed {
    /// This state after a job of which `end` shows what became, but for the job itself.
    pub fn after(&self, end: &Self, sees: Sees) -> Self {
        Self {
            world: if sees.world { end.world } else { self.world },
            repaired: self.repaired || end.repaired,
            decisions: if sees.decisions { end.decisions } else { self.decisions },
            told: if sees.report { end.told } else { self.told },
            truth: self.truth.and(end.truth),
            reached: self.reached | end.reached,
            stuck: self.stuck | end.stuck,
            ..*self
        }
    }
}

/// The parts of states, each once.
#[derive(Debug, Default)]
pub struct Pool {
    ended: Shelf<Option<Rc<Ended>>>,
    /// By job: 0 where it has not ended, or is forgotten.
    rows: Shelf<Vec<u32>>,
    replaced: FxHashMap<(u32, usize, u32), u32>,
    worlds: Shelf<BTreeMap<String, Release>>,
    decisions: Shelf<BTreeMap<Place, Decision>>,
    seen: Shelf<Option<Folded>>,
    histories: Shelf<Option<(u32, Event)>>,
}

impl Pool {
    pub fn new() -> Self {
        let mut pool = Self::default();
        // What is hidden has number 0, and is nothing.
        pool.ended.number(&None);
        pool.worlds.number(&BTreeMap::new());
        pool.decisions.number(&BTreeMap::new());
        pool.seen.number(&None);
        pool.histories.number(&None);
        pool
    }

    /// What is kept of a job.
    pub fn job(&self, jobs: u32, job: usize) -> u32 {
        self.rows.borrow(jobs).and_then(|row| row.get(job)).copied().unwrap_or_default()
    }

    /// Jobs with another end of one of them.
    pub fn replace(&mut self, jobs: u32, job: usize, ended: u32) -> u32 {
        if let Some(number) = self.replaced.get(&(jobs, job, ended)) {
            return *number;
        }
        let mut row = self.rows.get(jobs);
        if let Some(place) = row.get_mut(job) {
            *place = ended;
        }
        let number = self.rows.number(&row);
        self.replaced.insert((jobs, job, ended), number);
        number
    }

    /// Jobs without those that cannot be seen.
    pub fn only(&mut self, jobs: u32, seen: impl Fn(usize) -> bool) -> u32 {
        let row = self.rows.get(jobs).into_iter().enumerate();
        let row: Vec<u32> = row.map(|(job, ended)| if seen(job) { ended } else { 0 }).collect();
        self.rows.number(&row)
    }

    /// A history with one more event.
    pub fn follow(&mut self, history: u32, event: Event) -> u32 {
        self.histories.number(&Some((history, event)))
    }

    /// The events of a history, by job.
    pub fn events(&self, mut history: u32) -> Vec<Event> {
        let mut events = Vec::new();
        while let Some((before, event)) = self.histories.get(history) {
            events.push(event);
            history = before;
        }
        events.sort_unstable();
        events
    }

    pub fn world(&self, number: u32) -> BTreeMap<String, Release> {
        self.worlds.get(number)
    }

    pub fn shelve(&mut self, world: &BTreeMap<String, Release>) -> u32 {
        self.worlds.number(world)
    }

    pub fn pack(&mut self, state: &State) -> Packed {
        Packed {
            fork: state.fork,
            again: state.again,
            cancel: state.cancel,
            jobs: self.row(&state.jobs),
            world: self.worlds.number(&state.world),
            repaired: state.repaired,
            decisions: self.decisions.number(&state.decisions),
            seen: self.seen.number(&state.seen),
            reached: state.reached,
            stuck: state.stuck,
            told: state.told,
            truth: state.truth,
            event: state.event,
            history: 0,
        }
    }

    fn row(&mut self, jobs: &[Option<Rc<Ended>>]) -> u32 {
        let row: Vec<u32> = jobs.iter().map(|ended| self.ended.number(ended)).collect();
        self.rows.number(&row)
    }

    pub fn unpack(&self, packed: &Packed) -> State {
        State {
            fork: packed.fork,
            again: packed.again,
            cancel: packed.cancel,
            jobs: self.rows.get(packed.jobs).into_iter().map(|number| self.ended.get(number)).collect(),
            world: self.worlds.get(packed.world),
            repaired: packed.repaired,
            decisions: self.decisions.get(packed.decisions),
            seen: self.seen.get(packed.seen),
            reached: packed.reached,
            stuck: packed.stuck,
            told: packed.told,
            truth: packed.truth,
            event: packed.event,
        }
    }
}

/// Things, numbered from 0.
#[derive(Debug)]
struct Shelf<T> {
    things: Vec<T>,
    numbers: FxHashMap<T, u32>,
}

impl<T> Default for Shelf<T> {
    fn default() -> Self {
        Self { things: Vec::new(), numbers: FxHashMap::default() }
    }
}

impl<T: Clone + Default + Eq + Hash> Shelf<T> {
    fn number(&mut self, thing: &T) -> u32 {
        if let Some(number) = self.numbers.get(thing) {
            return *number;
        }
        let number = u32::try_from(self.things.len()).unwrap_or(u32::MAX);
        self.things.push(thing.clone());
        self.numbers.insert(thing.clone(), number);
        number
    }

    fn get(&self, number: u32) -> T {
        self.borrow(number).cloned().unwrap_or_default()
    }

    fn borrow(&self, number: u32) -> Option<&T> {
        self.things.get(usize::try_from(number).ok()?)
    }
}
