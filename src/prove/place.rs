//! What is in place in each environment: taken over from earlier attempts when a job first looks at it, and handed on when none will.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};

use super::contract;
use super::effect::Kind;
use super::judge;
use super::pack::Packed;
use super::program::{Program, Unit};
use super::run::{Next, Run};
use super::state::{Release, STUCK, Text};
use super::walk::Story;

/// Of more environments than these, endings do not say which.
const NAMED: usize = 3;

/// Environments, by place in the order of jobs.
pub struct Places {
    /// Looked at by the job at this place, and by none before.
    opens: Vec<Vec<String>>,
    /// Looked at by this job, and by none after.
    closes: Vec<Vec<String>>,
    /// What attempts leave behind. Environments are taken to be independent of each other.
    left: RefCell<BTreeMap<String, BTreeSet<Option<Release>>>>,
}

impl Places {
    pub fn new(program: &Program<'_>) -> Self {
        let names: BTreeSet<&str> = program.steps(Kind::Deploy).map(|(_, _, act)| act.effect.text("environment")).collect();
        let units: Vec<&Unit<'_>> = program.order.iter().filter_map(|job| program.jobs.get(*job)).collect();
        let mut places = Self { opens: vec![Vec::new(); units.len()], closes: vec![Vec::new(); units.len()], left: RefCell::default() };
        for name in names {
            let looks = |unit: &&Unit<'_>| looks(unit, name);
            let (first, last) = (units.iter().position(looks), units.iter().rposition(looks));
            places.opens.iter_mut().enumerate().filter(|(at, _)| Some(*at) == first).for_each(|(_, list)| list.push(name.to_owned()));
            places.closes.iter_mut().enumerate().filter(|(at, _)| Some(*at) == last).for_each(|(_, list)| list.push(name.to_owned()));
            places.left.borrow_mut().insert(name.to_owned(), BTreeSet::from([None]));
        }
        places
    }

    /// How many different things attempts leave behind.
    pub fn count(&self) -> usize {
        self.left.borrow().values().map(BTreeSet::len).sum()
    }

    /// States before a job, each with everything that earlier attempts may have left where it looks first.
    pub fn open(&self, run: &Run<'_, '_>, position: usize, mut layer: Next) -> Next {
        for name in self.opens.get(position).into_iter().flatten() {
            let found: Vec<Option<Release>> = self.left.borrow().get(name).into_iter().flatten().cloned().collect();
            let each = |(state, story): (Packed, Story)| {
                let finds = |release: &Option<Release>| match release {
                    Some(release) if state.again == Some(true) => Some((self.find(run, &state, name, release), story.and(1, None))),
                    Some(_) => None,
                    None => Some((state, story.clone())),
                };
                found.iter().filter_map(finds).collect::<Vec<_>>()
            };
            layer = layer.into_iter().flat_map(each).collect();
        }
        layer.sort_by_key(|(_, story)| story.cost);
        layer
    }

    fn find(&self, run: &Run<'_, '_>, state: &Packed, name: &str, release: &Release) -> Packed {
        let mut pool = run.pool.borrow_mut();
        let (mut world, mut release) = (pool.world(state.world), release.clone());
        release.settled = release.verified;
        if state.repaired {
            contract::repair(&mut release);
        }
        world.insert(name.to_owned(), release);
        Packed { world: pool.shelve(&world), ..*state }
    }

    /// A state after a job, with as much of what nobody will look at as the end of the run needs.
    pub fn close(&self, run: &Run<'_, '_>, position: usize, mut state: Packed, story: &dyn Fn() -> Story) -> Packed {
        for name in self.closes.get(position).into_iter().flatten() {
            self.leave(run, &mut state, name, story);
        }
        state
    }

    fn leave(&self, run: &Run<'_, '_>, state: &mut Packed, name: &str, story: &dyn Fn() -> Story) {
        let bit = run.program.bit_of(name);
        let world = run.pool.borrow().world(state.world);
        let release = world.get(name);
        if !state.fork {
            self.hand_on(name, release);
        }
        if state.stuck & bit == 0 && !state.fork {
            release.iter().for_each(|release| judge::close(run, name, release, story));
        }
        if state.stuck & bit != 0 {
            state.stuck = state.stuck & !bit | STUCK;
        }
        state.reached &= !bit;
        if state.truth.any {
            let rest = if run.joint { made_of(world, name) } else { self.forgotten(world, name) };
            state.world = run.pool.borrow_mut().shelve(&rest);
        }
    }

    /// Only whether releases stand, and whether they are verified, counts in the end; of many environments, not even which.
    fn forgotten(&self, mut world: BTreeMap<String, Release>, name: &str) -> BTreeMap<String, Release> {
        let many = self.left.borrow().len() > NAMED;
        if let Some(Release { verified, .. }) = world.remove(name) {
            let some = if verified { "some environments" } else { "other environments" };
            let release = Release { commit: Text::default(), uri: Text::default(), verified, settled: false, champion: false };
            world.insert(if many { some } else { name }.to_owned(), release);
        }
        world
    }

    fn hand_on(&self, name: &str, release: Option<&Release>) {
        let mut left = self.left.borrow_mut();
        if let Some(left) = left.get_mut(name).filter(|left| !left.contains(&release.cloned())) {
            left.insert(release.cloned());
        }
    }
}

fn looks(unit: &Unit<'_>, environment: &str) -> bool {
    let kinds = [Kind::Deploy, Kind::Verify, Kind::Rollback];
    unit.acts.iter().any(|act| kinds.contains(&act.effect.kind) && act.effect.text("environment") == environment)
}

/// Where outcomes are compared, it counts what a release is made of, and no commit is like another.
fn made_of(mut world: BTreeMap<String, Release>, name: &str) -> BTreeMap<String, Release> {
    if let Some(release) = world.get_mut(name) {
        release.commit = Text::default();
    }
    world
}
