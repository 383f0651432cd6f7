//! Processes in groups of their own, with a time limit, that end together.

use std::io;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread::{JoinHandle, sleep, spawn};
use std::time::{Duration, Instant};

use super::log::Log;

/// How often a process is looked at.
const LOOK: Duration = Duration::from_millis(20);
/// How long the rest of the output of a process that has ended is waited for; what it left in the background may still write.
const REST: Duration = Duration::from_secs(5);
/// What GitHub gives a process to end by itself, after the first signal and after the second.
/// <https://docs.github.com/en/actions/reference/workflows-and-actions/workflow-cancellation>
const PATIENCE: [Duration; 2] = [Duration::from_millis(7500), Duration::from_millis(2500)];

/// How often the user has asked for an end.
#[derive(Clone, Debug, Default)]
pub struct Stops(Arc<AtomicUsize>);

impl Stops {
    /// Counts Ctrl-C, and what else asks a program to end.
    pub fn listen() -> Self {
        let stops = Self::default();
        let heard = stops.clone();
        // Without a handler, Ctrl-C ends mlp at once, which is no reason not to run.
        drop(ctrlc::set_handler(move || heard.ask()));
        stops
    }

    fn ask(&self) {
        self.0.fetch_add(1, Ordering::SeqCst);
    }

    /// How often so far.
    pub fn count(&self) -> usize {
        self.0.load(Ordering::SeqCst)
    }
}

/// How long a process may go on.
#[derive(Clone, Debug)]
pub struct Limits {
    /// The step's own end; the step fails.
    pub step: Option<Instant>,
    /// The job's end; the job is cancelled.
    pub job: Instant,
    /// The user's wish.
    pub stops: Stops,
    /// More wishes than this are meant for this job.
    pub deaf_to: usize,
}

/// How a process ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Exit {
    /// By itself.
    Code(i32),
    /// By a signal that was not ours.
    Signal,
    /// At the step's time limit.
    StepLimit,
    /// At the job's time limit.
    JobLimit,
    /// By the user's wish.
    Stopped,
}

impl Limits {
    /// Why it is to end now, if so.
    pub fn reached(&self) -> Option<Exit> {
        let now = Instant::now();
        if self.stops.count() > self.deaf_to {
            Some(Exit::Stopped)
        } else if now >= self.job {
            Some(Exit::JobLimit)
        } else {
            self.step.is_some_and(|step| now >= step).then_some(Exit::StepLimit)
        }
    }

    /// Whether there is no time for manners.
    fn at_once(&self) -> bool {
        self.stops.count() > self.deaf_to.max(1)
    }
}

/// A process that leads a group.
#[derive(Debug)]
pub struct Group(u32);

impl Group {
    /// Ends what is left of it.
    pub fn clear(&self) {
        self.signal(Signal::Kill);
    }

    #[cfg(unix)]
    fn signal(&self, signal: Signal) {
        use rustix::process::{Pid, Signal as Posix, kill_process_group};
        let signal = match signal {
            Signal::Interrupt => Posix::INT,
            Signal::Terminate => Posix::TERM,
            Signal::Kill => Posix::KILL,
        };
        if let Some(pid) = i32::try_from(self.0).ok().and_then(Pid::from_raw) {
            // It may have ended by itself.
            let _ = kill_process_group(pid, signal);
        }
    }

    /// Without groups, what a process has started stays.
    #[cfg(not(unix))]
    fn signal(&self, _: Signal) {}
}

#[derive(Clone, Copy, Debug)]
enum Signal {
    Interrupt,
    Terminate,
    Kill,
}

/// Runs a command to its end, all it says going to the log.
pub fn run(mut command: Command, log: &Log, limits: &Limits) -> io::Result<(Exit, Group)> {
    let (reader, writer) = io::pipe()?;
    command.stdin(Stdio::null()).stdout(writer.try_clone()?).stderr(writer);
    #[cfg(unix)]
    std::os::unix::process::CommandExt::process_group(&mut command, 0);
    let mut child = command.spawn()?;
    // The command holds the writing end, and the reader waits until nobody does.
    drop(command);
    let follower = log.clone();
    let output = spawn(move || follower.follow(reader));
    let group = Group(child.id());
    let exit = supervise(&mut child, &group, limits)?;
    rest(&output);
    Ok((exit, group))
}

fn supervise(child: &mut Child, group: &Group, limits: &Limits) -> io::Result<Exit> {
    loop {
        if let Some(status) = child.try_wait()? {
            return Ok(status.code().map_or(Exit::Signal, Exit::Code));
        }
        if let Some(reason) = limits.reached() {
            end(child, group, limits)?;
            return Ok(reason);
        }
        sleep(LOOK);
    }
}

/// Asks twice, then ends it.
fn end(child: &mut Child, group: &Group, limits: &Limits) -> io::Result<()> {
    for (signal, patience) in [Signal::Interrupt, Signal::Terminate].into_iter().zip(PATIENCE) {
        group.signal(signal);
        let until = Instant::now() + patience;
        while Instant::now() < until && !limits.at_once() {
            if child.try_wait()?.is_some() {
                group.clear();
                return Ok(());
            }
            sleep(LOOK);
        }
    }
    group.clear();
    drop(child.kill());
    child.wait().map(drop)
}

fn rest(output: &JoinHandle<()>) {
    let until = Instant::now() + REST;
    while !output.is_finished() && Instant::now() < until {
        sleep(LOOK);
    }
}

#[cfg(unix)]
#[cfg(test)]
mod tests {
    use super::*;

    fn limits(step: u64, job: u64) -> Limits {
        let now = Instant::now();
        let at = |ms| now + Duration::from_millis(ms);
        Limits { step: Some(at(step)), job: at(job), stops: Stops::default(), deaf_to: 0 }
    }

    fn bash(text: &str, limits: &Limits) -> (Exit, Group, Vec<String>) {
        let folder = tempfile::tempdir().unwrap();
        let log = Log::create(&folder.path().join("log"), &Arc::new(vec!["hush".to_owned()])).unwrap();
        let mut command = Command::new("bash");
        command.args(["-c", text]);
        let (exit, group) = run(command, &log, limits).unwrap();
        (exit, group, log.tail())
    }

    #[test]
    fn codes_and_output() {
        let (exit, _, tail) = bash("echo out; echo hush >&2; exit 3", &limits(60_000, 60_000));
        assert_eq!((exit, tail), (Exit::Code(3), vec!["out".to_owned(), "***".to_owned()]));
        assert_eq!(bash("kill -9 $$", &limits(60_000, 60_000)).0, Exit::Signal);
    }

    #[test]
    fn a_limit_ends_the_whole_group() {
        let begun = Instant::now();
        let (exit, _, tail) = bash("sleep 60 & echo $!; wait", &limits(300, 60_000));
        assert_eq!(exit, Exit::StepLimit);
        assert!(begun.elapsed() < Duration::from_secs(20));
        let alive = Command::new("kill").args(["-0", &tail[0]]).stderr(Stdio::null()).status().unwrap().success();
        let state = std::fs::read_to_string(format!("/proc/{}/stat", tail[0])).unwrap_or_default();
        assert!(!alive || state.contains(") Z "), "{state}");
        assert_eq!(bash("sleep 60", &limits(60_000, 300)).0, Exit::JobLimit);
    }

    #[test]
    fn one_that_does_not_listen_is_ended_too() {
        let limits = limits(60_000, 60_000);
        let stops = limits.stops.clone();
        let asking = spawn(move || {
            (0..2).for_each(|_| {
                sleep(Duration::from_millis(300));
                stops.ask();
            });
        });
        let begun = Instant::now();
        assert_eq!(bash("trap '' INT TERM; while true; do sleep 1; done", &limits).0, Exit::Stopped);
        assert!(begun.elapsed() < Duration::from_secs(6), "the second wish is not waited on");
        asking.join().unwrap();
    }

    #[test]
    fn what_is_left_in_the_background_is_not_waited_for() {
        let begun = Instant::now();
        let (exit, group, _) = bash("sleep 60 & exit 0", &limits(60_000, 60_000));
        assert_eq!(exit, Exit::Code(0));
        assert!(begun.elapsed() < Duration::from_secs(20));
        group.clear();
    }
}
