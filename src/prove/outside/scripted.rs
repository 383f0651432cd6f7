//! Steps whose scripts say all that they do.

use serde_json::json;

use super::super::effect::{Effect, Kind};
use super::super::program::{Act, Program};
use super::super::state::{Ending, Text};
use super::super::walk::{Done, Path, Status, Walk};

/// Reads every step as one that runs `true`, `exit 1`, or `echo said=TEXT >> "$GITHUB_OUTPUT"`.
pub fn scripted(program: &mut Program<'_>) {
    for act in program.jobs.iter_mut().flat_map(|unit| &mut unit.acts) {
        let said = match act.step.run.as_deref().expect("a script") {
            "true" => json!(null),
            "exit 1" => json!(false),
            other => {
                json!(other.strip_prefix("echo said=").and_then(|rest| rest.strip_suffix(" >> \"$GITHUB_OUTPUT\"")).expect("an output"))
            }
        };
        act.effect = Effect { kind: Kind::Scripted, config: said };
    }
}

impl<'w> Walk<'_, 'w> {
    /// The one way in which such a step goes.
    pub fn follow(&self, act: &Act<'w>, mut path: Path) -> Path {
        let fails = act.effect.config == false;
        let continues = act.continues();
        let outputs = act.effect.config.as_str().map(|said| ("said", Text::known(said))).into_iter().collect();
        let outcome = if fails { Ending::Failure } else { Ending::Success };
        path.steps.push(Done { outcome, conclusion: if continues { Ending::Success } else { outcome }, outputs });
        path.failed |= fails;
        if fails && !continues {
            path.status = Status::Failed;
        }
        path
    }
}
