//! `mlp explain`: the page of a code.

use crate::cli::args::Explain;
use crate::cli::console::Console;
use crate::cli::exit::{Exit, Outcome, Stop};
use crate::lint;

/// Prints the page of a code, or of all.
pub fn run(args: &Explain, console: &Console) -> Outcome {
    let pages = match &args.code {
        Some(name) => page(name)?.to_owned(),
        None => lint::codes().map(|code| code.docs).collect::<Vec<_>>().join("\n"),
    };
    console.print(&pages)?;
    Ok(Exit::Clean)
}

fn page(name: &str) -> Result<&'static str, Stop> {
    let names = lint::codes().flat_map(|code| [code.id, code.name]);
    lint::find_code(name).map(|code| code.docs).ok_or_else(|| {
        let meant = lint::did_you_mean(name, names).map(|meant| format!("; did you mean `{meant}`?")).unwrap_or_default();
        Stop::Usage(format!("there is no code `{name}`{meant}"))
    })
}
