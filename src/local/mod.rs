//! A run of a plan without GitHub, as data: which jobs start, what their steps see, what their files say. Starting processes is `cli`'s.

mod commands;
mod schedule;
mod values;
mod wants;
mod words;

pub use commands::{assignments, lines};
pub use schedule::{Done, Ending, Schedule, ancestors};
pub use values::{Facts, JobFacts, Outputs, masked, needs};
pub use wants::{Machine, Want, obstacles, programs, releases, wants};
pub use words::condition;
