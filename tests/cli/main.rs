//! The commands, run as processes in repositories of their own.

#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "helpers fail the test they are called from")]

mod bad_input;
mod build;
mod check;
mod commands;
mod kill;
mod lock;
#[cfg(feature = "outside")]
mod outside;
#[cfg(unix)]
mod run;

use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

/// The smallest pipeline, formatted and without any finding.
pub(crate) const HELLO: &str = r#"mlp 1

pipeline "hello" {
  on push { branches = ["main"] }
  train fit {
    run     = file("train.py")
    timeout = 1h
    metric accuracy: float higher
  }
  gate quality { require accuracy >= 0.90 }
  deploy live { namespace = "ml-dev" }
}
"#;

/// A repository in a folder that goes with it.
pub(crate) struct World {
    folder: tempfile::TempDir,
}

/// What a command said and how it ended.
#[derive(Debug)]
pub(crate) struct Done {
    pub(crate) code: Option<i32>,
    pub(crate) out: String,
    pub(crate) err: String,
}

impl World {
    /// An empty repository.
    pub(crate) fn empty() -> Self {
        let world = Self { folder: tempfile::tempdir().unwrap() };
        fs::create_dir(world.at(".git")).unwrap();
        world.write("mlp.lock", "{ \"repository\": \"acme/hello\" }\n");
        world
    }

    /// A repository of the smallest pipeline.
    pub(crate) fn hello() -> Self {
        let world = Self::empty();
        world.write("hello.mlp", HELLO);
        world.write("train.py", "print('training')\n");
        world.write("requirements.txt", "mlflow-skinny==3.7.0\n");
        world
    }

    /// A repository whose pipeline has been compiled.
    pub(crate) fn built() -> Self {
        let world = Self::hello();
        assert_eq!(world.mlp(&["build"]).code, Some(0));
        world
    }

    pub(crate) fn root(&self) -> PathBuf {
        self.folder.path().canonicalize().unwrap()
    }

    pub(crate) fn at(&self, path: &str) -> PathBuf {
        self.folder.path().join(path)
    }

    pub(crate) fn write(&self, path: &str, text: impl AsRef<[u8]>) {
        let place = self.at(path);
        fs::create_dir_all(place.parent().unwrap()).unwrap();
        fs::write(place, text).unwrap();
    }

    pub(crate) fn read(&self, path: &str) -> String {
        fs::read_to_string(self.at(path)).unwrap_or_else(|error| panic!("{path}: {error}"))
    }

    pub(crate) fn exists(&self, path: &str) -> bool {
        self.at(path).symlink_metadata().is_ok()
    }

    /// A command in the repository, without what the caller's environment would change.
    pub(crate) fn command(&self, args: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_mlp"));
        command.args(args).current_dir(self.folder.path());
        for name in ["NO_COLOR", "FORCE_COLOR", "MLP_OUTPUT_FORMAT", "MLP_SERVER"] {
            command.env_remove(name);
        }
        command
    }

    pub(crate) fn mlp(&self, args: &[&str]) -> Done {
        Done::new(self, self.command(args).output().unwrap())
    }

    /// A command that reads a text.
    pub(crate) fn mlp_with(&self, args: &[&str], text: &str) -> Done {
        let mut command = self.command(args);
        let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        // A command that refuses its arguments does not read to the end.
        drop(child.stdin.take().unwrap().write_all(text.as_bytes()));
        Done::new(self, child.wait_with_output().unwrap())
    }

    /// Every file with its content, git's own left out.
    pub(crate) fn files(&self) -> Vec<(String, Vec<u8>)> {
        let mut found = Vec::new();
        collect(&self.root(), &self.root(), &mut found);
        found.sort();
        found
    }
}

fn collect(root: &Path, folder: &Path, found: &mut Vec<(String, Vec<u8>)>) {
    for entry in fs::read_dir(folder).unwrap().map(Result::unwrap) {
        let (path, kind) = (entry.path(), entry.file_type().unwrap());
        if kind.is_dir() && entry.file_name() != ".git" {
            collect(root, &path, found);
        } else if kind.is_file() {
            let name = path.strip_prefix(root).unwrap().to_string_lossy().into_owned();
            found.push((name, fs::read(&path).unwrap()));
        }
    }
}

impl Done {
    pub(crate) fn new(world: &World, output: Output) -> Self {
        let root = world.root().to_string_lossy().into_owned();
        let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap().replace(&root, "[root]");
        Self { code: output.status.code(), out: text(output.stdout), err: text(output.stderr) }
    }

    /// All of it, as a snapshot shows it.
    pub(crate) fn text(&self) -> String {
        format!("exit {}\n--- stdout\n{}--- stderr\n{}", self.code.unwrap_or(-1), self.out, self.err)
    }

    #[track_caller]
    pub(crate) fn is(&self, code: i32) -> &Self {
        assert_eq!(self.code, Some(code), "{}", self.text());
        self
    }

    /// Says these words on standard output or standard error.
    #[track_caller]
    pub(crate) fn says(&self, words: &str) -> &Self {
        assert!(self.out.contains(words) || self.err.contains(words), "no `{words}` in\n{}", self.text());
        self
    }
}

/// Compares with a file below `snapshots/cli`.
pub(crate) fn snapshot(name: &str, text: &str) {
    let mut settings = insta::Settings::clone_current();
    settings.set_snapshot_path("../../snapshots/cli");
    settings.set_prepend_module_to_snapshot(false);
    settings.set_omit_expression(true);
    settings.bind(|| insta::assert_snapshot!(name, text));
}
