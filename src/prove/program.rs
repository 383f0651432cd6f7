//! A workflow made ready to be run: expressions parsed, jobs in an order in which they can end, steps known by their part.

use std::collections::BTreeSet;

use serde_json::Value as Json;

use super::effect::{Effect, Kind};
use super::expr::{Part, Template};
use super::read::{At, Job, Pair, Step, Workflow};

pub struct Program<'w> {
    pub workflow: &'w Workflow,
    pub jobs: Vec<Unit<'w>>,
    /// An order in which every job stands after those it needs, and soon after.
    pub order: Vec<usize>,
    pub report: Option<Report>,
    /// Outputs that something reads, by job and name.
    read: BTreeSet<(usize, String)>,
}

/// A job.
pub struct Unit<'w> {
    pub job: &'w Job,
    pub needs: Vec<usize>,
    pub condition: Option<Template<'w>>,
    pub outputs: Vec<(String, Template<'w>)>,
    pub acts: Vec<Act<'w>>,
}

/// A step.
pub struct Act<'w> {
    pub step: &'w Step,
    pub effect: Effect,
    pub condition: Option<Template<'w>>,
    pub env: Vec<(&'w str, Template<'w>)>,
    /// The last step that reads what it left, by number; the number of steps where the job's outputs do.
    pub last_read: usize,
}

/// The job that says how the run ended, and what its script was told to look at.
#[derive(Clone, Debug)]
pub struct Report {
    pub job: usize,
    pub gates: BTreeSet<usize>,
    pub exports: BTreeSet<usize>,
    pub releases: Vec<Trio>,
    /// Jobs of the configuration that do not exist.
    pub absent: bool,
    /// Jobs that its conditions and variables read by name.
    pub named: BTreeSet<usize>,
}

/// What a rollback says that decides what the outcome script makes of it.
const DECIDING: [&str; 2] = ["result", "changed"];

/// The jobs of one environment's release.
#[derive(Clone, Debug)]
pub struct Trio {
    pub deploy: usize,
    pub verify: Option<usize>,
    pub rollback: Option<usize>,
}

impl Trio {
    pub fn jobs(&self) -> impl Iterator<Item = usize> {
        [Some(self.deploy), self.verify, self.rollback].into_iter().flatten()
    }

    pub fn has(&self, job: usize) -> bool {
        self.jobs().any(|member| member == job)
    }
}

/// What keeps a workflow from being read as a program.
pub enum Refusal {
    /// GitHub would refuse it too.
    Invalid(At<String>),
    /// It may mean something that is not known here.
    Unclear(At<String>),
}

impl<'w> Program<'w> {
    pub fn new(workflow: &'w Workflow, trusted: bool) -> Result<Self, Refusal> {
        let ids: Vec<&str> = workflow.jobs.iter().map(|job| job.id.as_str()).collect();
        let jobs: Result<Vec<Unit<'w>>, Refusal> = workflow.jobs.iter().map(|job| unit(workflow, job, &ids, trusted)).collect();
        let jobs = jobs?;
        let order = order(&jobs)?;
        let report = report(&jobs, &ids);
        let read = read(&jobs, &ids, report.as_ref());
        Ok(Self { workflow, jobs, order, report, read })
    }

    /// Whether anything that happens depends on an output.
    pub fn reads(&self, job: usize, output: &str) -> bool {
        [output, "*"].iter().any(|name| self.read.contains(&(job, (*name).to_owned())))
    }

    /// Whether the outcome script looks at an output.
    pub fn tells(&self, job: usize, output: &str) -> bool {
        let Some(report) = &self.report else { return false };
        let rollback = report.releases.iter().any(|trio| trio.rollback == Some(job));
        (output == "approved" && report.gates.contains(&job)) || (rollback && DECIDING.contains(&output))
    }

    /// The bit of the environment of a step, among those that something is deployed to.
    pub fn bit(&self, act: &Act<'_>) -> u64 {
        self.bit_of(act.effect.text("environment"))
    }

    /// The bit of an environment; none where nothing is deployed to it.
    pub fn bit_of(&self, environment: &str) -> u64 {
        let names: BTreeSet<&str> = self.steps(Kind::Deploy).map(|(_, _, act)| act.effect.text("environment")).collect();
        let number = names.iter().position(|name| *name == environment);
        number.and_then(|number| 1_u64.checked_shl(u32::try_from(number).ok()?)).unwrap_or_default()
    }

    /// The steps of a kind.
    pub fn steps(&self, kind: Kind) -> impl Iterator<Item = (usize, usize, &Act<'w>)> {
        let steps = self.jobs.iter().enumerate().flat_map(|(j, unit)| unit.acts.iter().enumerate().map(move |(s, act)| (j, s, act)));
        steps.filter(move |(_, _, act)| act.effect.kind == kind)
    }

    /// The jobs that need a job.
    pub fn below(&self, job: usize) -> impl Iterator<Item = usize> {
        self.jobs.iter().enumerate().filter(move |(_, unit)| unit.needs.contains(&job)).map(|(i, _)| i)
    }

    /// Whether a job only clears up or reports.
    pub fn is_aftermath(&self, job: usize) -> bool {
        let kinds = [Kind::Rollback, Kind::Outcome];
        self.jobs.get(job).is_some_and(|unit| unit.acts.iter().any(|act| kinds.contains(&act.effect.kind)))
    }
}

impl<'w> Unit<'w> {
    /// Every text of it with expressions.
    pub fn templates(&self) -> impl Iterator<Item = &Template<'w>> {
        let steps = self.acts.iter().flat_map(|act| act.condition.iter().chain(act.env.iter().map(|(_, template)| template)));
        self.condition.iter().chain(self.outputs.iter().map(|(_, template)| template)).chain(steps)
    }

    pub fn has(&self, kind: Kind) -> bool {
        self.acts.iter().any(|act| act.effect.kind == kind)
    }
}

impl<'w> Act<'w> {
    /// Whether its failure does not fail the job.
    pub fn continues(&self) -> bool {
        self.step.continues.as_ref().is_some_and(|at| at.value != "false")
    }

    pub fn variable(&self, name: &str) -> Option<&Template<'w>> {
        self.env.iter().find(|(key, _)| *key == name).map(|(_, template)| template)
    }
}

fn unclear(line: u64) -> impl Fn(String) -> Refusal {
    move |value| Refusal::Unclear(At { line, value })
}

fn condition(text: Option<&At<String>>) -> Result<Option<Template<'_>>, Refusal> {
    text.map(|at| Template::condition(&at.value).map_err(unclear(at.line))).transpose()
}

fn unit<'w>(workflow: &'w Workflow, job: &'w Job, ids: &[&str], trusted: bool) -> Result<Unit<'w>, Refusal> {
    let need = |need: &At<String>| {
        let found = ids.iter().position(|id| id.eq_ignore_ascii_case(&need.value));
        found.ok_or_else(|| {
            Refusal::Invalid(At { line: need.line, value: format!("job `{}` needs `{}`, which does not exist", job.id, need.value) })
        })
    };
    let needs: Result<Vec<usize>, Refusal> = job.needs.iter().map(need).collect();
    let output = |pair: &'w Pair| Ok((pair.key.to_ascii_lowercase(), template(pair)?));
    let outputs: Result<Vec<_>, Refusal> = job.outputs.iter().map(output).collect();
    let outputs = outputs?;
    let acts: Result<Vec<Act<'w>>, Refusal> = job.steps.iter().map(|step| act(workflow, job, step, trusted)).collect();
    let mut acts = acts?;
    let last: Vec<usize> = acts.iter().map(|act| last_read(act, &acts, &outputs)).collect();
    for (act, last) in acts.iter_mut().zip(last) {
        act.last_read = last;
    }
    Ok(Unit { job, needs: needs?, condition: condition(job.condition.as_ref())?, outputs, acts })
}

fn last_read(act: &Act<'_>, acts: &[Act<'_>], outputs: &[(String, Template<'_>)]) -> usize {
    let own = |path: &Vec<Part>| match path.as_slice() {
        [Part::Name(steps), Part::Name(id), ..] => steps == "steps" && act.step.id.as_ref().is_some_and(|own| own.eq_ignore_ascii_case(id)),
        [Part::Name(steps), ..] => steps == "steps",
        _ => false,
    };
    let reads = |template: &Template<'_>| template.paths().iter().any(own);
    if outputs.iter().any(|(_, template)| reads(template)) {
        return acts.len();
    }
    acts.iter().rposition(|act| act.condition.iter().chain(act.env.iter().map(|(_, template)| template)).any(reads)).unwrap_or_default()
}

fn template(pair: &Pair) -> Result<Template<'_>, Refusal> {
    Template::parse(&pair.value.value).map_err(unclear(pair.value.line))
}

fn act<'w>(workflow: &'w Workflow, job: &'w Job, step: &'w Step, trusted: bool) -> Result<Act<'w>, Refusal> {
    let pairs = step.env.iter().chain(&job.env).chain(&workflow.env).filter(|pair| pair.key != "MLP_CONFIG");
    let env: Result<Vec<_>, Refusal> = pairs.map(|pair| Ok((pair.key.as_str(), template(pair)?))).collect();
    Ok(Act { step, effect: Effect::of(step, trusted), condition: condition(step.condition.as_ref())?, env: env?, last_read: 0 })
}

/// Depth first, so that few jobs are waited for at a time.
fn order(jobs: &[Unit<'_>]) -> Result<Vec<usize>, Refusal> {
    let mut order: Vec<usize> = Vec::new();
    while order.len() < jobs.len() {
        let ready = |(i, unit): &(usize, &Unit<'_>)| !order.contains(i) && unit.needs.iter().all(|need| order.contains(need));
        // What nothing but the report waits for can be forgotten at once, with all that it alone waited for.
        let leaf = |job: usize| jobs.iter().filter(|unit| unit.needs.contains(&job)).all(|unit| unit.has(Kind::Outcome));
        let recent = |unit: &Unit<'_>| unit.needs.iter().filter_map(|need| order.iter().position(|done| done == need)).max();
        let next = jobs.iter().enumerate().filter(ready).max_by_key(|(i, unit)| (leaf(*i), recent(unit), std::cmp::Reverse(*i)));
        let Some((next, _)) = next else {
            let stuck = jobs.iter().enumerate().find(|(i, _)| !order.contains(i));
            let line = stuck.map_or(0, |(_, unit)| unit.job.line);
            return Err(Refusal::Invalid(At { line, value: "jobs wait for each other".to_owned() }));
        };
        order.push(next);
    }
    Ok(order)
}

fn report(jobs: &[Unit<'_>], ids: &[&str]) -> Option<Report> {
    let (job, unit) = jobs.iter().enumerate().find(|(_, unit)| unit.has(Kind::Outcome))?;
    let act = unit.acts.iter().find(|act| act.effect.kind == Kind::Outcome)?;
    let mut absent = false;
    let mut find = |id: Option<&Json>| {
        let id = id.and_then(Json::as_str)?;
        let found = ids.iter().position(|known| *known == id).filter(|found| unit.needs.contains(found));
        absent |= found.is_none();
        found
    };
    let list = |key: &str| act.effect.config.get(key).and_then(Json::as_array).cloned().unwrap_or_default();
    let gates = list("gates").iter().filter_map(|id| find(Some(id))).collect();
    let exports = list("exports").iter().filter_map(|id| find(Some(id))).collect();
    let mut trio = |release: &Json| {
        Some(Trio { deploy: find(release.get("deploy"))?, verify: find(release.get("verify")), rollback: find(release.get("rollback")) })
    };
    let releases = list("releases").iter().filter_map(&mut trio).collect();
    Some(Report { job, gates, exports, releases, absent, named: named(unit, ids) })
}

/// The jobs that a job's conditions, variables and outputs read by name.
fn named(unit: &Unit<'_>, ids: &[&str]) -> BTreeSet<usize> {
    let job = |path: Vec<Part>| match path.as_slice() {
        [Part::Name(needs), Part::Name(id), ..] if needs == "needs" => ids.iter().position(|known| known.eq_ignore_ascii_case(id)),
        _ => None,
    };
    unit.templates().flat_map(Template::paths).filter_map(job).collect()
}

/// The outputs that anything reads; `*` is all of a job. What the outcome script looks at is known from its contract.
fn read(jobs: &[Unit<'_>], ids: &[&str], report: Option<&Report>) -> BTreeSet<(usize, String)> {
    let mut read = BTreeSet::new();
    for unit in jobs {
        for path in unit.templates().flat_map(Template::paths) {
            let [Part::Name(needs), rest @ ..] = path.as_slice() else { continue };
            let job = |id: &str| ids.iter().position(|known| known.eq_ignore_ascii_case(id));
            match rest {
                [Part::Name(id), Part::Name(_), Part::Name(output)] if needs == "needs" => {
                    read.extend(job(id).map(|job| (job, output.clone())))
                }
                [Part::Name(_), Part::Name(what)] if what == "result" => {}
                [Part::Name(id), ..] if needs == "needs" => read.extend(job(id).map(|job| (job, "*".to_owned()))),
                _ if needs == "needs" && !unit.has(Kind::Outcome) => read.extend(unit.needs.iter().map(|job| (*job, "*".to_owned()))),
                _ => {}
            }
        }
    }
    let gates = report.iter().flat_map(|report| &report.gates).map(|job| (*job, "approved".to_owned()));
    let rollbacks = report.iter().flat_map(|report| &report.releases).filter_map(|trio| trio.rollback);
    let rollbacks = rollbacks.flat_map(|job| DECIDING.map(|output| (job, output.to_owned())));
    read.extend(gates.chain(rollbacks));
    read
}
