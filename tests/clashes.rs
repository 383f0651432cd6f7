//! Names that somebody else has: GitHub, Kubernetes, mlp's own jobs, another pipeline.

mod documented;

use documented::{analyze_all, codes};
use mlp::source::{FileId, SourceSet};
use mlp::{analyze, lock::Lock};

/// The codes that a file's pipelines give, but for layout and style.
fn found(pipelines: &str) -> Vec<&'static str> {
    let sources = SourceSet::single("demo.mlp", format!("mlp 1\n{pipelines}"));
    let findings = analyze(&sources, FileId(0), Lock::built_in()).diagnostics;
    codes(&findings).into_iter().filter(|code| !code.starts_with("MLP12")).collect()
}

/// The codes that stages give in a pipeline of their own.
fn stages(text: &str) -> Vec<&'static str> {
    found(&format!("pipeline \"demo\" {{\non manual\n{text}\n}}\n"))
}

fn job(name: &str) -> String {
    format!("job {name} {{ run = file(\"a.py\") }}\n")
}

const MODEL: &str = "train fit {\nrun = file(\"train.py\")\ntimeout = 1h\nmetric auc: float higher\n}\n";

fn releases(name: &str, environment: &str) -> String {
    let gate = "gate quality { require auc >= 0.9 }\n";
    let deploy = format!("environment {environment} {{ namespace = \"ml\" }}\ndeploy rollout {{ environment = {environment} }}\n");
    format!("pipeline \"{name}\" {{\non manual\n{MODEL}{gate}{deploy}}}\n")
}

#[test]
fn jobs_of_mlp_keep_their_names() {
    for name in ["check", "Check", "rollback_live", "ROLLBACK", "Outcome", "rollback", "__own"] {
        assert_eq!(stages(&job(name)), ["MLP0205"], "{name}");
    }
    for name in ["publish", "prepare", "finish", "deploy", "checks", "rollbacks"] {
        assert!(stages(&job(name)).is_empty(), "{name}");
    }
    assert!(stages(&format!("{MODEL}gate finish {{ require auc >= 0.9 }}")).contains(&"MLP0205"));
}

#[test]
fn github_does_not_tell_upper_from_lower_case() {
    assert_eq!(stages(&(job("fit") + &job("Fit"))), ["MLP0202"]);
    assert_eq!(stages(&(job("fit") + &job("fit"))), ["MLP0202"]);
    assert!(stages(&(job("fit") + &job("fits"))).is_empty());
}

#[test]
fn environments_are_told_apart_as_kubernetes_does() {
    let environments = |names: [&str; 2]| {
        let named = names.map(|name| format!("environment {name} {{ namespace = \"ml\" }}\n"));
        stages(&(named.concat() + &job("report")))
    };
    assert!(environments(["ml_dev", "ML_dev"]).contains(&"MLP0202"));
    assert!(!environments(["ml_dev", "ml_prod"]).contains(&"MLP0202"));
}

#[test]
fn a_name_stands_once_in_a_list_of_several_blocks() {
    let run = "run = file(\"a.py\")";
    assert_eq!(stages(&format!("job a {{\nenv {{ A = 1 }}\nenv {{ A = 2 }}\n{run}\n}}")), ["MLP0202"]);
    assert_eq!(stages(&format!("job a {{\nenv {{\nA = 1\nA = 2\n}}\n{run}\n}}")), ["MLP0202"]);
    assert!(stages(&format!("job a {{\nenv {{ A = 1 }}\nenv {{ B = 2 }}\n{run}\n}}")).is_empty());
    assert!(stages(&format!("job a {{\noutput rows: int\noutput rows: int\n{run}\n}}")).contains(&"MLP0202"));
}

#[test]
fn applications_and_workflows_have_one_owner() {
    let both = |a: [&str; 2], b: [&str; 2]| found(&(releases(a[0], a[1]) + &releases(b[0], b[1])));
    assert!(both(["a", "b_c"], ["a-b", "c"]).contains(&"MLP0907"));
    assert!(both(["a", "c"], ["a-manifests", "d"]).contains(&"MLP0907"));
    assert!(!both(["a", "b_c"], ["a-b", "d"]).contains(&"MLP0907"));
    assert!(!both(["a", "b"], ["a-pr", "b"]).contains(&"MLP0907"));
    let requests = "pipeline \"a\" {\non manual\non pull_request\njob a { run = file(\"a.py\") }\n}\n";
    assert!(found(&(requests.to_owned() + &releases("a-pr", "b"))).contains(&"MLP0907"));
}

#[test]
fn owners_are_told_across_files() {
    let set = |path: &str, text: String| SourceSet::single(path, format!("mlp 1\n{text}"));
    let both = |a: String, b: String| codes(&analyze_all(&[set("a.mlp", a), set("b.mlp", b)]));
    assert!(both(releases("a", "b_c"), releases("a-b", "c")).contains("MLP0907"));
    assert!(!both(releases("a", "b_c"), releases("a-b", "d")).contains("MLP0907"));
}

#[test]
fn triggers_and_parts_are_written_once() {
    let triggers = |text: &str| found(&format!("pipeline \"demo\" {{\n{text}\n{}}}\n", job("a")));
    assert_eq!(triggers("on manual\non manual"), ["MLP0408"]);
    assert_eq!(triggers("on pull_request\non manual\non pull_request"), ["MLP0408"]);
    assert!(triggers("on schedule { cron = \"17 3 * * 1\" }\non schedule { cron = \"17 4 * * 1\" }").is_empty());
    let gate = "gate quality {\nrequire auc >= 0.9\nwithout champion { require auc >= 0.5 }\nwithout champion { require auc >= 0.6 }\n}";
    assert!(stages(&format!("{MODEL}{gate}")).contains(&"MLP0408"));
}

#[test]
fn pull_requests_alone_start_nothing() {
    let triggers = |text: &str| found(&format!("pipeline \"demo\" {{\n{text}\n{}}}\n", job("a")));
    assert_eq!(triggers("on pull_request"), ["MLP0409"]);
    assert_eq!(triggers(""), ["MLP0403"]);
    assert!(!triggers("on pull_request\non monday").contains(&"MLP0409"));
}

#[test]
fn variables_are_reserved_where_they_are_set() {
    let job = |name: &str| stages(&format!("job a {{\nenv {{ {name} = \"x\" }}\nrun = file(\"a.py\")\n}}"));
    let train = |name: &str| stages(&MODEL.replace("timeout", &format!("env {{ {name} = \"x\" }}\ntimeout")));
    for name in ["MLP_CONFIG", "GITHUB_OUTPUT", "RUNNER_TEMP", "ACTIONS_STEP_DEBUG"] {
        assert_eq!(job(name), ["MLP0207"], "{name}");
        assert!(train(name).contains(&"MLP0207"), "{name}");
    }
    for name in ["RUN_ID", "MLFLOW_TRACKING_URI", "MLFLOW_RUN_CONTEXT", "SNAPSHOT_URI"] {
        assert!(job(name).is_empty(), "{name}");
        assert!(train(name).contains(&"MLP0207"), "{name}");
    }
    assert!(!train("MLFLOW_EXPERIMENT_NAME").contains(&"MLP0207"));
    assert!(!train("AWS_ACCESS_KEY_ID").contains(&"MLP0207"), "without a store");
    let store = "connection store: s3 { endpoint = \"https://s3.acme.internal\", bucket = \"b\" }\n";
    let train = MODEL.replace("timeout", "env { AWS_DEFAULT_REGION = \"x\" }\ntimeout");
    assert!(found(&format!("{store}pipeline \"demo\" {{\non manual\n{train}}}\n")).contains(&"MLP0207"));
}

#[test]
fn versions_of_python_are_those_of_the_scripts() {
    let python = |version: &str| stages(&format!("job a {{\nrun = file(\"a.py\")\npython = \"{version}\"\n}}"));
    for version in ["3.11", "3.12", "3.13", "3.12.7"] {
        assert!(python(version).is_empty(), "{version}");
    }
    for version in ["3.10", "3.14", "3.1", "3.120", "3", "3.12.", "3.12.x", ""] {
        assert_eq!(python(version), ["MLP0305"], "{version}");
    }
}

#[test]
fn a_fork_runs_on_machines_of_github_alone() {
    let gated = |attr: &str| {
        let train = MODEL.replace("timeout = 1h", &format!("timeout = 1h\n{attr}"));
        let text = format!("on pull_request {{ until = gate }}\n{train}gate quality {{ require auc >= 0.9 }}");
        let sources = SourceSet::single("demo.mlp", format!("mlp 1\npipeline \"demo\" {{\non manual\n{text}\n}}\n"));
        let findings = analyze(&sources, FileId(0), Lock::built_in()).diagnostics;
        findings.iter().any(|finding| finding.code.id == "MLP0804" && finding.message.contains("on a machine of yours"))
    };
    assert!(gated("runner = \"own\"") && gated("gpu = 1"));
    assert!(!gated("runner = \"ubuntu-24.04-arm\"") && !gated("cpu = 2cpu"));
}
