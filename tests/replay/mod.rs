//! Workflows of ours run by act, with something in place of each step that does to the run what the contract says of it.

use std::collections::BTreeMap;

use serde_yaml::{Mapping, Value};

use crate::act::{self, Ran};

/// Which scripts fail, and whether the gates reject.
#[derive(Clone, Copy, Debug)]
pub struct Scenario {
    name: &'static str,
    broken: &'static [&'static str],
    lost: bool,
}

pub const SCENARIOS: [Scenario; 6] = [
    Scenario { name: "well", broken: &[], lost: false },
    Scenario { name: "lost", broken: &[], lost: true },
    Scenario { name: "gate", broken: &["gate.py"], lost: false },
    Scenario { name: "export", broken: &["export.py"], lost: false },
    Scenario { name: "deploy", broken: &["deploy.py"], lost: false },
    Scenario { name: "verify", broken: &["verify.py"], lost: false },
];

/// What a script must be told, and what it says when all is well.
const SCRIPTS: [(&str, &[&str], &[&str]); 11] = [
    ("data.py check", &[], &["snapshot_uri=s3://data", "snapshot_sha256=abc"]),
    ("train.py prepare", &[], &["reuse=false", "run_context={}"]),
    ("train.py finish", &[], &["run_id=run", "model_id=model"]),
    ("gate.py", &["RUN_ID", "MODEL_ID"], &["approved=APPROVED", "model_id=$MODEL_ID", "champion_version=3", "reason=because"]),
    ("export.py", &["RUN_ID", "MODEL_ID"], &["storage_uri=s3://model", "model_version=4", "model_id=$MODEL_ID", "run_id=$RUN_ID"]),
    (
        "deploy.py",
        &["STORAGE_URI", "MODEL_VERSION", "RUN_ID"],
        &["commit=abc", "changed=true", "previous_uri=s3://old", "previous_version=3"],
    ),
    ("deploy.py publish", &[], &["commit=abc", "changed=true"]),
    ("verify.py", &["RELEASE_COMMIT"], &["verified=true", "p95_seconds=0.1", "reason=because"]),
    ("rollback.py", &[], &["result=restored", "commit=def", "restored_uri=s3://old", "restored_version=3"]),
    ("build-push-action", &[], &["digest=sha256:abc"]),
    ("create-github-app-token", &[], &["token=secret"]),
];

/// Fails where a job did, as the script that reports does.
const REPORT: &str = "case \"$NEEDS\" in *'\"failure\"'* | *'\"cancelled\"'*) exit 1 ;; esac";

/// The script or action of a step.
fn called(step: &Mapping) -> &str {
    let text = |key: &str| step.get(key).and_then(Value::as_str);
    match text("uses") {
        Some(uses) => uses.split('@').next().unwrap_or_default().rsplit('/').next().unwrap_or_default(),
        None => text("run").and_then(|run| run.trim_end().rsplit_once(".github/mlp/")).map_or("", |(_, call)| call),
    }
}

/// What stands in for a step.
fn script(step: &Mapping, scenario: Scenario) -> String {
    let called = called(step);
    if called == "outcome.py" {
        return REPORT.to_owned();
    }
    let Some((_, told, says)) = SCRIPTS.iter().find(|(name, ..)| *name == called) else { return "true".to_owned() };
    let told = told.iter().map(|name| format!("[ -n \"${name}\" ]"));
    let approved = if scenario.lost { "false" } else { "true" };
    let says = says.iter().map(|line| format!("echo \"{}\" >> \"$GITHUB_OUTPUT\"", line.replace("APPROVED", approved)));
    let ends = if scenario.broken.contains(&called) { "exit 1" } else { "true" };
    told.chain(says).chain([ends.to_owned()]).collect::<Vec<String>>().join("\n")
}

/// The step with its script replaced; nothing where it could do nothing to the run.
fn stand_in(step: &Value, scenario: Scenario) -> Option<Value> {
    let step = step.as_mapping().unwrap();
    let script = script(step, scenario);
    let kept = ["id", "if", "continue-on-error"];
    if script == "true" && !kept.iter().any(|key| step.contains_key(*key)) {
        return None;
    }
    let mut new = step.clone();
    for key in ["uses", "with", "working-directory"] {
        new.remove(key);
    }
    if let Some(env) = new.get_mut("env").and_then(Value::as_mapping_mut) {
        env.remove("MLP_CONFIG");
    }
    new.insert("run".into(), script.into());
    Some(new.into())
}

fn with_stand_ins(text: &str, name: &str, scenario: Scenario) -> String {
    let mut workflow: Mapping = serde_yaml::from_str(text).unwrap();
    for job in workflow.get_mut("jobs").and_then(Value::as_mapping_mut).unwrap().values_mut().filter_map(Value::as_mapping_mut) {
        let steps = job["steps"].as_sequence().unwrap();
        let mut new: Vec<Value> = steps.iter().filter_map(|step| stand_in(step, scenario)).collect();
        if new.is_empty() {
            new.push(Mapping::from_iter([("run".into(), "true".into())]).into());
        }
        job.insert("steps".into(), new.into());
        job.insert("runs-on".into(), "ubuntu-24.04".into());
    }
    workflow.insert("on".into(), "push".into());
    workflow.insert("name".into(), name.into());
    serde_yaml::to_string(&workflow).unwrap()
}

/// The name of a workflow in a run of several.
fn name(scenario: Scenario, number: usize) -> String {
    format!("{}-{number}", scenario.name)
}

/// Runs workflows that do the same as the first of them in every scenario; what does not.
pub fn differ(texts: &[String]) -> Vec<String> {
    let mut all = BTreeMap::new();
    for scenario in SCENARIOS {
        for (number, text) in texts.iter().enumerate() {
            let name = name(scenario, number);
            all.insert(name.clone(), with_stand_ins(text, &name, scenario));
        }
    }
    let ran = act::run(&all, "ubuntu-24.04");
    assert_scenarios(&texts[0], &ran);
    let places = SCENARIOS.iter().flat_map(|scenario| (1..texts.len()).map(|number| (*scenario, number)));
    places.flat_map(|(scenario, number)| changed(&texts[0], &ran, scenario, number)).collect()
}

fn jobs(text: &str) -> Vec<String> {
    let workflow: Mapping = serde_yaml::from_str(text).unwrap();
    workflow["jobs"].as_mapping().unwrap().keys().map(|id| id.as_str().unwrap().to_owned()).collect()
}

/// The jobs that do not end as in the first workflow.
fn changed(first: &str, ran: &Ran, scenario: Scenario, number: usize) -> Vec<String> {
    let result = |number: usize, job: &str| ran.result(&name(scenario, number), job).to_owned();
    let wrong = jobs(first).into_iter().filter(|job| result(0, job) != result(number, job));
    wrong.map(|job| format!("{number}, {}: `{job}` is {}, not {}", scenario.name, result(number, &job), result(0, &job))).collect()
}

/// If all is well nothing fails, and in every other scenario that a workflow has a script for, something else happens.
fn assert_scenarios(first: &str, ran: &Ran) {
    let all = jobs(first);
    let ends = |scenario: &Scenario| all.iter().map(|job| ran.result(&name(*scenario, 0), job).to_owned()).collect::<Vec<String>>();
    let well = ends(&SCENARIOS[0]);
    assert!(well.contains(&"success".to_owned()) && !well.contains(&"failure".to_owned()), "{well:?}");
    for scenario in
        SCENARIOS.iter().filter(|scenario| scenario.broken.iter().any(|script| first.contains(&format!(".github/mlp/{script}\n"))))
    {
        assert!(ends(scenario).contains(&"failure".to_owned()), "{}: {:?}", scenario.name, ends(scenario));
    }
}
