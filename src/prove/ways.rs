//! Things that are explored once each.

use std::collections::HashMap;
use std::hash::Hash;
use std::rc::Rc;

use super::walk::Story;

/// Things in the order in which they were first met, each with the least unusual story that leads to it.
pub struct Ways<T> {
    numbers: HashMap<Rc<T>, usize>,
    list: Vec<(Rc<T>, Story)>,
}

impl<T: Eq + Hash + Clone> Ways<T> {
    pub fn new() -> Self {
        Self { numbers: HashMap::new(), list: Vec::new() }
    }

    pub fn add(&mut self, thing: T, story: Story) {
        self.meet(thing, story.cost, || story);
    }

    /// Adds a thing; its story is made up only if it is kept.
    pub fn meet(&mut self, thing: T, cost: u32, story: impl FnOnce() -> Story) {
        let old = self.numbers.get(&thing).and_then(|number| self.list.get_mut(*number));
        match old {
            Some((_, old)) if old.cost > cost => *old = story(),
            Some(_) => {}
            None => {
                let thing = Rc::new(thing);
                self.numbers.insert(Rc::clone(&thing), self.list.len());
                self.list.push((thing, story()));
            }
        }
    }

    pub fn into_list(self) -> Vec<(T, Story)> {
        drop(self.numbers);
        self.list.into_iter().map(|(thing, story)| (Rc::unwrap_or_clone(thing), story)).collect()
    }
}
