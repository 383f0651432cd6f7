//! The runtime contract as this proof takes it: when a script can succeed, what it says then, and what it changes.

use super::effect::Kind;
use super::expr::Value;
use super::judge;
use super::program::Act;
use super::state::{Decision, Ending, Line, Mark, Release, Term, Text};
use super::walk::{Done, Mode, Path, Status, Story, Walk};

/// A step that is over, and what is worth telling of it.
type End = (Path, Option<String>);

impl<'w> Walk<'_, 'w> {
    /// Why a step cannot succeed, whatever the services answer.
    pub fn forced(&self, act: &Act<'w>, path: &Path) -> Result<Option<String>, String> {
        for name in act.effect.required() {
            if *name != "NEEDS" && self.variable(act, name, path)?.is_empty() {
                return Ok(Some(format!("{name} is empty")));
            }
        }
        Ok(match act.effect.kind {
            Kind::Prepare | Kind::Gate if self.lacks_snapshot(act, path)? => Some("it is told of no snapshot".to_owned()),
            Kind::Finish if path.candidates != 1 => Some(format!("the training has {} candidates", path.candidates)),
            Kind::Verify => self.unverifiable(act, path)?,
            Kind::Outcome => self.speechless(act, path)?,
            Kind::Rollback if self.mode == Mode::Kept => Some("it is never kept".to_owned()),
            _ => None,
        })
    }

    fn lacks_snapshot(&self, act: &Act<'w>, path: &Path) -> Result<bool, String> {
        if act.effect.text("snapshot").is_empty() {
            return Ok(false);
        }
        let (uri, sha) = (self.variable(act, "SNAPSHOT_URI", path)?, self.variable(act, "SNAPSHOT_SHA256", path)?);
        let is = |text: &Text, output: &str| self.run.term(text).is_some_and(|term| term.output == output);
        let fetched = self.unit.has(Kind::Download) || is(&uri, "snapshot_uri");
        Ok(!fetched || !is(&sha, "snapshot_sha256"))
    }

    /// Verification succeeds only for the release that git has.
    fn unverifiable(&self, act: &Act<'w>, path: &Path) -> Result<Option<String>, String> {
        let (commit, uri) = (self.variable(act, "RELEASE_COMMIT", path)?, self.variable(act, "STORAGE_URI", path)?);
        let Some(release) = path.state.world.get(act.effect.text("environment")) else {
            return Ok((!self.is_published(&commit)).then(|| "this run has no such release in place".to_owned()));
        };
        let other = commit != release.commit || !(uri.is_empty() || uri == release.uri);
        let kept = self.mode == Mode::Kept && !release.verified;
        Ok((other || kept).then(|| "it is told of another release".to_owned()))
    }

    /// Whether a commit is what publishing the manifests gave.
    fn is_published(&self, commit: &Text) -> bool {
        self.run.term(commit).is_some_and(|term| {
            let (job, step) = term.place;
            let act = self.run.program.jobs.get(job).and_then(|unit| unit.acts.get(step));
            act.is_some_and(|act| act.effect.kind == Kind::Publish) && term.output == "commit"
        })
    }

    fn speechless(&self, act: &Act<'w>, path: &Path) -> Result<Option<String>, String> {
        let needs = act.variable("NEEDS").map(|template| template.evaluate(&self.inside(path))).transpose()?;
        let told = needs == Some(Value::Needs) && self.run.program.report.as_ref().is_some_and(|report| !report.absent);
        Ok((!told).then(|| "it is not told of every job of its configuration".to_owned()))
    }

    /// Every way in which a step succeeds.
    pub fn succeed(&self, number: usize, act: &Act<'w>, path: &Path, story: &Story) -> Result<Vec<End>, String> {
        let ends = self.done(number, act, path, story)?;
        let succeed = |(mut path, note): End| {
            let red = act.effect.kind == Kind::Outcome && path.state.told.is_some_and(|line| !line.is_green());
            if red {
                self.end_red(act, &mut path);
            }
            (path, note)
        };
        Ok(ends.into_iter().map(succeed).collect())
    }

    /// The outcome script fails exactly when the run did.
    fn end_red(&self, act: &Act<'w>, path: &mut Path) {
        path.failed = true;
        if let Some(last) = path.steps.last_mut() {
            last.outcome = Ending::Failure;
        }
        if !act.continues() {
            path.status = Status::Failed;
            if let Some(last) = path.steps.last_mut() {
                last.conclusion = Ending::Failure;
            }
        }
    }

    /// What a step leaves behind that did its work and then failed.
    pub fn half(&self, number: usize, act: &Act<'w>, path: &Path, story: &Story) -> Result<Vec<Path>, String> {
        let undo = |(mut end, _): End| {
            match act.effect.kind {
                // What counts is that it ended well.
                Kind::Gate => {
                    end.state.decisions.clone_from(&path.state.decisions);
                    end.state.truth = path.state.truth;
                }
                Kind::Verify => {
                    for (environment, release) in &mut end.state.world {
                        release.verified = path.state.world.get(environment).is_some_and(|before| before.verified);
                    }
                }
                Kind::Outcome => end.state.told.clone_from(&path.state.told),
                _ => {}
            }
            end.candidates = path.candidates;
            end
        };
        Ok(self.done(number, act, path, story)?.into_iter().map(undo).collect())
    }

    fn done(&self, number: usize, act: &Act<'w>, path: &Path, story: &Story) -> Result<Vec<End>, String> {
        let mut end = path.clone();
        let outputs = self.outputs(number, act, path)?;
        end.steps.push(Done { outcome: Ending::Success, conclusion: Ending::Success, outputs });
        match act.effect.kind {
            Kind::Prepare => Ok(vec![(told(&end, "reuse", "false"), None), reused(&end)]),
            Kind::Foreign if act.variable("MLFLOW_RUN_CONTEXT").is_some() => {
                end.candidates = end.candidates.saturating_add(1);
                Ok(vec![(end, None)])
            }
            Kind::Gate => self.decide((self.job, number), act, &end),
            Kind::Preflight if self.mode != Mode::Kept => Ok(vec![(repaired(end), None)]),
            Kind::Deploy => self.deploy(act, end, path, story),
            Kind::Verify => self.verify(act, end, path),
            Kind::Rollback => self.roll_back(act, &end, story),
            Kind::Export => self.export(act, end, path, story),
            Kind::Outcome => Ok(vec![self.report(end)]),
            Kind::Publish => Ok(published(&end)),
            _ => Ok(vec![(end, None)]),
        }
    }

    /// Outputs as a step makes them of what it is given.
    fn outputs(&self, number: usize, act: &Act<'w>, path: &Path) -> Result<Vec<(&'static str, Text)>, String> {
        let mut inputs = Vec::new();
        for name in act.effect.inputs() {
            inputs.push((*name, self.variable(act, name, path)?));
        }
        let passes = matches!(act.effect.kind, Kind::Gate | Kind::Export);
        let value = |output: &'static str| {
            let given = match output {
                "model_id" if passes => inputs.iter().find(|(name, _)| *name == "MODEL_ID"),
                "run_id" if passes => inputs.iter().find(|(name, _)| *name == "RUN_ID"),
                _ => None,
            };
            let term = || Term { place: (self.job, number), output, inputs: inputs.clone() };
            given.map_or_else(|| self.run.made(term()), |(_, text)| text.clone())
        };
        Ok(act.effect.outputs().iter().map(|output| (*output, value(output))).collect())
    }

    /// Approved or not, with a champion or without.
    fn decide(&self, place: (usize, usize), act: &Act<'w>, end: &Path) -> Result<Vec<End>, String> {
        let (run, model) = (self.variable(act, "RUN_ID", end)?, self.variable(act, "MODEL_ID", end)?);
        let champions: &[bool] = if act.effect.config.get("champion").is_some() { &[true, false] } else { &[false] };
        let mut ends = Vec::new();
        for approved in [true, false] {
            for has in champions {
                let mut path = told(end, "approved", if approved { "true" } else { "false" });
                if !has {
                    path = told(&path, "champion_version", "");
                }
                let champion = output(&path, "champion_version");
                let decision = Decision { approved, run: run.clone(), model: model.clone(), champion };
                path.state.decisions.insert(place, decision);
                path.state.truth.lost |= !approved;
                path.state.truth.approved |= approved;
                let verb = if approved { "approves" } else { "rejects" };
                ends.push((path, Some(format!("`{}` {verb} the candidate", act.step.name))));
            }
        }
        Ok(ends)
    }

    fn export(&self, act: &Act<'w>, end: Path, path: &Path, story: &Story) -> Result<Vec<End>, String> {
        for (property, why) in judge::export(self, act, path)? {
            self.found(property, act.step.line, why, story);
        }
        Ok(vec![(end, None)])
    }

    fn deploy(&self, act: &Act<'w>, mut end: Path, path: &Path, story: &Story) -> Result<Vec<End>, String> {
        let uri = self.variable(act, "STORAGE_URI", path)?;
        for (property, why) in judge::deploy(self, act, path)? {
            self.found(property, act.step.line, why, story);
        }
        let environment = act.effect.text("environment").to_owned();
        if self.mode != Mode::Kept {
            let release = Release { commit: output(&end, "commit"), uri, verified: false, settled: false, champion: false };
            let before = end.state.world.get(&environment).filter(|before| before.commit == release.commit).cloned();
            end.state.world.insert(environment, before.unwrap_or(release));
            end.state.truth.touched = true;
        }
        Ok(["true", "false"].map(|changed| (told(&end, "changed", changed), None)).into())
    }

    fn verify(&self, act: &Act<'w>, mut end: Path, path: &Path) -> Result<Vec<End>, String> {
        let promotes = !self.variable(act, "STORAGE_URI", path)?.is_empty() && !act.effect.text("alias").is_empty();
        if let Some(release) = end.state.world.get_mut(act.effect.text("environment")) {
            release.verified = true;
            release.champion |= promotes;
        } else {
            end.state.truth.checked = true;
        }
        Ok(vec![(told(&end, "verified", "true"), None)])
    }

    /// Taken back, if there is anything to take back that no attempt has verified.
    fn roll_back(&self, act: &Act<'w>, end: &Path, story: &Story) -> Result<Vec<End>, String> {
        let environment = act.effect.text("environment");
        let Some(release) = end.state.world.get(environment) else { return Ok(vec![(left(end, "nothing"), None)]) };
        let tagged = end.state.again != Some(false) && (release.verified || release.settled);
        let stays = tagged && !self.variable(act, "VERIFY_RESULT", end)?.is("failure");
        let kept = stays.then(|| (left(end, "verified"), Some(format!("the release to {environment} stays, as it was verified before"))));
        if stays && release.settled {
            return Ok(kept.into_iter().collect());
        }
        if release.settled && !self.verification_failed(environment) {
            self.found("rolled-back", act.step.line, format!("a release to {environment} that was verified is taken back"), story);
        }
        let mut after = end.clone();
        after.state.world.remove(environment);
        after.state.truth.touched = true;
        after.state.truth.undone = true;
        // `removed`, of a first release, is told and acted on alike.
        let after = told(&told(&after, "result", "restored"), "changed", "true");
        Ok(kept.into_iter().chain([(after, Some(format!("the release to {environment} is taken back")))]).collect())
    }

    fn verification_failed(&self, environment: &str) -> bool {
        let mut checks = self.run.program.steps(Kind::Verify).filter(|(_, _, act)| act.effect.text("environment") == environment);
        let result = |job: usize| self.jobs.get(job).and_then(Option::as_ref).map(|ended| ended.result);
        checks.any(|(job, _, _)| result(job) == Some(Ending::Failure))
    }

    /// What the outcome script makes of all jobs.
    fn report(&self, mut end: Path) -> End {
        let line = end.state.seen.as_ref().map_or(Line::Passed, |seen| Mark::line(&seen.marks));
        end.state.told = Some(line);
        let note = format!("it says `{}`", line.text());
        (told(&end, "outcome", line.text()), Some(note))
    }
}

/// A rollback that leaves everything as it is.
fn left(end: &Path, result: &str) -> Path {
    told(&told(end, "result", result), "changed", "false")
}

/// The path with another value for an output of the last step.
fn told(path: &Path, name: &str, value: &str) -> Path {
    let mut path = path.clone();
    let outputs = path.steps.last_mut().map(|done| &mut done.outputs);
    for (_, text) in outputs.into_iter().flatten().filter(|(known, _)| *known == name) {
        *text = Text::known(value);
    }
    path
}

/// An output of the last step.
fn output(path: &Path, name: &str) -> Text {
    let found = path.steps.last().and_then(|done| done.outputs.iter().find(|(known, _)| *known == name));
    found.map(|(_, text)| text.clone()).unwrap_or_default()
}

/// Manifests that differ make a commit, others do not.
fn published(end: &Path) -> Vec<End> {
    let mut new = told(end, "changed", "true");
    new.state.truth.published = true;
    let old = told(&told(end, "changed", "false"), "commit", "");
    vec![(new, None), (old, Some("nothing is new".to_owned()))]
}

fn reused(end: &Path) -> (Path, Option<String>) {
    let mut path = told(end, "reuse", "true");
    path.candidates = 1;
    (path, Some("a candidate of an earlier attempt is kept".to_owned()))
}

/// Preflight lets the champion's alias name what is deployed, if that was verified.
fn repaired(mut end: Path) -> Path {
    end.state.world.values_mut().for_each(repair);
    end.state.repaired = true;
    end
}

pub fn repair(release: &mut Release) {
    release.champion |= release.verified;
}
