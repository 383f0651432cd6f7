//! JSON, for programs: an array of pipelines, stages by name, times in minutes.

use serde_json::{Value, json};

use super::{Node, Picture};

/// Pictures as a JSON array.
pub fn json(pictures: &[Picture]) -> String {
    format!("{:#}\n", Value::Array(pictures.iter().map(pipeline).collect()))
}

fn pipeline(picture: &Picture) -> Value {
    let (minutes, path) = &picture.critical;
    json!({
        "pipeline": picture.name,
        "doc": picture.doc,
        "stages": picture.nodes.iter().map(|node| stage(picture, node)).collect::<Vec<_>>(),
        "rollbacks": picture.rollbacks.iter().map(|(from, to)| json!({ "from": picture.name_of(*from), "to": picture.name_of(*to) })).collect::<Vec<_>>(),
        "critical_path": { "minutes": minutes, "stages": names(picture, path) },
    })
}

fn stage(picture: &Picture, node: &Node) -> Value {
    json!({
        "name": node.name,
        "kind": node.kind,
        "doc": node.doc,
        "implied": node.implied,
        "needs": names(picture, &node.needs),
        "minutes": node.minutes,
        "skipped_if_lost": node.gate.map(|gate| picture.name_of(gate)),
    })
}

fn names<'p>(picture: &'p Picture, nodes: &[usize]) -> Vec<&'p str> {
    nodes.iter().map(|node| picture.name_of(*node)).collect()
}
