//! Mermaid, which GitHub draws inside Markdown: <https://mermaid.js.org/syntax/flowchart.html>.

use super::{Node, Picture, lost};

/// The picture as a Mermaid flowchart.
pub fn mermaid(picture: &Picture) -> String {
    let mut out = format!("---\ntitle: {}\n---\nflowchart TD\n", serde_json::Value::from(picture.name.as_str()));
    group(picture, None, "  ", &mut out);
    for (i, node) in picture.nodes.iter().enumerate() {
        for need in &node.needs {
            out.push_str(&format!("  s{need} --> s{i}\n"));
        }
    }
    for (verify, deploy) in &picture.rollbacks {
        out.push_str(&format!("  s{verify} -. rollback .-> s{deploy}\n"));
    }
    for (gate, _) in picture.gates().filter(|(_, behind)| !behind.is_empty()) {
        out.push_str(&format!("  style lost{gate} fill:none,stroke-dasharray:6 4\n"));
    }
    out
}

/// The stages behind a gate, and in a frame of their own those behind each further gate.
fn group(picture: &Picture, gate: Option<usize>, indent: &str, out: &mut String) {
    for (i, node) in picture.nodes.iter().enumerate().filter(|(_, node)| node.gate == gate) {
        out.push_str(&format!("{indent}s{i}{}\n", shape(node)));
    }
    for (inner, behind) in picture.gates().filter(|(inner, _)| picture.gate_of(*inner) == gate) {
        if !behind.is_empty() {
            out.push_str(&format!("{indent}subgraph lost{inner}[\"{}\"]\n", escape(&lost(picture.name_of(inner)))));
            group(picture, Some(inner), &format!("{indent}  "), out);
            out.push_str(&format!("{indent}end\n"));
        }
    }
}

fn shape(node: &Node) -> String {
    let text = format!("{}<br><small>{}</small>", escape(&node.name), node.kind);
    if node.kind == "gate" { format!("{{{{\"{text}\"}}}}") } else { format!("[\"{text}\"]") }
}

/// Mermaid writes special characters as `#name;`.
fn escape(text: &str) -> String {
    text.replace('#', "#35;").replace('&', "#amp;").replace('"', "#quot;").replace('<', "#lt;").replace('>', "#gt;")
}
