#[test]
fn scratch(){ 
  let mut scripts = std::collections::BTreeMap::new();
  for f in std::fs::read_dir("templates/runtime").unwrap() { let f=f.unwrap(); if let Ok(t)=std::fs::read_to_string(f.path()) { scripts.insert(format!(".github/mlp/{}", f.file_name().to_str().unwrap()), t); } }
for a in std::env::var("W").unwrap().split_whitespace() { let t=std::time::Instant::now(); let p = mlp::prove::prove(a, &std::fs::read_to_string(a).unwrap(), &scripts).unwrap(); println!("{} {:?}", mlp::prove::render::text(&p), t.elapsed()); } }
