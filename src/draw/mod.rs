//! The graph of a pipeline's stages, drawn: one format a file.

mod dot;
mod json;
mod layout;
mod mermaid;
mod svg;

pub use dot::dot;
pub use json::json;
pub use mermaid::mermaid;
pub use svg::svg;

use crate::graph::Graph;
use crate::resolve::hir::{Pipeline, Stage, StageId};

/// What is drawn of a pipeline: its stages, who waits for whom, what a lost gate skips, and what a failed verification takes back.
#[derive(Clone, Debug)]
pub struct Picture {
    /// The pipeline's name.
    pub name: String,
    /// Its documentation.
    pub doc: Option<String>,
    /// Its stages in the order written.
    pub nodes: Vec<Node>,
    /// From a verification to the deploy that it takes back.
    pub rollbacks: Vec<(usize, usize)>,
    /// The longest way through all time limits: minutes, and the stages on it.
    pub critical: (f64, Vec<usize>),
}

/// A stage.
#[derive(Clone, Debug)]
pub struct Node {
    /// Its name.
    pub name: String,
    /// `train`, `gate`, …
    pub kind: &'static str,
    /// Its documentation.
    pub doc: Option<String>,
    /// Whether mlp filled it in.
    pub implied: bool,
    /// The stages it waits for; those left out that another of them waits for already.
    pub needs: Vec<usize>,
    /// Its time limit in minutes.
    pub minutes: f64,
    /// The nearest gate above: if that is lost, this stage is skipped.
    pub gate: Option<usize>,
}

impl Picture {
    /// The picture of a pipeline.
    pub fn new(pipeline: &Pipeline, graph: &Graph) -> Self {
        let minutes = |id| pipeline.stage(id).map_or(0.0, minutes);
        let (length, path) = graph.critical_path(minutes);
        Self {
            name: pipeline.name.text.clone(),
            doc: pipeline.doc.clone(),
            nodes: pipeline.stages.iter().map(|stage| Node::new(stage, pipeline, graph)).collect(),
            rollbacks: pipeline.of_kind("verify").filter_map(|verify| Some((verify.id.0, taken_back(verify)?.0))).collect(),
            critical: (length, path.into_iter().map(|id| id.0).collect()),
        }
    }

    /// Every gate with the stages of which it is the nearest gate above.
    fn gates(&self) -> impl Iterator<Item = (usize, Vec<usize>)> {
        let gates = self.nodes.iter().enumerate().filter(|(_, node)| node.kind == "gate").map(|(i, _)| i);
        gates.map(|gate| (gate, self.nodes.iter().enumerate().filter(|(_, node)| node.gate == Some(gate)).map(|(i, _)| i).collect()))
    }

    /// All that a lost gate skips, stages behind further gates included.
    fn skipped(&self, gate: usize) -> Vec<usize> {
        let above = |node: usize| std::iter::successors(self.gate_of(node), |above| self.gate_of(*above));
        (0..self.nodes.len()).filter(|node| above(*node).any(|found| found == gate)).collect()
    }

    fn gate_of(&self, node: usize) -> Option<usize> {
        self.nodes.get(node).and_then(|node| node.gate)
    }

    fn name_of(&self, node: usize) -> &str {
        self.nodes.get(node).map_or("", |node| &node.name)
    }
}

impl Node {
    fn new(stage: &Stage, pipeline: &Pipeline, graph: &Graph) -> Self {
        let is_gate = |id: &StageId| pipeline.stage(*id).is_some_and(|stage| stage.kind() == "gate");
        Self {
            name: stage.name.text.clone(),
            kind: stage.kind(),
            doc: stage.doc.clone(),
            implied: stage.implied,
            needs: graph.reduced(&graph.preds(stage.id)).into_iter().map(|id| id.0).collect(),
            minutes: minutes(stage),
            gate: graph.ancestors(stage.id).into_iter().rfind(is_gate).map(|id| id.0),
        }
    }
}

/// A stage's time limit; that of a verification is its deadline.
fn minutes(stage: &Stage) -> f64 {
    let key = if stage.kind() == "verify" { "within" } else { "timeout" };
    stage.attrs.number(key).unwrap_or_default() / 60_000.0
}

/// The deploy that a verification takes back when it fails.
fn taken_back(verify: &Stage) -> Option<StageId> {
    verify.on_failure.as_ref()?.rollback?;
    verify.attrs.output("release").map(|release| release.stage)
}

/// What a lost gate means, for the frame around the stages it skips.
fn lost(gate: &str) -> String {
    format!("{gate} lost: skipped, run green")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::lock::Lock;
    use crate::source::{FileId, SourceFile, SourceSet};

    const FORKED: &str = r#"mlp 1
pipeline "forked" {
  on manual
  job slow  { run = bash"""sleep 1""" }
  job quick { after = [], run = bash"""true""" }
  train fit { run = file("train.py"), after = [slow], metric auc: float higher }
  gate first { require auc >= 0.5 }
  parallel {
    gate second { require auc >= 0.7 }
    job report { run = bash"""true""" }
  }
  job last { after = [second, quick], run = bash"""true""" }
}
"#;

    fn picture(sources: &SourceSet) -> Picture {
        let analysis = crate::analyze(sources, FileId(0), Lock::built_in());
        let pipelines = &analysis.resolved.hir.pipelines;
        Picture::new(&pipelines[0], &analysis.graphs[0])
    }

    fn churn() -> Picture {
        let mut sources = SourceSet::single("churn.mlp", include_str!("../../examples/churn/churn.mlp"));
        sources.add(SourceFile::new("platform.mlp", include_str!("../../examples/churn/platform.mlp")));
        picture(&sources)
    }

    fn snapshot(name: &str, text: &str) {
        let mut settings = insta::Settings::clone_current();
        settings.set_snapshot_path("../../snapshots/draw");
        settings.set_prepend_module_to_snapshot(false);
        settings.set_omit_expression(true);
        settings.bind(|| insta::assert_snapshot!(name, text));
    }

    #[test]
    fn a_lost_gate_skips_what_is_behind_it() {
        let churn = churn();
        let (gate, behind) = churn.gates().next().unwrap();
        let names: Vec<&str> = behind.iter().map(|node| churn.name_of(*node)).collect();
        assert_eq!((churn.name_of(gate), names), ("quality", vec!["winner", "transformer", "rollout", "live"]));
        assert_eq!(churn.rollbacks.len(), 1);
    }

    #[test]
    fn gates_behind_gates_are_nested() {
        let forked = picture(&SourceSet::single("forked.mlp", FORKED));
        let of = |gate: &str| {
            let gate = forked.nodes.iter().position(|node| node.name == gate).unwrap();
            forked.skipped(gate).into_iter().map(|node| forked.name_of(node).to_owned()).collect::<Vec<_>>()
        };
        assert_eq!(of("first"), ["second", "report", "last"]);
        assert_eq!(of("second"), ["last"]);
    }

    #[test]
    fn formats() {
        let (churn, forked) = (churn(), picture(&SourceSet::single("forked.mlp", FORKED)));
        snapshot("churn.mermaid", &mermaid(&churn));
        snapshot("churn.dot", &dot(&churn));
        snapshot("churn.json", &json(std::slice::from_ref(&churn)));
        snapshot("churn.svg", &svg(&churn));
        snapshot("forked.mermaid", &mermaid(&forked));
        snapshot("forked.dot", &dot(&forked));
        snapshot("forked.svg", &svg(&forked));
    }

    #[test]
    fn every_value_is_escaped() {
        let mut churn = churn();
        churn.name = "<b>\"&\\".to_owned();
        churn.nodes[0].name = "</text>\"]".to_owned();
        assert!(!svg(&churn).contains("<b>") && svg(&churn).contains("&lt;/text&gt;"));
        assert!(dot(&churn).contains(r#"digraph "<b>\"&\\""#));
        assert!(mermaid(&churn).contains("#lt;/text#gt;#quot;]"));
    }
}
