//! `mlp run`: a pipeline's jobs on this machine, as the workflow would run them.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::time::{SystemTime, UNIX_EPOCH};

use crate::cli::analyses::{Judge, analyses, with_failures};
use crate::cli::args::{Global, Run, Telling};
use crate::cli::console::{Console, shown};
use crate::cli::exit::{Exit, Failure, Outcome, Stop};
use crate::cli::load::{self, Loaded};
use crate::cli::repository::Repository;
use crate::cli::run::{self, Board, Identity, Place, Report, Shared, Source, Stops, Variables};
use crate::diagnostic::render::{Finding, Report as Findings};
use crate::emit::Artifact;
use crate::lint::{did_you_mean, files};
use crate::local::{Machine, Schedule, ancestors, obstacles, programs, releases};
use crate::plan::{Action, Input, Job, Plan, Trigger, plan};

/// Runs the pipeline selected.
pub fn run(args: &Run, global: &Global) -> Outcome {
    let console = Console::new(global);
    let mut repository = Repository::open(global.root.as_deref(), &args.selection.paths)?;
    repository.find_name();
    let mut loaded = load::load(&repository, &args.selection)?;
    let (findings, compiled) = compile(&repository, &console, &mut loaded);
    let exit = Exit::of(&findings);
    if exit != Exit::Clean {
        console.complain(Findings { sources: &loaded.sources, findings: &findings });
        return Ok(exit);
    }
    if compiled.is_empty() && args.selection.allow_empty {
        return Ok(Exit::Clean);
    }
    let (plan, artifacts) = choose(&compiled, args, &repository)?;
    Runner::new(args, &console, &repository, plan)?.run(artifacts)
}

/// A pipeline with the files of its source.
type Compiled = (Plan, Arc<Vec<Artifact>>);

/// What was found, and the plans if nothing of it is an error.
fn compile(repository: &Repository, console: &Console, loaded: &mut Loaded) -> (Vec<Finding>, Vec<Compiled>) {
    let analyses = analyses(&loaded.sources, &loaded.targets, &repository.lock, &console.bar(loaded.targets.len(), "Checking"));
    let findings = Judge { config: &repository.config, deny: None }.findings(&analyses);
    let mut failures = std::mem::take(&mut loaded.failures);
    let mut compiled = Vec::new();
    if failures.is_empty() && Exit::of(&findings) == Exit::Clean {
        for checked in analyses.iter().filter_map(|analysis| analysis.checked()) {
            let plans = plan(&checked);
            match crate::compile(&checked) {
                Ok(artifacts) => {
                    let artifacts = Arc::new(artifacts);
                    compiled.extend(plans.into_iter().map(|plan| (plan, Arc::clone(&artifacts))));
                }
                Err(error) => failures.push(Failure::new(&files::NOT_COMPILED, error.path.clone(), error.to_string())),
            }
        }
    }
    drop(analyses);
    (with_failures(findings, failures, &mut loaded.sources), compiled)
}

/// The one pipeline to run.
fn choose<'c>(compiled: &'c [Compiled], args: &Run, repository: &Repository) -> Result<(&'c Plan, &'c [Artifact]), Stop> {
    let named = |(plan, _): &&Compiled| args.pipeline.as_ref().is_none_or(|name| plan.name == *name);
    let found: Vec<&Compiled> = compiled.iter().filter(named).collect();
    let names = || compiled.iter().map(|(plan, _)| plan.name.as_str());
    match (found.as_slice(), &args.pipeline) {
        ([(plan, artifacts)], _) => Ok((plan, artifacts)),
        ([], None) => Err(load::none_found(repository).into()),
        ([], Some(name)) => Err(unknown("pipeline", name, names())),
        _ => {
            let names = names().collect::<Vec<_>>().join(", ");
            Err(Stop::Usage(format!("one pipeline runs at a time: name its file, or the pipeline with `--pipeline` ({names})")))
        }
    }
}

fn unknown<'n>(what: &str, name: &str, names: impl Iterator<Item = &'n str>) -> Stop {
    let names: Vec<&str> = names.collect();
    let meant = did_you_mean(name, names.iter().copied()).map(|meant| format!("did you mean `{meant}`?"));
    let help = meant.unwrap_or_else(|| if names.is_empty() { "it has none".to_owned() } else { format!("there are {}", names.join(", ")) });
    Stop::Usage(format!("there is no {what} `{name}`; {help}"))
}

/// A run of a plan.
struct Runner<'a> {
    args: &'a Run,
    console: &'a Console,
    repository: &'a Repository,
    plan: &'a Plan,
    jobs: Vec<&'a Job>,
    obstacles: BTreeMap<&'a str, String>,
    variables: Variables,
    inputs: BTreeMap<String, String>,
    source: Source,
}

impl<'a> Runner<'a> {
    fn new(args: &'a Run, console: &'a Console, repository: &'a Repository, plan: &'a Plan) -> Result<Self, Stop> {
        let jobs = chosen(plan, args.job.as_deref())?;
        let obstacles = obstacles(&plan.jobs, Machine { docker: has_docker(&jobs), release: args.release });
        let here = jobs.iter().copied().filter(|job| !obstacles.contains_key(job.id.as_str()));
        let variables = Variables::find(here, args.env_file.as_deref())?;
        Ok(Self {
            args,
            console,
            repository,
            plan,
            jobs,
            obstacles,
            variables,
            inputs: inputs(plan, &args.inputs)?,
            source: Source::look(repository),
        })
    }

    fn run(&self, artifacts: &[Artifact]) -> Outcome {
        let json = self.args.output_format == Telling::Json;
        if self.args.dry_run {
            self.console.print(&run::dry(self.plan, &self.jobs, &self.obstacles, &self.variables, json))?;
            return Ok(Exit::Clean);
        }
        self.variables.complete()?;
        self.programs()?;
        self.releasable()?;
        let (place, number) = Place::create(&self.parent(), &self.plan.name, now())?;
        let shared = self.shared(place, number);
        self.note(&shared);
        self.source.take(self.repository, artifacts, &shared.place.source())?;
        let mut schedule = Schedule::new(self.jobs.iter().copied());
        let ended = run::drive(&shared, &mut schedule, &self.obstacles);
        let report = Report {
            plan: self.plan,
            jobs: &self.jobs,
            schedule: &schedule,
            ended: &ended,
            number,
            seconds: shared.board.seconds(),
            folder: &shared.place.folder,
        };
        self.tell(&report, &shared, json)
    }

    fn tell(&self, report: &Report<'_>, shared: &Shared, json: bool) -> Outcome {
        let red = report.schedule.is_red();
        if !red && !self.args.keep {
            shared.place.clear(self.jobs.iter().map(|job| job.id.clone()));
        }
        if json {
            self.console.print(&report.json())?;
        } else {
            self.console.print(&self.summary(shared))?;
            self.console.print(&report.text())?;
        }
        let what = if red || self.args.keep { "Workspaces, logs and summaries" } else { "Logs and summaries" };
        self.console.say(&format!("{what} are in {}", shown(&shared.place.folder.join("jobs"))));
        Ok(if report.schedule.is_cancelled() { Exit::Interrupted } else { Exit::found(red) })
    }

    /// The summary of the last job that wrote one: that of the outcome, where it ran.
    fn summary(&self, shared: &Shared) -> String {
        let read = |job: &&Job| std::fs::read_to_string(shared.place.of_job(&job.id, "summary.md")).ok();
        self.jobs.iter().rev().find_map(read).map(|text| format!("{}\n\n", text.trim_end())).unwrap_or_default()
    }

    fn parent(&self) -> PathBuf {
        self.args.workspace.clone().unwrap_or_else(std::env::temp_dir)
    }

    /// What the jobs start has to be there.
    fn programs(&self) -> Result<(), Stop> {
        let here = self.jobs.iter().filter(|job| !self.obstacles.contains_key(job.id.as_str()));
        let wanted: BTreeSet<&str> = here.flat_map(|job| programs(job)).collect();
        match wanted.into_iter().find(|program| !on_path(program)) {
            Some("uv") => Err(Stop::Usage(
                "`uv` is not on PATH, and the jobs use it: see https://docs.astral.sh/uv/, or `pipx install uv`".to_owned(),
            )),
            Some(program) => Err(Stop::Usage(format!("`{program}` is not on PATH, and the jobs use it"))),
            None => Ok(()),
        }
    }

    /// A release names the commit that it was made from.
    fn releasable(&self) -> Result<(), Stop> {
        if self.args.release && (self.source.dirty || self.source.commit.is_none()) {
            return Err(Stop::Usage(
                "`--release` needs a git repository without uncommitted changes: a release names its commit".to_owned(),
            ));
        }
        Ok(())
    }

    fn note(&self, shared: &Shared) {
        let say = |text: &str| shared.board.say(&format!("note: {text}"));
        if !self.source.versioned {
            say(&format!("`{}` is not the root of a git repository: workspaces have no `.git`", shown(&self.repository.root)));
        } else if self.source.dirty {
            say("files differ from the last commit, and run as they are");
        }
        let left = self.left_out();
        if self.args.release && !left.is_empty() {
            say(&format!("what is released is left to itself: {} will not run", left.join(", ")));
        }
    }

    /// The jobs that watch a chosen one's release and were not chosen.
    fn left_out(&self) -> Vec<&str> {
        let chosen = |id: &str| self.jobs.iter().any(|job| job.id == id);
        let deploys = |id: &String| self.jobs.iter().any(|job| job.id == *id && releases(job));
        let watches = |job: &&Job| releases(job) && !chosen(&job.id) && job.needs.iter().any(deploys);
        self.plan.jobs.iter().filter(watches).map(|job| job.id.as_str()).collect()
    }

    fn shared(&self, place: Place, number: u64) -> Shared {
        let identity = Identity::new(self.repository, self.source.commit.as_ref());
        Shared {
            place,
            facts: identity.facts(&self.variables, self.inputs.clone()),
            release: self.args.release,
            secrets: Arc::new(self.variables.secrets()),
            hidden: self.variables.secret_names(),
            environment: identity.environment(&self.plan.name, number),
            stops: Stops::listen(),
            board: Board::new(self.jobs.iter().map(|job| job.id.as_str())),
        }
    }
}

/// Greater with time, and smaller than the numbers of GitHub's runs: a run here never counts as newer than one of theirs.
fn now() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs())
}

/// All jobs, or one with those above it.
fn chosen<'p>(plan: &'p Plan, name: Option<&str>) -> Result<Vec<&'p Job>, Stop> {
    let all: Vec<&Job> = plan.jobs.iter().collect();
    let Some(name) = name else { return Ok(all) };
    let job = all.iter().copied().find(|job| job.id == name);
    let job = job.ok_or_else(|| unknown("job", name, all.iter().map(|job| job.id.as_str())))?;
    let above = ancestors(&all, job);
    Ok(all.into_iter().filter(|other| other.id == job.id || above.contains(other.id.as_str())).collect())
}

/// Inputs of a manual run: without any, the run is one that nobody started by hand.
fn inputs(plan: &Plan, given: &[String]) -> Result<BTreeMap<String, String>, Stop> {
    if given.is_empty() {
        return Ok(BTreeMap::new());
    }
    let manual = plan.triggers.iter().filter_map(|trigger| if let Trigger::Manual(inputs) = trigger { Some(inputs) } else { None });
    let known: Vec<&Input> = manual.flatten().collect();
    let defaults = known.iter().filter_map(|input| Some((input.name.clone(), input.default.clone()?)));
    let mut values: BTreeMap<String, String> = defaults.collect();
    for pair in given {
        let (name, value) = pair.split_once('=').ok_or_else(|| Stop::Usage(format!("`--input {pair}` is not `NAME=VALUE`")))?;
        let input = known.iter().find(|input| input.name == name);
        let input = input.ok_or_else(|| unknown("input", name, known.iter().map(|input| input.name.as_str())))?;
        fits(input, value)?;
        values.insert(name.to_owned(), value.to_owned());
    }
    Ok(values)
}

fn fits(input: &Input, value: &str) -> Result<(), Stop> {
    let fits = match input.ty {
        "number" => value.parse::<f64>().is_ok_and(f64::is_finite),
        "boolean" => matches!(value, "true" | "false"),
        _ => true,
    };
    if fits { Ok(()) } else { Err(Stop::Usage(format!("the input `{}` is a {}, which `{value}` is not", input.name, input.ty))) }
}

fn on_path(program: &str) -> bool {
    let name = format!("{program}{}", std::env::consts::EXE_SUFFIX);
    std::env::var_os("PATH").is_some_and(|path| std::env::split_paths(&path).any(|folder| folder.join(&name).is_file()))
}

/// Whether images can be built, asked only where a job builds one.
fn has_docker(jobs: &[&Job]) -> bool {
    let builds = |job: &&Job| job.steps.iter().any(|step| matches!(&step.action, Action::Uses { name, .. } if name.starts_with("docker/")));
    let asks = |args: &[&str]| Command::new("docker").args(args).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).status();
    jobs.iter().any(builds) && [["buildx", "version"], ["version", "--format=x"]].iter().all(|args| asks(args).is_ok_and(|s| s.success()))
}
