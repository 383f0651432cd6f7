//! Stages: what a pipeline does.

use super::{Attr, Block, Output, Statement, Ty, default, inferred, optional, required, statement};

/// Every kind of stage.
pub static STAGES: &[&Block] = &[&PREFLIGHT, &DATA, &TRAIN, &GATE, &EXPORT, &IMAGE, &DEPLOY, &VERIFY, &JOB];

const AFTER: Attr = inferred("after", Ty::Stages, "the stage above", "Runs after these stages instead of the one above.");
const RUNNER: Attr = inferred(
    "runner",
    Ty::String,
    "`ubuntu-24.04`, or `gpu` where a GPU is asked for",
    "Label of the machine it runs on; a label that is not GitHub's own is one of yours.",
);
const CPU: Attr = optional("cpu", Ty::Cpu, "CPU the machine must have; checked before anything runs.");
const MEMORY: Attr = optional("memory", Ty::Size, "Memory the machine must have; checked before anything runs.");
const DISK: Attr = optional("disk", Ty::Size, "Free disk the machine must have; checked before anything runs.");
const GPU: Attr = optional("gpu", Ty::Int, "GPUs the machine must have; checked before anything runs.");
const RETRIES: Attr = default("retries", Ty::Int, "0", "How often the command is tried again when it fails; at most 5.");
const REQUIREMENTS: Attr =
    inferred("requirements", Ty::Path, "the nearest `uv.lock`, else the nearest `requirements.txt`", "What the code is installed from.");
const PYTHON: Attr = default("python", Ty::String, "\"3.12\"", "Python version of the code.");

const fn timeout(value: &'static str) -> Attr {
    default("timeout", Ty::Duration, value, "Time limit of the stage's work, in whole minutes; setting up and clearing away have ten more.")
}

const ENV: Statement =
    statement("env", "env { NAME = value }", "Environment variables of the stage's own commands; the only way a secret reaches them.");
const STEP_STATEMENT: Statement =
    statement("step", "step { uses = action(\"owner/name@v1\") }", "A step of your own before the stage's command.");
const PERMISSIONS: Statement =
    statement("permissions", "permissions { packages = write }", "Further permissions of the workflow's token; reported by `check`.");

static PREFLIGHT: Block = Block {
    name: "preflight",
    doc: "Checks every connection that the pipeline uses, in parallel, before any money is spent; the first failure stops the run.",
    attrs: &[timeout("5min"), RUNNER, optional("run", Ty::Command, "A check of your own, run after the others."), PYTHON, REQUIREMENTS],
    statements: &[ENV, statement("skip", "skip { serving = \"why\" }", "Switches the check of a connection off, with a reason.")],
};

static DATA: Block = Block {
    name: "data",
    doc: "Pulls versioned data, runs feature code, checks schema and expectations, and keeps a snapshot by content hash.",
    attrs: &[
        optional("pull", Ty::List(&Ty::Dvc), "DVC files to pull; without it, the data is in the checkout."),
        optional("run", Ty::Command, "Builds the features."),
        required("output", Ty::Produced, "The dataset this stage hands on: a file or folder."),
        optional("schema", Ty::Path, "Table Schema (JSON) that the output must satisfy."),
        timeout("30min"),
        RUNNER,
        CPU,
        MEMORY,
        DISK,
        GPU,
        RETRIES,
        REQUIREMENTS,
        PYTHON,
        AFTER,
    ],
    statements: &[
        statement(
            "expect",
            "expect rows >= 10_000",
            "What must hold of the output. Measures: `rows`, `columns`, and of a column `null_rate`, `distinct`, `min`, `max`, `mean`, `std`.",
        ),
        ENV,
        STEP_STATEMENT,
        PERMISSIONS,
    ],
};

static TRAIN: Block = Block {
    name: "train",
    doc: "Runs training code; the run it logs to MLflow becomes the candidate.",
    attrs: &[
        inferred("input", Ty::Output(Output::Dataset), "the dataset above, if there is one", "The dataset."),
        required("run", Ty::Command, "Trains; an ordinary MLflow script."),
        timeout("4h"),
        RUNNER,
        CPU,
        MEMORY,
        DISK,
        GPU,
        RETRIES,
        REQUIREMENTS,
        PYTHON,
        AFTER,
    ],
    statements: &[
        statement("metric", "metric auc: float higher", "A metric that the run promises to log: its unit and which direction is better."),
        ENV,
        STEP_STATEMENT,
        PERMISSIONS,
    ],
};

static GATE: Block = Block {
    name: "gate",
    doc: "Compares the candidate with the champion. A lost gate skips all that depends on it and the run succeeds; a gate that cannot decide fails.",
    attrs: &[
        inferred("candidate", Ty::Output(Output::Model), "the model trained above", "The candidate."),
        optional("champion", Ty::RegisteredModel, "The registered model and the alias that marks the champion."),
        optional("evaluate", Ty::Command, "Computes the metrics of one model on the candidate's data; run once for each of the two."),
        optional("holdout", Ty::Dvc, "A frozen evaluation set; its hash is recorded with both runs."),
        optional("confidence", Ty::Percent, "Level of a paired bootstrap on logged predictions, over 50% and under 100%."),
        default(
            "champion_unusable",
            Ty::Word(&["fail", "replace"]),
            "fail",
            "When the champion's run, files or metrics are gone: `fail`, or `replace` it as if there were none.",
        ),
        default("suspicious_above", Ty::Float, "0.9999", "A score this perfect is taken for leakage and fails."),
        inferred(
            "isolated",
            Ty::Bool,
            "`true` where `runner` is given, else `false`",
            "Whether the gate is a job of its own, so that training code never meets registry credentials.",
        ),
        timeout("1h"),
        RUNNER,
        CPU,
        MEMORY,
        DISK,
        GPU,
        REQUIREMENTS,
        PYTHON,
        AFTER,
    ],
    statements: &[
        statement("require", "require auc >= champion.auc + 0.002", "What must hold for the candidate to pass."),
        statement("without", "without champion { require auc >= 0.75 }", "What must hold in addition where there is no champion yet."),
        ENV,
    ],
};

/// `without champion { … }`
pub static GATE_FALLBACK: Block = Block {
    name: "without champion",
    doc: "What must hold in addition where there is no champion yet.",
    attrs: &[],
    statements: &[statement("require", "require auc >= 0.75", "What must hold.")],
};

static EXPORT: Block = Block {
    name: "export",
    doc: "Registers the approved model and resolves it to an immutable URI that KServe can read.",
    attrs: &[
        inferred("from", Ty::Output(Output::Approved), "the gate above", "The approved model."),
        default("format", Ty::Word(&["mlflow", "sklearn", "xgboost", "onnx", "huggingface"]), "mlflow", "What the serving runtime reads."),
        inferred("model", Ty::String, "the champion's name, else the pipeline's", "Name in the model registry."),
        timeout("15min"),
        RUNNER,
        AFTER,
    ],
    statements: &[],
};

static IMAGE: Block = Block {
    name: "image",
    doc: "Builds a container image, pushes it and hands on its digest.",
    attrs: &[
        required("context", Ty::Path, "Folder that is sent to the builder."),
        inferred("dockerfile", Ty::Path, "`Dockerfile` in the context", "The Dockerfile."),
        required("registry", Ty::Connection("container_registry"), "Where the image is pushed."),
        inferred("name", Ty::String, "`<pipeline>-<stage>`", "Name of the image below the registry's path."),
        default("platform", Ty::String, "\"linux/amd64\"", "Platform it is built for."),
        timeout("30min"),
        RUNNER,
        AFTER,
    ],
    statements: &[],
};

static DEPLOY: Block = Block {
    name: "deploy",
    doc: "Commits model URI and image digest to the GitOps repository; Argo CD does the rest.",
    attrs: &[
        inferred(
            "environment",
            Ty::Environment,
            "an environment named after the stage, of the attributes `namespace` and `endpoint` given here",
            "Where it goes.",
        ),
        optional("namespace", Ty::String, "Namespace of the environment that is made where none is named."),
        inferred("model", Ty::Output(Output::ModelArtifact), "the model exported above", "What is served."),
        optional("transformer", Ty::ImageRef, "Image that prepares requests in front of the model."),
        inferred("gitops", Ty::GitPath, "`deploy/mlp/<pipeline>` of the git connection", "Folder of manifests that mlp writes whole."),
        optional("manifest", Ty::GitFile, "A KServe manifest of yours, in which only URI and digest are replaced."),
        inferred("name", Ty::String, "the pipeline's name", "Name of the InferenceService."),
        inferred("protocol", Ty::Word(&["v1", "v2"]), "`v2`, or `v1` for `huggingface`", "Inference protocol."),
        timeout("15min"),
        RUNNER,
        AFTER,
    ],
    statements: &[
        statement("resources", "resources { cpu = 1cpu, memory = 2Gi }", "What the model server gets."),
        statement("transformer_resources", "transformer_resources { cpu = 0.5cpu }", "What the transformer gets."),
        statement("autoscale", "autoscale { min = 1, max = 4 }", "How many replicas."),
    ],
};

/// `resources { … }`
pub static RESOURCES: Block = Block {
    name: "resources",
    doc: "Requests and limits of the model server.",
    attrs: &[
        default("cpu", Ty::Cpu, "1cpu", "CPU."),
        default("memory", Ty::Size, "2Gi", "Memory."),
        optional("gpu", Ty::Int, "GPUs; the old pod then stops before the new one starts."),
    ],
    statements: &[],
};

/// `transformer_resources { … }`
pub static TRANSFORMER_RESOURCES: Block = Block {
    name: "transformer_resources",
    doc: "Requests and limits of the transformer.",
    attrs: &[default("cpu", Ty::Cpu, "0.5cpu", "CPU."), default("memory", Ty::Size, "512Mi", "Memory."), optional("gpu", Ty::Int, "GPUs.")],
    statements: &[],
};

/// `autoscale { … }`
pub static AUTOSCALE: Block = Block {
    name: "autoscale",
    doc: "A horizontal pod autoscaler for the model server.",
    attrs: &[
        default("min", Ty::Int, "1", "Fewest replicas; at least 1."),
        default("max", Ty::Int, "3", "Most replicas."),
        default("metric", Ty::Word(&["cpu", "memory"]), "cpu", "What it watches."),
        default("target", Ty::Percent, "80%", "Utilisation it aims at."),
    ],
    statements: &[],
};

static VERIFY: Block = Block {
    name: "verify",
    doc: "Waits until Argo CD has synced that very commit and the new model serves, then asks the model itself.",
    attrs: &[
        inferred("release", Ty::Output(Output::Release), "the deploy above", "The release."),
        default("within", Ty::Duration, "10min", "Deadline of all of it; the job's time limit lies above."),
        RUNNER,
        PYTHON,
        REQUIREMENTS,
        AFTER,
    ],
    statements: &[
        statement("smoke", "smoke golden \"smoke/rows.json\" { tolerance = 0.001 }", "A smoke test: `ready`, `golden` or `contract`."),
        statement("on", "on failure { rollback }", "What happens when anything of it fails."),
    ],
};

/// Every kind of smoke test.
pub static SMOKE_TESTS: &[&Block] = &[&SMOKE_READY, &SMOKE_GOLDEN, &SMOKE_CONTRACT];

static SMOKE_READY: Block = Block { name: "ready", doc: "Server and model say ready, three times in a row.", attrs: &[], statements: &[] };

static SMOKE_GOLDEN: Block = Block {
    name: "golden",
    doc: "Sends the rows of a file and compares with what the approved artifact itself predicts.",
    attrs: &[
        default("tolerance", Ty::Float, "0.001", "Largest difference of a number, absolute or relative to the expected value."),
        optional("reference", Ty::Command, "Says what to expect where a transformer changes requests or answers."),
    ],
    statements: &[],
};

static SMOKE_CONTRACT: Block = Block {
    name: "contract",
    doc: "Malformed requests are refused with 4xx, the model stays ready, and answers come in time.",
    attrs: &[optional("p95", Ty::Duration, "Budget for the 95th percentile of 50 requests, seen from the runner.")],
    statements: &[],
};

/// `on failure { … }`
pub static ON_FAILURE: Block = Block {
    name: "on failure",
    doc: "What happens when verification ends badly, in whatever way.",
    attrs: &[optional("run", Ty::Command, "A command of yours, run after the rollback whether it worked or not.")],
    statements: &[statement("rollback", "rollback", "Reverts the release commit in git and verifies what was there before.")],
};

static JOB: Block = Block {
    name: "job",
    doc: "A job of your own.",
    attrs: &[
        optional("run", Ty::Command, "What it does."),
        timeout("30min"),
        RUNNER,
        CPU,
        MEMORY,
        DISK,
        GPU,
        RETRIES,
        REQUIREMENTS,
        PYTHON,
        AFTER,
    ],
    statements: &[
        statement("output", "output rows: int", "A value that the command writes to `GITHUB_OUTPUT`."),
        ENV,
        STEP_STATEMENT,
        PERMISSIONS,
    ],
};

/// `step { … }`
pub static STEP: Block = Block {
    name: "step",
    doc: "A step of your own: an action, pinned through the lock file, or a command.",
    attrs: &[
        optional("name", Ty::String, "What the log calls it."),
        optional("uses", Ty::Action, "An action."),
        optional("run", Ty::Command, "A command, instead of an action."),
    ],
    statements: &[statement("with", "with { key = value }", "Inputs of the action."), ENV],
};
