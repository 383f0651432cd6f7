//! `mlp init`: a first pipeline.

use std::path::Path;

use crate::cli::args::{Global, Init};
use crate::cli::console::{Console, shown};
use crate::cli::exit::{Exit, Failure, Outcome, Stop};
use crate::cli::repository::Repository;
use crate::cli::write::{Changes, Writer};
use crate::lint::files;
use crate::resolve::names::dns_label;

/// Writes the smallest pipeline, named after its file.
pub fn run(args: &Init, global: &Global) -> Outcome {
    let console = Console::new(global);
    let path = if args.path.is_dir() { args.path.join("pipeline.mlp") } else { args.path.clone() };
    if path.extension().is_none_or(|extension| extension != "mlp") {
        return Err(Stop::Usage(format!("`{}` does not end in `.mlp`", shown(&path))));
    }
    let repository = Repository::open(global.root.as_deref(), std::slice::from_ref(&path))?;
    let relative = repository.relative(&path)?;
    if repository.absolute(&relative).symlink_metadata().is_ok() {
        let failure = Failure::new(&files::UNWRITABLE, &relative, format!("`{relative}` exists already"));
        return Err(failure.help("name another file: `mlp init FILE`").into());
    }
    let mut changes = Changes::default();
    changes.put(relative.clone(), pipeline(&name(&path, &repository)));
    Writer::open(&repository.root)?.commit(&changes)?;
    console.print(&next(&relative))?;
    Ok(Exit::Clean)
}

/// The file's name as a pipeline's name; that of the folder for `pipeline.mlp`.
fn name(path: &Path, repository: &Repository) -> String {
    let stem = path.file_stem().filter(|stem| *stem != "pipeline").or(repository.root.file_name());
    dns_label(&stem.unwrap_or_default().to_string_lossy())
}

fn pipeline(name: &str) -> String {
    format!(
        "mlp 1\n\npipeline \"{name}\" {{\n  on push {{ branches = [\"main\"] }}\n  train fit {{\n    run = file(\"train.py\")\n    metric accuracy: float higher\n  }}\n  gate quality {{ require accuracy >= 0.90 }}\n  deploy live {{ namespace = \"ml-dev\" }}\n}}\n"
    )
}

fn next(path: &str) -> String {
    format!(
        "Wrote {path}.

Next:
  1. Put your MLflow training script where `run` says, and list what it needs in requirements.txt or uv.lock.
  2. mlp check {path}    looks for mistakes
  3. mlp expand {path}   shows every default, the connections and their variables and secrets included
  4. mlp build {path}    writes the workflow, the manifests and Argo CD's configuration; commit them
"
    )
}
