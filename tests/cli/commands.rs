//! `fmt`, `explain`, `graph`, `expand`, `init`, and what all commands have in common.

use std::process::Stdio;

use crate::{HELLO, World, snapshot};

#[test]
fn explain() {
    let world = World::empty();
    let by_code = world.mlp(&["explain", "mlp0501"]);
    by_code.is(0);
    assert!(by_code.out.starts_with("# MLP0501 ungated-deploy\n"));
    assert_eq!(by_code.out, world.mlp(&["explain", "ungated-deploy"]).out);
    world.mlp(&["explain", "ungated-deplo"]).is(2).says("did you mean `ungated-deploy`?");
    let all = world.mlp(&["explain", "--all"]);
    let titles = all.out.lines().filter(|line| line.starts_with("# MLP")).count();
    assert_eq!(titles, mlp::lint::codes().count());
}

#[test]
fn a_reader_who_has_enough_is_no_failure() {
    let world = World::empty();
    let mut child = world.command(&["explain", "--all"]).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    drop(child.stdout.take());
    let done = child.wait_with_output().unwrap();
    assert_eq!((done.status.code(), done.stderr.as_slice()), (Some(0), &b""[..]));
}

#[test]
fn formats() {
    let world = World::hello();
    let untidy = HELLO.replace("  gate quality {", "  gate   quality   {");
    world.write("hello.mlp", &untidy);
    world.mlp(&["fmt", "--check"]).is(1).says("hello.mlp");
    let diff = world.mlp(&["fmt", "--diff"]);
    diff.is(1);
    snapshot("fmt_diff", &diff.text());
    assert_eq!(world.read("hello.mlp"), untidy);
    world.mlp(&["fmt"]).is(0).says("formatted hello.mlp");
    assert_eq!(world.read("hello.mlp"), HELLO);
    world.mlp(&["fmt", "--check"]).is(0);
    assert_eq!(world.mlp_with(&["fmt", "-", "--stdin-filename", "x.mlp"], &untidy).is(0).out, HELLO);
    world.mlp_with(&["fmt", "-"], &untidy).is(2).says("--stdin-filename");
}

#[test]
fn a_file_with_syntax_errors_is_not_formatted_and_others_are() {
    let world = World::hello();
    world.write("bad.mlp", "mlp 1\npipeline \"x\" {\n");
    world.write("hello.mlp", HELLO.replace("mlp 1\n\n", "mlp 1\n\n\n\n"));
    let done = world.mlp(&["fmt"]);
    done.is(1).says("MLP0013");
    assert_eq!(world.read("hello.mlp"), HELLO);
    assert_eq!(world.read("bad.mlp"), "mlp 1\npipeline \"x\" {\n");
}

#[test]
fn graphs() {
    let world = World::hello();
    snapshot("graph", &world.mlp(&["graph"]).is(0).text());
    world.mlp(&["graph", "--format", "dot"]).is(0).says("digraph \"hello\"");
    world.mlp(&["graph", "--format", "svg"]).is(0).says("prefers-color-scheme: dark");
    let graph: serde_json::Value = serde_json::from_str(&world.mlp(&["graph", "--format", "json"]).out).unwrap();
    assert_eq!(graph[0]["pipeline"], "hello");
    world.write("other.mlp", HELLO.replace("\"hello\"", "\"other\""));
    world.mlp(&["graph", "--format", "svg"]).is(2).says("one pipeline");
    world.mlp(&["graph", "--format", "svg", "--pipeline", "other"]).is(0);
    world.mlp(&["graph", "--pipeline", "none"]).is(2).says("no pipeline `none`");
}

#[test]
fn expands() {
    let world = World::hello();
    let done = world.mlp(&["expand", "hello.mlp"]);
    done.is(0);
    snapshot("expand", &done.out);
    world.write("hello.mlp", &done.out);
    assert_eq!(world.mlp(&["expand", "hello.mlp"]).is(0).out, done.out);
}

#[test]
fn a_first_pipeline() {
    let world = World::empty();
    let done = world.mlp(&["init", "my model.mlp"]);
    done.is(0);
    snapshot("init", &format!("{}\n---\n{}", done.out, world.read("my model.mlp")));
    world.mlp(&["init", "my model.mlp"]).is(2).says("exists already");
    world.mlp(&["init", "model.yml"]).is(2).says(".mlp");
    world.write("train.py", "");
    world.mlp(&["fmt", "--check"]).is(0);
    world.mlp(&["check"]).is(0);
}

#[test]
fn usage() {
    let world = World::empty();
    world.mlp(&["frobnicate"]).is(2);
    world.mlp(&["check", "--output-format", "xml"]).is(2);
    world.mlp(&["check", "missing.mlp"]).is(2).says("MLP0002");
    assert!(world.mlp(&["--version"]).is(0).out.starts_with("mlp "));
    snapshot("help", &world.mlp(&["--help"]).is(0).out);
}

/// The same code runs where there are no files: in an editor, on a page.
#[test]
fn only_the_command_line_does_io() {
    let source = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    // The command line, and tests that ask other programs.
    let may = ["cli", "main.rs", "prove/outside"].map(|path| source.join(path));
    let outside_cli = |entry: &ignore::DirEntry| !may.iter().any(|path| entry.path().starts_with(path));
    let files = ignore::Walk::new(&source).flatten().filter(|entry| entry.path().is_file()).filter(outside_cli);
    for file in files.filter(|entry| entry.path().extension().is_some_and(|extension| extension == "rs")) {
        let text = std::fs::read_to_string(file.path()).unwrap();
        for module in ["std::fs", "std::io", "std::env", "std::net", "std::process"] {
            assert!(!text.contains(module), "{} uses {module}", file.path().display());
        }
    }
}
