//! With programs that nobody here wrote: pre-commit, GitHub's schema of actions, zizmor, shellcheck, the schema of SARIF.

use std::path::Path;
use std::process::{Command, Output};

use serde_yaml::Value;

use crate::{HELLO, World};

fn source() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// A program that `tools/install` provides. Where it is missing the test fails.
fn tool(name: &str) -> Command {
    let path = source().join("target/tools/python/bin").join(name);
    assert!(path.exists(), "{} is missing: run tools/install", path.display());
    Command::new(path)
}

#[track_caller]
fn run(command: &mut Command) -> String {
    let output = command.output().unwrap();
    assert!(output.status.success(), "{command:?}\n{}", said(&output));
    String::from_utf8(output.stdout).unwrap()
}

fn said(output: &Output) -> String {
    format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr))
}

fn git(folder: &Path, args: &[&str]) -> String {
    let identity = ["-c", "user.name=t", "-c", "user.email=t@localhost", "-c", "commit.gpgsign=false"];
    run(Command::new("git").args(identity).arg("-C").arg(folder).args(args))
}

/// This repository as it stands, as a repository that pre-commit can take hooks from.
fn hooks() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    let wanted = ["Cargo.*", "benches", "crates", "grammar", "src", "templates", ".pre-commit-hooks.yaml"];
    let listed = git(source(), &[&["ls-files", "-co", "--exclude-standard", "--"], wanted.as_slice()].concat());
    for path in listed.lines() {
        let target = folder.path().join(path);
        std::fs::create_dir_all(target.parent().unwrap()).unwrap();
        std::fs::copy(source().join(path), target).unwrap();
    }
    git(folder.path(), &["init", "-q"]);
    git(folder.path(), &["add", "-A"]);
    git(folder.path(), &["commit", "-qm", "hooks"]);
    folder
}

/// A scratch repository under git, with mlp's hooks.
fn scratch(hooks: &Path) -> World {
    let world = World::hello();
    std::fs::remove_dir(world.at(".git")).unwrap();
    let revision = git(hooks, &["rev-parse", "HEAD"]);
    let ids = ["mlp-fmt", "mlp-check", "mlp-build"].map(|id| format!("      - id: {id}\n")).concat();
    let config = format!("repos:\n  - repo: {}\n    rev: {}\n    hooks:\n{ids}", hooks.display(), revision.trim());
    world.write(".pre-commit-config.yaml", config);
    git(&world.root(), &["init", "-q"]);
    world
}

/// pre-commit builds mlp itself; unoptimised, in a folder kept between runs.
fn pre_commit(world: &World, args: &[&str]) -> Output {
    let mut command = tool("pre-commit");
    command.args(args).current_dir(world.root());
    command
        .env("PRE_COMMIT_HOME", source().join("target/pre-commit/home"))
        .env("CARGO_TARGET_DIR", source().join("target/pre-commit/build"));
    command
        .env("CARGO_PROFILE_RELEASE_LTO", "off")
        .env("CARGO_PROFILE_RELEASE_OPT_LEVEL", "0")
        .env("CARGO_PROFILE_RELEASE_CODEGEN_UNITS", "16");
    command.output().unwrap()
}

#[test]
fn pre_commit_formats_checks_and_compares() {
    let hooks = hooks();
    let world = scratch(hooks.path());
    world.mlp(&["build"]).is(0);
    git(&world.root(), &["add", "-A"]);
    let clean = pre_commit(&world, &["run", "--all-files"]);
    assert!(clean.status.success(), "{}", said(&clean));
    assert_eq!(said(&clean).matches("Passed").count(), 3, "{}", said(&clean));

    world.write("hello.mlp", HELLO.replace("gate quality", "gate   quality"));
    git(&world.root(), &["add", "-A"]);
    let untidy = pre_commit(&world, &["run", "mlp-fmt"]);
    assert!(!untidy.status.success() && world.read("hello.mlp") == HELLO, "{}", said(&untidy));

    world.write("hello.mlp", HELLO.replace("timeout =", "timeout"));
    git(&world.root(), &["add", "-A"]);
    let wrong = pre_commit(&world, &["run", "mlp-check"]);
    assert!(!wrong.status.success() && said(&wrong).contains("MLP0101"), "{}", said(&wrong));

    world.write("hello.mlp", HELLO.replace("0.90", "0.91"));
    git(&world.root(), &["add", "-A"]);
    let stale = pre_commit(&world, &["run", "mlp-build"]);
    assert!(!stale.status.success() && said(&stale).contains("MLP0006"), "{}", said(&stale));
}

fn action() -> Value {
    serde_yaml::from_str(&std::fs::read_to_string(source().join("action.yml")).unwrap()).unwrap()
}

fn steps() -> Vec<Value> {
    action()["runs"]["steps"].as_sequence().unwrap().clone()
}

#[test]
fn the_action_suits_github() {
    let path = source().join("action.yml");
    run(tool("check-jsonschema").args(["--builtin-schema", "vendor.github-actions"]).arg(&path));
    run(tool("zizmor").args(["--offline", "--persona=auditor", "--strict-collection", "--no-progress"]).arg(&path));
    for script in steps().iter().filter_map(|step| step["run"].as_str()) {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("step.sh");
        std::fs::write(&file, format!("#!/usr/bin/env bash\n{script}")).unwrap();
        // The variables come from the step's `env`, which shellcheck does not see.
        run(tool("shellcheck").args(["-e", "SC2153"]).arg(&file));
    }
}

/// Runs the scripts of the action's steps, that of the installation left out, as a runner does.
fn act(world: &World, inputs: &[(&str, &str)]) -> Vec<(String, Output)> {
    let home = tempfile::tempdir().unwrap();
    let bin = home.path().join(".cache/mlp-action/bin");
    std::fs::create_dir_all(&bin).unwrap();
    std::os::unix::fs::symlink(env!("CARGO_BIN_EXE_mlp"), bin.join("mlp")).unwrap();
    let mut done = Vec::new();
    for step in steps() {
        let (Some(name), Some(script)) = (step["name"].as_str(), step["run"].as_str()) else { continue };
        if name != "Install mlp" {
            let mut bash = Command::new("bash");
            bash.args(["--noprofile", "--norc", "-e", "-o", "pipefail", "-c", script]).current_dir(world.root()).env("HOME", home.path());
            bash.envs(inputs.iter().copied());
            done.push((name.to_owned(), bash.output().unwrap()));
        }
    }
    done
}

/// Against the schema of SARIF 2.1.0.
fn valid_sarif(file: &Path) {
    run(Command::new(source().join("tools/check")).arg("--sarif").arg(file));
}

#[test]
fn the_action_annotates_and_writes_sarif() {
    let world = World::hello();
    world.write("hello.mlp", HELLO.replace("timeout =", "timeout"));
    let done = act(&world, &[("PATHS", ""), ("DENY", "true"), ("SARIF", "out.sarif")]);
    let codes: Vec<(&str, Option<i32>)> = done.iter().map(|(name, output)| (name.as_str(), output.status.code())).collect();
    assert_eq!(codes, [("Write SARIF", Some(0)), ("Check", Some(1)), ("Compare compiled files", Some(1))]);
    assert!(said(&done[1].1).contains("::error file=hello.mlp,line=7,"), "{}", said(&done[1].1));
    valid_sarif(&world.at("out.sarif"));
}

#[test]
fn the_action_passes_what_is_right() {
    let world = World::built();
    for paths in ["", "hello.mlp\n\n"] {
        let done = act(&world, &[("PATHS", paths), ("DENY", "true"), ("SARIF", "out.sarif")]);
        assert!(done.iter().all(|(_, output)| output.status.success()), "{done:#?}");
    }
    valid_sarif(&world.at("out.sarif"));
}
