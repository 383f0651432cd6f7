//! How GitHub decides which jobs run: `needs`, conditions, and skipping that goes down the whole chain.

use super::{Map, Workflow};

/// How a job ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    Success,
    Failure,
    Cancelled,
    Skipped,
}

impl Outcome {
    fn text(self) -> &'static str {
        match self {
            Self::Success => "success",
            Self::Failure => "failure",
            Self::Cancelled => "cancelled",
            Self::Skipped => "skipped",
        }
    }
}

/// What happens in a run.
#[derive(Clone, Copy, Debug, Default)]
pub struct Scenario<'s> {
    /// The job whose gate the candidate loses.
    pub lost: Option<&'s str>,
    /// The job that fails.
    pub failed: Option<&'s str>,
    /// The job during which somebody cancels the run.
    pub cancelled: Option<&'s str>,
}

/// How a job ends if it starts, and whether its gate approves.
pub type Happens<'h> = &'h dyn Fn(&str) -> (Outcome, bool);

/// How every job ends.
pub fn simulate(workflow: &Workflow, scenario: Scenario<'_>) -> Map<Outcome> {
    simulate_all(workflow, &|id| {
        let outcome = match () {
            () if scenario.failed == Some(id) => Outcome::Failure,
            () if scenario.cancelled == Some(id) => Outcome::Cancelled,
            () => Outcome::Success,
        };
        (outcome, scenario.lost != Some(id))
    })
}

/// How every job ends, whatever happens in them. Those that are ready at the same time start before one of them ends.
pub fn simulate_all(workflow: &Workflow, happens: Happens<'_>) -> Map<Outcome> {
    let mut done: Map<Outcome> = Map::new();
    let mut waiting: Vec<&String> = workflow.jobs.keys().collect();
    while !waiting.is_empty() {
        let (ready, rest): (Vec<_>, Vec<_>) =
            waiting.into_iter().partition(|id| workflow.jobs[*id].needs().iter().all(|need| done.contains_key(need)));
        assert!(!ready.is_empty(), "jobs wait for each other: {rest:?}");
        let outcome = |id: &String| if starts(workflow, id, happens, &done) { happens(id).0 } else { Outcome::Skipped };
        let ended: Vec<(String, Outcome)> = ready.into_iter().map(|id| (id.clone(), outcome(id))).collect();
        done.extend(ended);
        waiting = rest;
    }
    done
}

fn starts(workflow: &Workflow, id: &str, happens: Happens<'_>, done: &Map<Outcome>) -> bool {
    let job = &workflow.jobs[id];
    let condition = job.r#if.as_deref().map_or("", |text| text.trim_start_matches("${{ ").trim_end_matches(" }}"));
    let cancelled = done.values().any(|outcome| *outcome == Outcome::Cancelled);
    let says = ["always()", "cancelled()", "failure()", "success()"].iter().any(|function| condition.contains(function));
    // Without a status function, every job above must have succeeded, however far above.
    let above = || workflow.ancestors(id).iter().all(|need| done[*need] == Outcome::Success);
    let implied = says || (!cancelled && above());
    implied && condition.split(" && ").all(|term| holds(workflow, id, term, happens, done, cancelled))
}

fn holds(workflow: &Workflow, id: &str, term: &str, happens: Happens<'_>, done: &Map<Outcome>, cancelled: bool) -> bool {
    if let Some(either) = term.strip_prefix('(').and_then(|rest| rest.strip_suffix(')')) {
        return either.split(" || ").any(|term| holds(workflow, id, term, happens, done, cancelled));
    }
    match term {
        "" | "always()" | "!github.event.repository.fork" => return true,
        "!cancelled()" => return !cancelled,
        "github.run_attempt > 1" => return false, // what is simulated is a first attempt
        _ => {}
    }
    let (left, operator, right) = match (term.split_once(" == "), term.split_once(" != ")) {
        (Some((left, right)), _) => (left, true, right),
        (_, Some((left, right))) => (left, false, right),
        _ => panic!("{id}: what does `{term}` mean?"),
    };
    let (need, what) = left.strip_prefix("needs.").unwrap().split_once('.').unwrap();
    assert!(workflow.jobs[id].needs().iter().any(|known| known == need), "{id}: `{term}` reads a job that it does not need");
    let value = match what {
        "result" => done[need].text(),
        "outputs.approved" | "outputs.changed" if done[need] == Outcome::Success && happens(need).1 => "true",
        "outputs.approved" | "outputs.changed" => "",
        other => panic!("{id}: what is `{other}`?"),
    };
    (value == right.trim_matches('\'')) == operator
}
