//! What has no syntax errors is formatted, and the formatter's proof holds.
#![no_main]

use libfuzzer_sys::fuzz_target;
use mlp::fmt::{FormatError, format};

fuzz_target!(|text: &str| match format(text) {
    Ok(_) | Err(FormatError::Syntax(_)) => {}
    Err(error) => panic!("{error}"),
});
