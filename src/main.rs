//! scratch
fn main() {
    let path = std::env::args().nth(1).unwrap_or_default();
    let text = std::fs::read_to_string(&path).unwrap_or_default();
    let mut set = mlp::source::SourceSet::single("churn.mlp", text);
    let dir = std::path::Path::new(&path).parent().map(|p| p.join("platform.mlp")).unwrap_or_default();
    if let Ok(t) = std::fs::read_to_string(dir) {
        set.add(mlp::source::SourceFile::new("platform.mlp", t));
    }
    let a = mlp::analyze(&set, mlp::source::FileId(0), mlp::lock::Lock::built_in());
    let r = &a.resolved;
    for p in &r.problems {
        println!("{p:?}");
    }
    for (id, p) in &r.parsed {
        for e in &p.errors {
            println!("{id:?} {e:?}");
        }
    }
    for p in &r.hir.pipelines {
        for s in &p.stages {
            println!("{:?} {} {} preds {:?} implied {}", s.id, s.kind(), s.name.text, s.preds, s.implied);
        }
    }
    for d in &a.diagnostics {
        println!("{} {}", d.code.id, d.message);
    }
}
