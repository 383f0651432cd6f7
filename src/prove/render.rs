//! A proof for people and programs.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use serde_json::{Value, json};

use super::{End, Proof, Scene, Verdict};

/// For people: one line a property, and the story of each that does not hold.
pub fn text(proof: &Proof) -> String {
    let mut out = format!("{}\n", proof.path);
    for Verdict { property, sentence, counter } in &proof.verdicts {
        let Some(counter) = counter else {
            let _ = writeln!(out, "  holds   {property}: {sentence}");
            continue;
        };
        let _ = writeln!(out, "  BROKEN  {property}: {sentence}\n          {}:{}: {}", proof.path, counter.line, counter.why);
        for scene in &counter.story {
            let _ = writeln!(out, "            {}", line(scene));
        }
    }
    for (at, what) in &proof.unproven {
        let _ = writeln!(out, "  UNPROVEN {}:{at}: {what}", proof.path);
    }
    let _ = writeln!(out, "  {} states; at most {} minutes", proof.states, proof.minutes);
    out
}

/// A scene on one line.
pub fn line(scene: &Scene) -> String {
    let result = scene.result.unwrap_or("is running");
    if scene.text.is_empty() { format!("{}: {result}", scene.job) } else { format!("{}: {result} ({})", scene.job, scene.text) }
}

/// For programs.
pub fn json(proofs: &[Proof]) -> String {
    format!("{:#}\n", Value::Array(proofs.iter().map(object).collect()))
}

fn object(proof: &Proof) -> Value {
    let scene = |scene: &Scene| json!({ "job": scene.job, "result": scene.result, "text": scene.text });
    let story = |scenes: &[Scene]| scenes.iter().map(scene).collect::<Vec<_>>();
    let verdict = |verdict: &Verdict| {
        let counter = verdict.counter.as_ref();
        let counter = counter.map(|counter| json!({ "line": counter.line, "why": counter.why, "story": story(&counter.story) }));
        json!({ "property": verdict.property, "sentence": verdict.sentence, "holds": counter.is_none(), "counter_example": counter })
    };
    let released =
        |end: &End| end.released.iter().map(|(name, verified)| json!({ "environment": name, "verified": verified })).collect::<Vec<_>>();
    let end = |end: &End| json!({ "outcome": end.told, "red": end.red, "released": released(end), "story": story(&end.story) });
    let unproven = |(line, what): &(u64, String)| json!({ "line": line, "what": what });
    json!({
        "path": proof.path,
        "proved": proof.holds(),
        "properties": proof.verdicts.iter().map(verdict).collect::<Vec<_>>(),
        "unproven": proof.unproven.iter().map(unproven).collect::<Vec<_>>(),
        "endings": proof.endings.iter().map(end).collect::<Vec<_>>(),
        "states": proof.states,
        "minutes": proof.minutes,
    })
}

/// A row of the table: outcome, colour, and what is in place.
fn row(end: &End) -> (&'static str, &'static str, String) {
    let place = |(name, verified): &(String, bool)| format!("{name} {}", if *verified { "verified" } else { "unverified" });
    let released: Vec<String> = end.released.iter().map(place).collect();
    let released = if released.is_empty() { "nothing".to_owned() } else { released.join(", ") };
    (end.told.unwrap_or("not reported"), if end.red { "red" } else { "green" }, released)
}

/// What happens out of the ordinary in a story.
fn cause(story: &[Scene]) -> String {
    let told: Vec<String> =
        story.iter().filter(|scene| !scene.text.is_empty()).map(|scene| format!("{}: {}", scene.job, scene.text)).collect();
    if told.is_empty() { "nothing out of the ordinary".to_owned() } else { told.join("; ") }
}

/// The ways in which a run can end, for Markdown.
pub fn table(proof: &Proof) -> String {
    let mut out = "| outcome | run | of this run in place | for example |\n|---|---|---|---|\n".to_owned();
    let mut seen = BTreeSet::new();
    for end in &proof.endings {
        let (told, colour, released) = row(end);
        if seen.insert((told, colour, released.clone())) {
            let _ = writeln!(out, "| {told} | {colour} | {released} | {} |", cause(&end.story).replace('|', "\\|"));
        }
    }
    out
}

/// From what the outcome job says to what is in place, for Markdown.
pub fn mermaid(proof: &Proof) -> String {
    let rows: BTreeSet<(&str, &str, String)> = proof.endings.iter().map(row).collect();
    let mut out = "flowchart LR\n".to_owned();
    let told: BTreeSet<(&str, &str)> = rows.iter().map(|(told, colour, _)| (*told, *colour)).collect();
    let places: Vec<&String> = rows.iter().map(|(_, _, place)| place).collect::<BTreeSet<_>>().into_iter().collect();
    for (number, place) in places.iter().enumerate() {
        let _ = writeln!(out, "  p{number}[(\"{place}\")]");
    }
    for (number, (name, colour)) in told.iter().enumerate() {
        let _ = writeln!(out, "  run --> o{number}([\"{name}, {colour}\"])");
        for (_, _, place) in rows.iter().filter(|(other, tint, _)| (other, tint) == (name, colour)) {
            let at = places.iter().position(|known| *known == place).unwrap_or_default();
            let _ = writeln!(out, "  o{number} --> p{at}");
        }
    }
    out
}
