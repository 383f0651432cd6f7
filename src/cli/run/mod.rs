//! Running a plan on this machine: workspaces, processes, progress.

mod actions;
mod board;
mod drive;
mod dry;
mod identity;
mod job;
mod log;
mod process;
mod report;
mod variables;
mod workspace;

pub use board::Board;
pub use drive::drive;
pub use dry::dry;
pub use identity::Identity;
pub use job::Shared;
pub use process::Stops;
pub use report::Report;
pub use variables::Variables;
pub use workspace::{Place, Source};

/// Seconds as people say them: `4.2s`, `1m12s`, `2h05m`.
pub fn time(seconds: f64) -> String {
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a time that has passed")]
    let whole = seconds as u64;
    match whole {
        0..60 => format!("{seconds:.1}s"),
        60..3600 => format!("{}m{:02}s", whole / 60, whole % 60),
        _ => format!("{}h{:02}m", whole / 3600, whole % 3600 / 60),
    }
}
