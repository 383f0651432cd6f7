//! `mlp run`, with a stand-in for uv where the scripts are not the point.

use std::fs;
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

use serde_json::Value as Json;

use crate::{Done, HELLO, World, snapshot};

/// Stands in for uv: runs `NAME` or `NAME-SUBCOMMAND` of a folder for the script `NAME.py`, if it is there.
const UV: &str = r#"#!/bin/bash
while [ $# -gt 0 ] && [[ "$1" != *.py ]]; do shift; done
name="${1##*/}"
name="${name%.py}${2:+-$2}"
if [ -e "${FAKES}/${name}" ]; then exec bash -e "${FAKES}/${name}"; fi
"#;

const DOCKER: &str = r#"#!/bin/bash
echo "$*" >> "${FAKES}/docker.log"
if [ "$1" = login ]; then cat > /dev/null; fi
while [ $# -gt 0 ]; do
  if [ "$1" = --metadata-file ]; then echo '{"containerimage.digest": "sha256:0123"}' > "$2"; fi
  shift
done
"#;

/// What the scripts of a pipeline say where all goes well.
const SCRIPTS: &[(&str, &str)] = &[
    ("train-prepare", "echo reuse=false >> $GITHUB_OUTPUT"),
    ("train-finish", "printf 'run_id=r1\nmodel_id=m-1\n' >> $GITHUB_OUTPUT"),
    ("gate", "printf 'approved=true\nreason=better\n' >> $GITHUB_OUTPUT; echo '### decided' >> $GITHUB_STEP_SUMMARY"),
    ("export", "test $RUN_ID = r1; printf 'storage_uri=s3://b/m-1\nmodel_version=7\n' >> $GITHUB_OUTPUT"),
    ("deploy", "test $MODEL_VERSION = 7; echo commit=c0ffee >> $GITHUB_OUTPUT"),
    ("outcome", "echo \"$NEEDS\" > $FAKES/needs; echo '## Outcome' >> $GITHUB_STEP_SUMMARY"),
];

/// What the smallest pipeline reads of the environment.
const VARIABLES: &str = "ARGOCD_SERVER=https://argo\nARGOCD_TOKEN=argo-token\nMLFLOW_TRACKING_PASSWORD=hush-hush\nMLFLOW_TRACKING_URI=https://mlflow\n\
     MLFLOW_TRACKING_USERNAME=me\nS3_ACCESS_KEY=access\nS3_BUCKET=b\nS3_ENDPOINT=https://s3\nS3_SECRET_KEY=s3-secret\n";

/// A repository, with a folder of stand-ins and one for runs.
struct Stage {
    world: World,
    folder: tempfile::TempDir,
}

impl Stage {
    fn new(pipeline: &str) -> Self {
        let stage = Self { world: World::empty(), folder: tempfile::tempdir().unwrap() };
        stage.world.write("demo.mlp", pipeline);
        stage.program("uv", UV);
        stage
    }

    /// Jobs alone: name and script.
    fn jobs(body: &str) -> Self {
        Self::new(&format!("mlp 1\n\npipeline \"demo\" {{\n  on push {{ branches = [\"main\"] }}\n{body}}}\n"))
    }

    /// The smallest pipeline that releases.
    fn hello() -> Self {
        let stage = Self::new(HELLO);
        stage.world.write("train.py", "");
        stage.world.write("requirements.txt", "");
        fs::write(stage.at(".env"), VARIABLES).unwrap();
        SCRIPTS.iter().for_each(|(name, text)| stage.fake(name, text));
        stage
    }

    /// Adds a declaration above the pipeline.
    fn declare(&self, text: &str) {
        self.world.write("demo.mlp", self.world.read("demo.mlp").replace("mlp 1\n", &format!("mlp 1\n\n{text}\n")));
    }

    fn at(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn program(&self, name: &str, text: &str) {
        let place = self.at("bin").join(name);
        fs::create_dir_all(self.at("bin")).unwrap();
        fs::write(&place, text).unwrap();
        assert!(Command::new("chmod").arg("+x").arg(&place).status().unwrap().success());
    }

    fn fake(&self, name: &str, text: &str) {
        fs::write(self.at(name), text).unwrap();
    }

    fn command(&self, args: &[&str]) -> Command {
        let mut command = self.world.command(&["run"]);
        let path = format!("{}:{}", self.at("bin").display(), std::env::var("PATH").unwrap());
        command.args(args).env("PATH", path).env("FAKES", self.folder.path());
        if !args.contains(&"--workspace") {
            command.arg("--workspace").arg(self.at("runs"));
        }
        ["GITHUB_REPOSITORY", "GITHUB_TOKEN", "GITHUB_SERVER_URL", "GITHUB_API_URL"].iter().for_each(|name| {
            command.env_remove(name);
        });
        command
    }

    fn run(&self, args: &[&str]) -> Done {
        Done::new(&self.world, self.command(args).output().unwrap())
    }

    /// The pipeline of `hello`, with its variables.
    fn released(&self, args: &[&str]) -> (Done, Json) {
        let file = self.at(".env");
        let done = self.run(&[&["--env-file", file.to_str().unwrap(), "--output-format", "json"], args].concat());
        let told = serde_json::from_str(&done.out).unwrap_or_else(|error| panic!("{error}: {}", done.text()));
        (done, told)
    }

    /// A file of the only run, or of the last.
    fn of_run(&self, path: &str) -> PathBuf {
        let mut runs: Vec<_> = fs::read_dir(self.at("runs")).unwrap().map(|entry| entry.unwrap().path()).collect();
        runs.sort();
        runs.pop().unwrap().join("jobs").join(path)
    }

    fn log(&self, job: &str) -> String {
        fs::read_to_string(self.of_run(job).join("log.txt")).unwrap()
    }

    fn commit(&self) {
        fs::remove_dir(self.world.at(".git")).unwrap();
        for args in [&["init", "--quiet"][..], &["add", "."], &["commit", "--quiet", "--message", "first"]] {
            let mut git = Command::new("git");
            let identity = ["GIT_AUTHOR_NAME", "GIT_AUTHOR_EMAIL", "GIT_COMMITTER_NAME", "GIT_COMMITTER_EMAIL"];
            git.args(args).current_dir(self.world.root()).envs(identity.map(|name| (name, "me@example.com")));
            assert!(git.status().unwrap().success());
        }
    }
}

fn job(name: &str, more: &str, script: &str) -> String {
    format!("  job {name} {{\n    timeout = 5min\n    {more}\n    run = bash\"\"\"\n{script}\n\"\"\"\n  }}\n")
}

fn states(told: &Json) -> Vec<(&str, &str)> {
    let jobs = told["jobs"].as_array().unwrap().iter();
    jobs.map(|job| (job["id"].as_str().unwrap(), job["state"].as_str().unwrap())).collect()
}

#[test]
fn in_order_side_by_side_and_with_outputs() {
    let meet = |me: &str, other: &str| {
        let script = format!("test \"${{V}}\" = 42\ntouch \"${{FAKES}}/{me}\"\nuntil [ -e \"${{FAKES}}/{other}\" ]; do sleep 0.02; done");
        job(me, "env { V = first.value }", &script)
    };
    let first = job("first", "output value: int", "echo \"value=42\" >> \"${GITHUB_OUTPUT}\"\necho first >> \"${FAKES}/trace\"");
    let last = job("last", "", "echo last >> \"${FAKES}/trace\"\nls \"${FAKES}/left\" \"${FAKES}/right\"");
    let stage = Stage::jobs(&format!("{first}  parallel {{\n{}{}  }}\n{last}", meet("left", "right"), meet("right", "left")));
    let before = stage.world.files();
    let done = stage.run(&[]);
    done.is(0).says("demo: green after").says("outcome  success");
    assert_eq!(fs::read_to_string(stage.at("trace")).unwrap(), "first\nlast\n");
    assert_eq!(stage.world.files(), before, "a run leaves the repository as it was");
    assert!(!stage.of_run("first/workspace").exists() && stage.of_run("first/log.txt").exists());
}

#[test]
fn a_failure_skips_what_is_behind_it() {
    let bad = job("bad", "", "echo \"about to fail\" >&2\nexit 7");
    let stage = Stage::jobs(&format!("{}{bad}{}", job("good", "", "true"), job("behind", "", "true")));
    let done = stage.run(&[]);
    done.is(1)
        .says("failure  ")
        .says("step `Run bad` ended with 7")
        .says("| about to fail")
        .says("demo: red")
        .says("logs and summaries are in");
    done.says("outcome  success");
    assert!(!stage.of_run("behind").exists() && stage.of_run("bad/workspace/demo.mlp").exists());
    let done = stage.run(&["--job", "good"]);
    done.is(0);
    assert!(!done.out.contains("bad") && !done.out.contains("outcome"), "{}", done.text());
    assert!(stage.run(&["--job", "behind"]).is(1).out.contains("good"), "a job runs with those above it");
    stage.run(&["--job", "god"]).is(2).says("there is no job `god`; did you mean `good`?");
}

#[test]
fn every_job_starts_from_the_files_as_git_sees_them() {
    let first = job("first", "", "ls -A > \"${FAKES}/first\"\ngit status --short > \"${FAKES}/status\"\ntouch mine");
    let second = job("second", "", "ls -A > \"${FAKES}/second\"\ncat tracked.txt\ntest ! -e mine");
    let stage = Stage::jobs(&format!("{first}{second}"));
    stage.world.write("tracked.txt", "old");
    stage.world.write(".gitignore", "*.tmp\n");
    stage.commit();
    stage.world.write("tracked.txt", "new");
    stage.world.write("fresh.txt", "");
    stage.world.write("ignored.tmp", "");
    stage.run(&["--keep"]).is(0).says("files differ from the last commit");
    let seen = fs::read_to_string(stage.at("first")).unwrap();
    assert_eq!(seen, ".git\n.github\n.gitignore\ndemo.mlp\nfresh.txt\nmlp.lock\ntracked.txt\n");
    assert_eq!(fs::read_to_string(stage.at("second")).unwrap(), seen);
    assert!(fs::read_to_string(stage.at("status")).unwrap().contains(" M tracked.txt"));
    assert!(stage.log("second").contains("new") && stage.of_run("first/workspace/mine").exists());
}

#[test]
fn artifacts_are_passed_on() {
    let upload = "step { run = bash\"\"\"\n    mkdir -p out/deep\n    echo text > out/deep/file\n    \"\"\" }\n    \
         step {\n      uses = action(\"actions/upload-artifact@v7.0.1\")\n      with { name = \"found\", path = \"out\" }\n    }";
    let download =
        "step {\n      uses = action(\"actions/download-artifact@v8.0.1\")\n      with { name = \"found\", path = \"in\" }\n    }";
    let stage = Stage::jobs(&format!("{}{}", job("gives", upload, "true"), job("takes", download, "cat in/deep/file")));
    stage.run(&[]).is(0);
    assert!(stage.log("takes").contains("fetched the artifact found to in\n==> Run takes\ntext"));
}

#[test]
fn what_only_github_can_run_is_said_and_not_passed_over() {
    let step = "step { uses = action(\"acme/notify@0123456789012345678901234567890123456789\") }";
    let stage = Stage::jobs(&format!("{}{}", job("tells", step, "true"), job("behind", "", "touch \"${FAKES}/ran\"")));
    let done = stage.run(&[]);
    done.is(0).says("tells    not here").says("the action `acme/notify`, which runs on GitHub alone");
    done.says("behind   not here").says("needs `tells`, which does not run here").says("2 jobs did not run here");
    assert!(!stage.at("ran").exists());
}

#[test]
fn all_that_is_missing_is_said_at_once() {
    let stage = Stage::hello();
    let done = stage.run(&[]);
    done.is(2).says("ARGOCD_SERVER  variable, read by preflight\n").says("S3_SECRET_KEY  secret, read by preflight, fit, export\n");
    assert!(!stage.at("runs").exists(), "nothing ran");
    stage.run(&["--env-file", "none.env"]).is(2).says("`none.env` cannot be read");
    fs::remove_file(stage.at("bin/uv")).unwrap();
    let mut command = stage.command(&["--env-file", stage.at(".env").to_str().unwrap()]);
    command.env("PATH", "/nowhere");
    Done::new(&stage.world, command.output().unwrap()).is(2).says("`bash` is not on PATH");
}

#[test]
fn secrets_are_shown_to_nobody() {
    let ask = "env { KEY = secret.KEY }\n    output leak: string";
    let script =
        "echo \"the key is ${KEY}\"\necho \"leak=${KEY}\" >> \"${GITHUB_OUTPUT}\"\necho \"${KEY}\" >> \"${GITHUB_STEP_SUMMARY}\"\nexit 1";
    let other = job("other", "", "test -z \"${KEY:-}\"");
    let stage = Stage::jobs(&format!("{other}{}", job("asks", ask, script)));
    stage.declare("secret KEY");
    let done = Done::new(&stage.world, stage.command(&[]).env("KEY", "very-secret").output().unwrap());
    done.is(1).says("| the key is ***").says("other    success");
    let all = format!("{}{}{}", done.text(), stage.log("asks"), fs::read_to_string(stage.of_run("asks/summary.md")).unwrap());
    assert!(!all.contains("very-secret"), "{all}");
    assert!(stage.log("asks").contains("the output leak is kept back"));
    let json = Done::new(&stage.world, stage.command(&["--output-format", "json"]).env("KEY", "very-secret").output().unwrap());
    assert!(!json.is(1).text().contains("very-secret"));
}

#[test]
fn a_run_without_release() {
    let stage = Stage::hello();
    let (done, told) = stage.released(&[]);
    done.is(0);
    let expected = [
        ("preflight", "success"),
        ("fit", "success"),
        ("export", "success"),
        ("live", "not_here"),
        ("verify", "not_here"),
        ("rollback", "skipped"),
        ("outcome", "success"),
    ];
    assert_eq!(states(&told), expected);
    assert_eq!(told["conclusion"], "success");
    let release = &told["releases"][0];
    assert_eq!((&release["released"], &release["model"], &release["version"]), (&false.into(), &"s3://b/m-1".into(), &"7".into()));
    let needs: Json = serde_json::from_str(&fs::read_to_string(stage.at("needs")).unwrap()).unwrap();
    assert_eq!((&needs["live"]["result"], &needs["fit"]["outputs"]["approved"]), (&"skipped".into(), &"true".into()));
    let text = stage.run(&["--env-file", stage.at(".env").to_str().unwrap()]);
    text.is(0).says("## Outcome").says("Not released; with `--release` this would go to ml-dev:").says("2 jobs did not run here");
}

#[test]
fn a_lost_gate_is_green_and_skips() {
    let stage = Stage::hello();
    stage.fake("gate", "echo approved=false >> $GITHUB_OUTPUT");
    let (done, told) = stage.released(&[]);
    done.is(0);
    assert_eq!(states(&told)[1..5], [("fit", "success"), ("export", "skipped"), ("live", "skipped"), ("verify", "skipped")]);
    assert_eq!(told["releases"][0]["model"], Json::Null);
}

#[test]
fn a_release_needs_a_commit_and_is_rolled_back_if_it_does_not_verify() {
    let stage = Stage::hello();
    stage.run(&["--release", "--env-file", stage.at(".env").to_str().unwrap()]).is(2).says("without uncommitted changes");
    stage.commit();
    let (done, told) = stage.released(&["--release"]);
    done.is(0);
    assert_eq!((&told["releases"][0]["released"], &told["releases"][0]["commit"]), (&true.into(), &"c0ffee".into()));
    assert_eq!(states(&told)[3..6], [("live", "success"), ("verify", "success"), ("rollback", "skipped")]);
    stage.fake("verify", "exit 4");
    stage.fake("rollback", "touch $FAKES/rolled-back");
    let (done, told) = stage.released(&["--release"]);
    done.is(1);
    assert_eq!(states(&told)[3..6], [("live", "success"), ("verify", "failure"), ("rollback", "success")]);
    assert!(stage.at("rolled-back").exists());
}

#[test]
fn images_are_pushed_with_release_alone() {
    let image =
        "secret HUB\n\nconnection hub: container_registry { url = \"registry.example.com/acme\", user = \"me\", password = secret.HUB }\n";
    let job = "  image box { context = \"box\", registry = hub }\n";
    let stage = Stage::jobs(job);
    stage.declare(image);
    stage.world.write("box/Dockerfile", "FROM scratch\n");
    stage.program("docker", DOCKER);
    let run = |args: &[&str]| Done::new(&stage.world, stage.command(args).env("HUB", "pass").env("GITHUB_TOKEN", "t").output().unwrap());
    run(&[]).is(0);
    let log = fs::read_to_string(stage.at("docker.log")).unwrap();
    assert!(log.contains("buildx build --platform linux/amd64") && !log.contains("--push") && !log.contains("login"), "{log}");
    stage.commit();
    run(&["--release"]).is(0);
    let log = fs::read_to_string(stage.at("docker.log")).unwrap();
    assert!(log.contains("--push box") && log.contains("login --username me --password-stdin registry.example.com"), "{log}");
    stage.program("docker", "#!/bin/bash\nexit 1\n");
    run(&[]).is(0).says("needs `docker buildx`, which is not there");
}

#[test]
fn inputs_of_a_manual_run() {
    let stage = Stage::jobs(&job("one", "env { ROWS = param.rows }", "echo \"rows: ${ROWS}\""));
    stage.declare("param rows: int = 3");
    stage.world.write("demo.mlp", stage.world.read("demo.mlp").replace("  on push", "  on manual { input rows: int = 5 }\n  on push"));
    stage.run(&[]).is(0);
    assert!(stage.log("one").contains("rows: 3"), "without inputs it is a run that nobody started by hand");
    stage.run(&["--input", "rows=12"]).is(0);
    assert!(stage.log("one").contains("rows: 12"));
    stage.run(&["--input", "rows=many"]).is(2).says("the input `rows` is a number, which `many` is not");
    stage.run(&["--input", "row=1"]).is(2).says("did you mean `rows`?");
    stage.run(&["--input", "rows"]).is(2).says("is not `NAME=VALUE`");
}

#[test]
fn a_dry_run_runs_nothing() {
    let stage = Stage::hello();
    let done = stage.run(&["--dry-run"]);
    snapshot("run_dry", &done.is(0).out);
    assert!(!stage.at("runs").exists());
    let told: Json = serde_json::from_str(&stage.run(&["--dry-run", "--output-format", "json"]).is(0).out).unwrap();
    assert_eq!(told["jobs"][3]["not_here"], "needs `--release`");
}

#[test]
fn mistakes_stop_it_and_one_pipeline_runs_at_a_time() {
    let stage = Stage::jobs(&job("one", "", "touch \"${FAKES}/ran\""));
    let good = stage.world.read("demo.mlp");
    stage.world.write("demo.mlp", good.replace("timeout", "timeot"));
    stage.run(&[]).is(1).says("did you mean `timeout`?");
    assert!(!stage.at("ran").exists());
    stage.world.write("demo.mlp", &good);
    stage.world.write("other.mlp", good.replace("\"demo\"", "\"other\""));
    stage.run(&[]).is(2).says("one pipeline runs at a time").says("(demo, other)");
    stage.run(&["--pipeline", "othr"]).is(2).says("did you mean `other`?");
    stage.run(&["--pipeline", "other"]).is(0).says("other: green");
}

#[test]
fn a_folder_for_runs_inside_of_the_repository_is_no_part_of_it() {
    let stage = Stage::jobs(&job("one", "", "ls -A > \"${FAKES}/seen\""));
    stage.run(&["--workspace", "runs", "--keep"]).is(0);
    let first = fs::read_to_string(stage.at("seen")).unwrap();
    stage.commit();
    stage.run(&["--workspace", "runs", "--keep"]).is(0);
    assert_eq!(fs::read_to_string(stage.at("seen")).unwrap(), format!(".git\n{first}"));
}

/// A run that is interrupted once a file is there.
fn interrupted(stage: &Stage, args: &[&str], file: &str) -> Done {
    let child = stage.command(args).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let begun = Instant::now();
    while !stage.at(file).exists() {
        assert!(begun.elapsed() < Duration::from_secs(60), "it does not start");
        sleep(Duration::from_millis(20));
    }
    assert!(Command::new("kill").args(["-INT", &child.id().to_string()]).status().unwrap().success());
    Done::new(&stage.world, child.wait_with_output().unwrap())
}

#[test]
fn an_interrupted_run_ends_all_that_it_started() {
    let slow = job("slow", "", "sleep 300 &\necho $! > \"${FAKES}/pid\"\nmv \"${FAKES}/pid\" \"${FAKES}/started\"\nwait");
    let stage = Stage::jobs(&format!("{slow}{}", job("behind", "", "true")));
    let done = interrupted(&stage, &[], "started");
    done.is(130).says("interrupted: ending slow").says("slow     cancelled").says("behind   skipped").says("outcome  skipped");
    let pid = fs::read_to_string(stage.at("started")).unwrap();
    let state = fs::read_to_string(format!("/proc/{}/stat", pid.trim())).unwrap_or_default();
    assert!(state.is_empty() || state.contains(") Z "), "{state}");
}

#[test]
fn what_is_out_when_a_run_is_interrupted_is_rolled_back() {
    let stage = Stage::hello();
    stage.commit();
    stage.fake("verify", "touch $FAKES/verifying; sleep 300");
    stage.fake("rollback", "touch $FAKES/rolled-back");
    let file = stage.at(".env");
    let done = interrupted(&stage, &["--release", "--env-file", file.to_str().unwrap()], "verifying");
    done.is(130).says("verify     cancelled").says("rollback   success").says("outcome    skipped");
    assert!(stage.at("rolled-back").exists());
    let alone = stage.run(&["--release", "--job", "live", "--env-file", file.to_str().unwrap()]);
    alone.is(0).says("what is released is left to itself: verify, rollback will not run").says("Released to ml-dev:");
}
