#[test]
fn scratch(){ for a in std::env::var("W").unwrap().split(' ') { println!("##### {a}"); mlp::prove::scratch(&std::fs::read_to_string(a).unwrap()); } }
