//! `mlp build`: from pipelines to files.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use crate::cli::analyses::{Judge, analyses, each, with_failures};
use crate::cli::args::{Build, Global};
use crate::cli::console::{Console, plural};
use crate::cli::diff;
use crate::cli::exit::{Exit, Failure, Outcome, Stop};
use crate::cli::load::{self, Loaded};
use crate::cli::outputs::{Difference, Drift, Outputs, SHARED_FOLDER, changes};
use crate::cli::repository::{Repository, read_lock};
use crate::cli::write::{self, JOURNAL, Writer};
use crate::diagnostic::render::{Finding, Report};
use crate::lint::files;
use crate::lock::Lock;

/// Compiles the pipelines selected. Nothing is written unless all of them are free of errors.
pub fn run(args: &Build, global: &Global) -> Outcome {
    let console = Console::reporting(global, &args.reporting);
    let mut repository = Repository::open(global.root.as_deref(), &args.selection.paths)?;
    repository.find_name();
    let mut loaded = load::load(&repository, &args.selection)?;
    let builder = Builder { args, repository: &repository, console: &console };
    let (findings, outputs) = builder.compile(&mut loaded)?;
    let exit = Exit::of(&findings);
    if exit != Exit::Clean {
        console.report(Report { sources: &loaded.sources, findings: &findings })?;
        return Ok(exit);
    }
    let root = builder.target()?;
    let built = loaded.targets.iter().filter_map(|id| loaded.sources.get(*id)).map(|file| file.path.clone()).collect();
    let exit = builder.finish(&root, &outputs, &built, &mut loaded, findings)?;
    Ok(exit)
}

struct Builder<'a> {
    args: &'a Build,
    repository: &'a Repository,
    console: &'a Console,
}

impl Builder<'_> {
    /// What was found, and the files if nothing of it is an error.
    fn compile(&self, loaded: &mut Loaded) -> Result<(Vec<Finding>, Outputs), Stop> {
        let lock = &self.repository.lock;
        let analyses = analyses(&loaded.sources, &loaded.targets, lock, &self.console.bar(loaded.targets.len(), "Checking"));
        let judge = Judge { config: &self.repository.config, deny: self.args.reporting.deny };
        let findings = judge.findings(&analyses);
        let pipelines: usize = analyses.iter().map(|analysis| analysis.resolved.hir.pipelines.len()).sum();
        let mut outputs = Outputs::default();
        let mut failures = std::mem::take(&mut loaded.failures);
        if failures.is_empty() && Exit::of(&findings) == Exit::Clean {
            let bar = self.console.bar(analyses.len(), "Compiling");
            let compiled = each(&analyses, &bar, |analysis| analysis.checked().map(|checked| crate::compile(&checked)));
            for (id, compiled) in loaded.targets.iter().zip(compiled) {
                let source = loaded.sources.get(*id).map_or("", |file| file.path.as_str());
                match compiled {
                    Some(Ok(artifacts)) => failures.extend(outputs.claim(source, artifacts)),
                    Some(Err(error)) => failures.push(Failure::new(&files::NOT_COMPILED, source, error.to_string())),
                    None => {}
                }
            }
        }
        drop(analyses);
        if pipelines == 0 && findings.is_empty() && failures.is_empty() && !self.args.selection.allow_empty {
            return Err(load::none_found(self.repository).into());
        }
        Ok((with_failures(findings, failures, &mut loaded.sources), outputs))
    }

    /// Where files are written.
    fn target(&self) -> Result<PathBuf, Failure> {
        let Some(folder) = &self.args.out_dir else { return Ok(self.repository.root.clone()) };
        let made = if self.args.check || self.args.diff { Ok(()) } else { std::fs::create_dir_all(folder) };
        made.map_err(|error| Failure::unwritable(folder.to_string_lossy(), &error))?;
        std::path::absolute(folder)
            .map(|path| path.canonicalize().unwrap_or(path))
            .map_err(|error| Failure::unreadable(folder.to_string_lossy(), &error))
    }

    fn finish(&self, root: &Path, outputs: &Outputs, built: &BTreeSet<String>, loaded: &mut Loaded, findings: Vec<Finding>) -> Outcome {
        let writer = if self.args.check || self.args.diff { None } else { Some(Writer::open(root)?) };
        let old = self.old_lock(root)?;
        let exists = |source: &str| self.repository.absolute(source).is_file();
        let new = outputs.lock(&old, built, exists);
        let (differences, mut failures) = outputs.compare(root, &old, &new, &self.console.bar(outputs.len(), "Comparing"));
        if self.args.check {
            failures.extend(write::interrupted(root).then(interrupted));
            failures.extend(differences.iter().map(drifted));
        }
        let refused = !failures.is_empty();
        let findings = with_failures(findings, failures, &mut loaded.sources);
        self.console.report(Report { sources: &loaded.sources, findings: &findings })?;
        match writer {
            _ if refused => Ok(Exit::of(&findings)),
            // The lock is one of them.
            Some(writer) => self.write(&writer, differences, outputs.len() + 1),
            None if self.args.diff => self.show(&differences),
            None => Ok(Exit::Clean),
        }
    }

    /// The lock of the folder that is written to, with this repository's pins.
    fn old_lock(&self, root: &Path) -> Result<Lock, Failure> {
        let ours = self.repository.lock.clone();
        let outputs = if root == self.repository.root { ours.outputs } else { read_lock(root)?.outputs };
        Ok(Lock { outputs, ..ours })
    }

    fn write(&self, writer: &Writer<'_>, differences: Vec<Difference>, all: usize) -> Outcome {
        if writer.recovered {
            self.console.say("An interrupted build was found and cleared up.");
        }
        for line in listing(&differences) {
            self.console.say(&line);
        }
        let changed = differences.len();
        writer.commit(&changes(differences))?;
        self.console.say(&format!("Compiled {}, {changed} changed.", plural(all, "file")));
        Ok(Exit::Clean)
    }

    fn show(&self, differences: &[Difference]) -> Outcome {
        for Difference { path, drift, new, .. } in differences {
            let old = match drift {
                Drift::Modified { old } | Drift::Orphaned { old } => Some(old.as_str()),
                Drift::Missing => None,
            };
            let gone = matches!(drift, Drift::Orphaned { .. });
            self.console.print(&diff::unified(path, old, (!gone).then_some(new), self.console.colored_output()))?;
        }
        Ok(Exit::found(!differences.is_empty()))
    }
}

/// What changes, one line a file; the scripts that all pipelines share in one.
fn listing(differences: &[Difference]) -> Vec<String> {
    let (shared, own): (Vec<_>, Vec<_>) = differences.iter().partition(|difference| difference.path.starts_with(SHARED_FOLDER));
    let scripts = (!shared.is_empty()).then(|| format!("written {SHARED_FOLDER} ({})", plural(shared.len(), "file")));
    let own = own.into_iter().map(|difference| format!("{} {}", verb(&difference.drift), difference.path));
    scripts.into_iter().chain(own).collect()
}

fn verb(drift: &Drift) -> &'static str {
    match drift {
        Drift::Modified { .. } => "changed",
        Drift::Missing => "created",
        Drift::Orphaned { .. } => "deleted",
    }
}

fn drifted(difference: &Difference) -> Failure {
    let Difference { path, source, .. } = difference;
    let message = match &difference.drift {
        Drift::Modified { .. } => format!("`{path}` is not what `{source}` compiles to"),
        Drift::Missing => format!("`{path}` is missing: `{source}` compiles to it"),
        Drift::Orphaned { .. } => format!("`{path}` is orphaned: `{source}` does not compile to it any more"),
    };
    Failure::new(&files::DRIFT, path, message).help("run `mlp build` and commit the result")
}

fn interrupted() -> Failure {
    Failure::new(&files::INTERRUPTED, JOURNAL, "a build was interrupted and has not been finished").help("run `mlp build`")
}
