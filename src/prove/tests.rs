use std::collections::BTreeMap;

use super::{Depth, Proof, prove};

fn proof(jobs: &str) -> Proof {
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

#[test]
fn a_job_that_can_never_run_is_named() {
    let proof = proof(&[job("a", ""), job("b", "    needs: a\n    if: ${{ needs.c.result == 'success' }}\n")].concat());
    let starts = proof.verdicts.iter().find(|verdict| verdict.property == "starts").and_then(|verdict| verdict.counter.as_ref());
    assert_eq!(starts.map(|counter| counter.why.as_str()), Some("`b` never starts, whatever happens"));
}
