//! `mlp prove`: what the workflow of a pipeline cannot do.

use std::collections::BTreeMap;
use std::path::Path;

use crate::cli::analyses::{Judge, analyses, with_failures};
use crate::cli::args::{Global, Prove, Written};
use crate::cli::console::Console;
use crate::cli::exit::{Exit, Failure, Outcome, Stop};
use crate::cli::load;
use crate::cli::outputs::SHARED_FOLDER;
use crate::cli::proofs;
use crate::cli::repository::Repository;
use crate::diagnostic::render::Report;
use crate::prove::{Proof, render};

/// Proves the workflows selected. Whatever is broken or unproven is found, which is exit status 1.
pub fn run(args: &Prove, global: &Global) -> Outcome {
    let console = Console::new(global);
    let first = args.workflow.iter().chain(&args.selection.paths).cloned().collect::<Vec<_>>();
    let mut repository = Repository::open(global.root.as_deref(), &first)?;
    let proofs = if args.workflow.is_empty() {
        repository.find_name();
        match compiled(args, &repository, &console)? {
            Ok(proofs) => proofs,
            Err(exit) => return Ok(exit),
        }
    } else {
        let scripts = standing(&repository)?;
        args.workflow.iter().map(|path| file(path, &repository, &scripts)).collect::<Result<_, Failure>>()?
    };
    console.print(&written(args.format, &proofs))?;
    Ok(Exit::found(!proofs.iter().all(Proof::holds)))
}

/// The proofs of what pipelines compile to, or how the command ends that found mistakes in them.
fn compiled(args: &Prove, repository: &Repository, console: &Console) -> Result<Result<Vec<Proof>, Exit>, Stop> {
    let mut loaded = load::load(repository, &args.selection)?;
    let bar = console.bar(loaded.targets.len(), "Checking");
    let analyses = analyses(&loaded.sources, &loaded.targets, &repository.lock, &bar);
    let findings = Judge { config: &repository.config, deny: None }.findings(&analyses);
    let mut failures = std::mem::take(&mut loaded.failures);
    let clean = Exit::of(&findings) == Exit::Clean;
    let proofs = if clean { proofs::compiled(&analyses, &mut failures) } else { Vec::new() };
    drop(analyses);
    let findings = with_failures(findings, failures, &mut loaded.sources);
    let exit = Exit::of(&findings);
    if exit == Exit::Clean {
        return Ok(Ok(proofs.into_iter().map(|(proof, _)| proof).collect()));
    }
    console.complain(Report { sources: &loaded.sources, findings: &findings });
    Ok(Err(exit))
}

/// The scripts that stand in the repository.
fn standing(repository: &Repository) -> Result<BTreeMap<String, String>, Failure> {
    let paths = repository.walk(SHARED_FOLDER.trim_end_matches('/'));
    paths.into_iter().map(|path| Ok((path.clone(), load::read(repository, &path)?))).collect()
}

fn file(path: &Path, repository: &Repository, scripts: &BTreeMap<String, String>) -> Result<Proof, Failure> {
    let path = repository.relative(path)?;
    proofs::proof(&path, &load::read(repository, &path)?, scripts)
}

fn written(format: Written, proofs: &[Proof]) -> String {
    let each = |write: fn(&Proof) -> String| proofs.iter().map(write).collect::<Vec<_>>().join("\n");
    match format {
        Written::Json => render::json(proofs),
        Written::Text => each(render::text),
        Written::Table => each(render::table),
        Written::Mermaid => each(render::mermaid),
    }
}
