//! What Argo CD gets to see after a deploy: the overlay as kustomize resolves it holds the approved model's URI and the image's digest,
//! each where it belongs, and no other model or image anywhere.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, reason = "a test may fail")]
#![cfg(feature = "outside")]

use std::collections::BTreeSet;
use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use serde::Deserialize as _;
use serde_json::{Value, json};

const URI: &str = "s3://approved/models/7f3a";
const DIGEST: &str = "sha256:77777777777777777777777777777777777777777777777777777777777777aa";

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// The documents of a text.
fn documents(text: &str) -> Vec<Value> {
    serde_yaml::Deserializer::from_str(text).map(|document| Value::deserialize(document).unwrap()).collect()
}

/// The configurations of the deploys of an example's workflows.
fn deploys(example: &Path) -> Vec<Value> {
    let mut found = Vec::new();
    for file in fs::read_dir(example.join(".github/workflows")).unwrap() {
        let workflow = documents(&fs::read_to_string(file.unwrap().path()).unwrap()).remove(0);
        let jobs = workflow["jobs"].as_object().unwrap().values();
        let steps = jobs.flat_map(|job| job["steps"].as_array().unwrap());
        let deploys = steps.filter(|step| step["run"].as_str().is_some_and(|run| run.trim_end().ends_with("deploy.py")));
        found.extend(deploys.map(|step| serde_json::from_str::<Value>(step["env"]["MLP_CONFIG"].as_str().unwrap()).unwrap()));
    }
    found
}

fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap().map(Result::unwrap) {
        let (path, target) = (entry.path(), to.join(entry.file_name()));
        if path.is_dir() {
            copy(&path, &target);
        } else {
            fs::copy(&path, &target).unwrap();
        }
    }
}

/// A GitOps repository with the release of a deploy in it.
struct Deployed {
    folder: tempfile::TempDir,
    config: Value,
}

impl Deployed {
    /// The manifests as publishing leaves them, and then a release of this model.
    fn new(example: &Path, config: Value, uri: &str) -> Self {
        let place = tempfile::tempdir().unwrap();
        let folder = place.path();
        if let Some(path) = config["manifest"]["path"].as_str() {
            copy(&example.join(config["source"].as_str().unwrap_or(path)), &folder.join(path));
        } else {
            let patched = config["manifest"]["patch"].as_str().unwrap();
            fs::create_dir_all(folder.join(patched).parent().unwrap()).unwrap();
            fs::copy(example.join(patched), folder.join(patched)).unwrap();
        }
        let deployed = Self { folder: place, config };
        deployed.release(uri);
        deployed
    }

    /// Writes a release with the code that deploys.
    fn release(&self, uri: &str) {
        let release = json!({ "uri": uri, "version": "7", "digest": DIGEST, "run": "acme/ml/7", "mlflow_run": "r7", "source": "c0de" });
        let mut child = Command::new(root().join("target/tools/python/bin/python"))
            .arg(root().join("tests/rendered/release.py"))
            .args([&root().join("templates/runtime"), self.folder.path()])
            .stdin(Stdio::piped())
            .spawn()
            .expect("run tools/install");
        let input = json!({ "config": self.config, "release": release }).to_string();
        child.stdin.take().unwrap().write_all(input.as_bytes()).unwrap();
        assert!(child.wait().unwrap().success());
    }

    fn overlay(&self) -> Option<PathBuf> {
        let path = self.config["manifest"]["path"].as_str()?;
        Some(self.folder.path().join(path).join("overlays").join(self.config["environment"].as_str().unwrap()))
    }

    /// What Argo CD applies: the resolved overlay, or the user's own file.
    fn rendered(&self) -> Vec<Value> {
        let Some(overlay) = self.overlay() else {
            let patched = self.folder.path().join(self.config["manifest"]["patch"].as_str().unwrap());
            return documents(&fs::read_to_string(patched).unwrap());
        };
        let output = Command::new(root().join("target/tools/bin/kustomize")).arg("build").arg(overlay).output().expect("run tools/install");
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        documents(&String::from_utf8(output.stdout).unwrap())
    }

    /// Every model and image that is rendered, with its place, against those that were released.
    fn deviations(&self) -> Vec<String> {
        let service = self.config["manifest"]["service"].as_str().unwrap();
        let at = |place: &str, value: &str| format!("InferenceService/{service}/spec/{place}: {value}");
        let mut wanted = BTreeSet::from([at("predictor/model/storageUri", URI)]);
        if let Some(image) = self.config["manifest"]["image"].as_str() {
            wanted.insert(at("transformer/containers/0/image", &format!("{image}@{DIGEST}")));
        }
        let mut found = Vec::new();
        for document in self.rendered() {
            let name = format!("{}/{}", document["kind"].as_str().unwrap(), document["metadata"]["name"].as_str().unwrap());
            collect(&document, &name, &mut found);
        }
        let missing = wanted.iter().filter(|place| !found.contains(place)).map(|place| format!("missing {place}"));
        let other = found.iter().filter(|place| !wanted.contains(*place)).map(|place| format!("unapproved {place}"));
        missing.chain(other).collect()
    }

    /// Adds to the overlay's kustomization.
    fn add(&self, text: &str) {
        let file = self.overlay().unwrap().join("kustomization.yaml");
        let before = fs::read_to_string(&file).unwrap();
        fs::write(file, before + text).unwrap();
    }
}

/// Whatever names a model or an image, by its key or by its form.
fn collect(value: &Value, place: &str, found: &mut Vec<String>) {
    match value {
        Value::Object(map) => map.iter().for_each(|(key, value)| collect(value, &format!("{place}/{key}"), found)),
        Value::Array(list) => list.iter().enumerate().for_each(|(number, value)| collect(value, &format!("{place}/{number}"), found)),
        Value::String(text) => {
            let key = place.rsplit('/').next().unwrap_or_default();
            let named = ["storageUri", "storageUris", "image", "modelUri"].contains(&key) || place.contains("/storage/");
            let formed = text.contains("://") || text.contains("@sha256:");
            if named || formed {
                found.push(format!("{place}: {text}"));
            }
        }
        _ => {}
    }
}

fn all() -> Vec<(PathBuf, Value)> {
    let examples = fs::read_dir(root().join("examples")).unwrap().map(|entry| entry.unwrap().path());
    examples.flat_map(|example| deploys(&example).into_iter().map(move |config| (example.clone(), config))).collect()
}

#[test]
fn exactly_what_was_approved_is_rendered_in_every_environment() {
    let all = all();
    for (example, config) in &all {
        let deployed = Deployed::new(example, config.clone(), URI);
        assert_eq!(deployed.deviations(), Vec::<String>::new(), "{config}");
        // Another release takes the place of the first: nothing of it stays.
        deployed.release("s3://approved/models/8000");
        assert_eq!(deployed.deviations().len(), 2, "{:?}", deployed.deviations());
        deployed.release(URI);
        assert_eq!(deployed.deviations(), Vec::<String>::new(), "{config}");
    }
    assert_eq!(all.len(), 6, "hello, churn, fraud (twice), search and sentiment");
}

/// Ways to spoil an overlay: a name, and what is done to it.
type Mutation = (&'static str, fn(&Deployed, &str));

const MUTATIONS: &[Mutation] = &[
    ("the component is dropped", |deployed, _| {
        let file = deployed.overlay().unwrap().join("kustomization.yaml");
        let text = fs::read_to_string(&file).unwrap();
        fs::write(file, text.split("components:").next().unwrap()).unwrap();
    }),
    ("a second patch names another model", |deployed, service| {
        deployed.add(&patch(service, "/spec/predictor/model/storageUri", "\"s3://other/model\""));
    }),
    ("a second patch moves the model to the older form", |deployed, service| {
        deployed.add(&patch(service, "/spec/predictor/sklearn", "{storageUri: \"s3://other/model\"}"));
    }),
    ("a variable names another model", |deployed, service| {
        deployed.add(&patch(service, "/spec/predictor/model/env", "[{name: STORAGE_URI, value: \"s3://other/model\"}]"));
    }),
    ("the server's image is overridden", |deployed, service| {
        deployed.add(&patch(service, "/spec/predictor/model/image", "\"docker.io/other/server:latest\""));
    }),
    ("a container comes with an image of its own", |deployed, service| {
        deployed.add(&patch(service, "/spec/predictor/containers", "[{name: other, image: other}]"));
    }),
    ("another service is added", |deployed, _| {
        let other = "apiVersion: serving.kserve.io/v1beta1\nkind: InferenceService\nmetadata: {name: other}\nspec: {predictor: {model: {storageUri: \"s3://other/model\"}}}\n";
        fs::write(deployed.overlay().unwrap().join("other.yaml"), other).unwrap();
        let file = deployed.overlay().unwrap().join("kustomization.yaml");
        let text = fs::read_to_string(&file).unwrap();
        fs::write(file, text.replacen("resources:\n", "resources:\n  - other.yaml\n", 1)).unwrap();
    }),
    ("the release names another model", |deployed, _| deployed.release("s3://other/model")),
];

fn patch(service: &str, path: &str, value: &str) -> String {
    format!(
        "patches:\n  - target: {{kind: InferenceService, name: {service}}}\n    patch: |-\n      - op: add\n        path: {path}\n        value: {value}\n"
    )
}

#[test]
fn a_spoilt_overlay_is_caught() {
    let mut caught = 0;
    for (example, config) in all().into_iter().filter(|(_, config)| config["manifest"]["path"].is_string()) {
        for (name, spoil) in MUTATIONS {
            let deployed = Deployed::new(&example, config.clone(), URI);
            spoil(&deployed, config["manifest"]["service"].as_str().unwrap());
            assert!(!deployed.deviations().is_empty(), "{name}: {config}");
            caught += 1;
        }
    }
    println!("{caught} spoilt overlays, all caught");
}

#[test]
fn another_digest_is_caught() {
    let with_image = |(_, config): &(PathBuf, Value)| config["manifest"]["image"].is_string();
    let (example, config) = all().into_iter().find(with_image).unwrap();
    let deployed = Deployed::new(&example, config.clone(), URI);
    let other = format!("sha256:{}", "0".repeat(64));
    deployed.add(&format!("images:\n  - name: {}\n    digest: {other}\n", config["manifest"]["image"].as_str().unwrap()));
    assert_eq!(deployed.deviations().len(), 2, "{:?}", deployed.deviations());
}
