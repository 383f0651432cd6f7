//! Thousands of generated expressions, evaluated here and by GitHub's `@actions/expressions`.

use std::cell::{Cell, RefCell};
use std::io::{BufRead, BufReader, Write};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::rc::Rc;

use github_actions_expressions::Evaluation;
use proptest::prelude::{Just, Strategy, any, prop_oneof};
use proptest::sample::select;
use proptest::test_runner::TestCaseError;
use serde_json::{Value as Json, json};

use super::super::expr::{Template, Value};
use super::super::program::Program;
use super::super::read;
use super::super::state::{Above, Ended, Ending, State, Text};
use super::super::walk::Inside;
use super::{installed, runner};

const CASES: u32 = 12_000;
/// Of so many the value must be known here.
const LEAST: u32 = 6_000;

/// A job that needs three others, of which one succeeded, one failed and one was skipped.
const WORKFLOW: &str = "
on: push
jobs:
  build:
    outputs: { Tag: v1, count: '7', none: '' }
    steps: [{ run: 'true' }]
  test-it:
    outputs: { tag: V1 }
    steps: [{ run: 'true' }]
  lint:
    steps: [{ run: 'true' }]
  end:
    needs: [build, test-it, lint]
    steps: [{ run: 'true' }]
";

fn contexts() -> Json {
    json!({
        "github": { "ref_name": "main", "run_attempt": "1", "event": { "repository": { "fork": false, "name": "Shop" }, "commits": [1, 2] } },
        "needs": {
            "build": { "result": "success", "outputs": { "Tag": "v1", "count": "7", "none": "" } },
            "test-it": { "result": "failure", "outputs": { "tag": "V1" } },
            "lint": { "result": "skipped", "outputs": {} },
        },
    })
}

fn state() -> State {
    let ended = |result, outputs: &[&str]| {
        let outputs = outputs.iter().map(|text| Text::known(text)).collect();
        Some(Rc::new(Ended { result, outputs, refused: false, above: Above::NOTHING }))
    };
    let jobs = vec![ended(Ending::Success, &["v1", "7", ""]), ended(Ending::Failure, &["V1"]), ended(Ending::Skipped, &[]), None];
    State { jobs, ..State::default() }
}

/// What the status functions say: whether the run is cancelled, and whether all above is well.
#[derive(Clone, Copy, Debug)]
struct Status {
    cancelled: bool,
    clean: bool,
}

impl Status {
    fn json(self) -> Json {
        let Self { cancelled, clean } = self;
        json!({ "success": clean && !cancelled, "failure": !clean && !cancelled, "cancelled": cancelled, "always": true })
    }

    fn above(self) -> Above {
        Above { clean: self.clean, failed: !self.clean, ..Above::NOTHING }
    }
}

const NUMBERS: [&str; 26] = [
    "0",
    "1",
    "-1",
    "+3",
    "1.5",
    ".5",
    "-.25",
    "7",
    "1e3",
    "1E-2",
    "1e21",
    "1e400",
    "0.1",
    "100000",
    "123456789012345678",
    "0x10",
    "0xFF",
    "0xFFFFFFFF",
    "0X10",
    "0o17",
    "0b1",
    "-0",
    "NaN",
    "Infinity",
    "1.",
    "0.30000000000000004",
];

const TEXTS: [&str; 34] = [
    "",
    " ",
    "true",
    "TRUE",
    "false",
    "null",
    "success",
    "Success",
    "failure",
    "v1",
    "V",
    "main",
    "a",
    "A",
    "_",
    "Array",
    "Object",
    "it''s",
    "}}",
    "{0}",
    "{1}-{0}",
    "{{{0}}}",
    "{",
    "{99999999999999999999}",
    "é{0}",
    "ß",
    "SS",
    "ıI",
    "\u{1F600}",
    "\u{E000}",
    "[1, \"a\", null, true]",
    "[]",
    "{\"a\": [1.5], \"b\": \"x\"}",
    "[\"v1\", \"success\"]",
];

const CONTEXTS: [&str; 24] = [
    "needs.build.result",
    "needs.build.outputs.tag",
    "needs.Build.outputs['TAG']",
    "needs['test-it'].outputs.tag",
    "needs['test-it'].result",
    "needs.test-it['outputs']['tag']",
    "needs.build.outputs.count",
    "needs.build.outputs.none",
    "needs.build.outputs.nothing",
    "needs.build.outputs",
    "needs.lint.result",
    "needs.nobody.result",
    "needs.build.result.more",
    "needs.*.result",
    "needs.*.outputs.tag",
    "needs.*.outputs.count",
    "needs.*.*",
    "needs.build.*",
    "needs",
    "github.event.repository.fork",
    "github['event'].repository['fork']",
    "github.ref_name",
    "github.event.commits[0]",
    "github.nothing",
];

const OPERATORS: [&str; 8] = ["==", "!=", "<", "<=", ">", ">=", "&&", "||"];

fn quoted(text: &str) -> String {
    format!("'{text}'")
}

fn atom() -> impl Strategy<Value = String> {
    prop_oneof![
        1 => select(vec!["true", "false", "null"]).prop_map(str::to_owned),
        2 => select(NUMBERS.to_vec()).prop_map(str::to_owned),
        1 => (-2000_i32..2000, 0_u32..4).prop_map(|(number, places)| (f64::from(number) / 10_f64.powi(places.try_into().unwrap())).to_string()),
        2 => select(NUMBERS.to_vec()).prop_map(quoted),
        4 => select(TEXTS.to_vec()).prop_map(quoted),
        1 => "[aAbZz0-9 _.é\u{20AC}-]{0,6}".prop_map(|text| quoted(&text)),
        5 => select(CONTEXTS.to_vec()).prop_map(str::to_owned),
        1 => select(vec!["success()", "failure()", "cancelled()", "always()"]).prop_map(str::to_owned),
    ]
}

fn expression() -> impl Strategy<Value = String> {
    atom().prop_recursive(4, 24, 3, |inner| {
        let of = |name: &'static str, args: std::ops::RangeInclusive<usize>| {
            proptest::collection::vec(inner.clone(), args).prop_map(move |args| format!("{name}({})", args.join(", ")))
        };
        prop_oneof![
            6 => (inner.clone(), select(OPERATORS.to_vec()), inner.clone()).prop_map(|(left, operator, right)| format!("{left} {operator} {right}")),
            3 => (inner.clone(), select(OPERATORS.to_vec()), inner.clone()).prop_map(|(left, operator, right)| format!("({left} {operator} {right})")),
            2 => inner.clone().prop_map(|inner| format!("!{inner}")),
            2 => of("contains", 2..=2),
            1 => of("startsWith", 2..=2),
            1 => of("EndsWith", 2..=2),
            1 => of("format", 1..=3),
            1 => of("join", 1..=2),
            1 => of("toJSON", 1..=1),
            2 => of("fromJSON", 1..=1),
            1 => of("case", 3..=3),
        ]
    })
}

/// GitHub's evaluator: one process for all questions.
struct Evaluator {
    process: Child,
    input: ChildStdin,
    output: BufReader<ChildStdout>,
}

impl Evaluator {
    fn start() -> Self {
        let script = concat!(env!("CARGO_MANIFEST_DIR"), "/tools/node/expressions.mjs");
        let mut command = Command::new("node");
        command.arg(script).arg(installed("node/node_modules").parent().unwrap());
        let mut process = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().expect("node is missing");
        let (input, output) = (process.stdin.take().unwrap(), BufReader::new(process.stdout.take().unwrap()));
        Self { process, input, output }
    }

    fn ask(&mut self, text: &str, status: Status) -> Json {
        writeln!(self.input, "{}", json!({ "text": text, "contexts": contexts(), "status": status.json() })).unwrap();
        let mut answer = String::new();
        self.output.read_line(&mut answer).unwrap();
        serde_json::from_str(&answer).unwrap_or_else(|error| panic!("{text}: {answer}: {error}"))
    }
}

impl Drop for Evaluator {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

fn plain(value: &Evaluation) -> Json {
    match value {
        Evaluation::Null => Json::Null,
        Evaluation::Boolean(value) => json!(value),
        Evaluation::String(text) => json!(text),
        Evaluation::Number(number) => json!({ "number": format!("{:016x}", number.to_bits()) }),
        Evaluation::Array(items) => items.iter().map(plain).collect(),
        Evaluation::Object(_) => json!({ "object": true }),
    }
}

/// What is wrong with a value, where GitHub says `answer`.
fn wrong(value: &Value, answer: &Json) -> Option<String> {
    let differs = |ours: Json, what: &str| (answer[what] != ours).then(|| format!("{what} is {ours} here, GitHub says {answer}"));
    let data = if let Value::Data(data) = value { differs(plain(data), "value") } else { None };
    let truth = value.truth().and_then(|truth| differs(json!(truth), "truth"));
    let text = value.as_text().and_then(|text| differs(json!(text), "text"));
    data.or(truth).or(text)
}

#[test]
fn expressions_mean_what_github_says() {
    let workflow = read::read(WORKFLOW).unwrap();
    let program = Program::new(&workflow, true).unwrap_or_else(|_| panic!("a workflow that is understood"));
    let (evaluator, state) = (RefCell::new(Evaluator::start()), state());
    let [known, counted, open, refused, invalid] = [const { Cell::new(0) }; 5];
    let statuses = (any::<bool>(), any::<bool>()).prop_map(|(cancelled, clean)| Status { cancelled, clean });
    let result = runner(CASES).run(&(expression(), statuses, Just(())), |(text, status, ())| {
        let answer = evaluator.borrow_mut().ask(&text, status);
        let unit = &program.jobs[3];
        let inside = Inside {
            program: &program,
            unit,
            jobs: &state.jobs,
            fork: false,
            again: None,
            path: None,
            cancelled: Some(status.cancelled),
            above: status.above(),
        };
        let wrapped = format!("${{{{ {text} }}}}");
        let value = Template::parse(&wrapped).and_then(|template| template.evaluate(&inside));
        let count = |counter: &Cell<u32>| counter.set(counter.get() + 1);
        match &value {
            Err(_) if answer.get("error").is_some() => count(&invalid),
            Err(_) => count(&refused),
            Ok(Value::Data(_)) => count(&known),
            Ok(Value::Any) => count(&open),
            Ok(_) => count(&counted),
        }
        match value.ok().and_then(|value| wrong(&value, &answer)) {
            Some(why) => Err(TestCaseError::fail(why)),
            None => Ok(()),
        }
    });
    println!(
        "{} values alike, {} of which only the truth is known, {} left open, {} not understood, {} that GitHub refuses too",
        known.get(),
        counted.get(),
        open.get(),
        refused.get(),
        invalid.get()
    );
    result.unwrap_or_else(|error| panic!("{error}"));
    assert!(known.get() >= LEAST, "too little is known");
}
