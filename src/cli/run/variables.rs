//! Variables and secrets: from the environment, or from a file.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use crate::cli::console::shown;
use crate::cli::exit::Stop;
use crate::local::{Want, wants};
use crate::plan::Job;

/// What jobs want of the environment, and what is there.
#[derive(Debug, Default)]
pub struct Variables {
    /// Values by name.
    pub values: BTreeMap<String, String>,
    /// What is wanted, and by which jobs.
    wanted: BTreeMap<String, (Want, Vec<String>)>,
}

impl Variables {
    /// Looks up what jobs want; a file wins over the environment.
    pub fn find<'p>(jobs: impl IntoIterator<Item = &'p Job>, file: Option<&Path>) -> Result<Self, Stop> {
        let given = file.map(read).transpose()?.unwrap_or_default();
        let mut found = Self::default();
        for job in jobs {
            for (name, want) in wants(job) {
                let (known, jobs) = found.wanted.entry(name).or_insert((want, Vec::new()));
                *known = Want { secret: known.secret || want.secret, required: known.required || want.required };
                jobs.push(job.id.clone());
            }
        }
        let value = |name: &String| given.get(name).cloned().or_else(|| std::env::var(name).ok());
        found.values = found.wanted.keys().filter_map(|name| Some((name.clone(), value(name)?))).collect();
        Ok(found)
    }

    /// Names with what is wanted, by which jobs, and whether it is there.
    pub fn wanted(&self) -> impl Iterator<Item = (&str, Want, &[String], bool)> {
        self.wanted.iter().map(|(name, (want, jobs))| (name.as_str(), *want, jobs.as_slice(), self.values.contains_key(name)))
    }

    /// All that is missing, at once.
    pub fn complete(&self) -> Result<(), Stop> {
        let missing: Vec<_> = self.wanted().filter(|(_, want, _, there)| want.required && !there).collect();
        if missing.is_empty() {
            return Ok(());
        }
        let line = |(name, want, jobs, _): &(&str, Want, &[String], bool)| {
            format!("\n  {name}  {}, read by {}", if want.secret { "secret" } else { "variable" }, jobs.join(", "))
        };
        let lines: String = missing.iter().map(line).collect();
        Err(Stop::Usage(format!("the environment lacks what the jobs read; set it, or name a file with `--env-file`:{lines}")))
    }

    /// What nobody is to see, the longest first, and of several lines each.
    pub fn secrets(&self) -> Vec<String> {
        let secret = |name: &&String| self.wanted.get(*name).is_some_and(|(want, _)| want.secret);
        let values = self.values.keys().filter(secret).filter_map(|name| self.values.get(name));
        let mut found: BTreeSet<&str> = values.flat_map(|value| value.lines()).map(str::trim).collect();
        found.remove("");
        let mut found: Vec<String> = found.into_iter().map(str::to_owned).collect();
        found.sort_by_key(|secret| std::cmp::Reverse(secret.len()));
        found
    }

    /// The names of secrets: no step sees one that it does not ask for.
    pub fn secret_names(&self) -> Vec<String> {
        self.wanted.iter().filter(|(_, (want, _))| want.secret).map(|(name, _)| name.clone()).collect()
    }
}

fn read(path: &Path) -> Result<BTreeMap<String, String>, Stop> {
    let refused = |error: dotenvy::Error| Stop::Usage(format!("`{}` cannot be read: {error}", shown(path)));
    dotenvy::from_path_iter(path).map_err(refused)?.collect::<Result<_, _>>().map_err(refused)
}
