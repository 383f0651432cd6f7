//! Where act does otherwise than GitHub says it does, and so is no witness. `docs/prove.md` has a row for each, with GitHub's documentation.

use std::collections::BTreeMap;

use super::super::tests::proof;
use super::act;

/// Workflows whose job `seen` runs on GitHub, here as one of all ways, and whether act runs it.
const ROWS: [(&str, bool, &str); 6] = [
    (
        "time-of-a-step",
        true,
        "  a:
    runs-on: ubuntu-24.04
    steps:
      - timeout-minutes: 1
        run: sleep 63
  seen:
    needs: a
    if: failure()
",
    ),
    (
        "time-of-a-job",
        false,
        "  a:
    runs-on: ubuntu-24.04
    timeout-minutes: 1
    steps:
      - run: sleep 63
  seen:
    needs: a
    if: always() && needs.a.result == 'cancelled'
",
    ),
    (
        "job-that-continues",
        false,
        "  a:
    runs-on: ubuntu-24.04
    continue-on-error: true
    steps:
      - run: exit 1
  seen:
    needs: a
",
    ),
    (
        "output-of-a-skipped-job",
        false,
        "  a:
    runs-on: ubuntu-24.04
    if: 1 == 2
    outputs:
      said: ${{ steps.s.outputs.said }}
    steps:
      - id: s
        run: exit 1
  seen:
    needs: a
    if: always() && needs.a.outputs.said == ''
",
    ),
    (
        "masked-output",
        false,
        "  a:
    runs-on: ubuntu-24.04
    outputs:
      said: ${{ steps.s.outputs.said }}
    steps:
      - id: s
        run: |
          echo ::add-mask::hunter2
          echo said=hunter2 >> \"$GITHUB_OUTPUT\"
  seen:
    needs: a
    if: needs.a.outputs.said == ''
",
    ),
    ("text-around-an-expression", true, "  seen:\n    if: ${{ false }} && true\n"),
];

/// Two jobs of one group, which on GitHub follow each other: the first would wait in vain, and `seen` run.
const CONCURRENCY: &str = "name: concurrency
on: push
jobs:
  a:
    runs-on: ubuntu-24.04
    concurrency: one
    steps:
      - run: for _ in $(seq 200); do [ -e \"$HOME/met\" ] && exit; sleep 0.1; done; exit 1
  b:
    runs-on: ubuntu-24.04
    concurrency: one
    steps:
      - run: touch \"$HOME/met\"
  seen:
    needs: [a, b]
    if: failure()
    runs-on: ubuntu-24.04
    steps:
      - run: 'true'
";

#[test]
fn act_is_wrong_where_it_is_said_to_be() {
    let end = "    runs-on: ubuntu-24.04\n    steps:\n      - run: 'true'\n";
    let text = |name: &str, jobs: &str| format!("name: {name}\non: push\njobs:\n{jobs}{end}");
    let mut all: BTreeMap<String, String> = ROWS.iter().map(|(name, _, jobs)| ((*name).to_owned(), text(name, jobs))).collect();
    all.insert("concurrency".to_owned(), CONCURRENCY.to_owned());
    let ran = act::run(&all, "ubuntu-24.04");
    for (name, agrees, jobs) in ROWS {
        assert!(proof(&format!("{jobs}{end}")).table.contains("seen success success"), "{name}");
        assert_eq!(ran.result(name, "seen"), if agrees { "success" } else { "skipped" }, "{name}");
    }
    assert_eq!(ran.result("concurrency", "seen"), "skipped");
}
