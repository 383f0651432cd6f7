//! `mlp check`: what is wrong, `--fix` and `--prove`.

use crate::cli::analyses::{Judge, analyses, with_failures};
use crate::cli::args::{Check, Global};
use crate::cli::console::{Console, plural};
use crate::cli::exit::{Exit, Failure, Outcome, Stop};
use crate::cli::load::{self, Loaded};
use crate::cli::proofs;
use crate::cli::repository::Repository;
use crate::cli::write;
use crate::diagnostic::render::{Finding, Report};
use crate::diagnostic::{Fix, apply};
use crate::source::{FileId, SourceSet};

/// Fixes may make room for further fixes; after so many rounds something goes in circles.
const MOST_ROUNDS: usize = 20;

/// Reports what is wrong with the files selected.
pub fn run(args: &Check, global: &Global) -> Outcome {
    let console = Console::reporting(global, &args.reporting);
    let mut repository = Repository::open(global.root.as_deref(), &args.selection.paths)?;
    if args.prove {
        repository.find_name();
    }
    if load::is_stdin(&args.selection)? {
        return stdin(args, &repository, &console);
    }
    let mut loaded = load::load(&repository, &args.selection)?;
    let checker = Checker { args, repository: &repository, console: &console };
    let (findings, pipelines) = checker.check(&mut loaded);
    if fixing(args) {
        checker.write(&loaded)?;
    }
    if pipelines == 0 && findings.is_empty() && !args.selection.allow_empty && args.selection.paths.is_empty() {
        return Err(load::none_found(&repository).into());
    }
    console.report(Report { sources: &loaded.sources, findings: &findings })?;
    Ok(Exit::of(&findings))
}

/// Checks a text; fixed, it is the result, and findings go to standard error.
fn stdin(args: &Check, repository: &Repository, console: &Console) -> Outcome {
    let (path, text) = load::stdin(repository, args.stdin_filename.as_ref())?;
    let mut loaded = load::load_text(repository, &path, text);
    let (findings, _) = Checker { args, repository, console }.check(&mut loaded);
    let report = Report { sources: &loaded.sources, findings: &findings };
    if fixing(args) {
        console.print(loaded.sources.get(FileId(0)).map_or("", |file| &file.text))?;
        console.complain(report);
    } else {
        console.report(report)?;
    }
    Ok(Exit::of(&findings))
}

fn fixing(args: &Check) -> bool {
    args.fix || args.unsafe_fixes
}

struct Checker<'a> {
    args: &'a Check,
    repository: &'a Repository,
    console: &'a Console,
}

impl Checker<'_> {
    /// What is wrong, after all fixes asked for, and how many pipelines were seen.
    fn check(&self, loaded: &mut Loaded) -> (Vec<Finding>, usize) {
        let judge = Judge { config: &self.repository.config, deny: self.args.reporting.deny };
        let mut rounds = if fixing(self.args) { MOST_ROUNDS } else { 0 };
        loop {
            let bar = self.console.bar(loaded.targets.len(), "Checking");
            let analyses = analyses(&loaded.sources, &loaded.targets, &self.repository.lock, &bar);
            let pipelines = analyses.iter().map(|analysis| analysis.resolved.hir.pipelines.len()).sum();
            let findings = judge.findings(&analyses);
            drop(analyses);
            if rounds == 0 || !self.fix(&mut loaded.sources, &findings) {
                let mut failures = std::mem::take(&mut loaded.failures);
                if self.args.prove && failures.is_empty() && Exit::of(&findings) == Exit::Clean {
                    failures = self.prove(loaded);
                }
                return (with_failures(findings, failures, &mut loaded.sources), pipelines);
            }
            rounds -= 1;
        }
    }

    /// What is not proved of pipelines without mistakes.
    fn prove(&self, loaded: &Loaded) -> Vec<Failure> {
        let bar = self.console.bar(loaded.targets.len(), "Proving");
        let analyses = analyses(&loaded.sources, &loaded.targets, &self.repository.lock, &bar);
        let mut failures = Vec::new();
        let proofs = proofs::compiled(&analyses, &mut failures);
        failures.extend(proofs.iter().flat_map(|(proof, text)| proofs::failures(proof, text)));
        failures
    }

    /// Applies what may be applied; whether anything was.
    fn fix(&self, sources: &mut SourceSet, findings: &[Finding]) -> bool {
        let wanted = |fix: &&Fix| fix.safe || self.args.unsafe_fixes;
        let fixes: Vec<&Fix> = findings.iter().filter_map(|finding| finding.diagnostic.fix.as_ref()).filter(wanted).collect();
        let ids: Vec<FileId> = sources.ids().collect();
        let mut changed = false;
        for id in ids {
            let Some(file) = sources.get(id) else { continue };
            let (text, applied) = apply(&file.text, id, fixes.iter().copied());
            if applied > 0 && text != file.text {
                sources.replace(id, text);
                changed = true;
            }
        }
        changed
    }

    /// Writes the files that fixes have changed.
    fn write(&self, loaded: &Loaded) -> Result<(), Stop> {
        let mut changes = write::Changes::default();
        for file in loaded.sources.ids().filter_map(|id| loaded.sources.get(id)) {
            let before = load::read(self.repository, &file.path);
            if before.is_ok_and(|before| before != file.text) && !file.text.is_empty() {
                changes.put(file.path.clone(), file.text.clone());
            }
        }
        let count = changes.len();
        write::Writer::open(&self.repository.root)?.commit(&changes)?;
        if count > 0 {
            self.console.say(&format!("Fixed {}.", plural(count, "file")));
        }
        Ok(())
    }
}
