//! `mlp expand`: a file with every default written out.

use crate::analysis::analyze;
use crate::cli::analyses::{Judge, with_failures};
use crate::cli::args::{Expand, Global, Selection};
use crate::cli::console::Console;
use crate::cli::exit::{Exit, Outcome};
use crate::cli::load;
use crate::cli::repository::Repository;
use crate::diagnostic::render::Report;
use crate::expand::expand;

/// Prints the file with every default written out, if it has no errors.
pub fn run(args: &Expand, global: &Global) -> Outcome {
    let console = Console::new(global);
    let selection = Selection { paths: vec![args.path.clone()], allow_empty: false };
    let repository = Repository::open(global.root.as_deref(), &selection.paths)?;
    let mut loaded = load::load(&repository, &selection)?;
    let analyses: Vec<_> = loaded.targets.iter().map(|target| analyze(&loaded.sources, *target, &repository.lock)).collect();
    let texts: Vec<String> = analyses.iter().map(expand).collect();
    let findings = Judge { config: &repository.config, deny: None }.findings(&analyses);
    drop(analyses);
    let findings = with_failures(findings, std::mem::take(&mut loaded.failures), &mut loaded.sources);
    let exit = Exit::of(&findings);
    if exit != Exit::Clean {
        console.complain(Report { sources: &loaded.sources, findings: &findings });
        return Ok(exit);
    }
    console.print(&texts.join("\n"))?;
    Ok(Exit::Clean)
}
