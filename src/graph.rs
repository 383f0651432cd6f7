//! The graph of a pipeline's stages: who waits for whom.

use std::collections::{BTreeSet, HashSet};

use petgraph::Direction;
use petgraph::graph::{DiGraph, NodeIndex};
use petgraph::visit::{Dfs, EdgeFiltered, NodeFiltered, Reversed, Walker};

use crate::resolve::hir::{Pipeline, Stage, StageId};

/// Stages as nodes, in the order written; an edge from a stage to one that waits for its success.
///
/// References point upward only, so the order written is a topological order.
#[derive(Clone, Debug, Default)]
pub struct Graph {
    graph: DiGraph<StageId, ()>,
}

impl Graph {
    /// The graph of a pipeline.
    pub fn new(pipeline: &Pipeline) -> Self {
        let mut graph = DiGraph::with_capacity(pipeline.stages.len(), pipeline.stages.len());
        for stage in &pipeline.stages {
            graph.add_node(stage.id);
        }
        for stage in &pipeline.stages {
            for pred in stage.preds.iter().filter(|pred| pred.0 < stage.id.0) {
                graph.update_edge(NodeIndex::new(pred.0), NodeIndex::new(stage.id.0), ());
            }
        }
        Self { graph }
    }

    /// The stages a stage waits for directly.
    pub fn preds(&self, id: StageId) -> Vec<StageId> {
        let mut found: Vec<StageId> = self.neighbors(id, Direction::Incoming).collect();
        found.sort();
        found
    }

    /// The stages that wait for a stage directly.
    pub fn succs(&self, id: StageId) -> Vec<StageId> {
        let mut found: Vec<StageId> = self.neighbors(id, Direction::Outgoing).collect();
        found.sort();
        found
    }

    fn neighbors(&self, id: StageId, direction: Direction) -> impl Iterator<Item = StageId> {
        self.graph.neighbors_directed(NodeIndex::new(id.0), direction).map(|node| StageId(node.index()))
    }

    /// All stages that must have succeeded before a stage runs, itself left out.
    pub fn ancestors(&self, id: StageId) -> Vec<StageId> {
        let reversed = Reversed(&self.graph);
        let walk = Dfs::new(reversed, NodeIndex::new(id.0)).iter(reversed);
        let mut found: Vec<StageId> = walk.map(|node| StageId(node.index())).filter(|found| *found != id).collect();
        found.sort();
        found
    }

    /// Whether `above` must have succeeded before `id` runs. Looks only at the stages written between the two.
    pub fn is_ancestor(&self, above: StageId, id: StageId) -> bool {
        let between = NodeFiltered::from_fn(&self.graph, |node| (above.0..=id.0).contains(&node.index()));
        let (from, to) = (NodeIndex::new(above.0), NodeIndex::new(id.0));
        above < id && Dfs::new(Reversed(&between), to).iter(Reversed(&between)).any(|node| node == from)
    }

    /// All stages that wait, however far below, for one that is `above`.
    pub fn below(&self, above: impl Fn(StageId) -> bool) -> BTreeSet<StageId> {
        let mut found = BTreeSet::new();
        for id in self.graph.node_indices().map(|node| StageId(node.index())) {
            if self.neighbors(id, Direction::Incoming).any(|pred| above(pred) || found.contains(&pred)) {
                found.insert(id);
            }
        }
        found
    }

    /// A shortest path from one stage to another that avoids others.
    pub fn path_avoiding(&self, from: StageId, to: StageId, avoid: impl Fn(StageId) -> bool) -> Option<Vec<StageId>> {
        let open = |id: StageId| !avoid(id);
        let filtered = EdgeFiltered::from_fn(&self.graph, |edge: petgraph::graph::EdgeReference<'_, ()>| {
            use petgraph::visit::EdgeRef as _;
            open(StageId(edge.source().index())) && open(StageId(edge.target().index()))
        });
        let goal = NodeIndex::new(to.0);
        let found = petgraph::algo::astar(&filtered, NodeIndex::new(from.0), |node| node == goal, |_| 1, |_| 0)?;
        Some(found.1.into_iter().map(|node| StageId(node.index())).collect())
    }

    /// For each deploy that a model can reach without a gate that must succeed: the path.
    pub fn ungated_paths(&self, pipeline: &Pipeline) -> Vec<Vec<StageId>> {
        let carriers = carriers(pipeline);
        let trains = |id: &StageId| pipeline.stage(*id).is_some_and(|stage| stage.kind() == "train");
        let from = |deploy: &Stage| {
            let above = self.ancestors(deploy.id).into_iter().filter(trains);
            above.filter_map(|train| self.path_avoiding(train, deploy.id, |id| !carriers.contains(&id))).next()
        };
        pipeline.of_kind("deploy").filter_map(from).collect()
    }

    /// The stages a job must name in `needs`: those no other of them already waits for.
    pub fn reduced(&self, preds: &[StageId]) -> Vec<StageId> {
        let implied = |id: &StageId| preds.iter().any(|other| other != id && self.is_ancestor(*id, *other));
        preds.iter().copied().filter(|id| !implied(id)).collect()
    }

    /// The longest way through the graph when each stage takes `minutes`: its length and its stages.
    pub fn critical_path(&self, minutes: impl Fn(StageId) -> f64) -> (f64, Vec<StageId>) {
        let mut best: Vec<(f64, Option<StageId>)> = Vec::with_capacity(self.graph.node_count());
        for node in self.graph.node_indices() {
            let id = StageId(node.index());
            let before = |pred: StageId| best.get(pred.0).map_or(0.0, |(length, _)| *length);
            let longest = self.preds(id).into_iter().map(|pred| (before(pred), Some(pred))).max_by(|a, b| a.0.total_cmp(&b.0));
            let (length, pred) = longest.unwrap_or((0.0, None));
            best.push((length + minutes(id), pred));
        }
        let end = best.iter().enumerate().max_by(|a, b| a.1.0.total_cmp(&b.1.0)).map(|(i, _)| StageId(i));
        let mut path: Vec<StageId> = std::iter::successors(end, |id| best.get(id.0).and_then(|(_, pred)| *pred)).collect();
        path.reverse();
        (end.and_then(|id| best.get(id.0)).map_or(0.0, |(length, _)| *length), path)
    }
}

/// The stages that may hand a model on without having judged it: training, export, deploy, and jobs that read from one of these.
///
/// An image that is built beside training carries none, nor does a job that only waits.
fn carriers(pipeline: &Pipeline) -> HashSet<StageId> {
    let mut found = HashSet::new();
    for stage in &pipeline.stages {
        let reads = || stage.references().iter().any(|(output, _)| found.contains(&output.stage));
        if matches!(stage.kind(), "train" | "export" | "deploy") || (stage.kind() == "job" && reads()) {
            found.insert(stage.id);
        }
    }
    found
}
