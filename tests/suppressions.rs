//! What a comment allows, and where.

mod documented;

use documented::codes;
use mlp::source::{FileId, SourceFile, SourceSet};
use mlp::{analyze, lock::Lock};

fn found(text: &str) -> Vec<&'static str> {
    let body = text.replace('\n', "\n  ");
    let sources = SourceSet::single("demo.mlp", format!("mlp 1\n\npipeline \"demo\" {{\n  on manual\n  {body}\n}}\n"));
    codes(&analyze(&sources, FileId(0), Lock::built_in()).diagnostics).into_iter().filter(|code| *code != "MLP1203").collect()
}

const BAD: &str = "job Report { run = file(\"report.py\") }";

#[test]
fn covers_its_own_line_or_the_one_below() {
    assert_eq!(found(BAD), ["MLP1201"]);
    assert!(found(&format!("{BAD}   # mlp: allow(MLP1201) an old name")).is_empty());
    assert!(found(&format!("# mlp: allow(MLP1201) an old name\n{BAD}")).is_empty());
    assert!(found(&format!("# mlp: allow(MLP1201) an old name\n# more\n## Documented.\n{BAD}")).is_empty());
    assert_eq!(found(&format!("# mlp: allow(MLP1201) an old name\n\n{BAD}")), ["MLP1201", "MLP1202"]);
    assert_eq!(found(&format!("{BAD}\n# mlp: allow(MLP1201) an old name")), ["MLP1201", "MLP1202"]);
}

#[test]
fn several_codes_stand_in_one_comment() {
    let wide = "job Report { permissions { contents = write }, run = file(\"report.py\") }";
    assert_eq!(found(wide), ["MLP0805", "MLP1201"]);
    assert!(found(&format!("# mlp: allow(MLP0805, MLP1201) both are meant\n{wide}")).is_empty());
    assert_eq!(found(&format!("# mlp: allow(MLP1201, MLP1103) only one is found\n{wide}")), ["MLP0805", "MLP1202"]);
}

#[test]
fn unknown_codes_and_missing_reasons_are_reported() {
    assert_eq!(found(&format!("# mlp: allow(MLP9999) why\n{BAD}")), ["MLP1201", "MLP1202"]);
    assert_eq!(found(&format!("# mlp: allow(MLP1201)\n{BAD}")), ["MLP1202"]);
}

#[test]
fn errors_after_which_nothing_is_sound_stay() {
    let outside = "job report { run = file(\"/opt/report.py\") }";
    assert_eq!(found(&format!("# mlp: allow(MLP0704) the file is there\n{outside}")), ["MLP0704", "MLP1202"]);
    let key = "job report { env { KEY = \"AKIAABCDEFGHIJKLMNOP\" }, run = file(\"report.py\") }";
    assert!(found(&format!("# mlp: allow(MLP0803) an invented key\n{key}")).is_empty());
}

#[test]
fn imported_files_allow_for_themselves() {
    let platform = |comment: &str| format!("mlp 1\n\n{comment}param key: string = \"AKIAABCDEFGHIJKLMNOP\"\n");
    let main = "mlp 1\n\nuse \"platform.mlp\" { key }\n\npipeline \"demo\" {\n  on manual\n  job report {\n    env { KEY = param.key }\n    run = file(\"report.py\")\n  }\n}\n";
    let found = |comment: &str| {
        let mut sources = SourceSet::single("demo.mlp", main);
        sources.add(SourceFile::new("platform.mlp", platform(comment)));
        codes(&analyze(&sources, FileId(0), Lock::built_in()).diagnostics).into_iter().collect::<Vec<_>>()
    };
    assert_eq!(found(""), ["MLP0803"]);
    assert!(found("# mlp: allow(MLP0803) an invented key\n").is_empty());
}

#[test]
fn thousands_of_them_take_no_time() {
    let many = "# mlp: allow(MLP1201) again\n".repeat(20_000);
    let started = std::time::Instant::now();
    found(&format!("{many}{BAD}"));
    assert!(started.elapsed().as_secs() < 10, "{:?}", started.elapsed());
}
