//! What of a run still matters after each job. The rest is forgotten, so that states which cannot differ later are one.

use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;

use super::effect::Kind;
use super::expr::Part;
use super::outcome;
use super::program::{Program, Trio, Unit};
use super::state::{Above, Ended, Ending, Mark, State, Text};
use super::walk::Inside;

/// What a job looks at of one that it needs.
#[derive(Debug, Default)]
struct Reads {
    /// What it compares the result with; nothing where it uses the result otherwise.
    results: Option<BTreeSet<String>>,
    outputs: BTreeSet<String>,
    /// It may look at every output.
    all: bool,
}

/// What ends with the job at one place in the order.
#[derive(Debug, Default)]
struct Stage {
    job: usize,
    pending: Vec<usize>,
    /// Jobs of which the outcome script has all that it makes of them.
    told: Vec<usize>,
    /// Jobs that nothing needs any more.
    gone: Vec<usize>,
    /// Jobs, each with those that everything sees which sees it.
    sums: Vec<(usize, Vec<usize>)>,
}

/// What can be forgotten of a program's states.
pub struct Merge<'r, 'w> {
    program: &'r Program<'w>,
    stages: Vec<Stage>,
    reads: BTreeMap<(usize, usize), Reads>,
    /// By job: the gates above it, where it exports or deploys.
    gates: Vec<BTreeSet<usize>>,
}

impl<'r, 'w> Merge<'r, 'w> {
    pub fn new(program: &'r Program<'w>) -> Self {
        let needs = |job: usize| program.jobs.get(job).map_or(&[][..], |unit| &unit.needs);
        let reads = |job: usize| needs(job).iter().map(move |need| ((job, *need), Reads::of(program, job, *need)));
        Self { program, stages: stages(program), reads: (0..program.jobs.len()).flat_map(reads).collect(), gates: gates(program) }
    }

    /// A state after the job at a place in the order, without what cannot matter.
    pub fn forget(&self, position: usize, mut state: State) -> State {
        let Some(stage) = self.stages.get(position) else { return state };
        self.tell(stage, &mut state);
        sum(stage, &mut state);
        for job in &stage.gone {
            state.jobs.get_mut(*job).and_then(Option::take);
        }
        self.doom(stage, &mut state);
        let left: BTreeSet<usize> = stage.pending.iter().copied().filter(|job| !has(&state, *job)).collect();
        self.blur(stage, &left, &mut state);
        let waits = |gate: usize| left.iter().any(|job| self.gates.get(*job).is_some_and(|gates| gates.contains(&gate)));
        state.decisions.retain(|(gate, _), _| waits(*gate));
        state
    }

    /// What the outcome script is to make of jobs.
    fn tell(&self, stage: &Stage, state: &mut State) {
        let Some(report) = self.program.report.as_ref().and_then(|report| self.program.jobs.get(report.job)) else { return };
        let marks = outcome::marks(self.program, state, &stage.told);
        let ended = state.jobs.get(stage.job).and_then(Option::as_ref).filter(|_| report.needs.contains(&stage.job));
        let Some(seen) = &mut state.seen else { return };
        seen.above = ended.map_or(seen.above, |ended| seen.above.and(ended.above));
        seen.marks.extend(marks);
        seen.marks = Mark::left(&seen.marks);
    }

    /// Jobs that are certain to be skipped stand there as such before their turn.
    fn doom(&self, stage: &Stage, state: &mut State) {
        for job in &stage.pending {
            let Some(unit) = self.program.jobs.get(*job).filter(|unit| self.is_doomed(stage, *job, unit, state)) else { continue };
            if let Some(place) = state.jobs.get_mut(*job) {
                *place = Some(Rc::new(skipped(unit)));
            }
        }
    }

    /// Whether a job is skipped, whatever the jobs do that have not had their turn.
    fn is_doomed(&self, stage: &Stage, job: usize, unit: &Unit<'_>, state: &State) -> bool {
        if has(state, job) {
            return true;
        }
        let known = |need: &usize| state.jobs.get(*need).and_then(Option::as_ref);
        let unclean = unit.needs.iter().filter_map(known).any(|ended| !ended.above.clean);
        let Some(condition) = &unit.condition else { return unclean };
        let (jobs, fork) = (&*state.jobs, state.fork);
        let inside = Inside { program: self.program, unit, jobs, fork, path: None, cancelled: None, above: Above::NOTHING };
        let never = || condition.evaluate(&inside).is_ok_and(|value| value.truth() == Some(false));
        // What is certain to be skipped may yet show as cancelled.
        let guess = |need: &usize| stage.pending.contains(need) && has(state, *need) && self.tells_apart(job, *need);
        let guesses = || unit.needs.iter().any(guess);
        if condition.says_status() { !condition.says_success() && !guesses() && never() } else { unclean || (!guesses() && never()) }
    }

    /// Whether a job's conditions tell one that was skipped from one that was cancelled.
    fn tells_apart(&self, job: usize, need: usize) -> bool {
        let results = self.reads.get(&(job, need)).and_then(|reads| reads.results.as_ref());
        results.is_none_or(|results| [Ending::Skipped, Ending::Cancelled].iter().any(|ending| results.contains(ending.text())))
    }

    /// Leaves of each job as much as those see that are left.
    fn blur(&self, stage: &Stage, left: &BTreeSet<usize>, state: &mut State) {
        let report = self.program.report.as_ref().map(|report| report.job);
        let over = |job: &usize| Some(*job) != report && !stage.pending.contains(job);
        for (job, ended) in state.jobs.iter_mut().enumerate().filter(|(job, _)| over(job)) {
            let Some(ended) = ended else { continue };
            let readers: Vec<&Reads> = left.iter().filter_map(|reader| self.reads.get(&(*reader, job))).collect();
            let told = !stage.pending.iter().any(|other| self.is_told_with(job, *other));
            let ended = Rc::make_mut(ended);
            if told {
                ended.refused = false;
                ended.result = blurred(ended.result, &readers);
            }
            let outputs = self.program.jobs.get(job).map_or(&[][..], |unit| &unit.outputs);
            for (text, (name, _)) in ended.outputs.iter_mut().zip(outputs) {
                if !readers.iter().any(|reads| reads.all || reads.outputs.contains(name)) && (told || !self.program.tells(job, name)) {
                    *text = Text::default();
                }
            }
        }
    }

    /// Whether the outcome script looks at two jobs together.
    fn is_told_with(&self, job: usize, other: usize) -> bool {
        self.program.report.iter().flat_map(|report| &report.releases).any(|trio| trio.has(job) && trio.has(other))
    }
}

impl Reads {
    fn of(program: &Program<'_>, job: usize, need: usize) -> Self {
        let mut reads = Self { results: Some(BTreeSet::new()), ..Self::default() };
        let (Some(unit), Some(upper)) = (program.jobs.get(job), program.jobs.get(need)) else { return reads };
        for (path, text) in unit.templates().flat_map(super::expr::Template::comparisons) {
            reads.add(&path, text, &upper.job.id, unit.has(Kind::Outcome));
        }
        reads
    }

    fn add(&mut self, path: &[Part], text: Option<&str>, id: &str, reports: bool) {
        let [Part::Name(needs), rest @ ..] = path else { return };
        if needs != "needs" {
            return;
        }
        match rest {
            // What the outcome script looks at is known from its contract.
            [] if reports => {}
            [Part::Name(other), ..] if !other.eq_ignore_ascii_case(id) => {}
            [Part::Name(_), Part::Name(what)] if what == "result" => self.compare(text),
            [Part::Name(_), Part::Name(what), Part::Name(output)] if what == "outputs" => drop(self.outputs.insert(output.clone())),
            _ => (self.all, self.results) = (true, None),
        }
    }

    fn compare(&mut self, text: Option<&str>) {
        match (&mut self.results, text) {
            (Some(results), Some(text)) => drop(results.insert(text.to_ascii_lowercase())),
            _ => self.results = None,
        }
    }
}

fn has(state: &State, job: usize) -> bool {
    state.jobs.get(job).is_some_and(Option::is_some)
}

/// The first result that those who look at it cannot tell from this one.
fn blurred(result: Ending, readers: &[&Reads]) -> Ending {
    let all = [Ending::Success, Ending::Failure, Ending::Cancelled, Ending::Skipped];
    let alike = |other: &Ending| {
        let same = |results: &BTreeSet<String>| results.contains(other.text()) == results.contains(result.text());
        let alone = |results: &BTreeSet<String>| !results.contains(result.text());
        readers.iter().all(|reads| reads.results.as_ref().is_some_and(|results| same(results) && alone(results)))
    };
    all.into_iter().find(|other| *other == result || alike(other)).unwrap_or(result)
}

fn skipped(unit: &Unit<'_>) -> Ended {
    let above = Above { clean: false, ..Above::NOTHING };
    Ended { result: Ending::Skipped, outputs: vec![Text::default(); unit.outputs.len()], refused: false, above }
}

/// Whatever sees a job sees these too: their parts of what is above can be kept in one place.
fn sum(stage: &Stage, state: &mut State) {
    let above: Vec<Option<Above>> = state.jobs.iter().map(|ended| ended.as_ref().map(|ended| ended.above)).collect();
    for (job, others) in &stage.sums {
        let Some(ended) = state.jobs.get_mut(*job).and_then(Option::as_mut) else { continue };
        let others = others.iter().filter_map(|other| above.get(*other).copied().flatten());
        let sum = others.fold(ended.above, Above::and);
        if sum != ended.above {
            Rc::make_mut(ended).above = sum;
        }
    }
}

fn stages(program: &Program<'_>) -> Vec<Stage> {
    let count = program.order.len();
    let mut stages: Vec<Stage> = program.order.iter().map(|job| Stage { job: *job, ..Stage::default() }).collect();
    let mut place = |list: fn(&mut Stage) -> &mut Vec<usize>, at: usize, job: usize| stages.get_mut(at).map(|stage| list(stage).push(job));
    for job in 0..program.jobs.len() {
        let told = told(program, job);
        place(|stage| &mut stage.told, told, job);
        if let Some(last) = last(program, job) {
            place(|stage| &mut stage.gone, last.max(told), job);
        }
    }
    for (position, stage) in stages.iter_mut().enumerate().take(count) {
        stage.pending = program.order.iter().skip(position + 1).copied().collect();
        stage.sums = sums(program, position);
    }
    stages
}

fn position(program: &Program<'_>, job: usize) -> usize {
    program.order.iter().position(|other| *other == job).unwrap_or_default()
}

/// After which job the outcome script's view of a job is complete: the last of those of its release.
fn told(program: &Program<'_>, job: usize) -> usize {
    let trios = program.report.iter().flat_map(|report| &report.releases);
    let family = trios.filter(|trio| trio.has(job)).flat_map(Trio::jobs).chain([job]);
    family.map(|member| position(program, member)).max().unwrap_or_default()
}

/// After which job nothing needs a job any more; nothing for those that the outcome job reads by name.
fn last(program: &Program<'_>, job: usize) -> Option<usize> {
    let report = program.report.as_ref();
    if report.is_some_and(|report| report.job == job || report.named.contains(&job)) {
        return None;
    }
    let below = program.below(job).filter(|other| report.is_none_or(|report| report.job != *other));
    below.chain([job]).map(|other| position(program, other)).max()
}

fn sums(program: &Program<'_>, position: usize) -> Vec<(usize, Vec<usize>)> {
    let (ended, pending) = program.order.split_at_checked(position + 1).unwrap_or((&program.order, &[]));
    let below = |job: &usize| (*job, program.below(*job).filter(|other| pending.contains(other)).collect::<BTreeSet<usize>>());
    let seen: Vec<(usize, BTreeSet<usize>)> = ended.iter().map(below).filter(|(_, below)| !below.is_empty()).collect();
    let with = |(job, below): &(usize, BTreeSet<usize>)| {
        let others = seen.iter().filter(|(other, wider)| other != job && wider.is_superset(below)).map(|(other, _)| *other);
        (*job, others.collect())
    };
    seen.iter().map(with).collect()
}

/// By job that exports or deploys: all gates above it.
fn gates(program: &Program<'_>) -> Vec<BTreeSet<usize>> {
    let mut above: Vec<BTreeSet<usize>> = vec![BTreeSet::new(); program.jobs.len()];
    for job in &program.order {
        let Some(unit) = program.jobs.get(*job) else { continue };
        let own = Some(*job).filter(|_| unit.has(Kind::Gate));
        let inherited = unit.needs.iter().filter_map(|need| above.get(*need)).flatten().copied();
        let all: BTreeSet<usize> = inherited.chain(own).collect();
        if let Some(place) = above.get_mut(*job) {
            *place = all;
        }
    }
    let releases = |unit: &Unit<'_>| unit.has(Kind::Deploy) || unit.has(Kind::Export);
    for (unit, gates) in program.jobs.iter().zip(&mut above) {
        if !releases(unit) {
            gates.clear();
        }
    }
    above
}
