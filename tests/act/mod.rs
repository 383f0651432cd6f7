//! Workflows run by act, a runner that nobody here wrote, on this machine and without containers. It comes from `tools/install`.
#![allow(dead_code, reason = "each test uses a part of it")]

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value as Json;

/// What became of the jobs of several workflows: of those that did not run there is nothing.
#[derive(Debug, Default)]
pub struct Ran {
    jobs: BTreeMap<(String, String), Job>,
}

#[derive(Debug, Default)]
struct Job {
    result: Option<String>,
    printed: String,
}

impl Ran {
    /// How a job ended, as GitHub calls it.
    pub fn result(&self, workflow: &str, job: &str) -> &str {
        self.job(workflow, job).and_then(|job| job.result.as_deref()).unwrap_or("skipped")
    }

    /// What the steps of a job printed.
    pub fn printed(&self, workflow: &str, job: &str) -> &str {
        self.job(workflow, job).map_or("", |job| &job.printed)
    }

    fn job(&self, workflow: &str, job: &str) -> Option<&Job> {
        self.jobs.get(&(workflow.to_owned(), job.to_owned()))
    }

    fn note(&mut self, entry: &Json) {
        let text = |key: &str| entry[key].as_str().map(str::to_owned);
        let (Some(name), Some(id)) = (text("job"), text("jobID")) else { return };
        let Some((workflow, _)) = name.split_once('/') else { return };
        let job = self.jobs.entry((workflow.to_owned(), id)).or_default();
        job.result = text("jobResult").or(job.result.take());
        if entry["raw_output"] == true {
            job.printed += entry["msg"].as_str().unwrap_or_default();
        }
    }
}

/// Runs workflows, by name, all at once; `labels` are the machines that they ask for. Each must say its name at its top.
pub fn run(workflows: &BTreeMap<String, String>, label: &str) -> Ran {
    let place = tempfile::tempdir().unwrap();
    let folder = place.path().join("repository");
    fs::create_dir_all(folder.join(".github/workflows")).unwrap();
    for (name, text) in workflows {
        assert!(text.contains(&format!("name: {name}\n")), "{text}");
        fs::write(folder.join(format!(".github/workflows/{name}.yml")), text).unwrap();
    }
    git(&folder, &["init", "--quiet"]);
    git(&folder, &["add", "--all"]);
    git(
        &folder,
        &["-c", "user.name=t", "-c", "user.email=t@localhost", "-c", "commit.gpgsign=false", "commit", "--quiet", "--message=all"],
    );
    read(&act(place.path(), &folder, label))
}

fn git(folder: &Path, arguments: &[&str]) {
    let status = Command::new("git").arg("-C").arg(folder).args(arguments).status().unwrap();
    assert!(status.success(), "git {arguments:?}");
}

fn program() -> PathBuf {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("target/tools/bin/act");
    assert!(path.exists(), "{} is missing: run tools/install", path.display());
    path
}

/// Its log. Nothing of this machine's environment reaches the jobs, but where programs are.
fn act(home: &Path, folder: &Path, label: &str) -> String {
    let mut command = Command::new(program());
    command.args(["push", "--workflows", ".github/workflows", "--json", "--rm", "--action-offline-mode", "--no-cache-server"]);
    command.arg(format!("--platform={label}=-self-hosted"));
    command.current_dir(folder).env_clear().env("HOME", home).env("PATH", std::env::var_os("PATH").unwrap());
    let output = command.output().unwrap();
    String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr)
}

fn read(log: &str) -> Ran {
    let mut ran = Ran::default();
    for entry in log.lines().filter_map(|line| serde_json::from_str::<Json>(line).ok()) {
        ran.note(&entry);
    }
    assert!(!ran.jobs.is_empty(), "act ran nothing:\n{log}");
    ran
}
