use std::collections::BTreeMap;

use github_actions_expressions::call::Function;

use super::expr::{Part, Scope, Template, Value};
use super::{Depth, Proof, prove};

pub fn proof(jobs: &str) -> Proof {
    let scripts: BTreeMap<String, String> = crate::emit::scripts().into_iter().map(|file| (file.path, file.text.into_owned())).collect();
    prove("w.yml", &format!("on: push\njobs:\n{jobs}"), &scripts, Depth::Full).unwrap()
}

/// Whether a job can run to its end.
fn can_succeed(jobs: &str, job: &str) -> bool {
    let proof = proof(jobs);
    assert_eq!(proof.unproven, [], "{jobs}");
    proof.table.contains(&format!("{job} success success"))
}

fn job(id: &str, rest: &str) -> String {
    format!("  {id}:\n    runs-on: ubuntu-24.04\n{rest}    steps:\n      - run: 'true'\n")
}

#[test]
fn skipping_goes_down_the_whole_chain() {
    let jobs =
        [job("a", "    if: ${{ 1 == 2 }}\n"), job("b", "    needs: a\n    if: ${{ !cancelled() }}\n"), job("c", "    needs: b\n")].concat();
    assert!(can_succeed(&jobs, "b"));
    assert!(!can_succeed(&jobs, "c"));
}

#[test]
fn a_job_whose_time_is_up_has_not_failed() {
    let on = |condition: &str| [job("a", ""), job("b", &format!("    needs: a\n    if: ${{{{ {condition} }}}}\n"))].concat();
    assert!(can_succeed(&on("failure()"), "b"));
    assert!(!can_succeed(&on("failure() && needs.a.result == 'cancelled'"), "b"));
    assert!(can_succeed(&on("always() && needs.a.result == 'cancelled'"), "b"));
}

#[test]
fn an_output_that_holds_a_masked_secret_is_dropped() {
    let outputs = job("a", "    outputs:\n      said: yes it is\n");
    let jobs = [outputs, job("b", "    needs: a\n    if: ${{ needs.a.outputs.said == '' }}\n")].concat();
    assert!(can_succeed(&jobs, "b"));
}

#[test]
fn comparison_is_loose_and_no_case_counts() {
    let runs = |condition: &str| can_succeed(&job("a", &format!("    if: ${{{{ {condition} }}}}\n")), "a");
    for holds in
        ["'TRUE' == 'true'", "'' == 0", "null == ''", "true == 1", "'0x10' == 16", "contains('ABC', 'b')", "startsWith('Ab', 'aB')"]
    {
        assert!(runs(holds), "{holds}");
    }
    for fails in ["'' == 'true'", "true == 'true'", "needs.nobody.outputs.approved == 'true'", "'a' < 1", "!'a'"] {
        assert!(!runs(fails), "{fails}");
    }
}

#[test]
fn text_around_an_expression_always_holds() {
    assert!(can_succeed(&job("a", "    if: ${{ false }} && true\n"), "a"));
}

#[test]
fn a_condition_is_evaluated_before_the_matrix() {
    let proof = proof(&job("a", "    if: ${{ matrix.size == 1 }}\n"));
    assert!(proof.unproven.iter().any(|(_, what)| what.contains("matrix.size")), "{:?}", proof.unproven);
}

#[test]
fn what_is_not_understood_is_named_with_its_line() {
    let proof = proof(&job("a", "    container: debian\n"));
    assert_eq!(proof.unproven, [(5, "`container` of job `a` is not understood".to_owned())]);
}

#[test]
fn jobs_that_wait_for_each_other_never_start() {
    let proof = proof(&[job("a", "    needs: b\n"), job("b", "    needs: a\n")].concat());
    let broken: Vec<&str> = proof.verdicts.iter().filter(|verdict| verdict.counter.is_some()).map(|verdict| verdict.property).collect();
    assert_eq!(broken, ["starts"]);
}

/// A run that is not cancelled, in which nothing is known of a context.
struct Nothing;

impl Scope for Nothing {
    fn value(&self, _: &[Part]) -> Option<Value> {
        Some(Value::Any)
    }

    fn status(&self, function: Function) -> Option<Value> {
        Some(Value::bool(function == Function::Success))
    }
}

/// The value of an expression.
fn value(text: &str) -> Result<Value, String> {
    Template::condition(text).and_then(|template| template.evaluate(&Nothing))
}

#[test]
fn of_an_unknown_value_only_what_follows_is_known() {
    assert_eq!(value("github.x && false"), Ok(Value::Counts(false)));
    assert_eq!(value("github.x || true"), Ok(Value::Counts(true)));
    assert_eq!(value("(github.x && null) == ''"), Ok(Value::Any));
    assert_eq!(value("!(github.x && false)"), Ok(Value::bool(true)));
    assert_eq!(value("format('{0}', github.x)"), Ok(Value::Any));
}

#[test]
fn where_github_has_two_answers_none_is_given() {
    for open in
        ["'0xFFFFFFFF' == -1", "'0X10' == 16", "'0b1' == 1", "'1e400' > 0", "'Ä' == 'ä'", "'ß' == 'SS'", "contains('é', 'É')", "join(1e21)"]
    {
        assert_eq!(value(open), Ok(Value::Any), "{open}");
    }
    for refused in [
        "0xFFFFFFFF",
        "(0xFFFFFFFF)",
        "toJSON(1e21)",
        "toJSON(fromJSON('{\"a\": 1}'))",
        "fromJSON(github.x)",
        "case(github.x, 1, 2)",
        "format('é{0}', 1)",
        "format('{18446744073709551615}', 1)",
        "fromJSON('0.12345678901234567')",
        "needs[github.x]",
    ] {
        assert!(value(refused).is_err(), "{refused}");
    }
}

#[test]
fn functions_compare_as_github_does() {
    let holds = [
        "'\u{e000}' < '\u{1f600}' == false",
        "contains('Array', fromJSON('[]')) == false",
        "contains(fromJSON('{}'), 'a') == false",
        "contains(fromJSON('[\"A\", 1]'), 'a')",
        "join(fromJSON('[1, 2]'), fromJSON('[]')) == '1,2'",
        "!startsWith('Array', fromJSON('[]'))",
        "endsWith('aB', 'Ab')",
        "format('{{{0}}}', 1.5) == '{1.5}'",
        "0x7FFFFFFF == 2147483647",
    ];
    for text in holds {
        assert_eq!(value(text), Ok(Value::bool(true)), "{text}");
    }
}

#[test]
fn an_empty_output_is_not_true() {
    let outputs = job("a", "    outputs:\n      said: ''\n");
    let on = |condition: &str| [outputs.clone(), job("b", &format!("    needs: a\n    if: ${{{{ {condition} }}}}\n"))].concat();
    assert!(!can_succeed(&on("needs.a.outputs.said == 'true'"), "b"));
    assert!(!can_succeed(&on("needs.a.outputs.said"), "b"));
    assert!(can_succeed(&on("needs.a.outputs.said != 'true'"), "b"));
    assert!(can_succeed(&on("needs.a.outputs.said == false"), "b"));
}

#[test]
fn what_all_jobs_say_is_known_where_all_say_something() {
    let on = |condition: &str| {
        let above = [job("a", "    outputs:\n      said: 'yes'\n"), job("b", "    if: ${{ false }}\n")].concat();
        [above, job("c", &format!("    needs: [a, b]\n    if: ${{{{ always() && {condition} }}}}\n"))].concat()
    };
    assert!(can_succeed(&on("contains(needs.*.result, 'skipped')"), "c"));
    assert!(!can_succeed(&on("needs.b.result == 'skipped' && !contains(needs.*.result, 'SKIPPED')"), "c"));
    assert!(can_succeed(&on("contains(needs.a.*, 'success')"), "c"));
}

#[test]
fn outputs_of_an_action_beyond_its_contract_may_be_anything() {
    let step = "      - id: get\n        uses: actions/checkout@3d3c42e5aac5ba805825da76410c181273ba90b1\n";
    let a = format!("  a:\n    runs-on: ubuntu-24.04\n    outputs:\n      ref: ${{{{ steps.get.outputs.ref }}}}\n    steps:\n{step}");
    let b = job("b", "    needs: a\n    if: ${{ needs.a.outputs.ref == 'main' }}\n");
    assert!(can_succeed(&[a, b].concat(), "b"));
}

#[test]
fn nothing_has_failed_in_a_run_that_was_cancelled() {
    let on = |condition: &str| [job("a", ""), job("b", &format!("    needs: a\n    if: ${{{{ {condition} }}}}\n"))].concat();
    assert!(!can_succeed(&on("failure() && cancelled()"), "b"));
    assert!(can_succeed(&on("always() && cancelled() && needs.a.result == 'cancelled'"), "b"));
}

#[test]
fn a_job_that_can_never_run_is_named() {
    let proof = proof(&[job("a", ""), job("b", "    needs: a\n    if: ${{ needs.c.result == 'success' }}\n")].concat());
    let starts = proof.verdicts.iter().find(|verdict| verdict.property == "starts").and_then(|verdict| verdict.counter.as_ref());
    assert_eq!(starts.map(|counter| counter.why.as_str()), Some("`b` never starts, whatever happens"));
}
