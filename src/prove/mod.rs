//! Proves what an emitted workflow cannot do, by running it in every way in which GitHub could.

mod contract;
mod effect;
mod expr;
mod judge;
mod program;
mod read;
mod run;
mod state;
mod walk;
mod ways;
mod yaml;

/// Scratch.
pub fn scratch(text: &str) {
    let workflow = read::read(text).unwrap();
    let program = match program::Program::new(&workflow, true) { Ok(p) => p, Err(program::Refusal::Invalid(at) | program::Refusal::Unclear(at)) => { println!("{at:?}"); return; } };
    let run = run::Run::new(&program);
    let start = std::time::Instant::now();
    println!("{:?} {:?}", run.explore(), start.elapsed());
    println!("states {} strange {:?}", run.states.get(), workflow.strange);
    for (shape, story) in run.shapes.borrow().iter() { println!("{shape:?} {}", story.cost); }
    for (name, found) in run.into_found() {
        println!("== {name} line {} {} cost {}", found.line, found.why, found.story.cost);
        let mut chapters = vec![];
        let mut at = found.story.before.clone();
        while let Some(c) = at { chapters.push(format!("   {} {} {}", program.jobs[c.job].job.id, c.result.text(), c.text)); at = c.before.clone(); }
        for c in chapters.iter().rev() { println!("{c}"); }
        println!("   now {:?} {:?}", found.job.map(|j| &program.jobs[j].job.id), found.story.notes);
    }
}
