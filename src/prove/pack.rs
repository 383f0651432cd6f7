//! States by number, so that many can be kept and compared.

use std::collections::{BTreeMap, HashMap};
use std::hash::Hash;
use std::rc::Rc;

use super::state::{Decision, Ended, Folded, Line, Place, Release, State, Truth};

/// A state whose parts are numbers of a [`Pool`].
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Packed {
    pub fork: bool,
    pub again: Option<bool>,
    pub cancel: bool,
    /// 0 where a job has not ended, or is forgotten.
    pub jobs: Vec<u32>,
    pub world: u32,
    pub decisions: u32,
    pub seen: u32,
    pub reached: u64,
    pub stuck: u64,
    pub told: Option<Line>,
    pub truth: Truth,
}

/// What a job can see and change beside the jobs that it needs.
#[derive(Clone, Copy, Debug)]
pub struct Sees {
    pub report: bool,
    pub world: bool,
    pub decisions: bool,
}

impl Packed {
    /// This state after a job of which `end` shows what became.
    pub fn after(&self, job: usize, end: &Self, sees: Sees) -> Self {
        let mut state = Self {
            world: if sees.world { end.world } else { self.world },
            decisions: if sees.decisions { end.decisions } else { self.decisions },
            told: if sees.report { end.told } else { self.told },
            truth: self.truth.and(end.truth),
            reached: self.reached | end.reached,
            stuck: self.stuck | end.stuck,
            ..self.clone()
        };
        if let (Some(place), Some(ended)) = (state.jobs.get_mut(job), end.jobs.get(job)) {
            *place = *ended;
        }
        state
    }
}

/// The parts of states, each once.
#[derive(Debug, Default)]
pub struct Pool {
    ended: Shelf<Option<Rc<Ended>>>,
    worlds: Shelf<BTreeMap<String, Release>>,
    decisions: Shelf<BTreeMap<Place, Decision>>,
    seen: Shelf<Option<Folded>>,
}

impl Pool {
    pub fn new() -> Self {
        let mut pool = Self::default();
        // What is hidden has number 0, and is nothing.
        pool.ended.number(&None);
        pool.worlds.number(&BTreeMap::new());
        pool.decisions.number(&BTreeMap::new());
        pool.seen.number(&None);
        pool
    }

    pub fn pack(&mut self, state: &State) -> Packed {
        Packed {
            fork: state.fork,
            again: state.again,
            cancel: state.cancel,
            jobs: state.jobs.iter().map(|ended| self.ended.number(ended)).collect(),
            world: self.worlds.number(&state.world),
            decisions: self.decisions.number(&state.decisions),
            seen: self.seen.number(&state.seen),
            reached: state.reached,
            stuck: state.stuck,
            told: state.told,
            truth: state.truth,
        }
    }

    pub fn unpack(&self, packed: &Packed) -> State {
        State {
            fork: packed.fork,
            again: packed.again,
            cancel: packed.cancel,
            jobs: packed.jobs.iter().map(|number| self.ended.get(*number)).collect(),
            world: self.worlds.get(packed.world),
            decisions: self.decisions.get(packed.decisions),
            seen: self.seen.get(packed.seen),
            reached: packed.reached,
            stuck: packed.stuck,
            told: packed.told,
            truth: packed.truth,
        }
    }
}

/// Things, numbered from 0.
#[derive(Debug)]
struct Shelf<T> {
    things: Vec<T>,
    numbers: HashMap<T, u32>,
}

impl<T> Default for Shelf<T> {
    fn default() -> Self {
        Self { things: Vec::new(), numbers: HashMap::new() }
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
        usize::try_from(number).ok().and_then(|number| self.things.get(number)).cloned().unwrap_or_default()
    }
}
