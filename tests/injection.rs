//! Several mistakes at once: documented bad examples put into real pipelines give exactly their codes, and nothing else.
//!
//! An example that is nothing but pipelines becomes part of the repository's own file; one that declares connections, imports or
//! secrets of its own becomes a further file of the same repository.

#![allow(clippy::expect_used, clippy::indexing_slicing, reason = "a test may panic")]

mod documented;

use std::collections::BTreeSet;
use std::path::Path;

use documented::{Example, analyze_all, codes, examples};
use mlp::source::{FileId, SourceFile, SourceSet};
use mlp::syntax::parse;
use mlp::{analyze, lint, lock::Lock};

/// For each pipeline.
const SEEDS: u64 = 200;
const MOST: u64 = 7;
/// A pipeline of each repository, its folder, and what it imports.
const TARGETS: &[(&str, &str, &[&str])] = &[
    ("examples/churn", "churn.mlp", &["platform.mlp"]),
    ("examples/hello", "hello.mlp", &[]),
    ("examples/monorepo", "pipelines/fraud/fraud.mlp", &["platform.mlp"]),
    ("examples/monorepo", "pipelines/search/search.mlp", &["platform.mlp"]),
    ("examples/monorepo", "pipelines/sentiment/sentiment.mlp", &["platform.mlp"]),
];

/// A documented bad example.
struct Mistake {
    code: &'static str,
    example: Example,
}

fn mistakes() -> Vec<Mistake> {
    let of_rule = |rule: &&'static lint::Rule| {
        let code = rule.code.id;
        examples(rule.code.docs).into_iter().filter(|example| example.bad).map(move |example| Mistake { code, example }).collect::<Vec<_>>()
    };
    lint::all().iter().flat_map(of_rule).collect()
}

/// Deterministic numbers: `SplitMix64`.
struct Numbers(u64);

impl Numbers {
    fn below(&mut self, n: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        (z ^ (z >> 31)) % n
    }

    /// One to seven of `n` things.
    fn several(&mut self, n: usize) -> BTreeSet<usize> {
        let count = 1 + self.below(MOST);
        (0..count).map(|_| usize::try_from(self.below(n as u64)).expect("an index")).collect()
    }
}

impl Mistake {
    /// Its pipelines, if it is nothing else and can stand among others.
    fn pipelines(&self) -> Option<String> {
        let [(_, text)] = self.example.files.as_slice() else { return None };
        let parsed = parse(FileId(0), text);
        let mut stmts = parsed.file.stmts.iter().map(|stmt| stmt.directive().map(|d| d.keyword.text.as_str()));
        let alone = self.example.paths.is_some() || !parsed.errors.is_empty() || about_file(self.code);
        let only = stmts.next() == Some(Some("mlp")) && stmts.all(|keyword| keyword == Some("pipeline"));
        (only && !alone).then(|| text.split_once('\n').expect("an edition").1.to_owned())
    }

    /// Names made its own, so that it meets nothing else of the repository by chance.
    fn apart(&self, text: &str, number: usize) -> String {
        let lines = text.lines().map(|line| match line.strip_prefix("pipeline \"").and_then(|rest| rest.split_once('"')) {
            Some((name, rest)) => format!("pipeline \"n{number}-{name}\"{rest}\n"),
            None => format!("{line}\n"),
        });
        lines.collect::<String>().replace("(\"apps/", &format!("(\"apps/{number}/"))
    }

    fn files(&self, number: usize) -> Example {
        let files = self.example.files.iter().map(|(path, text)| (path.clone(), self.apart(text, number))).collect();
        Example { files, ..self.example.clone() }
    }
}

/// A finding about the file as a whole spoils all other text in it, or is spoiled by it.
fn about_file(code: &str) -> bool {
    matches!(code, "MLP0102" | "MLP1203")
}

fn read(root: &str, path: &str) -> SourceFile {
    let text = std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join(root).join(path)).expect(path);
    SourceFile::new(path, text)
}

/// A pipeline's file with further pipelines at its end.
fn repository(target: usize, further: &str) -> SourceSet {
    let (root, path, imports) = TARGETS[target];
    let mut sources = SourceSet::default();
    let own = read(root, path);
    sources.add(SourceFile::new(path, own.text + further));
    for path in imports.iter() {
        sources.add(read(root, path));
    }
    sources
}

#[test]
fn the_canonical_pipeline_is_clean() {
    let (root, path, imports) = TARGETS[0];
    let mut sources = repository(0, "");
    sources.paths = Some(paths(&Path::new(env!("CARGO_MANIFEST_DIR")).join(root)));
    let findings = analyze(&sources, FileId(0), Lock::built_in()).diagnostics;
    assert!(findings.is_empty(), "{path} {imports:?}: {findings:#?}");
}

fn paths(root: &Path) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    let mut folders = vec![root.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).expect("a folder").map(|entry| entry.expect("an entry").path()) {
            match entry.is_dir() {
                true => folders.push(entry),
                false => drop(found.insert(entry.strip_prefix(root).expect("inside").to_string_lossy().into_owned())),
            }
        }
    }
    found
}

#[test]
fn mistakes_put_into_pipelines_are_all_found_and_nothing_else() {
    let mistakes = mistakes();
    let results: Vec<Tried> = std::thread::scope(|scope| {
        let threads: Vec<_> = (0..TARGETS.len())
            .map(|target| {
                scope.spawn({
                    let mistakes = &mistakes;
                    move || tried(target, mistakes)
                })
            })
            .collect();
        threads.into_iter().map(|thread| thread.join().expect("a result")).collect()
    });
    let wrong: Vec<String> = results.iter().flat_map(|tried| tried.wrong.clone()).collect();
    assert!(wrong.is_empty(), "\n{}", wrong.join("\n"));
    let seen: BTreeSet<&str> = results.iter().flat_map(|tried| tried.seen.iter().copied()).collect();
    let all: BTreeSet<&str> = mistakes.iter().map(|mistake| mistake.code).collect();
    assert_eq!(seen, all, "every rule is tried");
}

/// What came of a pipeline's seeds.
#[derive(Default)]
struct Tried {
    wrong: Vec<String>,
    seen: BTreeSet<&'static str>,
}

fn tried(target: usize, mistakes: &[Mistake]) -> Tried {
    let base = codes(&analyze_all(&[repository(target, "")]));
    let mut all = Tried::default();
    for seed in 0..SEEDS {
        let chosen = Numbers(seed + SEEDS * target as u64).several(mistakes.len());
        let expected: BTreeSet<&str> = chosen.iter().map(|at| mistakes[*at].code).chain(base.iter().copied()).collect();
        let found = inject(target, chosen.iter().map(|at| &mistakes[*at]));
        if found != expected {
            let lost: Vec<_> = expected.difference(&found).collect();
            let spurious: Vec<_> = found.difference(&expected).collect();
            all.wrong.push(format!("seed {seed} in {}: {expected:?}: not found {lost:?}, spurious {spurious:?}", TARGETS[target].1));
        }
        all.seen.extend(chosen.iter().map(|at| mistakes[*at].code));
    }
    all
}

/// The codes of what is found in a repository with mistakes.
fn inject<'m>(target: usize, chosen: impl Iterator<Item = &'m Mistake>) -> BTreeSet<&'static str> {
    let mut further = String::new();
    let mut beside = Vec::new();
    for (number, mistake) in chosen.enumerate() {
        match mistake.pipelines() {
            Some(text) => further.push_str(&mistake.apart(&text, number)),
            None => beside.extend(mistake.files(number).sets()),
        }
    }
    beside.insert(0, repository(target, &further));
    codes(&analyze_all(&beside))
}
