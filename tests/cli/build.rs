//! `mlp build`

use std::fs;

use crate::{HELLO, World, snapshot};

const WORKFLOW: &str = ".github/workflows/mlp-hello.yml";
const RELEASE: &str = "deploy/mlp/hello/overlays/ml-dev/release/release.yaml";

#[test]
fn a_first_build_says_what_it_made() {
    let world = World::hello();
    let done = world.mlp(&["build"]);
    done.is(0);
    let counted = |line: &&str| !line.contains(".github/mlp/") && !line.starts_with("Compiled");
    let lines: Vec<&str> = done.err.lines().filter(counted).collect();
    snapshot("first_build", &lines.join("\n"));
}

#[test]
fn a_second_build_changes_nothing() {
    let world = World::built();
    let before = world.files();
    world.mlp(&["build"]).is(0).says(" 0 changed.");
    world.mlp(&["build", "--check"]).is(0);
    assert_eq!(world.files(), before);
}

#[test]
fn drift_is_reported_and_mended() {
    let world = World::built();
    let before = world.files();
    world.write(WORKFLOW, world.read(WORKFLOW) + "# by hand\n");
    fs::remove_file(world.at("argocd/mlp/hello-ml-dev.yaml")).unwrap();
    let done = world.mlp(&["build", "--check"]);
    done.is(1);
    snapshot("drift", &done.text());
    let done = world.mlp(&["build", "--diff"]);
    done.is(1).says("-# by hand").says("--- /dev/null");
    world.mlp(&["build"]).is(0).says(" 2 changed.");
    assert_eq!(world.files(), before);
}

#[test]
fn a_file_without_the_header_is_not_overwritten() {
    let world = World::built();
    let headless: String = world.read(WORKFLOW).lines().skip(1).map(|line| format!("{line}\n")).collect();
    world.write(WORKFLOW, &headless);
    let done = world.mlp(&["build"]);
    done.is(1);
    snapshot("foreign_output", &done.text());
    assert_eq!(world.read(WORKFLOW), headless);
    world.mlp(&["build", "--check"]).is(1).says("MLP0003");
}

#[test]
fn nothing_is_written_when_one_file_is_refused() {
    let world = World::hello();
    world.write(WORKFLOW, "name: my own\n");
    world.mlp(&["build"]).is(1).says("MLP0003");
    assert!(!world.exists("deploy") && !world.exists("argocd") && !world.exists(".github/mlp"));
}

#[test]
fn a_symbolic_link_is_not_written_through() {
    let world = World::hello();
    let outside = tempfile::tempdir().unwrap();
    fs::create_dir_all(world.at(".github")).unwrap();
    std::os::unix::fs::symlink(outside.path(), world.at(".github/workflows")).unwrap();
    world.mlp(&["build"]).is(2).says("MLP0004");
    assert_eq!(fs::read_dir(outside.path()).unwrap().count(), 0);
}

#[test]
fn what_the_pipeline_owns_at_run_time_is_left_alone() {
    let world = World::built();
    world.write(RELEASE, "# deployed\n");
    world.mlp(&["build"]).is(0).says(" 0 changed.");
    world.mlp(&["build", "--check"]).is(0);
    assert_eq!(world.read(RELEASE), "# deployed\n");
}

#[test]
fn orphans_go_if_they_are_ours() {
    let world = World::built();
    world.write("hello.mlp", HELLO.replace("\"hello\"", "\"bye\""));
    world.write("argocd/mlp/hello-ml-dev.yaml", "# somebody else's now\n");
    world.mlp(&["build", "--check"]).is(1).says("is orphaned");
    world.mlp(&["build"]).is(0).says(&format!("deleted {WORKFLOW}"));
    assert!(!world.exists(WORKFLOW) && world.exists(".github/workflows/mlp-bye.yml"));
    assert!(world.exists("argocd/mlp/hello-ml-dev.yaml") && world.exists(RELEASE));
    world.mlp(&["build", "--check"]).is(0);
}

#[test]
fn the_files_of_a_deleted_pipeline_go_with_the_next_build() {
    let world = World::built();
    world.write("other.mlp", HELLO.replace("\"hello\"", "\"other\""));
    world.mlp(&["build", "other.mlp"]).is(0);
    assert!(world.exists(WORKFLOW));
    fs::remove_file(world.at("hello.mlp")).unwrap();
    world.mlp(&["build"]).is(0);
    assert!(!world.exists(WORKFLOW) && !world.exists("deploy/mlp/hello/base"));
    world.mlp(&["build", "--check"]).is(0);
}

#[test]
fn two_pipelines_claim_one_output() {
    let world = World::hello();
    world.write("a/hello.mlp", HELLO.replace("train.py", "//train.py"));
    let done = world.mlp(&["build"]);
    done.is(1).says("hello.mlp");
    assert!(!world.exists(".github"));
}

#[test]
fn errors_anywhere_keep_everything_from_being_written() {
    let world = World::hello();
    world.write("bad.mlp", "mlp 1\n\npipeline \"bad\" { on manual, job a { timeout 1h } }\n");
    world.mlp(&["build"]).is(1).says("MLP0101");
    assert!(!world.exists(".github"));
    world.mlp(&["build", "hello.mlp"]).is(0);
}

#[test]
fn another_folder() {
    let world = World::hello();
    world.mlp(&["build", "--check", "--out-dir", "out"]).is(1).says("is missing");
    assert!(!world.exists("out"));
    world.mlp(&["build", "--out-dir", "out"]).is(0);
    assert!(world.exists(&format!("out/{WORKFLOW}")) && !world.exists(".github"));
    world.mlp(&["build", "--check", "--out-dir", "out"]).is(0);
}

#[test]
fn the_result_does_not_depend_on_threads() {
    let many = || {
        let world = World::hello();
        for n in 0..12 {
            world.write(&format!("p{n}.mlp"), HELLO.replace("\"hello\"", &format!("\"p{n}\"")));
        }
        world
    };
    let run = |threads: &str| {
        let world = many();
        assert!(world.command(&["build"]).env("RAYON_NUM_THREADS", threads).output().unwrap().status.success());
        world.files()
    };
    assert_eq!(run("1"), run("5"));
}

#[test]
fn the_lock_says_where_pull_requests_get_mlp_from() {
    let world = World::hello();
    world.write("hello.mlp", HELLO.replace("  train fit", "  on pull_request\n  train fit"));
    let installs = |line: &str| world.read(".github/workflows/mlp-hello-pr.yml").contains(line);
    world.mlp(&["build"]).is(0);
    assert!(installs(concat!("cargo install --locked --version ", env!("CARGO_PKG_VERSION"), " mlp")));
    let sha = "0123456789abcdef0123456789abcdef01234567";
    let lock =
        world.read("mlp.lock").replacen('{', &format!(r#"{{ "mlp": {{ "git": "https://github.com/acme/mlp", "sha": "{sha}" }},"#), 1);
    world.write("mlp.lock", lock);
    world.mlp(&["build"]).is(0);
    assert!(installs(&format!("cargo install --locked --git https://github.com/acme/mlp --rev {sha} mlp")));
    assert!(world.read("mlp.lock").contains(sha), "a build keeps what it does not know better");
    world.write("mlp.lock", r#"{ "mlp": { "git": "https://github.com/acme/mlp", "sha": "main" } }"#);
    world.mlp(&["build"]).is(2).says("MLP0010").says("expected a commit of 40");
}
