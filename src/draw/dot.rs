//! Graphviz: <https://graphviz.org/doc/info/lang.html>.

use super::{Node, Picture, lost};

/// The picture as a Graphviz digraph.
pub fn dot(picture: &Picture) -> String {
    let mut out = format!("digraph {} {{\n  node [shape=box, style=rounded, fontname=\"sans-serif\"]\n", quoted(&picture.name));
    group(picture, None, "  ", &mut out);
    for (i, node) in picture.nodes.iter().enumerate() {
        for need in &node.needs {
            out.push_str(&format!("  s{need} -> s{i}\n"));
        }
    }
    for (verify, deploy) in &picture.rollbacks {
        out.push_str(&format!("  s{verify} -> s{deploy} [label=\"rollback\", style=dashed, constraint=false]\n"));
    }
    out + "}\n"
}

/// The stages behind a gate, and in a cluster of their own those behind each further gate.
fn group(picture: &Picture, gate: Option<usize>, indent: &str, out: &mut String) {
    for (i, node) in picture.nodes.iter().enumerate().filter(|(_, node)| node.gate == gate) {
        out.push_str(&format!("{indent}s{i} [{}]\n", attributes(node)));
    }
    for (inner, behind) in picture.gates().filter(|(inner, _)| picture.gate_of(*inner) == gate) {
        if !behind.is_empty() {
            let label = quoted(&lost(picture.name_of(inner)));
            out.push_str(&format!("{indent}subgraph cluster_{inner} {{\n{indent}  label={label}; style=dashed\n"));
            group(picture, Some(inner), &format!("{indent}  "), out);
            out.push_str(&format!("{indent}}}\n"));
        }
    }
}

fn attributes(node: &Node) -> String {
    let label = format!("label={}", quoted(&format!("{}\n{}", node.name, node.kind)));
    if node.kind == "gate" { format!("{label}, shape=diamond, style=solid") } else { label }
}

fn quoted(text: &str) -> String {
    format!("\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\n"))
}
