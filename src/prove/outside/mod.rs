//! This interpreter against GitHub's own evaluator and a real runner. They come from `tools/install`; a missing one fails.
#![expect(clippy::disallowed_methods, reason = "a test runs programs")]
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::string_slice,
    reason = "a test may fail"
)]

#[path = "../../../tests/act/mod.rs"]
mod act;
mod deviations;
mod expressions;
mod scripted;
mod workflows;

use std::path::PathBuf;

use proptest::test_runner::{Config, RngAlgorithm, TestRng, TestRunner};

/// All that is made up is made from it.
const SEED: [u8; 32] = *b"expressions, workflows & mutants";

/// A file that `tools/install` provides.
fn installed(path: &str) -> PathBuf {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("target/tools").join(path);
    assert!(path.exists(), "{} is missing: run tools/install", path.display());
    path
}

fn runner(cases: u32) -> TestRunner {
    let config = Config { cases, failure_persistence: None, max_shrink_iters: 2000, ..Config::default() };
    TestRunner::new_with_rng(config, TestRng::from_seed(RngAlgorithm::ChaCha, &SEED))
}
