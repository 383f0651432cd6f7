//! What keeps the jobs of a run going: each starts as soon as it may, beside the others.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::mpsc;
use std::thread::scope;
use std::time::Duration;

use super::job::{Ended, Shared, run};
use crate::local::{Done, Ending, Schedule, needs};
use crate::plan::{Condition, Job};

/// How often the user's wish to end is looked for.
const LOOK: Duration = Duration::from_millis(50);

/// Runs the jobs of a schedule to their end.
pub fn drive(shared: &Shared, schedule: &mut Schedule<'_>, obstacles: &BTreeMap<&str, String>) -> BTreeMap<String, Ended> {
    let mut driver =
        Driver { shared, obstacles, schedule, running: BTreeSet::new(), told: BTreeSet::new(), ended: BTreeMap::new(), stopped: false };
    scope(|scope| {
        let (sender, receiver) = mpsc::channel();
        loop {
            driver.listen();
            for job in driver.start() {
                let (bar, needs) = (shared.board.start(job), needs(driver.schedule, job));
                let (sender, deaf_to) = (sender.clone(), usize::from(driver.stopped));
                scope.spawn(move || {
                    let ended = run(shared, job, needs, deaf_to, &bar);
                    drop(sender.send((job, ended, bar)));
                });
            }
            if driver.schedule.is_over() {
                return;
            }
            if let Ok((job, ended, bar)) = receiver.recv_timeout(LOOK) {
                shared.board.end(job, &ended, &bar);
                driver.end(job, ended);
            }
        }
    });
    driver.ended
}

struct Driver<'d, 'p> {
    shared: &'d Shared,
    obstacles: &'d BTreeMap<&'d str, String>,
    schedule: &'d mut Schedule<'p>,
    running: BTreeSet<&'p str>,
    /// Jobs of which the user has been told.
    told: BTreeSet<&'p str>,
    ended: BTreeMap<String, Ended>,
    stopped: bool,
}

impl<'p> Driver<'_, 'p> {
    /// The jobs to start now; of those that do not start, the user is told.
    fn start(&mut self) -> Vec<&'p Job> {
        let mut starting = Vec::new();
        loop {
            let ready = self.schedule.start();
            let (refused, allowed): (Vec<_>, Vec<_>) =
                ready.into_iter().map(|job| (job, self.refusal(job))).partition(|(_, why)| why.is_some());
            starting.extend(allowed.into_iter().map(|(job, _)| job));
            if refused.is_empty() {
                break;
            }
            refused.into_iter().for_each(|(job, why)| self.schedule.end(job, Done::new(why.unwrap_or(Ending::Skipped))));
        }
        self.running.extend(starting.iter().map(|job| job.id.as_str()));
        self.tell();
        starting
    }

    /// Why a job that GitHub would start does not start here.
    fn refusal(&self, job: &Job) -> Option<Ending> {
        if self.stopped && matches!(job.condition, Condition::Outcome) {
            return Some(Ending::Skipped);
        }
        self.obstacles.get(job.id.as_str()).cloned().map(Ending::NotHere)
    }

    fn tell(&mut self) {
        for job in self.schedule.jobs() {
            if let Some(done) = self.schedule.done(&job.id)
                && !self.ended.contains_key(&job.id)
                && self.told.insert(&job.id)
            {
                self.shared.board.omit(job, &done.ending);
            }
        }
    }

    fn end(&mut self, job: &'p Job, ended: Ended) {
        self.running.remove(job.id.as_str());
        self.schedule.end(job, ended.done.clone());
        self.ended.insert(job.id.clone(), ended);
    }

    /// At the user's first wish the run is cancelled, as on GitHub: what is out is rolled back.
    fn listen(&mut self) {
        if self.shared.stops.count() > 0 && !self.stopped {
            self.stopped = true;
            self.schedule.cancel();
            let running = self.running.iter().copied().collect::<Vec<_>>().join(", ");
            let running = if running.is_empty() { "nothing was running".to_owned() } else { format!("ending {running}") };
            self.shared.board.say(&format!("interrupted: {running}; interrupt again to end at once"));
        }
    }
}
