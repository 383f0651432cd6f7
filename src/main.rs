//! scratch
fn main() {
    let path = std::env::args().nth(1).unwrap_or_default();
    let out = std::env::args().nth(2).unwrap_or_default();
    let text = std::fs::read_to_string(&path).unwrap_or_default();
    let root = std::path::Path::new(&path).parent().unwrap().to_path_buf();
    let name = std::path::Path::new(&path).file_name().unwrap().to_string_lossy().to_string();
    let mut set = mlp::source::SourceSet::single(name, text);
    if let Ok(t) = std::fs::read_to_string(root.join("platform.mlp")) {
        set.add(mlp::source::SourceFile::new("platform.mlp", t));
    }
    let mut paths = std::collections::BTreeSet::new();
    for e in ignore::Walk::new(&root).flatten() {
        if e.path().is_file() {
            paths.insert(e.path().strip_prefix(&root).unwrap().to_string_lossy().to_string());
        }
    }
    set.paths = Some(paths);
    let mut lock = mlp::lock::Lock::built_in().clone();
    lock.repository = Some("acme/hello".into());
    let a = mlp::analyze(&set, mlp::source::FileId(0), &lock);
    let r = &a.resolved;
    for p in &r.problems {
        println!("{p:?}");
    }
    for (id, p) in &r.parsed {
        for e in &p.errors {
            println!("{id:?} {e:?}");
        }
    }
    for d in &a.diagnostics {
        println!("{} {}", d.code.id, d.message);
    }
    let t = std::time::Instant::now();
    match mlp::compile(&a.checked().unwrap()) {
        Ok(fs) => {
            for f in fs {
                let p = std::path::Path::new(&out).join(&f.path);
                std::fs::create_dir_all(p.parent().unwrap()).unwrap();
                std::fs::write(p, f.text).unwrap();
            }
        }
        Err(e) => println!("{e}"),
    }
    println!("{:?}", t.elapsed());
}
