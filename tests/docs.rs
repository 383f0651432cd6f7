//! Every example in the documentation is a pipeline without an error that compiles.
//!
//! A fence ```` ```mlp ```` holds a whole file. ```` ```mlp top ```` holds what stands outside of a pipeline, ```` ```mlp pipeline ````
//! what stands in one, ```` ```mlp below ```` what stands below the gate of one.

#![allow(clippy::expect_used, clippy::panic, reason = "a test may panic")]

use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};

use mlp::diagnostic::Severity;
use mlp::lock::Lock;
use mlp::source::{FileId, SourceFile, SourceSet};
use mlp::{analyze, compile};

const IMPORTS: &str = "mlp 1\n\nuse \"platform.mlp\" { tracking, datasets, images, manifests, argo, serving }\n";
const UP_TO_GATE: &str = "train fit {\n run = file(\"src/train.py\")\n timeout = 1h\n metric auc: float higher\n}\n\
    gate quality { require auc >= 0.75 }\n";

/// A fenced block: its place, the words behind the fence, and the text.
struct Fence {
    place: String,
    info: String,
    text: String,
}

fn fences(page: &Path) -> Vec<Fence> {
    let markdown = fs::read_to_string(page).expect("a page");
    let mut found = Vec::new();
    let mut lines = markdown.lines().enumerate();
    while let Some((number, line)) = lines.next() {
        let Some(info) = line.strip_prefix("```") else { continue };
        let body = lines.by_ref().map(|(_, line)| line).take_while(|line| !line.starts_with("```"));
        let text = body.fold(String::new(), |text, line| text + line + "\n");
        found.push(Fence { place: format!("{}:{}", page.display(), number + 1), info: info.to_owned(), text });
    }
    found
}

/// The whole file that an example stands for.
fn file(fence: &Fence) -> Option<String> {
    let text = &fence.text;
    match fence.info.as_str() {
        "mlp" => Some(text.clone()),
        "mlp top" => Some(format!("mlp 1\n\n{text}")),
        "mlp pipeline" => Some(format!("{IMPORTS}\npipeline \"demo\" {{\non manual\n{text}}}\n")),
        "mlp below" => Some(format!("{IMPORTS}\npipeline \"demo\" {{\non manual\n{UP_TO_GATE}{text}}}\n")),
        info if info.starts_with("mlp") => panic!("{}: `{info}` is no kind of example", fence.place),
        _ => None,
    }
}

/// What is wrong with a file, or a line for each file that it compiles to.
fn errors(text: &str) -> Vec<String> {
    let mut sources = SourceSet::default();
    sources.add(SourceFile::new("demo.mlp", text));
    sources.add(SourceFile::new("platform.mlp", include_str!("../examples/churn/platform.mlp")));
    let lock = Lock { repository: Some("acme/demo".into()), ..Lock::default() };
    let analysis = analyze(&sources, FileId(0), &lock);
    let bad = analysis.diagnostics.iter().filter(|d| d.severity() == Severity::Error);
    let mut errors: Vec<String> = bad.map(|d| format!("{} {}", d.code.id, d.message)).collect();
    match analysis.checked() {
        Some(checked) => errors.extend(compile(&checked).err().map(|error| error.to_string())),
        None if errors.is_empty() => errors.push("cannot be compiled, and no error says why".into()),
        None => {}
    }
    errors
}

fn pages() -> Vec<PathBuf> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let docs = fs::read_dir(root.join("docs")).expect("docs").map(|entry| entry.expect("an entry").path());
    let pages = docs.filter(|path| path.extension().is_some_and(|extension| extension == "md"));
    let mut pages: Vec<PathBuf> = pages.chain(["README.md", "CONTRIBUTING.md", "ARCHITECTURE.md"].map(|page| root.join(page))).collect();
    pages.sort();
    pages
}

#[test]
fn examples_compile() {
    let mut complaints = String::new();
    let mut count = 0;
    for fence in pages().iter().flat_map(|page| fences(page)) {
        let Some(text) = file(&fence) else { continue };
        count += 1;
        for error in errors(&text) {
            writeln!(complaints, "{}: {error}", fence.place).expect("a string takes text");
        }
    }
    assert!(complaints.is_empty(), "\n{complaints}");
    assert!(count > 15, "only {count} examples were found");
}

#[test]
fn a_wrong_example_is_noticed() {
    assert!(
        errors("mlp 1\n\npipeline \"demo\" {\n on manual\n jbo x { run = file(\"x.sh\") }\n}\n").iter().any(|e| e.starts_with("MLP0113"))
    );
}

/// Links between pages, and from pages to files.
#[test]
fn links_lead_somewhere() {
    let mut broken = Vec::new();
    for page in pages() {
        let markdown = fs::read_to_string(&page).expect("a page");
        let targets = markdown.split("](").skip(1).filter_map(|rest| rest.split_once(')')).map(|(target, _)| target);
        for target in targets.filter(|target| !target.starts_with("http")) {
            let (path, anchor) = target.split_once('#').unwrap_or((target, ""));
            let file = if path.is_empty() { page.clone() } else { page.parent().expect("a folder").join(path) };
            let found = if anchor.is_empty() { file.exists() } else { anchors(&file).iter().any(|known| known == anchor) };
            if !found {
                broken.push(format!("{}: {target}", page.display()));
            }
        }
    }
    assert!(broken.is_empty(), "\n{}", broken.join("\n"));
}

/// The anchors of a page's headings, as GitHub makes them.
fn anchors(page: &Path) -> Vec<String> {
    let markdown = fs::read_to_string(page).unwrap_or_default();
    let headings = markdown.lines().filter(|line| line.starts_with('#')).map(|line| line.trim_start_matches('#').trim().to_lowercase());
    let kept = |c: &char| c.is_alphanumeric() || matches!(c, '-' | '_' | ' ');
    headings.map(|heading| heading.chars().filter(kept).map(|c| if c == ' ' { '-' } else { c }).collect()).collect()
}
