//! A run, job by job: every state that it can be in.

use std::cell::{Cell, RefCell};
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::rc::Rc;

use super::effect::Kind;
use super::expr::Template;
use super::judge;
use super::pack::{Packed, Pool, Sees};
use super::program::{Program, Unit};
use super::state::{Above, Ended, Ending, Folded, Line, Mark, Release, State, Term, Terms, Text, Truth};
use super::walk::{Inside, Mode, Path, Status, Story, Walk};
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
    folded: RefCell<HashMap<(usize, Vec<u32>, u32, u32), Parts>>,
}

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

    /// Explores runs in which nothing goes wrong outside, then all runs: a first attempt is one that keeps nothing of an earlier one, and
    /// a run that nobody cancels is one that is cancelled when all is over. Attempts follow until nothing new can come of them.
    /// With `first`, it ends where a property is found broken.
    pub fn explore(&self, first: bool) -> Result<(), String> {
        self.attempt(&[true, false].map(|fork| self.start(fork, None)))?;
        if first && !self.found.borrow().is_empty() {
            return Ok(());
        }
        let mut known = BTreeSet::new();
        let mut new = vec![BTreeMap::new()];
        while !new.is_empty() {
            known.extend(new.iter().cloned());
            let starts: Vec<State> = new.into_iter().map(|world| self.start(false, Some(world))).collect();
            let worlds = self.attempt(&starts)?;
            new = worlds.difference(&known).cloned().collect();
        }
        Ok(())
    }

    /// The start of an undisturbed run, or of any, which finds in place what earlier attempts have released.
    fn start(&self, fork: bool, world: Option<BTreeMap<String, Release>>) -> State {
        let any = world.is_some();
        State {
            fork,
            cancel: any,
            jobs: vec![None; self.program.jobs.len()],
            world: world.unwrap_or_default(),
            seen: self.program.report.as_ref().map(|_| Folded { marks: BTreeSet::new(), above: Above::NOTHING }),
            truth: Truth { trouble: any, any, ..Truth::default() },
            ..State::default()
        }
    }

    /// Every way through an attempt; what the runs have released in the end, where nobody has to be called.
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
        Ok(ends.into_iter().filter(|(state, _)| state.stuck == 0 && !state.fork).map(|(state, _)| state.world).collect())
    }

    fn end(&self, state: &State, story: &Story) {
        judge::end(self, state, story);
        let released = state.world.iter().map(|(name, release)| (name.clone(), release.verified, release.champion)).collect();
        let shape = Shape { fork: state.fork, told: state.told, red: state.truth.red, released };
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
        if state.truth.any && above.kept && !self.program.is_aftermath(job) {
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
        let key = (position, packed.jobs.clone(), packed.seen, packed.decisions);
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
            self.release(deploy, trio.verify, trio.rollback, &of)
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
        of: &dyn Fn(usize) -> Option<&'s Ended>,
    ) -> Vec<Mark> {
        let result = |job: Option<usize>| job.and_then(of).map_or(Ending::Skipped, |ended| ended.result);
        if deploy.result == Ending::Skipped {
            return vec![Mark::Unbegun];
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
        let taken = rollback.and_then(|job| Some(self.says(job, of(job)?, "result"))).is_some_and(|result| result.is("restored"));
        let back = match result(rollback) {
            Ending::Success if taken => Some(Line::RolledBack),
            Ending::Failure | Ending::Cancelled => Some(Line::RollbackFailed),
            _ => None,
        };
        std::iter::once(broken).chain(back).map(Mark::Line).collect()
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

/// A job whose turn has come.
struct Begin<'a, 'r, 'w> {
    run: &'a Run<'r, 'w>,
    job: usize,
    unit: &'a Unit<'w>,
    above: Above,
    state: &'a State,
    story: &'a Story,
}

impl Begin<'_, '_, '_> {
    fn go(&self, mode: Mode, next: &mut Ways<State>) -> Result<(), String> {
        let early = if self.above.killed { None } else { Some(false) };
        let cancelled = if mode == Mode::Late { Some(true) } else { early };
        let starts = self.starts(cancelled)?;
        if starts != Some(true) && matches!(mode, Mode::Early | Mode::Late) {
            self.leave_out(mode, next);
        }
        if starts == Some(false) {
            return Ok(());
        }
        if mode != Mode::Cut {
            return self.walk(mode, next);
        }
        // Conditions are looked at again when the run is cancelled.
        let goes_on = self.starts(Some(true))?;
        if goes_on != Some(false) {
            self.walk(Mode::Late, next)?;
        }
        if goes_on != Some(true) {
            self.walk(Mode::Cut, next)?;
        }
        Ok(())
    }

    /// Whether the job's condition holds, where that is known.
    fn starts(&self, cancelled: Option<bool>) -> Result<Option<bool>, String> {
        let clean = self.above.clean && cancelled != Some(true);
        let Some(condition) = &self.unit.condition else { return Ok(Some(clean)) };
        if !condition.says_status() && !clean {
            return Ok(Some(false));
        }
        let inside = Inside { program: self.run.program, unit: self.unit, state: self.state, path: None, cancelled, above: self.above };
        Ok(condition.evaluate(&inside)?.truth())
    }

    /// The job is skipped, or shown as cancelled where it was waiting when the run was.
    fn leave_out(&self, mode: Mode, next: &mut Ways<State>) {
        let results: &[Ending] = if mode == Mode::Late { &[Ending::Skipped, Ending::Cancelled] } else { &[Ending::Skipped] };
        for result in results {
            let ended = self.ended(mode, *result, self.blank(), None);
            self.close(self.state.clone(), ended, Ending::Skipped, self.story.clone(), next);
        }
    }

    fn blank(&self) -> Vec<Text> {
        vec![Text::default(); self.unit.outputs.len()]
    }

    fn ended(&self, mode: Mode, result: Ending, outputs: Vec<Text>, path: Option<&Path>) -> Ended {
        let gates = path.iter().flat_map(|path| path.state.decisions.iter());
        let lost = gates.filter(|((job, _), _)| *job == self.job).any(|(_, decision)| !decision.approved);
        let own = Above {
            clean: result == Ending::Success,
            failed: result == Ending::Failure,
            late: matches!(mode, Mode::Cut | Mode::Late),
            killed: path.is_some_and(|path| path.killed),
            bad: result.is_bad() || path.is_some_and(|path| path.failed),
            lost,
            kept: mode == Mode::Kept,
        };
        Ended { result, outputs, refused: false, above: self.above.and(own) }
    }

    fn walk(&self, mode: Mode, next: &mut Ways<State>) -> Result<(), String> {
        judge::begin(self.run, self.job, self.above, self.state, self.story);
        let walk = Walk { run: self.run, job: self.job, unit: self.unit, mode, above: self.above };
        if self.unit.job.environment.is_some() && matches!(mode, Mode::Early | Mode::Late) {
            self.refuse(mode, next);
        }
        for (path, story) in walk.ways(self.state, self.story)? {
            self.finish(&walk, &path, &story, next)?;
        }
        Ok(())
    }

    /// Somebody refuses the approval, or the environment does not let this branch in.
    fn refuse(&self, mode: Mode, next: &mut Ways<State>) {
        let mut state = self.state.clone();
        state.truth.trouble = true;
        let ended = Ended { refused: true, ..self.ended(mode, Ending::Failure, self.blank(), None) };
        self.close(state, ended, Ending::Failure, self.story.and(1, Some("its approval is refused".to_owned())), next);
    }

    fn finish(&self, walk: &Walk<'_, '_>, path: &Path, story: &Story, next: &mut Ways<State>) -> Result<(), String> {
        let result = match path.status {
            Status::Going => Ending::Success,
            Status::Failed => Ending::Failure,
            Status::Cancelled => Ending::Cancelled,
            Status::Gone(ending) => ending,
        };
        let wanted = match walk.mode {
            Mode::Cut => result == Ending::Cancelled,
            Mode::Kept => result == Ending::Success,
            Mode::Early | Mode::Late => true,
        };
        if !wanted {
            return Ok(());
        }
        judge::job(self.run, self.job, path, result, story);
        let outputs = if matches!(path.status, Status::Gone(_)) { self.blank() } else { self.outputs(walk, path)? };
        if result == Ending::Cancelled {
            self.close(path.state.clone(), self.ended(walk.mode, result, self.blank(), Some(path)), result, story.clone(), next);
        }
        if result == Ending::Success && walk.mode != Mode::Kept && !path.state.truth.dropped {
            self.drop_each(walk.mode, path, &outputs, story, next);
        }
        let shown = if self.unit.job.continues.as_ref().is_some_and(|at| at.value != "false") {
            vec![result, Ending::Success]
        } else {
            vec![result]
        };
        for shown in shown {
            let ended = self.ended(walk.mode, result, outputs.clone(), Some(path));
            self.close(path.state.clone(), Ended { result: shown, ..ended }, result, story.clone(), next);
        }
        Ok(())
    }

    fn outputs(&self, walk: &Walk<'_, '_>, path: &Path) -> Result<Vec<Text>, String> {
        let value = |(name, template): &(String, Template<'_>)| match self.run.program.reads(self.job, name) {
            true => template.evaluate(&walk.inside(path)).map(Text::from),
            false => Ok(Text::default()),
        };
        self.unit.outputs.iter().map(value).collect()
    }

    /// One output is dropped, as it holds a masked secret.
    fn drop_each(&self, mode: Mode, path: &Path, outputs: &[Text], story: &Story, next: &mut Ways<State>) {
        for (number, (name, _)) in self.unit.outputs.iter().enumerate() {
            let mut outputs = outputs.to_vec();
            let Some(output) = outputs.get_mut(number).filter(|output| !output.is_empty()) else { continue };
            *output = Text::default();
            let mut state = path.state.clone();
            (state.truth.trouble, state.truth.dropped) = (true, true);
            let note = format!("its output `{name}` holds a masked secret and is dropped");
            let ended = self.ended(mode, Ending::Success, outputs, Some(path));
            self.close(state, ended, Ending::Success, story.and(1, Some(note)), next);
        }
    }

    /// The job has ended: `result` as it is, `ended` as others see it.
    fn close(&self, mut state: State, ended: Ended, result: Ending, story: Story, next: &mut Ways<State>) {
        self.note(&mut state, &ended, result);
        self.run.table.borrow_mut().insert(format!("{} {} {}", self.unit.job.id, result.text(), ended.result.text()));
        if let Some(place) = state.jobs.get_mut(self.job) {
            *place = Some(Rc::new(ended));
        }
        let chapter = Chapter { job: self.job, result, text: story.notes.join("; ").into(), before: story.before };
        next.add(state, Story { cost: story.cost, notes: Vec::new(), before: Some(Rc::new(chapter)) });
    }

    fn note(&self, state: &mut State, ended: &Ended, result: Ending) {
        let continues = ended.result != result && result.is_bad();
        let reports = self.run.program.report.as_ref().is_some_and(|report| report.job == self.job);
        state.truth.failed |= result == Ending::Failure && !reports;
        state.truth.cancelled |= result == Ending::Cancelled && !reports;
        state.truth.red |= result.is_bad() && !continues;
        let of = |kind: Kind| self.unit.acts.iter().filter(move |act| act.effect.kind == kind);
        let bits = |kind: Kind| of(kind).fold(0, |bits, act| bits | self.run.program.bit(act));
        if ended.result != Ending::Skipped {
            state.reached |= bits(Kind::Deploy);
        }
        if result.is_bad() {
            state.stuck |= bits(Kind::Rollback);
        }
    }
}
