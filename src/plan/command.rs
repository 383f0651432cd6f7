//! How the user's code is run.

use crate::resolve::hir::{Attrs, Command};
use crate::source::SourceSet;

use super::{Action, Env, EnvValue};

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
        Self {
            folder: folder.trim_end_matches('/').to_owned(),
            options: options(found, folder),
            version: version.unwrap_or("3.12").to_owned(),
        }
    }

    /// `uv run … python`, started at the repository's root or in the folder of the `.mlp`.
    pub fn argv(&self, at_root: bool) -> Vec<String> {
        let mut argv = vec!["uv".to_owned(), "run".to_owned()];
        if at_root && !self.folder.is_empty() {
            argv.extend(["--directory".to_owned(), self.folder.clone()]);
        }
        argv.extend(self.options.iter().cloned());
        argv.push("python".to_owned());
        argv
    }

    fn file_argv(&self, written: &str, path: &str, at_root: bool) -> Vec<String> {
        // `//` starts at the repository's root; the program starts in the folder of the `.mlp`.
        let file = if written.starts_with("//") { relative(&self.folder, path) } else { written.to_owned() };
        let mut argv = self.argv(at_root);
        if !path.ends_with(".py") {
            argv.pop();
            argv.extend(path.ends_with(".sh").then(|| "bash".to_owned()));
        }
        argv.push(file);
        argv
    }

    /// The words that run a command from the repository's root.
    pub fn command_argv(&self, command: &Command) -> Vec<String> {
        match command {
            Command::File { written, path } => self.file_argv(written, path, true),
            Command::Python(text) => self.argv(true).into_iter().chain(["-c".to_owned(), text.clone()]).collect(),
            Command::Bash(text) if self.folder.is_empty() => bash(text),
            Command::Bash(text) => bash(&format!("cd {}\n{text}", quote(&self.folder))),
        }
    }

    /// A step that runs a command in the folder of the `.mlp`, with the script it reads from its environment.
    pub fn run(&self, command: &Command, retries: u32) -> (Action, Env) {
        let (line, env) = match command {
            Command::File { written, path } => (shell_line(&self.file_argv(written, path, false)), Env::new()),
            Command::Bash(text) if retries == 0 => (text.clone(), Env::new()),
            Command::Bash(text) => ("bash --noprofile --norc -e -o pipefail -c \"${MLP_SCRIPT}\"".to_owned(), script(text)),
            Command::Python(text) => (format!("{} -c \"${{MLP_SCRIPT}}\"", shell_line(&self.argv(false))), script(text)),
        };
        let text = if retries == 0 { line } else { again(&line, retries) };
        (Action::Run { text, folder: self.folder.clone() }, env)
    }
}

fn bash(text: &str) -> Vec<String> {
    ["bash", "--noprofile", "--norc", "-e", "-o", "pipefail", "-c", text].map(str::to_owned).to_vec()
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
        let folders = std::iter::successors(Some(folder.trim_end_matches('/')), |f| {
            (!f.is_empty()).then(|| f.rsplit_once('/').map_or("", |(up, _)| up))
        });
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

/// The line that runs a script of the runtime from the repository's root.
pub fn script_line(groups: &[&str], script: &str, subcommand: Option<&str>) -> String {
    let groups: String = groups.iter().map(|group| format!(" --only-group {group}")).collect();
    let groups = if groups.is_empty() { " --no-default-groups".to_owned() } else { groups };
    let subcommand = subcommand.map(|word| format!(" {word}")).unwrap_or_default();
    format!("uv run --project .github/mlp --locked{groups} .github/mlp/{script}.py{subcommand}")
}

/// Words as a line of shell.
pub fn shell_line(words: &[String]) -> String {
    words.iter().map(|word| quote(word)).collect::<Vec<_>>().join(" ")
}

/// In single quotes, or in double ones with escapes where single ones would look like a forgotten expansion.
fn quote(word: &str) -> String {
    let plain = |b: u8| b.is_ascii_alphanumeric() || b"-_./=:@%+,".contains(&b);
    if !word.is_empty() && word.bytes().all(plain) {
        word.to_owned()
    } else if word.contains(['$', '`']) {
        let escaped = ['\\', '"', '$', '`'].iter().fold(word.to_owned(), |text, c| text.replace(*c, &format!("\\{c}")));
        format!("\"{escaped}\"")
    } else {
        format!("'{}'", word.replace('\'', "'\\''"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_stay_words() {
        assert_eq!(shell_line(&["a b".into(), "it's".into(), "x-1".into(), String::new()]), "'a b' 'it'\\''s' x-1 ''");
        assert_eq!(shell_line(&["$HOME/`x`\\\"".into()]), r#""\$HOME/\`x\`\\\"""#);
    }

    #[test]
    fn relative_paths() {
        assert_eq!(relative("a/b", "a/c.txt"), "../c.txt");
        assert_eq!(relative("", "c.txt"), "c.txt");
        assert_eq!(relative("a", "a/c.txt"), "c.txt");
    }
}
