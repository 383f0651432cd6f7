//! How the user's code is run.

use crate::resolve::hir::{Attrs, Command};
use crate::source::SourceSet;

use super::{Env, EnvValue};

/// How Python code of a stage is started.
#[derive(Clone, Debug)]
pub struct Python {
    /// Folder of the `.mlp`, `""` for the repository's root.
    folder: String,
    /// Options of `uv run` that name the environment.
    options: Vec<String>,
    /// Python's version.
    pub version: String,
}

impl Python {
    /// From a stage's attributes and the files of the repository.
    pub fn new(sources: &SourceSet, folder: &str, attrs: &Attrs) -> Self {
        let has = |name| attrs.block.attr(name).is_some();
        let requirements = if has("requirements") { attrs.string("requirements") } else { None };
        let found = requirements.map(str::to_owned).or_else(|| nearest(sources, folder));
        let version = if has("python") { attrs.string("python") } else { None };
        Self { folder: folder.trim_end_matches('/').to_owned(), options: options(found, folder), version: version.unwrap_or("3.12").to_owned() }
    }

    /// `uv run … python`, for the repository's root as working directory.
    pub fn argv(&self) -> Vec<String> {
        let mut argv = vec!["uv".to_owned(), "run".to_owned()];
        if !self.folder.is_empty() {
            argv.extend(["--directory".to_owned(), self.folder.clone()]);
        }
        argv.extend(self.options.iter().cloned());
        argv.push("python".to_owned());
        argv
    }

    /// The words that run a command, if it is a file.
    pub fn file_argv(&self, command: &Command) -> Option<Vec<String>> {
        let Command::File { written, path } = command else { return None };
        // `//` starts at the repository's root; the interpreter starts in the folder of the `.mlp`.
        let file = if written.starts_with("//") { relative(&self.folder, path) } else { written.clone() };
        let mut argv = self.argv();
        if !path.ends_with(".py") {
            argv.pop();
            argv.extend(path.ends_with(".sh").then(|| "bash".to_owned()));
        }
        argv.push(file);
        Some(argv)
    }

    /// The command line of a step, with the script it reads from its environment.
    pub fn run(&self, command: &Command, retries: u32) -> (String, Env) {
        let (line, env) = match command {
            Command::File { .. } => (shell_line(&self.file_argv(command).unwrap_or_default()), Env::new()),
            Command::Bash(text) if retries == 0 => return (text.clone(), Env::new()),
            Command::Bash(text) => ("bash --noprofile --norc -e -o pipefail -c \"${MLP_SCRIPT}\"".to_owned(), script(text)),
            Command::Python(text) => (format!("{} -c \"${{MLP_SCRIPT}}\"", shell_line(&self.argv())), script(text)),
        };
        if retries == 0 { (line, env) } else { (again(&line, retries), env) }
    }
}

fn script(text: &str) -> Env {
    vec![("MLP_SCRIPT".to_owned(), EnvValue::Block(text.to_owned()))]
}

/// A loop that ends with the first success.
fn again(line: &str, retries: u32) -> String {
    let attempts: Vec<String> = (1..=retries + 1).map(|n| n.to_string()).collect();
    format!("for attempt in {}; do\n  {line} && exit 0\n  echo \"attempt ${{attempt}} failed\" >&2\ndone\nexit 1\n", attempts.join(" "))
}

/// The nearest `uv.lock` from the folder up, else the nearest `requirements.txt`.
fn nearest(sources: &SourceSet, folder: &str) -> Option<String> {
    let paths = sources.paths.as_ref()?;
    let up = |name: &str| {
        let folders = std::iter::successors(Some(folder.trim_end_matches('/')), |f| (!f.is_empty()).then(|| f.rsplit_once('/').map_or("", |(up, _)| up)));
        let mut candidates = folders.map(|f| if f.is_empty() { name.to_owned() } else { format!("{f}/{name}") });
        candidates.find(|path| paths.contains(path))
    };
    up("uv.lock").or_else(|| up("requirements.txt"))
}

fn options(found: Option<String>, folder: &str) -> Vec<String> {
    match found {
        Some(path) if path.ends_with("uv.lock") => vec!["--locked".to_owned()],
        Some(path) => ["--no-project", "--with-requirements", &relative(folder.trim_end_matches('/'), &path)].map(str::to_owned).to_vec(),
        None => vec!["--no-project".to_owned()],
    }
}

/// `path`, which is relative to the root, relative to `folder`.
fn relative(folder: &str, path: &str) -> String {
    let from: Vec<&str> = folder.split('/').filter(|part| !part.is_empty()).collect();
    let to: Vec<&str> = path.split('/').collect();
    let shared = from.iter().zip(&to).take_while(|(a, b)| a == b).count();
    let up = std::iter::repeat_n("..", from.len() - shared);
    up.chain(to.iter().skip(shared).copied()).collect::<Vec<_>>().join("/")
}

/// Words as a line of shell.
pub fn shell_line(words: &[String]) -> String {
    words.iter().map(|word| quote(word)).collect::<Vec<_>>().join(" ")
}

fn quote(word: &str) -> String {
    let plain = |b: u8| b.is_ascii_alphanumeric() || b"-_./=:@%+,".contains(&b);
    if !word.is_empty() && word.bytes().all(plain) { word.to_owned() } else { format!("'{}'", word.replace('\'', "'\\''")) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_stay_words() {
        assert_eq!(shell_line(&["a b".into(), "it's".into(), "x-1".into(), String::new()]), "'a b' 'it'\\''s' x-1 ''");
    }

    #[test]
    fn relative_paths() {
        assert_eq!(relative("a/b", "a/c.txt"), "../c.txt");
        assert_eq!(relative("", "c.txt"), "c.txt");
        assert_eq!(relative("a", "a/c.txt"), "c.txt");
    }
}
