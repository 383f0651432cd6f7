//! `cargo xtask docs` writes the generated parts of the documentation; with `--check` it says which are not current.

mod docs;
mod page;
mod rules;
mod schema;
mod sizes;

use std::path::Path;
use std::process::ExitCode;

const USAGE: &str = "usage: cargo xtask docs [--check]";

fn main() -> ExitCode {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = args.iter().map(String::as_str).collect();
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let done = match words.as_slice() {
        ["docs"] => docs::write(&root),
        ["docs", "--check"] => docs::check(&root),
        _ => Err(USAGE.to_owned()),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(message) => {
            eprintln!("{message}");
            ExitCode::FAILURE
        }
    }
}
