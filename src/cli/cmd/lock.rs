//! `mlp lock`: pins of actions, refreshed from a git server. The only command that uses the network, through `git ls-remote`.

use std::collections::{BTreeMap, BTreeSet};
use std::process::Command;

use rayon::prelude::{IntoParallelRefIterator as _, ParallelIterator as _};

use crate::analysis::{Analysis, analyze};
use crate::cli::args::{Global, Lock as Args};
use crate::cli::console::{Console, plural};
use crate::cli::exit::{Exit, Failure, Outcome, Stop};
use crate::cli::load::{self, Loaded};
use crate::cli::repository::{LOCK, Repository};
use crate::cli::write::{Changes, Writer};
use crate::lint::files;
use crate::lock::{Lock, Pin};
use crate::resolve::hir::Value;

/// Refreshes the pins.
pub fn run(args: &Args, global: &Global) -> Outcome {
    let console = Console::new(global);
    let repository = Repository::open(global.root.as_deref(), &args.selection.paths)?;
    let loaded = load::load(&repository, &args.selection)?;
    if !loaded.failures.is_empty() {
        return Err(Stop::Failures(loaded.failures));
    }
    let wanted = wanted(&repository, &loaded)?;
    console.say(&format!("Asking {} for {}.", args.server, plural(wanted.len(), "action")));
    let actions = ask(&args.server, &wanted)?;
    let old = &repository.lock;
    let changed = report(&console, old, &actions)?;
    let new = Lock { actions, ..old.clone() };
    if args.check || args.dry_run {
        return Ok(Exit::found(changed && args.check));
    }
    let mut changes = Changes::default();
    changes.put(LOCK.to_owned(), new.text());
    Writer::open(&repository.root)?.commit(&changes)?;
    Ok(Exit::Clean)
}

/// Which tag of an action is wanted.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Wanted {
    /// The newest release with this major version: `v7.…`.
    Newest(u64),
    /// What the user wrote.
    Tag(String),
}

/// mlp's own actions in the major version that mlp was made for, and those of the pipelines as their users wrote them.
/// There is one pin for each repository of actions, so what a user wrote of mlp's own holds for mlp too, in the same major version.
fn wanted(repository: &Repository, loaded: &Loaded) -> Result<BTreeMap<String, Wanted>, Failure> {
    let own = Lock::built_in().actions.iter();
    let mut wanted: BTreeMap<String, Wanted> =
        own.filter_map(|(name, pin)| Some((name.clone(), Wanted::Newest(major(&pin.tag)?)))).collect();
    let analyses = loaded.targets.iter().map(|target| analyze(&loaded.sources, *target, &repository.lock));
    for (name, tag) in analyses.flat_map(|analysis| used(&analysis)).filter_map(|reference| tagged(&reference)) {
        match wanted.get(&name) {
            Some(Wanted::Newest(own)) if major(&tag) != Some(*own) => {}
            Some(Wanted::Tag(other)) if *other != tag => return Err(ambiguous(&name, other, &tag)),
            _ => drop(wanted.insert(name, Wanted::Tag(tag))),
        }
    }
    Ok(wanted)
}

fn ambiguous(name: &str, one: &str, other: &str) -> Failure {
    Failure::new(&files::SETTINGS, LOCK, format!("`{name}` is used at `{one}` and at `{other}`, and there is one pin for both"))
        .help("use one of them everywhere, or write a commit instead of the tag")
}

/// The repository and the tag of a reference that is no commit yet. An action may stand in a folder of its repository.
fn tagged(reference: &str) -> Option<(String, String)> {
    let (path, tag) = reference.split_once('@')?;
    let commit = tag.len() == 40 && tag.bytes().all(|byte| byte.is_ascii_hexdigit());
    let repository = path.splitn(3, '/').take(2).collect::<Vec<_>>().join("/");
    (!commit).then(|| (repository, tag.to_owned()))
}

fn major(tag: &str) -> Option<u64> {
    version(tag)?.first().copied()
}

/// The actions that steps of pipelines use.
fn used(analysis: &Analysis<'_>) -> BTreeSet<String> {
    let stages = analysis.resolved.hir.pipelines.iter().flat_map(|pipeline| &pipeline.stages);
    let action = |value: &Value| match value {
        Value::Action(reference) => Some(reference.clone()),
        _ => None,
    };
    stages.flat_map(|stage| &stage.steps).filter_map(|step| action(&step.attrs.get("uses")?.value)).collect()
}

/// Asks for all tags, several actions at a time.
fn ask(server: &str, wanted: &BTreeMap<String, Wanted>) -> Result<BTreeMap<String, Pin>, Stop> {
    let one = |(name, wanted): (&String, &Wanted)| Ok((name.clone(), pin(server, name, wanted)?));
    let found: Vec<Result<(String, Pin), Failure>> = wanted.par_iter().map(one).collect();
    let (mut pins, mut failures) = (BTreeMap::new(), Vec::new());
    for found in found {
        match found {
            Ok((name, pin)) => drop(pins.insert(name, pin)),
            Err(failure) => failures.push(failure),
        }
    }
    if failures.is_empty() { Ok(pins) } else { Err(Stop::Failures(failures)) }
}

fn pin(server: &str, name: &str, wanted: &Wanted) -> Result<Pin, Failure> {
    let url = format!("{}/{name}", server.trim_end_matches('/'));
    let tags = tags(&ls_remote(&url).map_err(|why| Failure::new(&files::NETWORK, LOCK, format!("`{url}` does not answer: {why}")))?);
    chosen(&tags, wanted).ok_or_else(|| {
        let what = match wanted {
            Wanted::Newest(major) => format!("no release v{major}.x.y"),
            Wanted::Tag(tag) => format!("no tag `{tag}`"),
        };
        Failure::new(&files::NETWORK, LOCK, format!("`{url}` has {what}"))
    })
}

/// What `git ls-remote --tags` prints, or why it fails. It never asks for a password, and gives up on a silent server.
fn ls_remote(url: &str) -> Result<String, String> {
    let mut git = Command::new("git");
    git.args(["-c", "http.lowSpeedLimit=1", "-c", "http.lowSpeedTime=20", "ls-remote", "--tags", "--", url]);
    let output = git.env("GIT_TERMINAL_PROMPT", "0").env("LC_ALL", "C").output().map_err(|error| format!("git cannot be run: {error}"))?;
    if output.status.success() {
        return Ok(String::from_utf8_lossy(&output.stdout).into_owned());
    }
    let text = String::from_utf8_lossy(&output.stderr);
    let line = text.lines().find_map(|line| line.strip_prefix("fatal: ")).or(text.lines().next());
    Err(line.unwrap_or("git says nothing").to_owned())
}

/// Tags and the commits they mean: of an annotated tag, the commit that it was put on (`refs/tags/v1^{}`).
fn tags(listing: &str) -> BTreeMap<String, String> {
    let mut tags = BTreeMap::new();
    let lines = listing.lines().filter_map(|line| line.split_once('\t'));
    for (sha, name) in lines.filter_map(|(sha, name)| Some((sha, name.strip_prefix("refs/tags/")?))) {
        match name.strip_suffix("^{}") {
            Some(peeled) => drop(tags.insert(peeled.to_owned(), sha.to_owned())),
            None => drop(tags.entry(name.to_owned()).or_insert_with(|| sha.to_owned())),
        }
    }
    tags
}

fn chosen(tags: &BTreeMap<String, String>, wanted: &Wanted) -> Option<Pin> {
    let (tag, sha) = match wanted {
        Wanted::Tag(tag) => tags.get_key_value(tag)?,
        Wanted::Newest(major) => {
            let releases = tags.iter().filter_map(|(tag, sha)| Some((version(tag).filter(|v| v.len() == 3)?, tag, sha)));
            let newest = releases.filter(|(version, ..)| version.first() == Some(major)).max()?;
            (newest.1, newest.2)
        }
    };
    Some(Pin { tag: tag.clone(), sha: sha.clone() })
}

/// `v7.0.1` → 7, 0, 1; nothing for a pre-release.
fn version(tag: &str) -> Option<Vec<u64>> {
    tag.strip_prefix('v')?.split('.').map(|part| part.parse().ok()).collect()
}

/// Says which pins change; whether any does.
fn report(console: &Console, old: &Lock, new: &BTreeMap<String, Pin>) -> Result<bool, Stop> {
    let mut changed = false;
    for (name, pin) in new {
        let before = old.action(name);
        if before != Some(pin) {
            let from = before.map_or("nothing", |pin| pin.tag.as_str());
            console.print(&format!("{name}: {from} → {} ({})\n", pin.tag, pin.sha))?;
            changed = true;
        }
    }
    Ok(changed)
}

#[cfg(test)]
mod tests {
    use super::*;

    const LISTING: &str = "1111\trefs/tags/v7.0.1\n2222\trefs/tags/v7.0.1^{}\n3333\trefs/tags/v7.0.10\n4444\trefs/tags/v8.0.0\n5555\trefs/tags/v7.1.0-beta\n6666\trefs/tags/v7\n";

    #[test]
    fn the_newest_release_is_no_other_major_and_no_prerelease() {
        let pin = chosen(&tags(LISTING), &Wanted::Newest(7)).unwrap();
        assert_eq!((pin.tag.as_str(), pin.sha.as_str()), ("v7.0.10", "3333"));
    }

    #[test]
    fn annotated_tags_are_peeled() {
        assert_eq!(chosen(&tags(LISTING), &Wanted::Tag("v7.0.1".into())).unwrap().sha, "2222");
        assert_eq!(chosen(&tags(LISTING), &Wanted::Tag("v9".into())), None);
    }
}
