//! Places for stages: layers from top to bottom, few crossings, no overlaps.

use std::collections::BTreeMap;

use super::Picture;

/// Width of a stage's box.
pub const WIDTH: f64 = 190.0;
/// Height of a stage's box.
pub const HEIGHT: f64 = 52.0;
/// From the top of one layer to the top of the next.
const LAYER: f64 = 96.0;
/// Between two boxes side by side.
const GAP: f64 = 36.0;
/// Width kept free for an edge that passes a layer.
const LANE: f64 = 20.0;
/// Rounds of putting each node near its neighbours.
const SWEEPS: usize = 8;

/// A place in pixels.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Point {
    /// From the left.
    pub x: f64,
    /// From the top.
    pub y: f64,
}

/// Where everything is.
#[derive(Clone, Debug, Default)]
pub struct Layout {
    /// The middle of each stage's upper edge.
    pub nodes: Vec<Point>,
    /// Each edge: from, to, and the places where it passes layers between.
    pub edges: Vec<(usize, usize, Vec<Point>)>,
    /// Width of everything.
    pub width: f64,
    /// Height of everything.
    pub height: f64,
}

/// What takes a place in a layer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Slot {
    Node(usize),
    /// The edge of this index passes the layer of this index.
    Pass(usize, usize),
}

impl Slot {
    fn width(self) -> f64 {
        if matches!(self, Self::Node(_)) { WIDTH } else { LANE }
    }
}

/// Places for a picture.
pub fn layout(picture: &Picture) -> Layout {
    let layers_of = depths(picture);
    let edges: Vec<(usize, usize)> =
        picture.nodes.iter().enumerate().flat_map(|(to, node)| node.needs.iter().map(move |from| (*from, to))).collect();
    let depth = |node: usize| layers_of.get(node).copied().unwrap_or_default();
    let mut layers: Vec<Vec<Slot>> = vec![Vec::new(); layers_of.iter().max().map_or(0, |deepest| deepest + 1)];
    let mut links: Vec<(Slot, Slot)> = Vec::new();
    for node in 0..picture.nodes.len() {
        push(&mut layers, depth(node), Slot::Node(node));
    }
    for (index, (from, to)) in edges.iter().enumerate() {
        let passes = (depth(*from) + 1..depth(*to)).map(|layer| (layer, Slot::Pass(index, layer)));
        let mut last = Slot::Node(*from);
        for (layer, slot) in passes {
            push(&mut layers, layer, slot);
            links.push((last, slot));
            last = slot;
        }
        links.push((last, Slot::Node(*to)));
    }
    order(&mut layers, &links);
    place(&layers, &edges, picture.nodes.len())
}

fn push(layers: &mut [Vec<Slot>], layer: usize, slot: Slot) {
    if let Some(layer) = layers.get_mut(layer) {
        layer.push(slot);
    }
}

/// Each stage's layer: one below the lowest stage it waits for.
fn depths(picture: &Picture) -> Vec<usize> {
    let mut depths: Vec<usize> = Vec::with_capacity(picture.nodes.len());
    for node in &picture.nodes {
        let above = node.needs.iter().filter_map(|need| depths.get(*need)).max();
        depths.push(above.map_or(0, |depth| depth + 1));
    }
    depths
}

/// Puts each layer in the order of its neighbours' places, downwards and upwards in turn.
fn order(layers: &mut [Vec<Slot>], links: &[(Slot, Slot)]) {
    let mut up: BTreeMap<Slot, Vec<Slot>> = BTreeMap::new();
    let mut down: BTreeMap<Slot, Vec<Slot>> = BTreeMap::new();
    for (above, below) in links {
        up.entry(*below).or_default().push(*above);
        down.entry(*above).or_default().push(*below);
    }
    for sweep in 0..SWEEPS {
        let neighbours = if sweep % 2 == 0 { &up } else { &down };
        let places: BTreeMap<Slot, f64> = layers.iter().flat_map(|layer| positions(layer)).collect();
        for layer in layers.iter_mut() {
            let wanted = |slot: &Slot| {
                mean(neighbours.get(slot).into_iter().flatten().filter_map(|other| places.get(other))).or(places.get(slot).copied())
            };
            let mut keyed: Vec<(f64, Slot)> = layer.iter().map(|slot| (wanted(slot).unwrap_or_default(), *slot)).collect();
            keyed.sort_by(|a, b| a.0.total_cmp(&b.0));
            *layer = keyed.into_iter().map(|(_, slot)| slot).collect();
        }
    }
}

fn mean<'v>(values: impl Iterator<Item = &'v f64>) -> Option<f64> {
    let (count, sum) = values.fold((0.0, 0.0), |(count, sum), value| (count + 1.0, sum + value));
    (count > 0.0).then(|| sum / count)
}

fn layer_width(layer: &[Slot]) -> f64 {
    layer.iter().map(|slot| slot.width() + GAP).sum::<f64>() - GAP
}

/// The middle of each slot of a layer, the layer's own middle being 0.
fn positions(layer: &[Slot]) -> Vec<(Slot, f64)> {
    let mut x = -layer_width(layer) / 2.0;
    let mut out = Vec::with_capacity(layer.len());
    for slot in layer {
        out.push((*slot, x + slot.width() / 2.0));
        x += slot.width() + GAP;
    }
    out
}

fn place(layers: &[Vec<Slot>], edges: &[(usize, usize)], count: usize) -> Layout {
    let width = layers.iter().map(|layer| layer_width(layer)).fold(WIDTH, f64::max);
    let mut out = Layout { nodes: vec![Point::default(); count], width, ..Layout::default() };
    out.edges = edges.iter().map(|(from, to)| (*from, *to, Vec::new())).collect();
    let mut y = 0.0;
    for layer in layers {
        for (slot, x) in positions(layer) {
            let point = Point { x: width / 2.0 + x, y };
            match slot {
                Slot::Node(node) => drop(out.nodes.get_mut(node).map(|place| *place = point)),
                Slot::Pass(edge, _) => drop(out.edges.get_mut(edge).map(|(.., passes)| passes.push(point))),
            }
        }
        y += LAYER;
    }
    out.height = (y - LAYER + HEIGHT).max(HEIGHT);
    out
}
