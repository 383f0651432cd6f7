//! Many files analysed side by side; the result does not depend on how many threads there are.

use std::collections::HashSet;

use indicatif::ProgressBar;
use rayon::prelude::{IntoParallelRefIterator as _, ParallelIterator as _};

use super::args::Deny;
use super::config::Config;
use super::exit::Failure;
use crate::analysis::{Analysis, analyze};
use crate::diagnostic::Severity;
use crate::diagnostic::render::Finding;
use crate::lint;
use crate::lock::Lock;
use crate::source::{FileId, SourceSet};

/// Fewer files than this are analysed before other threads would be awake.
const WORTH_THREADS: usize = 4;
/// The same for files that are only read, compared or written.
const WORTH_THREADS_FOR_BYTES: usize = 64;

/// Does something to each item, on several threads where there are many; results in order.
pub fn each<'a, T: Sync, R: Send>(items: &'a [T], bar: &ProgressBar, work: impl Fn(&'a T) -> R + Sync) -> Vec<R> {
    side_by_side(items, WORTH_THREADS, bar, work)
}

/// Like [`each`], for work that is no more than moving bytes.
pub fn each_bytes<'a, T: Sync, R: Send>(items: &'a [T], bar: &ProgressBar, work: impl Fn(&'a T) -> R + Sync) -> Vec<R> {
    side_by_side(items, WORTH_THREADS_FOR_BYTES, bar, work)
}

fn side_by_side<'a, T: Sync, R: Send>(items: &'a [T], worth: usize, bar: &ProgressBar, work: impl Fn(&'a T) -> R + Sync) -> Vec<R> {
    let work = |item: &'a T| {
        let done = work(item);
        bar.inc(1);
        done
    };
    let done = if items.len() < worth { items.iter().map(work).collect() } else { items.par_iter().map(work).collect() };
    bar.finish_and_clear();
    done
}

/// Analyses files of a set.
pub fn analyses<'a>(sources: &'a SourceSet, targets: &[FileId], lock: &'a Lock, bar: &ProgressBar) -> Vec<Analysis<'a>> {
    each(targets, bar, |target| analyze(sources, *target, lock))
}

/// How findings are judged.
#[derive(Clone, Copy, Debug)]
pub struct Judge<'a> {
    /// Levels of rules.
    pub config: &'a Config,
    /// What is taken for an error.
    pub deny: Option<Deny>,
}

impl Judge<'_> {
    /// The findings of analyses and of rules that look at several files, each once although an imported file is looked at with every file that imports it.
    pub fn findings(&self, analyses: &[Analysis<'_>]) -> Vec<Finding> {
        let mut seen = HashSet::new();
        let each: Vec<&Analysis<'_>> = analyses.iter().collect();
        let across = lint::across(&each).into_iter().map(|(_, diagnostic)| diagnostic);
        let all = analyses.iter().flat_map(|analysis| analysis.diagnostics.iter().cloned()).chain(across);
        let new = all.filter(|d| seen.insert((d.code.id, d.span, d.message.clone())));
        new.filter_map(|d| self.config.finding(d)).map(|finding| self.denied(finding)).collect()
    }

    fn denied(&self, finding: Finding) -> Finding {
        let raised = self.deny.is_some() && finding.severity == Severity::Warning;
        Finding { severity: if raised { Severity::Error } else { finding.severity }, ..finding }
    }
}

/// In the order in which they are shown: by path, then by place.
pub fn sort(findings: &mut [Finding], sources: &SourceSet) {
    let path = |finding: &Finding| sources.get(finding.diagnostic.span.file).map_or("", |file| file.path.as_str());
    findings.sort_by(|a, b| {
        let place = |f: &Finding| (f.diagnostic.span.start, f.diagnostic.code.id, f.diagnostic.span.end);
        path(a).cmp(path(b)).then_with(|| place(a).cmp(&place(b)))
    });
}

/// Failures and findings together, in order.
pub fn with_failures(mut findings: Vec<Finding>, failures: Vec<Failure>, sources: &mut SourceSet) -> Vec<Finding> {
    findings.extend(failures.into_iter().map(|failure| failure.finding(sources)));
    sort(&mut findings, sources);
    findings
}
