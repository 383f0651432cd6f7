//! The formatter: what it writes, and that it writes nothing else than what was meant.

use mlp::fmt::{FormatError, format, print};

/// The source and its formatted text, in one snapshot a file.
#[test]
fn fixtures() {
    let mut settings = insta::Settings::clone_current();
    settings.set_snapshot_path("../snapshots/fmt");
    settings.set_prepend_module_to_snapshot(false);
    settings.set_omit_expression(true);
    settings.bind(|| {
        insta::glob!("../snapshots/fmt", "*.mlp", |path| {
            let source = std::fs::read_to_string(path).unwrap();
            let result = format(&source).unwrap();
            insta::assert_snapshot!(format!("{source}\n──── formatted ────\n{result}"));
        });
    });
}
