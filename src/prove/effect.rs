//! What a step does. The trust base: a script of ours is known by its path, its bytes and the contract; an action by its name and a full
//! commit; anything else is somebody's code, of which nothing is known but what it holds.

use std::collections::BTreeMap;

use serde_json::Value as Json;

use super::read::Step;

/// A step's part in a release.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Kind {
    /// A known action or script without a part in a release.
    Neutral,
    /// Makes a short-lived token.
    Token,
    /// Brings files of an earlier job.
    Download,
    /// Builds and pushes an image.
    Image,
    Preflight,
    /// Checks the data and names its snapshot.
    Snapshot,
    Prepare,
    Finish,
    Gate,
    Export,
    Deploy,
    /// Publishes manifests, and leaves the release as it is.
    Publish,
    Verify,
    Rollback,
    Outcome,
    /// Code that nothing is known of.
    Foreign,
    /// Code of a test, of which all is known.
    #[cfg(all(test, feature = "outside"))]
    Scripted,
}

/// A step's part, and the configuration of its script.
#[derive(Clone, Debug)]
pub struct Effect {
    pub kind: Kind,
    pub config: Json,
}

const ACTIONS: &[(&str, Kind)] = &[
    ("actions/checkout", Kind::Neutral),
    ("actions/create-github-app-token", Kind::Token),
    ("actions/download-artifact", Kind::Download),
    ("actions/setup-python", Kind::Neutral),
    ("actions/upload-artifact", Kind::Neutral),
    ("astral-sh/setup-uv", Kind::Neutral),
    ("docker/build-push-action", Kind::Image),
    ("docker/login-action", Kind::Neutral),
    ("docker/setup-buildx-action", Kind::Neutral),
];

const SCRIPTS: &[(&str, Kind)] = &[
    ("data.py check", Kind::Snapshot),
    ("data.py pull", Kind::Neutral),
    ("deploy.py", Kind::Deploy),
    ("deploy.py publish", Kind::Publish),
    ("export.py", Kind::Export),
    ("gate.py", Kind::Gate),
    ("host.py", Kind::Neutral),
    ("outcome.py", Kind::Outcome),
    ("preflight.py", Kind::Preflight),
    ("rollback.py", Kind::Rollback),
    ("train.py finish", Kind::Finish),
    ("train.py prepare", Kind::Prepare),
    ("verify.py", Kind::Verify),
];

const UV: &str = "uv run --project .github/mlp --locked ";

impl Effect {
    /// What a step does; `trusted` says whether the scripts are those of this mlp.
    pub fn of(step: &Step, trusted: bool) -> Self {
        let kind = step.uses.as_deref().map_or_else(|| script(step).filter(|_| trusted), action);
        let config = step.env.iter().find(|pair| pair.key == "MLP_CONFIG");
        let config = config.and_then(|pair| serde_json::from_str(&pair.value.value).ok()).unwrap_or_default();
        Self { kind: kind.unwrap_or(Kind::Foreign), config }
    }

    /// A string of the configuration.
    pub fn text(&self, key: &str) -> &str {
        self.config.get(key).and_then(Json::as_str).unwrap_or_default()
    }

    /// The variables without which the script stops.
    pub fn required(&self) -> &'static [&'static str] {
        match self.kind {
            Kind::Gate | Kind::Export => &["RUN_ID", "MODEL_ID"],
            Kind::Deploy if self.takes_image() => &["STORAGE_URI", "MODEL_VERSION", "RUN_ID", "IMAGE_DIGEST"],
            Kind::Deploy => &["STORAGE_URI", "MODEL_VERSION", "RUN_ID"],
            Kind::Verify => &["RELEASE_COMMIT"],
            Kind::Outcome => &["NEEDS"],
            _ => &[],
        }
    }

    /// Whether the release names a transformer's image.
    pub fn takes_image(&self) -> bool {
        self.config.get("manifest").and_then(|manifest| manifest.get("image")).is_some_and(Json::is_string)
    }

    /// The outputs that its script or action sets when all is well.
    pub fn outputs(&self) -> &'static [&'static str] {
        match self.kind {
            Kind::Token => &["token"],
            Kind::Image => &["digest"],
            Kind::Snapshot => &["snapshot_uri", "snapshot_sha256"],
            Kind::Prepare => &["reuse", "run_context"],
            Kind::Finish => &["run_id", "model_id"],
            Kind::Gate => &["approved", "model_id", "champion_version", "reason"],
            Kind::Export => &["storage_uri", "model_version", "model_id", "run_id"],
            Kind::Deploy => &["commit", "changed", "previous_uri", "previous_version"],
            Kind::Publish => &["commit", "changed"],
            Kind::Verify => &["verified", "p95_seconds", "reason"],
            Kind::Rollback => &["result", "changed", "commit", "restored_uri", "restored_version"],
            Kind::Outcome => &["outcome"],
            Kind::Neutral | Kind::Download | Kind::Preflight | Kind::Foreign => &[],
            #[cfg(all(test, feature = "outside"))]
            Kind::Scripted => &[],
        }
    }

    /// The variables whose values its outputs depend on.
    pub fn inputs(&self) -> &'static [&'static str] {
        match self.kind {
            Kind::Finish => &["SNAPSHOT_SHA256"],
            Kind::Gate | Kind::Export => &["RUN_ID", "MODEL_ID"],
            _ => &[],
        }
    }
}

fn action(uses: &str) -> Option<Kind> {
    let (name, commit) = uses.split_once('@')?;
    let pinned = commit.len() == 40 && commit.bytes().all(|b| b.is_ascii_hexdigit());
    ACTIONS.iter().find(|(known, _)| pinned && *known == name).map(|(_, kind)| *kind)
}

/// The script that a step runs, called as the contract says and in no other way.
fn script(step: &Step) -> Option<Kind> {
    let run = step.run.as_deref()?.trim_end();
    let (options, call) = run.strip_prefix(UV)?.split_once(".github/mlp/")?;
    let groups = options.replace("--only-group ", "").replace("--no-default-groups ", "");
    let plain = groups.chars().all(|c| c.is_ascii_lowercase() || c == ' ');
    let known = SCRIPTS.iter().find(|(name, _)| *name == call)?;
    (plain && step.folder.is_none()).then_some(known.1)
}

/// Whether a repository's scripts are the built-in ones, byte for byte; the name of the first that is not.
pub fn altered(found: &BTreeMap<String, String>) -> Option<String> {
    let differs = |file: &crate::Artifact| found.get(&file.path).is_none_or(|text| *text != file.text);
    crate::emit::scripts().into_iter().find(differs).map(|file| file.path)
}
