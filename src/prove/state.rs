//! What is known of a run at one moment. Two states that are equal here cannot differ later, and are explored once.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::rc::Rc;

use super::expr::Value;

/// How a job or step ended, as GitHub says it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Ending {
    Success,
    Failure,
    Cancelled,
    Skipped,
}

impl Ending {
    pub fn text(self) -> &'static str {
        match self {
            Self::Success => "success",
            Self::Failure => "failure",
            Self::Cancelled => "cancelled",
            Self::Skipped => "skipped",
        }
    }

    pub fn is_bad(self) -> bool {
        matches!(self, Self::Failure | Self::Cancelled)
    }
}

/// The value of an output or variable.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Text {
    Known(String),
    /// Made by one step only: the number of a [`Term`].
    Made(u32),
    Any,
}

impl Text {
    pub fn known(text: &str) -> Self {
        Self::Known(text.to_owned())
    }

    pub fn is_empty(&self) -> bool {
        matches!(self, Self::Known(text) if text.is_empty())
    }

    pub fn is(&self, text: &str) -> bool {
        matches!(self, Self::Known(known) if known == text)
    }
}

impl Default for Text {
    fn default() -> Self {
        Self::Known(String::new())
    }
}

impl From<Value> for Text {
    fn from(value: Value) -> Self {
        match value {
            Value::Made(term) => Self::Made(term),
            other => other.as_text().map_or(Self::Any, Self::Known),
        }
    }
}

impl From<&Text> for Value {
    fn from(text: &Text) -> Self {
        match text {
            Text::Known(text) => Self::text(text.clone()),
            Text::Made(term) => Self::Made(*term),
            Text::Any => Self::Any,
        }
    }
}

/// A job and a step of it, by number.
pub type Place = (usize, usize);

/// What a step made of what it was given: two are the same only if all of it is.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Term {
    pub place: Place,
    pub output: &'static str,
    pub inputs: Vec<(&'static str, Text)>,
}

impl Term {
    pub fn input(&self, name: &str) -> Text {
        self.inputs.iter().find(|(known, _)| *known == name).map(|(_, text)| text.clone()).unwrap_or_default()
    }
}

/// All terms, numbered.
#[derive(Debug, Default)]
pub struct Terms {
    list: Vec<Term>,
    numbers: HashMap<Term, u32>,
}

impl Terms {
    pub fn number(&mut self, term: Term) -> u32 {
        let next = u32::try_from(self.list.len()).unwrap_or(u32::MAX);
        *self.numbers.entry(term).or_insert_with_key(|term| {
            self.list.push(term.clone());
            next
        })
    }

    pub fn get(&self, text: &Text) -> Option<&Term> {
        let Text::Made(number) = text else { return None };
        self.list.get(usize::try_from(*number).ok()?)
    }
}

/// A job that has ended, and what of the jobs above it matters below.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Ended {
    /// As `needs` shows it.
    pub result: Ending,
    /// In the order of the job's outputs.
    pub outputs: Vec<Text>,
    /// Its approval was refused.
    pub refused: bool,
    pub above: Above,
}

/// Of a job and of all above it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Above {
    /// All succeeded.
    pub clean: bool,
    /// One failed.
    pub failed: bool,
    /// One ended after the run was cancelled.
    pub late: bool,
    /// One was cancelled, but not the run: a time limit, a lost machine.
    pub killed: bool,
    /// One failed or was cancelled, whatever `continue-on-error` makes of it.
    pub bad: bool,
    /// One holds a gate that was lost.
    pub lost: bool,
    /// All are kept from the attempt before.
    pub kept: bool,
}

impl Above {
    pub const NOTHING: Self = Self { clean: true, failed: false, late: false, killed: false, bad: false, lost: false, kept: true };

    #[must_use]
    pub fn and(self, other: Self) -> Self {
        Self {
            clean: self.clean && other.clean,
            failed: self.failed || other.failed,
            late: self.late || other.late,
            killed: self.killed || other.killed,
            bad: self.bad || other.bad,
            lost: self.lost || other.lost,
            kept: self.kept && other.kept,
        }
    }
}

/// What a run has released to an environment.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Release {
    pub commit: Text,
    pub uri: Text,
    pub verified: bool,
    /// It was verified in an attempt before.
    pub settled: bool,
    /// The champion's alias names it.
    pub champion: bool,
}

/// What a gate decided.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Decision {
    pub approved: bool,
    pub run: Text,
    pub model: Text,
    pub champion: Text,
}

/// The bit of environments that nothing looks at any more.
pub const STUCK: u64 = 1 << 63;

/// A job's number, how it ended, and how it shows.
pub type Event = (usize, Ending, Ending);

/// Everything that later jobs and the properties can tell apart.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct State {
    pub fork: bool,
    /// Whether attempts were made before, where that is known.
    pub again: Option<bool>,
    /// Somebody cancels this run, before, in or after each job.
    pub cancel: bool,
    /// Jobs that have ended; also those that are certain to be skipped, before their turn.
    pub jobs: Vec<Option<Rc<Ended>>>,
    /// What is released to environments that a job of this attempt has looked at, or may yet look at.
    pub world: BTreeMap<String, Release>,
    /// Preflight has repaired the alias, also of environments that were not looked at yet.
    pub repaired: bool,
    pub decisions: BTreeMap<Place, Decision>,
    /// What the outcome job is to see of jobs that nothing else needs any more.
    pub seen: Option<Folded>,
    /// Environments whose deploy was not skipped, a bit each.
    pub reached: u64,
    /// Environments whose rollback ended badly; [`STUCK`] stands for all that nothing looks at any more.
    pub stuck: u64,
    /// What the outcome script said.
    pub told: Option<Line>,
    pub truth: Truth,
    /// The job that has just ended, where it is written down.
    pub event: Option<Event>,
}

impl State {
    /// A release is found wanting, whatever an earlier attempt found.
    pub fn unverify(&mut self, environment: &str) {
        if let Some(release) = self.world.get_mut(environment) {
            release.verified = false;
        }
    }
}

/// What happened, whoever knows of it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Truth {
    /// Something outside went wrong: a step failed by itself, a machine was lost, the run was cancelled …
    pub trouble: bool,
    pub failed: bool,
    pub cancelled: bool,
    pub lost: bool,
    pub approved: bool,
    /// Something was released, verified or taken back.
    pub touched: bool,
    /// A release was taken back.
    pub undone: bool,
    /// Manifests were published that differ.
    pub published: bool,
    /// They were verified.
    pub checked: bool,
    pub ran: bool,
    /// A job output was dropped, as it held a masked secret.
    pub dropped: bool,
    /// The run is red.
    pub red: bool,
    /// Anything may go wrong, and earlier attempts may have been made.
    pub any: bool,
}

impl Truth {
    #[must_use]
    pub fn and(self, other: Self) -> Self {
        Self {
            trouble: self.trouble || other.trouble,
            failed: self.failed || other.failed,
            cancelled: self.cancelled || other.cancelled,
            lost: self.lost || other.lost,
            approved: self.approved || other.approved,
            touched: self.touched || other.touched,
            undone: self.undone || other.undone,
            published: self.published || other.published,
            checked: self.checked || other.checked,
            ran: self.ran || other.ran,
            dropped: self.dropped || other.dropped,
            red: self.red || other.red,
            any: self.any || other.any,
        }
    }

    /// What of it can still matter in a disturbed run, once the outcome script can say nothing better than this.
    #[must_use]
    pub fn left(self, line: Option<Line>) -> Self {
        let worst = |limit: Line| line.is_some_and(|line| line <= limit);
        Self {
            ran: false,
            touched: false,
            published: false,
            checked: false,
            failed: self.failed && !worst(Line::Failed),
            cancelled: self.cancelled && !self.failed && !worst(Line::Cancelled),
            lost: self.lost && !worst(Line::Cancelled),
            approved: self.approved && !worst(Line::Cancelled),
            undone: self.undone && !worst(Line::RollbackFailed),
            ..self
        }
    }
}

/// Jobs as the outcome script sees them.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Folded {
    pub marks: BTreeSet<Mark>,
    pub above: Above,
}

/// What a run ends as; the first in this order wins.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Line {
    RollbackFailed,
    RolledBack,
    Failed,
    Rejected,
    Cancelled,
    KeptChampion,
    Promoted,
    Passed,
}

impl Line {
    pub fn is_green(self) -> bool {
        self >= Self::KeptChampion
    }

    pub fn text(self) -> &'static str {
        match self {
            Self::RollbackFailed => "rollback_failed",
            Self::RolledBack => "rolled_back",
            Self::Failed => "failed",
            Self::Rejected => "rejected",
            Self::Cancelled => "cancelled",
            Self::KeptChampion => "kept_champion",
            Self::Promoted => "promoted",
            Self::Passed => "passed",
        }
    }
}

/// What the outcome script makes of one job, before it looks at all of them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Mark {
    Line(Line),
    /// A gate ended well, and what it decided did not arrive.
    Silent,
    /// A gate was skipped.
    Undecided,
    /// A deploy was skipped.
    Unbegun,
}

impl Mark {
    /// Those that can still matter, whatever comes to them: the same set for all that amount to the same.
    pub fn left(marks: &BTreeSet<Self>) -> BTreeSet<Self> {
        let Some(line) = Self::worst(marks) else { return Self::open(marks, Line::Passed).into_iter().collect() };
        let kept = Self::Line(Line::KeptChampion);
        if line <= Line::Failed {
            BTreeSet::from([Self::Line(line)])
        } else if marks.contains(&kept) {
            BTreeSet::from([Self::Line(line), kept])
        } else {
            Self::open(marks, line).into_iter().chain([Self::Line(line)]).collect()
        }
    }

    /// What lacks, where that is worse than a line.
    fn open(marks: &BTreeSet<Self>, line: Line) -> Option<Self> {
        if marks.contains(&Self::Silent) {
            return Some(Self::Silent);
        }
        let lacks = marks.contains(&Self::Undecided) || marks.contains(&Self::Unbegun);
        (lacks && line > Line::Cancelled).then_some(Self::Undecided)
    }

    /// The first line of all.
    pub fn worst(marks: &BTreeSet<Self>) -> Option<Line> {
        marks.iter().filter_map(|mark| if let Self::Line(line) = mark { Some(*line) } else { None }).min()
    }

    /// What all of them amount to.
    pub fn line(marks: &BTreeSet<Self>) -> Line {
        let line = Self::worst(marks).unwrap_or(Line::Passed);
        if marks.contains(&Self::Line(Line::KeptChampion)) {
            return line;
        }
        match Self::open(marks, line) {
            Some(Self::Silent) => line.min(Line::Failed),
            Some(_) => Line::Cancelled,
            None => line,
        }
    }
}
