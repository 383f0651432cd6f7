//! From a checked file to plans.

use std::collections::{BTreeMap, BTreeSet};

use super::connections::{Connections, env_value};
use super::{Action, Condition, Env, EnvValue, Input, Job, Plan, Step, Trigger};
use crate::Checked;
use crate::graph::Graph;
use crate::lock::Lock;
use crate::resolve::hir::{Pipeline, Spanned, Stage, StageId, Value};
use crate::schema::Ty;
use crate::source::SourceSet;

/// Plans every pipeline of a file.
pub fn plan(checked: &Checked<'_>) -> Vec<Plan> {
    let analysis = checked.analysis();
    let hir = &analysis.resolved.hir;
    let source = analysis.sources.get(analysis.file);
    let planner = |(pipeline, graph)| Planner {
        sources: analysis.sources,
        lock: analysis.lock,
        folder: source.map_or("", |file| file.folder()),
        source: source.map_or("", |file| file.path.as_str()),
        pipeline,
        graph,
        connections: Connections::new(hir, pipeline),
        jobs: job_ids(pipeline),
        ids: leaders(pipeline),
        guests: guests(pipeline),
        gated: graph.below(|id| is_gate(pipeline, id)),
    };
    hir.pipelines.iter().zip(&analysis.graphs).map(|pair| planner(pair).plan()).collect()
}

/// What a pipeline's plan is made from.
pub(super) struct Planner<'a> {
    pub sources: &'a SourceSet,
    pub lock: &'a Lock,
    pub folder: &'a str,
    pub source: &'a str,
    pub pipeline: &'a Pipeline,
    pub graph: &'a Graph,
    pub connections: Connections<'a>,
    /// The stage whose job a stage belongs to.
    jobs: BTreeMap<StageId, StageId>,
    /// From the id of a job to its stage.
    ids: BTreeMap<&'a str, StageId>,
    /// The gate that shares a training's job.
    guests: BTreeMap<StageId, StageId>,
    /// The stages that wait for a gate, however far above.
    gated: BTreeSet<StageId>,
}

/// A gate right below its training shares the training's job, unless it asks for one of its own.
fn job_ids(pipeline: &Pipeline) -> BTreeMap<StageId, StageId> {
    pipeline.stages.iter().map(|stage| (stage.id, pipeline.host(stage).unwrap_or(stage.id))).collect()
}

/// The stages that have a job of their own, by its id.
fn leaders(pipeline: &Pipeline) -> BTreeMap<&str, StageId> {
    let alone = pipeline.stages.iter().filter(|stage| pipeline.host(stage).is_none());
    alone.map(|stage| (stage.name.text.as_str(), stage.id)).collect()
}

/// From a host to its guest; of several, the first as written.
fn guests(pipeline: &Pipeline) -> BTreeMap<StageId, StageId> {
    let pairs = pipeline.stages.iter().rev().filter_map(|stage| Some((pipeline.host(stage)?, stage.id)));
    pairs.collect()
}

fn is_gate(pipeline: &Pipeline, id: StageId) -> bool {
    pipeline.stage(id).is_some_and(|stage| stage.kind() == "gate")
}

/// What a stage's job does; the frame around it is the same for all.
pub(super) struct Body {
    pub title: String,
    pub comment: Option<String>,
    pub env: Env,
    pub steps: Vec<Step>,
    pub outputs: Vec<(String, String, String)>,
    pub permissions: Vec<super::Permission>,
    pub environment: Option<super::Environment>,
    pub minutes: f64,
}

impl<'a> Planner<'a> {
    fn plan(&self) -> Plan {
        let mut jobs: Vec<Job> =
            self.pipeline.stages.iter().filter(|stage| self.leads(stage)).filter_map(|stage| self.job(stage)).collect();
        jobs.extend(self.pipeline.of_kind("verify").filter_map(|verify| self.rollback(verify)));
        let outcome = self.outcome(&jobs);
        jobs.push(outcome);
        let pull_request = self.pull_request(&jobs);
        Plan {
            name: self.pipeline.name.text.clone(),
            doc: self.pipeline.doc.clone(),
            source: self.source.to_owned(),
            triggers: self.pipeline.triggers.iter().filter_map(|trigger| self.trigger(trigger)).collect(),
            pull_request,
            publish: self.publish(),
            queue: self.pipeline.attrs.string("concurrency") != Some("unlimited"),
            jobs,
            releases: self.pipeline.of_kind("deploy").filter_map(|deploy| self.release(deploy)).collect(),
        }
    }

    /// Whether a stage has a job of its own.
    fn leads(&self, stage: &Stage) -> bool {
        self.jobs.get(&stage.id) == Some(&stage.id)
    }

    /// The id of a stage's job.
    pub fn job_id(&self, stage: &Stage) -> String {
        let host = self.jobs.get(&stage.id).and_then(|id| self.pipeline.stage(*id));
        host.unwrap_or(stage).name.text.clone()
    }

    /// The id of the job of a stage's id.
    pub fn job_of(&self, id: StageId) -> String {
        self.pipeline.stage(id).map(|stage| self.job_id(stage)).unwrap_or_default()
    }

    /// The gate that shares a training's job.
    pub fn guest(&self, train: &Stage) -> Option<&'a Stage> {
        self.guests.get(&train.id).and_then(|id| self.pipeline.stage(*id))
    }

    fn job(&self, stage: &Stage) -> Option<Job> {
        let body = match stage.kind() {
            "preflight" => self.preflight(stage),
            "data" => self.data(stage),
            "train" => self.train(stage),
            "gate" => self.gate_alone(stage),
            "export" => self.export(stage),
            "image" => self.image_job(stage),
            "deploy" => self.deploy(stage)?,
            "verify" => self.verify(stage)?,
            _ => self.free(stage),
        };
        Some(self.frame(stage, body))
    }

    /// The job around a body: order, condition, machine, environment.
    fn frame(&self, stage: &Stage, body: Body) -> Job {
        let order = self.order(stage);
        let mut job = Job {
            id: self.job_id(stage),
            title: body.title,
            comment: stage.doc.clone().or(body.comment),
            needs: Vec::new(),
            condition: self.condition(stage, &order),
            runner: runner(stage),
            minutes: minutes(body.minutes),
            environment: body.environment,
            permissions: body.permissions,
            outputs: body.outputs,
            env: body.env,
            steps: body.steps,
        };
        if job.environment.is_none() && job.reads_secrets() {
            job.environment = Some(super::Environment { name: "mlp-ci".into(), deploys_to: None });
        }
        self.name_needs(&mut job, order.iter().map(|id| self.job_of(*id)));
        own_outputs(&mut job);
        job
    }

    /// The stages whose jobs this one waits for, without those that others of them wait for already.
    fn order(&self, stage: &Stage) -> Vec<StageId> {
        let mut preds = self.graph.preds(stage.id);
        if let Some(guest) = self.guest(stage) {
            preds.extend(self.graph.preds(guest.id).into_iter().filter(|id| *id != stage.id));
        }
        self.graph.reduced(&preds)
    }

    /// `needs`: the jobs waited for and those whose outputs are read, in the order written.
    fn name_needs(&self, job: &mut Job, order: impl IntoIterator<Item = String>) {
        let mut wanted: BTreeSet<String> = order.into_iter().collect();
        let mut read = |value: &EnvValue| collect_needs(value, &mut wanted);
        job.env.iter().for_each(|(_, value)| read(value));
        for step in &job.steps {
            step.env.iter().for_each(|(_, value)| read(value));
            if let Action::Uses { with, .. } = &step.action {
                with.iter().for_each(|(_, value)| read(value));
            }
        }
        wanted.remove(&job.id);
        job.needs = self.as_written(&wanted);
    }

    /// The stages of some job ids, in the order written.
    fn as_written(&self, wanted: &BTreeSet<String>) -> Vec<String> {
        let stages: BTreeSet<StageId> = wanted.iter().filter_map(|id| self.ids.get(id.as_str()).copied()).collect();
        stages.into_iter().map(|id| self.job_of(id)).collect()
    }

    fn condition(&self, stage: &Stage, order: &[StageId]) -> Condition {
        if !self.gated.contains(&stage.id) {
            return Condition::Success { first: order.is_empty() };
        }
        let (gates, others): (Vec<StageId>, Vec<StageId>) = order.iter().copied().partition(|id| is_gate(self.pipeline, *id));
        let jobs = |ids: Vec<StageId>| ids.into_iter().map(|id| self.job_of(id)).collect();
        Condition::Gated { approved: jobs(gates), succeeded: jobs(others) }
    }

    fn trigger(&self, trigger: &crate::resolve::hir::Trigger) -> Option<Trigger> {
        let attrs = &trigger.attrs;
        let list = |name: &str| attrs.list(name).iter().filter_map(text).collect::<Vec<String>>();
        Some(match attrs.block.name {
            "push" => Trigger::Push { branches: list("branches"), paths: list("paths") },
            "schedule" => Trigger::Schedule {
                cron: attrs.string("cron").unwrap_or_default().to_owned(),
                timezone: attrs.string("timezone").map(str::to_owned),
            },
            "manual" => Trigger::Manual(trigger.inputs.iter().map(input).collect()),
            _ => return None,
        })
    }

    /// The pin of an action: commit and tag.
    pub fn pin(&self, name: &str) -> (String, String) {
        self.lock.action(name).map(|pin| (pin.sha.clone(), pin.tag.clone())).unwrap_or_default()
    }

    /// The champion that the gate above a stage compares with: model and alias.
    pub fn champion(&self, stage: &Stage) -> Option<(String, String)> {
        let above = self.graph.ancestors(stage.id).into_iter().rev().filter_map(|id| self.pipeline.stage(id));
        let mut gates = above.chain(std::iter::once(stage)).filter(|s| s.kind() == "gate");
        gates.find_map(|gate| match &gate.attrs.get("champion")?.value {
            Value::Model(_, name, alias) => Some((name.clone(), alias.clone())),
            _ => None,
        })
    }
}

/// What a step reads of its own job comes from the step behind that output.
fn own_outputs(job: &mut Job) {
    let (id, outputs) = (job.id.clone(), job.outputs.clone());
    for (_, value) in job.steps.iter_mut().flat_map(|step| &mut step.env) {
        if let EnvValue::Need(of, name) = value
            && *of == id
            && let Some((_, step, output)) = outputs.iter().find(|(key, ..)| key == name)
        {
            *value = EnvValue::Step(step.clone(), output.clone());
        }
    }
}

fn collect_needs(value: &EnvValue, wanted: &mut BTreeSet<String>) {
    match value {
        EnvValue::Need(job, _) | EnvValue::Result(job) => drop(wanted.insert(job.clone())),
        EnvValue::Concat(parts) => parts.iter().for_each(|part| collect_needs(part, wanted)),
        _ => {}
    }
}

pub(super) fn text(value: &Spanned) -> Option<String> {
    match &value.value {
        Value::String(text) => Some(text.clone()),
        _ => None,
    }
}

fn input(input: &crate::resolve::hir::Input) -> Input {
    let ty = match input.ty {
        Ty::Int | Ty::Float => "number",
        Ty::Bool => "boolean",
        _ => "string",
    };
    let default = input.default.as_ref().and_then(|value| match env_value(&value.value) {
        EnvValue::Literal(text) => Some(text),
        _ => None,
    });
    Input { name: input.name.text.clone(), ty, default }
}

/// The label of a stage's machine.
pub(super) fn runner(stage: &Stage) -> String {
    let gpu = stage.attrs.block.attr("gpu").is_some() && stage.attrs.get("gpu").is_some();
    let default = if gpu { "gpu" } else { "ubuntu-24.04" };
    stage.attrs.block.attr("runner").and_then(|_| stage.attrs.string("runner")).unwrap_or(default).to_owned()
}

/// Milliseconds as whole minutes, rounded up.
pub(super) fn minutes(milliseconds: f64) -> u32 {
    super::release::small((milliseconds / 60_000.0).ceil())
}
