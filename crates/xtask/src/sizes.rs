//! What the shipped example `churn` becomes: line counts for the README, and the picture of its graph.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use mlp::lock::Lock;
use mlp::source::{FileId, SourceFile, SourceSet};
use mlp::{Artifact, analyze, compile};

use crate::page::Parts;

const EXAMPLE: &str = "examples/churn";
const FILES: [&str; 2] = ["churn.mlp", "platform.mlp"];

/// The compiled example.
pub struct Demo {
    written: Vec<(&'static str, usize)>,
    emitted: Vec<Artifact>,
    picture: String,
}

impl Demo {
    /// Compiles it as the command line would.
    pub fn compile(root: &Path) -> Result<Self, String> {
        let folder = root.join(EXAMPLE);
        let mut sources = SourceSet::default();
        let mut written = Vec::new();
        for path in FILES {
            let text = fs::read_to_string(folder.join(path)).map_err(|error| format!("{EXAMPLE}/{path}: {error}"))?;
            written.push((path, text.lines().count()));
            sources.add(SourceFile::new(path, &text));
        }
        let mut paths = BTreeSet::new();
        list(&folder, "", &mut paths).map_err(|error| format!("{EXAMPLE}: {error}"))?;
        sources.paths = Some(paths);
        let analysis = analyze(&sources, FileId(0), Lock::built_in());
        let checked = analysis.checked().ok_or_else(|| format!("{EXAMPLE} does not compile: run `mlp check {EXAMPLE}`"))?;
        let emitted = compile(&checked).map_err(|error| error.to_string())?;
        let pairs = analysis.resolved.hir.pipelines.iter().zip(&analysis.graphs);
        let picture = pairs.map(|(pipeline, graph)| mlp::draw::svg(&mlp::draw::Picture::new(pipeline, graph))).collect();
        Ok(Self { written, emitted, picture })
    }

    /// The graph.
    pub fn picture(&self) -> String {
        self.picture.clone()
    }

    /// The README's table.
    pub fn parts(&self) -> Parts {
        let [own, platform] = self.written.as_slice() else { return Parts::new() };
        let rows = [
            ("you write: `churn.mlp`", own.1),
            ("you write once, for all pipelines: `platform.mlp`", platform.1),
            ("mlp writes: `.github/workflows/mlp-churn*.yml`", self.lines(".github/workflows/")),
            ("mlp writes: `deploy/mlp/churn/`, `argocd/mlp/`", self.lines("deploy/") + self.lines("argocd/")),
            ("mlp writes once, for all pipelines: `.github/mlp/*.py`", self.scripts()),
        ];
        let rows: String = rows.iter().map(|(what, lines)| format!("| {what} | {lines} |\n")).collect();
        [("sizes".to_owned(), format!("| | lines |\n|---|---:|\n{rows}"))].into()
    }

    fn lines(&self, below: &str) -> usize {
        self.count(|path| path.starts_with(below))
    }

    fn scripts(&self) -> usize {
        self.count(|path| path.starts_with(".github/mlp/") && path.ends_with(".py"))
    }

    fn count(&self, wanted: impl Fn(&str) -> bool) -> usize {
        self.emitted.iter().filter(|file| wanted(&file.path)).map(|file| file.text.lines().count()).sum()
    }
}

/// The files below a folder; hidden ones left out.
fn list(folder: &Path, prefix: &str, into: &mut BTreeSet<String>) -> std::io::Result<()> {
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        let name = entry.file_name().to_string_lossy().into_owned();
        match entry.file_type()? {
            _ if name.starts_with('.') => {}
            kind if kind.is_dir() => list(&entry.path(), &format!("{prefix}{name}/"), into)?,
            _ => drop(into.insert(format!("{prefix}{name}"))),
        }
    }
    Ok(())
}
