//! `mlp check`

use crate::{HELLO, World, snapshot};

const MISTAKES: &str = "mlp 1\n\npipeline \"demo\" {\n  on manual\n  job a { timeout 5min, run = bash\"\"\"true\"\"\" }\n  job a { timeout = 512m, run = bash\"\"\"true\"\"\" }\n}\n";

fn mistaken() -> World {
    let world = World::empty();
    world.write("demo.mlp", MISTAKES);
    world
}

#[test]
fn clean() {
    let done = World::hello().mlp(&["check"]);
    assert_eq!((done.code, done.out.as_str(), done.err.as_str()), (Some(0), "", ""));
}

#[test]
fn every_format() {
    for format in ["full", "concise", "json", "github"] {
        let done = mistaken().mlp(&["check", "--output-format", format]);
        done.is(1);
        snapshot(&format!("check_{format}"), &done.text());
    }
}

#[test]
fn sarif_lists_all_rules_and_goes_to_a_file() {
    let world = mistaken();
    let done = world.mlp(&["check", "--output-format", "sarif", "--output-file", "out.sarif"]);
    done.is(1);
    assert_eq!(done.out, "");
    let log: serde_json::Value = serde_json::from_str(&world.read("out.sarif")).unwrap();
    let rules = log["runs"][0]["tool"]["driver"]["rules"].as_array().unwrap();
    assert_eq!(rules.len(), mlp::lint::codes().count());
    for result in log["runs"][0]["results"].as_array().unwrap() {
        let index = usize::try_from(result["ruleIndex"].as_u64().unwrap()).unwrap();
        assert_eq!(rules[index]["id"], result["ruleId"]);
    }
}

#[test]
fn every_file_is_looked_at_for_its_layout() {
    let world = World::empty();
    for name in ["a", "b"] {
        world.write(&format!("{name}.mlp"), HELLO.replace("\"hello\"", &format!("\"{name}\"")).replace("  gate", "    gate"));
    }
    let done = world.mlp(&["check", "--output-format", "concise"]);
    assert_eq!(done.out.matches("MLP1203").count(), 2, "{}", done.text());
}

#[test]
fn the_environment_names_a_format_and_the_flag_wins() {
    let world = mistaken();
    let run = |args: &[&str]| world.command(args).env("MLP_OUTPUT_FORMAT", "concise").output().unwrap().stdout;
    assert!(run(&["check"]).starts_with(b"demo.mlp:5:"));
    assert!(run(&["check", "--output-format", "github"]).starts_with(b"::error "));
}

#[test]
fn safe_fixes_are_written_and_others_only_on_request() {
    let world = mistaken();
    let done = world.mlp(&["check", "--fix", "--output-format", "concise"]);
    done.is(1).says("Fixed 1 file.");
    assert!(world.read("demo.mlp").contains("timeout = 5min"));
    assert!(!done.out.contains("MLP0101"), "{}", done.out);
    assert!(world.read("demo.mlp").contains("512m"));
}

#[test]
fn a_fixed_text_is_the_result() {
    let done = World::empty().mlp_with(&["check", "--fix", "-", "--stdin-filename", "demo.mlp"], MISTAKES);
    done.is(1);
    assert!(done.out.starts_with("mlp 1") && done.out.contains("timeout = 5min"), "{}", done.text());
    assert!(done.err.contains("MLP0301"), "{}", done.text());
}

#[test]
fn warnings_fail_on_request_only() {
    let world = World::hello();
    world.write("hello.mlp", HELLO.replace("  on push { branches = [\"main\"] }\n", ""));
    world.mlp(&["check"]).is(0).says("MLP0403");
    world.mlp(&["check", "--deny", "warnings"]).is(1).says("error[MLP0403]");
    world.mlp(&["build", "--deny", "warnings"]).is(1);
    assert!(!world.exists(".github"));
}

#[test]
fn settings_change_levels_and_leave_files_out() {
    let world = World::hello();
    world.write("hello.mlp", HELLO.replace("    timeout = 1h\n", ""));
    world.mlp(&["check"]).is(0).says("hint[MLP1101]");
    world.write("mlp.toml", "[rules]\nno-timeout = \"error\"\n");
    world.mlp(&["check"]).is(1).says("error[MLP1101]");
    world.write("mlp.toml", "[rules]\nMLP1101 = \"off\"\n");
    assert!(!world.mlp(&["check", "--output-format", "concise"]).is(0).out.contains("MLP1101"));
    world.write("mlp.toml", "exclude = [\"hello.mlp\"]\n");
    world.mlp(&["check"]).is(2).says("MLP0009");
    world.mlp(&["check", "hello.mlp"]).is(0);
}

#[test]
fn settings_that_mean_nothing_are_refused() {
    let world = World::hello();
    world.write("mlp.toml", "[rules]\nMLP0501 = \"off\"\n");
    let done = world.mlp(&["check"]);
    done.is(2);
    snapshot("settings_refused", &done.text());
    world.write("mlp.toml", "colour = true\n");
    world.mlp(&["check"]).is(2).says("unknown field `colour`");
    world.write("mlp.toml", "");
    world.write("mlp.lock", "{ \"pins\": 1 }");
    world.mlp(&["check"]).is(2).says("MLP0010");
}

#[test]
fn nothing_found_is_a_failure() {
    let world = World::empty();
    let done = world.mlp(&["check"]);
    done.is(2);
    snapshot("nothing_found", &done.text());
    world.mlp(&["check", "--allow-empty"]).is(0);
    world.mlp(&["build", "--allow-empty"]).is(0);
}

#[test]
fn ignored_files_and_other_repositories_are_left_out() {
    let world = World::hello();
    world.write(".gitignore", "scratch/\n");
    world.write("scratch/bad.mlp", "not a pipeline");
    world.write("vendor/mlp.lock", "{}");
    world.write("vendor/bad.mlp", "not a pipeline");
    world.mlp(&["check"]).is(0);
    world.mlp(&["check", "scratch"]).is(1);
    let inner = world.command(&["check", "bad.mlp"]).current_dir(world.at("vendor")).output().unwrap();
    assert!(String::from_utf8(inner.stdout).unwrap().contains("[bad.mlp:1:1]"));
}

#[test]
fn colours() {
    let world = mistaken();
    let colored = |command: &mut std::process::Command| command.output().unwrap().stdout.contains(&0x1b);
    assert!(!colored(&mut world.command(&["check"])));
    assert!(colored(world.command(&["check"]).env("FORCE_COLOR", "1")));
    assert!(!colored(world.command(&["check"]).env("FORCE_COLOR", "1").env("NO_COLOR", "1")));
    assert!(colored(world.command(&["check", "--color", "always"]).env("NO_COLOR", "1")));
    assert!(!colored(world.command(&["check", "--color", "never"]).env("FORCE_COLOR", "1")));
}

#[test]
fn an_imported_file_is_reported_once_and_the_order_does_not_depend_on_threads() {
    let world = World::empty();
    world.write("platform.mlp", "mlp 1\n\nconnection store: s3 { bucket 1 }\n");
    for n in 0..20 {
        world.write(&format!("p{n}.mlp"), format!("mlp 1\n\nuse \"platform.mlp\" {{ store }}\n\npipeline \"p{n}\" {{ on manual }}\n"));
    }
    let run = |threads: &str| world.command(&["check", "--output-format", "concise"]).env("RAYON_NUM_THREADS", threads).output().unwrap();
    let (one, four) = (run("1"), run("4"));
    assert_eq!(one.stdout, four.stdout);
    let text = String::from_utf8(one.stdout).unwrap();
    assert_eq!(text.lines().filter(|line| line.starts_with("platform.mlp:") && line.contains("MLP0101")).count(), 1, "{text}");
}

/// A command of the user's gets the token that Argo CD is asked with.
const UNPROVEN: &str = r#"mlp 1

secret ARGOCD_TOKEN
connection argo: argocd { server = "https://argo.acme.internal", token = secret.ARGOCD_TOKEN }

pipeline "hello" {
  on push { branches = ["main"] }
  train fit {
    run     = file("train.py")
    timeout = 1h
    metric accuracy: float higher
  }
  gate quality { require accuracy >= 0.90 }
  deploy live { namespace = "ml-dev" }
  job notify {
    timeout = 5min
    env { TOKEN = secret.ARGOCD_TOKEN }
    run = bash"""true"""
  }
}
"#;

#[test]
fn a_proof_is_part_of_it_where_asked_for() {
    let world = World::hello();
    let done = world.mlp(&["check", "--prove"]);
    assert_eq!((done.code, done.out.as_str()), (Some(0), ""), "{}", done.text());
    world.write("hello.mlp", UNPROVEN);
    world.mlp(&["check"]).is(0);
    for (format, says) in [
        ("full", "MLP0015"),
        ("concise", ": error[MLP0015] "),
        ("json", "\"MLP0015\""),
        ("github", "::error file=.github/workflows/mlp-hello.yml,line="),
        ("sarif", "\"ruleId\": \"MLP0015\""),
    ] {
        let done = world.mlp(&["check", "--prove", "--output-format", format]);
        done.is(1).says(says);
        done.says("`Run notify` of `notify` holds release");
    }
}
