//! Whatever a file says, it is analysed and, where nothing is wrong with it, compiled. A NUL begins the text of `platform.mlp`.
#![no_main]

use libfuzzer_sys::fuzz_target;
use mlp::lock::Lock;
use mlp::source::{SourceFile, SourceSet};

fuzz_target!(|text: &str| {
    let (pipeline, platform) = text.split_once('\0').unwrap_or((text, ""));
    let mut sources = SourceSet::default();
    let file = sources.add(SourceFile::new("pipelines/demo.mlp", pipeline));
    sources.add(SourceFile::new("pipelines/platform.mlp", platform));
    let lock = Lock { repository: Some("acme/demo".to_owned()), ..Lock::default() };
    let analysis = mlp::analyze(&sources, file, &lock);
    if let Some(checked) = analysis.checked() {
        if let Err(error) = mlp::compile(&checked) {
            assert!(!error.message.starts_with("internal"), "{error}");
        }
    }
});
