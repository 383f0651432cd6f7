//! `mlp lock`, against a local git server.

use std::path::Path;
use std::process::Command;

use crate::World;

fn git(folder: &Path, args: &[&str]) -> String {
    let mut git = Command::new("git");
    git.args(["-c", "user.name=t", "-c", "user.email=t@localhost", "-c", "commit.gpgsign=false", "-c", "tag.gpgsign=false"]);
    let output = git.arg("-C").arg(folder).args(args).output().unwrap();
    assert!(output.status.success(), "git {args:?}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap().trim().to_owned()
}

/// A server that has every action with the release that mlp knows, and one newer.
struct Server {
    folder: tempfile::TempDir,
}

impl Server {
    fn new() -> Self {
        let server = Self { folder: tempfile::tempdir().unwrap() };
        for (name, pin) in &mlp::lock::Lock::built_in().actions {
            server.add(name, &[&pin.tag]);
        }
        server
    }

    fn add(&self, name: &str, tags: &[&str]) {
        let folder = self.folder.path().join(name);
        std::fs::create_dir_all(&folder).unwrap();
        git(&folder, &["init", "-q"]);
        for tag in tags {
            self.tag(name, tag);
        }
    }

    /// A new commit with an annotated tag; the commit.
    fn tag(&self, name: &str, tag: &str) -> String {
        let folder = self.folder.path().join(name);
        git(&folder, &["commit", "-q", "--allow-empty", "-m", tag]);
        git(&folder, &["tag", "-a", tag, "-m", tag]);
        git(&folder, &["rev-parse", "HEAD"])
    }

    fn url(&self) -> String {
        format!("file://{}", self.folder.path().display())
    }
}

#[test]
fn pins_are_refreshed_and_builds_use_them() {
    let (world, server) = (World::hello(), Server::new());
    let newest = server.tag("actions/checkout", "v7.12.0");
    server.tag("actions/checkout", "v8.0.0");
    server.tag("actions/checkout", "v7.13.0-beta.1");
    let before = world.read("mlp.lock");
    world.mlp(&["lock", "--server", &server.url(), "--check"]).is(1).says("actions/checkout: v7.0.1 → v7.12.0");
    world.mlp(&["lock", "--server", &server.url(), "--dry-run"]).is(0).says(&newest);
    assert_eq!(world.read("mlp.lock"), before);
    world.mlp(&["lock", "--server", &server.url()]).is(0);
    let lock = mlp::lock::Lock::parse(&world.read("mlp.lock")).unwrap();
    assert_eq!(lock.action("actions/checkout").unwrap().sha, newest);
    assert_eq!(lock.repository.as_deref(), Some("acme/hello"));
    world.mlp(&["lock", "--server", &server.url(), "--check"]).is(0);
    world.mlp(&["build"]).is(0);
    assert!(world.read(".github/workflows/mlp-hello.yml").contains(&format!("actions/checkout@{newest} # v7.12.0")));
}

#[test]
fn the_users_own_actions_keep_the_tag_that_was_written() {
    let (world, server) = (World::empty(), Server::new());
    server.add("acme/notify", &["v1.0.0", "v1.1.0"]);
    let used = |tag: &str| {
        format!(
            "mlp 1\n\npipeline \"x\" {{\n  on manual\n  job tell {{\n    timeout = 5min\n    step {{ uses = action(\"acme/notify@{tag}\") }}\n  }}\n}}\n"
        )
    };
    world.write("x.mlp", used("v1.0.0"));
    world.mlp(&["check"]).is(1).says("MLP0802");
    world.mlp(&["lock", "--server", &server.url()]).is(0);
    let lock = mlp::lock::Lock::parse(&world.read("mlp.lock")).unwrap();
    assert_eq!(lock.action("acme/notify").unwrap().tag, "v1.0.0");
    world.mlp(&["check"]).is(0);
    world.write("x.mlp", used("v9"));
    world.mlp(&["lock", "--server", &server.url()]).is(2).says("no tag `v9`");
    world.write("y.mlp", used("v1.1.0").replace("\"x\"", "\"y\""));
    world.mlp(&["lock", "--server", &server.url()]).is(2).says("one pin for both");
}

#[test]
fn without_a_network_pins_stay() {
    let world = World::hello();
    let before = world.read("mlp.lock");
    let done = world.mlp(&["lock", "--server", "file:///nowhere"]);
    done.is(2).says("MLP0012").says("`file:///nowhere/actions/checkout` does not answer");
    assert_eq!(world.read("mlp.lock"), before);
}
