//! What stands here for actions of GitHub's: artifacts as folders, images by `docker buildx`.

use std::fs;
use std::io;
use std::path::Path;

use super::workspace::{Place, copy};
use crate::local::{JobFacts, Outputs};
use crate::plan::Env;

/// What an action comes down to.
#[derive(Debug)]
pub enum Deed {
    /// It is done, or there is nothing to do; a line for the log.
    Done(String),
    /// A script for bash, and its environment.
    Script(&'static str, Vec<(String, String)>),
}

const LOGIN: &str = r#"printf '%s' "${PASSWORD}" | docker login --username "${USERNAME}" --password-stdin "${REGISTRY}""#;

const BUILD: &str = r#"set -- --platform "${PLATFORMS}" --tag "${TAG}" --metadata-file "${METADATA}"
if [ -n "${DOCKERFILE}" ]; then set -- "$@" --file "${DOCKERFILE}"; fi
if [ "${PUSH}" = true ]; then set -- "$@" --push; fi
docker buildx build "$@" "${CONTEXT}"
"#;

/// An action with its inputs, in a job.
#[derive(Clone, Copy, Debug)]
pub struct Action<'a> {
    /// `owner/name`
    pub name: &'a str,
    /// Its inputs.
    pub with: &'a Env,
    /// What is known in the job.
    pub facts: &'a JobFacts<'a>,
    /// The folders of the run.
    pub place: &'a Place,
    /// The job's copy of the repository.
    pub workspace: &'a Path,
    /// Where docker tells what it built.
    pub metadata: &'a Path,
    /// Whether images are pushed.
    pub release: bool,
}

impl Action<'_> {
    fn input(&self, name: &str) -> String {
        self.with.iter().find(|(key, _)| key == name).map(|(_, value)| self.facts.text(value)).unwrap_or_default()
    }

    /// What it does. Any other action has been found to be an obstacle before.
    pub fn deed(&self) -> io::Result<Deed> {
        match self.name {
            "actions/upload-artifact" => self.upload().map(Deed::Done),
            "actions/download-artifact" => self.download().map(Deed::Done),
            "docker/login-action" if self.release => Ok(Deed::Script(LOGIN, self.login())),
            "docker/login-action" => Ok(Deed::Done("not logged in: without `--release` nothing is pushed".to_owned())),
            "docker/build-push-action" => Ok(Deed::Script(BUILD, self.build())),
            _ => Ok(Deed::Done("docker has a builder already".to_owned())),
        }
    }

    /// An artifact of a folder holds what is in it, one of a file the file.
    fn upload(&self) -> io::Result<String> {
        let (name, path) = (self.name_of_artifact(), self.input("path"));
        let (from, to) = (self.workspace.join(&path), self.place.artifact(&name));
        if from.symlink_metadata().is_err() {
            return Err(io::Error::other(format!("`{path}` is not there to be kept as the artifact `{name}`")));
        }
        if to.exists() {
            fs::remove_dir_all(&to)?;
        }
        let to = if from.is_dir() { to } else { to.join(from.file_name().unwrap_or_default()) };
        copy(&from, &to)?;
        Ok(format!("kept {path} as the artifact {name}"))
    }

    fn download(&self) -> io::Result<String> {
        let (name, path) = (self.name_of_artifact(), self.input("path"));
        let from = self.place.artifact(&name);
        if !from.is_dir() {
            return Err(io::Error::other(format!("no job has kept an artifact `{name}`")));
        }
        copy(&from, &self.workspace.join(&path))?;
        Ok(format!("fetched the artifact {name} to {path}"))
    }

    fn name_of_artifact(&self) -> String {
        Some(self.input("name")).filter(|name| !name.is_empty()).unwrap_or_else(|| "artifact".to_owned())
    }

    fn login(&self) -> Vec<(String, String)> {
        [("REGISTRY", "registry"), ("USERNAME", "username"), ("PASSWORD", "password")]
            .map(|(to, from)| (to.to_owned(), self.input(from)))
            .to_vec()
    }

    fn build(&self) -> Vec<(String, String)> {
        let push = self.release && self.input("push") == "true";
        [
            ("PLATFORMS", self.input("platforms")),
            ("TAG", self.input("tags")),
            ("DOCKERFILE", self.input("file")),
            ("CONTEXT", self.input("context")),
            ("METADATA", self.metadata.to_string_lossy().into_owned()),
            ("PUSH", push.to_string()),
        ]
        .map(|(name, value)| (name.to_owned(), value))
        .to_vec()
    }
}

/// The digest that docker tells, of an image that it pushed.
pub fn digest(metadata: &Path) -> Outputs {
    let told = fs::read(metadata).ok().and_then(|bytes| serde_json::from_slice::<serde_json::Value>(&bytes).ok());
    let digest = told.as_ref().and_then(|told| told.get("containerimage.digest")?.as_str());
    digest.map(|digest| ("digest".to_owned(), digest.to_owned())).into_iter().collect()
}
