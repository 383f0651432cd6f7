//! `mlp fmt`: one layout for everybody.

use crate::cli::analyses::each;
use crate::cli::args::{Fmt, Global};
use crate::cli::console::{Console, plural};
use crate::cli::diff;
use crate::cli::exit::{Exit, Failure, Outcome};
use crate::cli::load;
use crate::cli::repository::Repository;
use crate::cli::write::{Changes, Writer};
use crate::fmt::{FormatError, format};
use crate::lint::files;

/// Formats the files selected.
pub fn run(args: &Fmt, global: &Global) -> Outcome {
    let console = Console::new(global);
    let repository = Repository::open(global.root.as_deref(), &args.selection.paths)?;
    if load::is_stdin(&args.selection)? {
        let (path, text) = load::stdin(&repository, args.stdin_filename.as_ref())?;
        return Formatted::new(path, text)?.show(args, &console);
    }
    let (chosen, _) = load::select(&repository, &args.selection)?;
    let paths: Vec<String> = chosen.into_iter().collect();
    let bar = console.bar(paths.len(), "Formatting");
    let all = each(&paths, &bar, |path| Formatted::new(path.clone(), load::read(&repository, path)?));
    finish(args, &repository, &console, all)
}

/// A file, before and after.
struct Formatted {
    path: String,
    old: String,
    new: String,
}

impl Formatted {
    fn new(path: String, old: String) -> Result<Self, Failure> {
        match format(&old) {
            Ok(new) => Ok(Self { path, old, new }),
            Err(error) => Err(refused(&path, &old, &error)),
        }
    }

    fn changed(&self) -> bool {
        self.old != self.new
    }

    fn diff(&self, console: &Console) -> String {
        diff::unified(&self.path, Some(&self.old), Some(&self.new), console.colored_output())
    }

    /// The answer to a text from standard input.
    fn show(&self, args: &Fmt, console: &Console) -> Outcome {
        let changed = self.changed();
        if args.diff && changed {
            console.print(&self.diff(console))?;
        } else if args.check && changed {
            console.print(&format!("{}\n", self.path))?;
        } else if !args.diff && !args.check {
            console.print(&self.new)?;
        }
        Ok(Exit::found(changed && (args.diff || args.check)))
    }
}

fn refused(path: &str, text: &str, error: &FormatError) -> Failure {
    let failure = Failure::new(&files::FORMATTER, path, format!("`{path}` was not formatted: {error}"));
    match error {
        FormatError::Syntax(errors) => {
            let range = errors.first().map(|error| error.span.range()).unwrap_or_default();
            failure.at(text, range).help("`mlp check` shows all of them")
        }
        _ => failure,
    }
}

/// Writes or shows what changed. Files that could not be formatted do not keep others from it.
fn finish(args: &Fmt, repository: &Repository, console: &Console, all: Vec<Result<Formatted, Failure>>) -> Outcome {
    let count = all.len();
    let mut failures = Vec::new();
    let mut changed: Vec<Formatted> = Vec::new();
    for one in all {
        match one {
            Ok(formatted) => changed.extend(Some(formatted).filter(Formatted::changed)),
            Err(failure) => failures.push(failure),
        }
    }
    let exit = if args.check || args.diff { report(args, console, &changed)? } else { write(repository, console, changed, count)? };
    if failures.is_empty() { Ok(exit) } else { Err(crate::cli::exit::Stop::Failures(failures)) }
}

fn report(args: &Fmt, console: &Console, changed: &[Formatted]) -> Outcome {
    let shown = |one: &Formatted| if args.diff { one.diff(console) } else { format!("{}\n", one.path) };
    console.print(&changed.iter().map(shown).collect::<String>())?;
    if !changed.is_empty() {
        console.say(&format!("{} would be formatted.", plural(changed.len(), "file")));
    }
    Ok(Exit::found(!changed.is_empty()))
}

fn write(repository: &Repository, console: &Console, changed: Vec<Formatted>, count: usize) -> Outcome {
    let mut changes = Changes::default();
    for one in changed {
        console.say(&format!("formatted {}", one.path));
        changes.put(one.path, one.new);
    }
    Writer::open(&repository.root)?.commit(&changes)?;
    console.say(&format!("{} looked at, {} formatted.", plural(count, "file"), changes.len()));
    Ok(Exit::Clean)
}
