//! Generated workflows, run by act and by this interpreter.

use std::collections::BTreeMap;
use std::fmt::Write;

use proptest::prelude::{Just, Strategy, any, prop_oneof};
use proptest::sample::{Index, select};
use proptest::strategy::ValueTree;
use serde_json::Value as Json;

use super::super::program::Program;
use super::super::read;
use super::super::run::Run;
use super::act::{self, Ran};
use super::runner;
use super::scripted::scripted;

const CASES: usize = 360;

/// Conditions of jobs; `X` is a job above. Nothing reads outputs of a skipped job, for which act has the text of the expression.
const CONDITIONS: [&str; 22] = [
    "always()",
    "failure()",
    "success()",
    "cancelled()",
    "${{ !cancelled() }}",
    "${{ !failure() }}",
    "${{ !success() }}",
    "1 == 2",
    "${{ true }}",
    "failure() || success()",
    "${{ !cancelled() && needs.X.result == 'success' }}",
    "needs.X.result == 'skipped'",
    "always() && needs.X.result == 'skipped'",
    "always() && needs.X.result != 'failure'",
    "failure() && needs.X.result == 'failure'",
    "needs.X.outputs.said == 'YES'",
    "always() && needs.X.result != 'skipped' && needs.X.outputs.said == 'yes'",
    "always() && needs.X.result != 'skipped' && needs.X.outputs.said == ''",
    "${{ !cancelled() && needs.X.result != 'skipped' && needs.X.outputs.word }}",
    "contains(needs.*.result, 'failure')",
    "always() && contains(needs.*.result, 'skipped')",
    "always() && !contains(needs.*.result, 'success')",
];

/// Conditions of steps; `X` is a step before.
const STEP_CONDITIONS: [&str; 9] = [
    "always()",
    "failure()",
    "success()",
    "${{ !cancelled() }}",
    "${{ !failure() }}",
    "1 == 2",
    "steps.X.outcome == 'failure'",
    "always() && steps.X.conclusion == 'failure'",
    "always() && steps.X.outputs.said == 'Yes'",
];

const SCRIPTS: [&str; 6] = [
    "true",
    "exit 1",
    "exit 1",
    "echo said=yes >> \"$GITHUB_OUTPUT\"",
    "echo said=yes >> \"$GITHUB_OUTPUT\"",
    "echo said= >> \"$GITHUB_OUTPUT\"",
];

/// Values of outputs; `X` is a job above.
const WORDS: [&str; 4] = [
    "literal",
    "${{ needs.X.result != 'skipped' && needs.X.outputs.said || 'none' }}",
    "${{ needs.X.result }}",
    "a ${{ steps.s0.outcome }}",
];

#[derive(Clone, Debug)]
struct Step {
    script: &'static str,
    condition: Option<&'static str>,
    continues: bool,
    other: Index,
}

#[derive(Clone, Debug)]
struct Job {
    needs: Vec<bool>,
    condition: Option<&'static str>,
    word: &'static str,
    /// Which job or step is meant by `X`.
    other: Index,
    steps: Vec<Step>,
}

/// One in `often` has none.
fn maybe(from: &'static [&'static str], often: u32) -> impl Strategy<Value = Option<&'static str>> {
    prop_oneof![1 => Just(None), often => select(from).prop_map(Some)]
}

fn step() -> impl Strategy<Value = Step> {
    (
        select(&SCRIPTS[..]),
        prop_oneof![3 => Just(None), 2 => maybe(&STEP_CONDITIONS, 3)],
        prop_oneof![5 => Just(false), 1 => Just(true)],
        any::<Index>(),
    )
        .prop_map(|(script, condition, continues, other)| Step { script, condition, continues, other })
}

fn job() -> impl Strategy<Value = Job> {
    let needs = proptest::collection::vec(prop_oneof![2 => Just(true), 1 => Just(false)], 5);
    let steps = proptest::collection::vec(step(), 1..4);
    (needs, maybe(&CONDITIONS, 3), select(&WORDS[..]), any::<Index>(), steps).prop_map(|(needs, condition, word, other, steps)| Job {
        needs,
        condition,
        word,
        other,
        steps,
    })
}

/// The jobs of a workflow by name, the last of which tells what it sees of the others.
const NAMES: [&str; 5] = ["a", "b", "c", "d", "e"];

/// `text`, in which `X` is one of `names`; nothing where there is none.
fn filled(text: &str, other: &Index, names: &[String]) -> Option<String> {
    if !text.contains('X') {
        return Some(text.to_owned());
    }
    (!names.is_empty()).then(|| text.replace('X', &names[other.index(names.len())]))
}

fn yaml(name: &str, jobs: &[Job]) -> String {
    let mut text = format!("name: {name}\non: push\njobs:\n");
    for (number, job) in jobs.iter().enumerate() {
        let needs: Vec<String> = (0..number).filter(|need| job.needs[*need]).map(|need| NAMES[need].to_owned()).collect();
        write!(text, "  {}:\n    runs-on: ubuntu-latest\n", NAMES[number]).unwrap();
        if !needs.is_empty() {
            writeln!(text, "    needs: [{}]", needs.join(", ")).unwrap();
        }
        if let Some(condition) = job.condition.and_then(|condition| filled(condition, &job.other, &needs)) {
            writeln!(text, "    if: {condition}").unwrap();
        }
        let word = filled(job.word, &job.other, &needs).unwrap_or_default();
        let last = job.steps.len() - 1;
        write!(text, "    outputs:\n      said: ${{{{ steps.s{last}.outputs.said }}}}\n      word: \"{word}\"\n    steps:\n").unwrap();
        for (number, step) in job.steps.iter().enumerate() {
            text += &step_yaml(number, step);
        }
    }
    text
}

fn step_yaml(number: usize, step: &Step) -> String {
    let before: Vec<String> = (0..number).map(|before| format!("s{before}")).collect();
    let condition = step.condition.and_then(|condition| filled(condition, &step.other, &before));
    let condition = condition.map_or_else(String::new, |condition| format!("        if: {condition}\n"));
    let continues = if step.continues { "        continue-on-error: true\n" } else { "" };
    format!("      - id: s{number}\n{condition}{continues}        run: {}\n", step.script)
}

/// A last job that prints what it sees of all others.
fn with_witness(text: &str, jobs: usize) -> String {
    let needs = NAMES[..jobs].join(", ");
    let job = "    runs-on: ubuntu-latest\n    if: always()\n    steps:\n      - run: printf '%s' \"$NEEDS\"\n        env:\n";
    format!("{text}  witness:\n    needs: [{needs}]\n{job}          NEEDS: ${{{{ toJSON(needs) }}}}\n")
}

/// A last job that runs only if it sees what act's witness saw.
fn with_probe(text: &str, needs: &Json) -> String {
    let mut terms = vec!["always()".to_owned()];
    for (job, seen) in needs.as_object().unwrap() {
        terms.push(format!("needs.{job}.result == '{}'", seen["result"].as_str().unwrap()));
        for name in ["said", "word"].iter().filter(|_| seen["result"] != "skipped") {
            let value = seen["outputs"][name].as_str().unwrap_or_default();
            terms.push(format!("needs.{job}.outputs.{name} == '{value}'"));
        }
    }
    let names: Vec<&str> = needs.as_object().unwrap().keys().map(String::as_str).collect();
    let steps = "    steps:\n      - run: 'true'\n";
    format!("{text}  probe:\n    needs: [{}]\n    if: ${{{{ {} }}}}\n{steps}", names.join(", "), terms.join(" && "))
}

/// How every job ends here: one way each.
fn ends(text: &str) -> BTreeMap<String, String> {
    let workflow = read::read(text).unwrap();
    let mut program = Program::new(&workflow, true).unwrap_or_else(|_| panic!("not understood:\n{text}"));
    scripted(&mut program);
    let run = Run::new(&program, false);
    run.undisturbed().unwrap_or_else(|error| panic!("{error}\n{text}"));
    let table = run.table.borrow();
    let mut ends = BTreeMap::new();
    for line in table.iter().filter(|line| !line.starts_with("Shape")) {
        let (job, end) = line.split_once(' ').unwrap();
        let old = ends.insert(job.to_owned(), end.split(' ').next_back().unwrap().to_owned());
        assert_eq!(old, None, "`{job}` can end in two ways:\n{text}");
    }
    ends
}

/// What differs between act and this interpreter.
fn differs(name: &str, text: &str, jobs: usize, ran: &Ran) -> Option<String> {
    let seen = ran.printed(name, "witness");
    let seen: Json = serde_json::from_str(seen).unwrap_or_else(|error| panic!("{error}: {seen}\n{text}"));
    let ends = ends(&with_probe(text, &seen));
    let job = |job: &&&str| ends[**job] != ran.result(name, job);
    let wrong: Vec<String> =
        NAMES[..jobs].iter().filter(job).map(|job| format!("`{job}` is {} here, {} there", ends[*job], ran.result(name, job))).collect();
    let told = ends["probe"] == "success";
    (!wrong.is_empty() || !told).then(|| format!("{}; all: {ends:?}\nact: {seen}\n{text}", wrong.join(", ")))
}

/// Workflows in which nothing is skipped or fails would show little.
fn assert_variety(texts: &[String], ran: &Ran) {
    for end in ["success", "failure", "skipped"] {
        let has = |number: &usize| {
            NAMES.iter().any(|job| texts[*number].contains(&format!("  {job}:\n")) && ran.result(&name(*number), job) == end)
        };
        let found = (0..texts.len()).filter(has).count();
        println!("{found} of {} workflows with {end}", texts.len());
        assert!(found * 3 > texts.len(), "only {found} with {end}");
    }
}

fn name(number: usize) -> String {
    format!("w{number:03}")
}

#[test]
fn workflows_end_as_on_a_real_runner() {
    let (mut runner, strategy) = (runner(1), proptest::collection::vec(job(), 2..=NAMES.len()));
    let cases: Vec<Vec<Job>> = (0..CASES).map(|_| strategy.new_tree(&mut runner).unwrap().current()).collect();
    let texts: Vec<String> = cases.iter().enumerate().map(|(number, jobs)| yaml(&name(number), jobs)).collect();
    let all = texts.iter().zip(&cases).enumerate().map(|(number, (text, jobs))| (name(number), with_witness(text, jobs.len()))).collect();
    let ran = act::run(&all, "ubuntu-latest");
    assert_variety(&texts, &ran);
    let wrong: Vec<String> =
        texts.iter().zip(&cases).enumerate().filter_map(|(number, (text, jobs))| differs(&name(number), text, jobs.len(), &ran)).collect();
    assert!(wrong.is_empty(), "{} of {CASES}:\n{}", wrong.len(), wrong.join("\n"));
}
