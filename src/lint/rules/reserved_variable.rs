use crate::diagnostic::{Code, Diagnostic, Severity};
use crate::lint::{Context, Rule, Sink};
use crate::resolve::hir::{Pipeline, Stage};
use crate::syntax::ast::Ident;

pub static RULE: Rule = Rule {
    code: Code { id: "MLP0207", name: "reserved-variable", severity: Severity::Error, docs: include_str!("reserved_variable.md") },
    check,
};

/// Variables that some stages have already.
struct Reserved {
    /// Their names; those that end in `_` begin more of them.
    names: &'static [&'static str],
    /// The kinds of stages that have them; empty for every one, and their own steps too.
    kinds: &'static [&'static str],
    /// The kind of connection that they come from, if they do.
    connection: Option<&'static str>,
    /// Who sets them.
    owner: &'static str,
}

const RESERVED: &[Reserved] = &[
    Reserved { names: &["MLP_"], kinds: &[], connection: None, owner: "mlp sets variables that begin so itself" },
    Reserved {
        // <https://docs.github.com/en/actions/reference/workflows-and-actions/variables>
        names: &["GITHUB_", "RUNNER_", "ACTIONS_"],
        kinds: &[],
        connection: None,
        owner: "GitHub's runner sets variables that begin so itself",
    },
    Reserved {
        names: &["RUN_ID", "MODEL_ID", "SNAPSHOT_URI", "SNAPSHOT_SHA256", "MLFLOW_RUN_CONTEXT"],
        kinds: &["train", "gate"],
        connection: None,
        owner: "says which data and which run this is about",
    },
    Reserved {
        names: &["MLFLOW_TRACKING_"],
        kinds: &["preflight", "train", "gate"],
        connection: Some("mlflow"),
        owner: "comes from the mlflow connection",
    },
    Reserved {
        names: &["AWS_ENDPOINT_URL_S3", "AWS_DEFAULT_REGION", "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"],
        kinds: &["preflight", "data", "train", "gate"],
        connection: Some("s3"),
        owner: "comes from the s3 connection",
    },
];

fn check(context: &Context<'_>, sink: &mut Sink) {
    for (pipeline, _) in context.pipelines() {
        sink.extend(pipeline.stages.iter().flat_map(|stage| found(pipeline, stage)));
    }
}

fn found<'p>(pipeline: &'p Pipeline, stage: &'p Stage) -> impl Iterator<Item = Diagnostic> + use<'p> {
    let own = stage.env.iter().filter_map(|(name, _)| Some((name, of_stage(pipeline, stage, name)?)));
    let steps = stage.steps.iter().flat_map(|step| &step.env).filter_map(|(name, _)| Some((name, everywhere(name)?)));
    own.chain(steps).map(|(name, reserved)| report(name, reserved))
}

fn of_stage(pipeline: &Pipeline, stage: &Stage, name: &Ident) -> Option<&'static Reserved> {
    let has = |reserved: &&Reserved| {
        let kind = reserved.kinds.is_empty() || reserved.kinds.contains(&stage.kind());
        kind && reserved.connection.is_none_or(|connection| pipeline.connections.contains_key(connection))
    };
    RESERVED.iter().filter(has).find(|reserved| reserved.holds(&name.text))
}

/// A step of the user's own may set what it likes for itself, but not these.
fn everywhere(name: &Ident) -> Option<&'static Reserved> {
    RESERVED.iter().find(|reserved| reserved.kinds.is_empty() && reserved.holds(&name.text))
}

impl Reserved {
    fn holds(&self, name: &str) -> bool {
        self.names.iter().any(|reserved| name == *reserved || (reserved.ends_with('_') && name.starts_with(reserved)))
    }
}

fn report(name: &Ident, reserved: &Reserved) -> Diagnostic {
    Diagnostic::new(&RULE.code, name.span, format!("the variable `{}` is not free", name.text))
        .label(reserved.owner)
        .help("choose another name")
}
