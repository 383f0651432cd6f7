//! Things that are explored once each.

use std::hash::Hash;

use indexmap::IndexMap;
use indexmap::map::Entry;
use rustc_hash::FxBuildHasher;

use super::walk::Story;

/// Things in the order in which they were first met, each with the least unusual story that leads to it.
pub struct Ways<T>(IndexMap<T, Story, FxBuildHasher>);

impl<T: Eq + Hash> Ways<T> {
    pub fn new() -> Self {
        Self(IndexMap::default())
    }

    pub fn add(&mut self, thing: T, story: Story) {
        self.meet(thing, story.cost, || story);
    }

    /// Adds a thing; its story is made up only if it is kept.
    pub fn meet(&mut self, thing: T, cost: u32, story: impl FnOnce() -> Story) {
        match self.0.entry(thing) {
            Entry::Occupied(mut old) if old.get().cost > cost => drop(old.insert(story())),
            Entry::Occupied(_) => {}
            Entry::Vacant(new) => drop(new.insert(story())),
        }
    }

    pub fn into_list(self) -> Vec<(T, Story)> {
        self.0.into_iter().collect()
    }
}
