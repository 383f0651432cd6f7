//! What GitHub would tell the jobs of themselves.

use std::collections::BTreeMap;

use super::variables::Variables;
use crate::cli::repository::Repository;
use crate::local::Facts;

/// Where there is no commit.
const NO_COMMIT: &str = "0000000000000000000000000000000000000000";

/// Which repository and commit a run is of.
#[derive(Debug)]
pub struct Identity {
    repository: String,
    server: String,
    commit: String,
}

impl Identity {
    /// `owner/name` is what GitHub's variable says, the lock or the remote, or something that no repository is called.
    pub fn new(repository: &Repository, commit: Option<&String>) -> Self {
        let folder = repository.root.file_name().unwrap_or_default().to_string_lossy();
        let known = repository.lock.repository.clone().unwrap_or_else(|| format!("local/{folder}"));
        Self {
            repository: set("GITHUB_REPOSITORY", &known),
            server: set("GITHUB_SERVER_URL", "https://github.com"),
            commit: commit.cloned().unwrap_or_else(|| NO_COMMIT.to_owned()),
        }
    }

    /// The values that steps read.
    pub fn facts(&self, variables: &Variables, inputs: BTreeMap<String, String>) -> Facts {
        let value = |name: &str| variables.values.get(name).cloned().unwrap_or_default();
        let actor = ("github.actor", value("GITHUB_ACTOR"));
        Facts {
            variables: variables.values.clone(),
            inputs,
            github: BTreeMap::from([actor, ("github.token", value("GITHUB_TOKEN")), ("github.sha", self.commit.clone())]),
            repository: format!("{}/{}.git", self.server, self.repository),
        }
    }

    /// The variables that the runner sets.
    pub fn environment(&self, workflow: &str, number: u64) -> Vec<(String, String)> {
        let owner = self.repository.split('/').next().unwrap_or_default();
        let (api, number) = (set("GITHUB_API_URL", "https://api.github.com"), number.to_string());
        let all = [
            ("CI", "true"),
            ("GITHUB_ACTIONS", "true"),
            ("GITHUB_API_URL", &api),
            ("GITHUB_EVENT_NAME", "workflow_dispatch"),
            ("GITHUB_REPOSITORY", &self.repository),
            ("GITHUB_REPOSITORY_OWNER", owner),
            ("GITHUB_RUN_ATTEMPT", "1"),
            ("GITHUB_RUN_ID", &number),
            ("GITHUB_RUN_NUMBER", &number),
            ("GITHUB_SERVER_URL", &self.server),
            ("GITHUB_SHA", &self.commit),
            ("GITHUB_WORKFLOW", workflow),
        ];
        all.map(|(name, value)| (name.to_owned(), value.to_owned())).to_vec()
    }
}

/// A variable of the environment, unless it is empty.
fn set(name: &str, otherwise: &str) -> String {
    std::env::var(name).ok().filter(|value| !value.is_empty()).unwrap_or_else(|| otherwise.to_owned())
}
