//! What the outcome script makes of jobs, as its contract says.

use super::program::{Program, Trio};
use super::state::{Ended, Ending, Line, Mark, State, Text};

/// What it makes of some jobs that have ended.
pub fn marks(program: &Program<'_>, state: &State, jobs: &[usize]) -> Vec<Mark> {
    let Some(report) = &program.report else { return Vec::new() };
    let Some(unit) = program.jobs.get(report.job) else { return Vec::new() };
    let ended = |job: &usize| Some((*job, state.jobs.get(*job)?.as_deref()?));
    let view = View {
        program,
        again: state.again == Some(true),
        jobs: jobs.iter().filter(|job| unit.needs.contains(job)).filter_map(ended).collect(),
    };
    let bad = view.jobs.iter().filter(|(job, _)| !report.releases.iter().any(|trio| trio.has(*job)));
    let bad = bad.filter_map(|(_, ended)| match ended.result {
        Ending::Failure => Some(Mark::Line(Line::Failed)),
        Ending::Cancelled => Some(Mark::Line(Line::Cancelled)),
        _ => None,
    });
    let gates = report.gates.iter().filter_map(|gate| view.gate(*gate));
    bad.chain(gates).chain(report.releases.iter().flat_map(|trio| view.release(trio))).collect()
}

/// The jobs that it looks at together.
struct View<'a, 'w> {
    program: &'a Program<'w>,
    again: bool,
    jobs: Vec<(usize, &'a Ended)>,
}

impl View<'_, '_> {
    fn of(&self, job: usize) -> Option<&Ended> {
        self.jobs.iter().find(|(known, _)| *known == job).map(|(_, ended)| *ended)
    }

    fn result(&self, job: Option<usize>) -> Ending {
        job.and_then(|job| self.of(job)).map_or(Ending::Skipped, |ended| ended.result)
    }

    fn gate(&self, gate: usize) -> Option<Mark> {
        let ended = self.of(gate)?;
        let approved = self.says(gate, ended, "approved");
        match ended.result {
            _ if approved.is("false") => Some(Mark::Line(Line::KeptChampion)),
            _ if approved.is("true") => None,
            Ending::Success => Some(Mark::Silent),
            Ending::Skipped => Some(Mark::Undecided),
            _ => None,
        }
    }

    fn release(&self, trio: &Trio) -> Vec<Mark> {
        let Some(deploy) = self.of(trio.deploy) else { return Vec::new() };
        let back = self.taken_back(trio, deploy.result == Ending::Skipped).map(Mark::Line);
        if deploy.result == Ending::Skipped {
            return std::iter::once(Mark::Unbegun).chain(back).collect();
        }
        let verified = self.result(trio.verify);
        if deploy.result == Ending::Success && (trio.verify.is_none() || verified == Ending::Success) {
            return vec![Mark::Line(Line::Promoted)];
        }
        let broken = match deploy.result {
            Ending::Success if verified == Ending::Cancelled => Line::Cancelled,
            Ending::Failure if deploy.refused => Line::Rejected,
            Ending::Cancelled => Line::Cancelled,
            _ => Line::Failed,
        };
        std::iter::once(Mark::Line(broken)).chain(back).collect()
    }

    /// Where the deploy was skipped, it was an earlier attempt's release; in a first attempt the rollback waited, if the run was cancelled.
    fn taken_back(&self, trio: &Trio, skipped: bool) -> Option<Line> {
        let says = |output: &str, value: &str| {
            let said = trio.rollback.and_then(|job| Some(self.says(job, self.of(job)?, output)));
            said.is_some_and(|said| said.is(value))
        };
        match self.result(trio.rollback) {
            _ if skipped && !self.again => None,
            Ending::Success if says("result", "restored") && (!skipped || says("changed", "true")) => Some(Line::RolledBack),
            Ending::Failure | Ending::Cancelled => Some(Line::RollbackFailed),
            _ => None,
        }
    }

    /// An output of a job, empty if it has none of this name.
    fn says(&self, job: usize, ended: &Ended, name: &str) -> Text {
        let outputs = self.program.jobs.get(job).map_or(&[][..], |unit| &unit.outputs);
        outputs.iter().zip(&ended.outputs).find(|((key, _), _)| key == name).map(|(_, text)| text.clone()).unwrap_or_default()
    }
}
