//! SVG that needs nothing else: fonts of the system, colours for light and dark.

use super::layout::{HEIGHT, Layout, Point, WIDTH, layout};
use super::{Node, Picture, lost};

/// Around everything.
const MARGIN: f64 = 28.0;
/// For the title.
const TOP: f64 = 64.0;
/// How far a rollback swings out to the right of its stages, and the room its label takes.
const SWING: f64 = 44.0;
const SWING_LABEL: f64 = 54.0;
/// Room for the stages, however few stand side by side.
const NARROWEST: f64 = 260.0;
/// Between the frame of a gate and what is inside; frames inside frames are drawn closer.
const PAD: f64 = 18.0;
/// Width of a small character, rather too much than too little.
const CHARACTER: f64 = 7.0;
/// A frame's label stands in this much more room.
const LABEL: f64 = 20.0;

/// Colours that hold for light, then those that dark changes. Text on its ground reaches a contrast of at least 4.5 in both.
const STYLE: &str = "
    text { font-family: ui-sans-serif, system-ui, 'Segoe UI', Helvetica, Arial, sans-serif; fill: #1f2328; }
    .ground { fill: #ffffff; }
    .title { font-size: 17px; font-weight: 600; }
    .small { font-size: 12px; fill: #59636e; }
    .name { font-size: 15px; font-weight: 600; }
    .stage { fill: #f6f8fa; stroke: #818b98; stroke-width: 1.2; }
    .gate { fill: #fff8c5; stroke: #9a6700; stroke-width: 1.6; }
    .edge { fill: none; stroke: #59636e; stroke-width: 1.5; }
    .tip { fill: #59636e; }
    .frame { fill: #9a6700; fill-opacity: 0.05; stroke: #9a6700; stroke-width: 1.3; stroke-dasharray: 7 5; }
    .lost { font-size: 12px; fill: #7d4e00; }
    .rollback { fill: none; stroke: #cf222e; stroke-width: 1.5; stroke-dasharray: 5 4; }
    .rolltip { fill: #cf222e; }
    .rolltext { font-size: 12px; fill: #cf222e; }
    .bar { fill: #818b98; } .data { fill: #0969da; } .train { fill: #8250df; } .export, .image { fill: #1b7c83; }
    .deploy { fill: #1a7f37; } .verify { fill: #1a7f37; }
    @media (prefers-color-scheme: dark) {
      text { fill: #f0f6fc; }
      .ground { fill: #0d1117; }
      .small { fill: #9198a1; }
      .stage { fill: #151b23; stroke: #656c76; }
      .gate { fill: #272115; stroke: #d29922; }
      .edge { stroke: #9198a1; }
      .tip { fill: #9198a1; }
      .frame { fill: #d29922; stroke: #d29922; }
      .lost { fill: #e3b341; }
      .rollback { stroke: #f85149; }
      .rolltip { fill: #f85149; }
      .rolltext { fill: #ff7b72; }
      .bar { fill: #656c76; } .data { fill: #4493f8; } .train { fill: #ab7df8; } .export, .image { fill: #39c5cf; }
      .deploy { fill: #3fb950; } .verify { fill: #3fb950; }
    }
";

/// The picture as an SVG document.
pub fn svg(picture: &Picture) -> String {
    let frames = Frames::new(picture);
    let mut layout = layout(picture);
    let side = MARGIN + frames.depth * PAD;
    let room = layout.width.max(NARROWEST);
    let left = side + (room - layout.width) / 2.0;
    shift(&mut layout, left, TOP + MARGIN);
    let rightmost = picture.rollbacks.iter().filter_map(|pair| swing(&layout, *pair)).fold(0.0, f64::max);
    let width = (side + room).max(rightmost + SWING_LABEL) + side;
    let height = layout.height + TOP + MARGIN * 2.0 + frames.depth * LABEL;
    let mut out = head(picture, width, height);
    out.push_str(&frames.draw(picture, &layout));
    out.push_str(&edges(&layout));
    out.push_str(&rollbacks(picture, &layout));
    for (node, place) in picture.nodes.iter().zip(&layout.nodes) {
        out.push_str(&stage(node, *place));
    }
    out + "</svg>\n"
}

/// Ground and title.
fn head(picture: &Picture, width: f64, height: f64) -> String {
    let title = escape(&picture.name);
    let mut out = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {width:.0} {height:.0}\" width=\"{width:.0}\" height=\"{height:.0}\" role=\"img\" aria-label=\"Stages of the pipeline {title}\">\n  <style>{STYLE}  </style>\n  <rect class=\"ground\" width=\"{width:.0}\" height=\"{height:.0}\" rx=\"8\"/>\n  <text class=\"title\" x=\"{MARGIN}\" y=\"36\">{title}</text>\n"
    );
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a count of characters")]
    let fits = ((width - MARGIN * 2.0) / CHARACTER) as usize;
    if let Some(line) = picture.doc.as_deref().and_then(|doc| doc.lines().next()) {
        out.push_str(&format!("  <text class=\"small\" x=\"{MARGIN}\" y=\"56\">{}</text>\n", escape(&fitted(line, fits))));
    }
    out
}

/// How far to the right a rollback reaches.
fn swing(layout: &Layout, (verify, deploy): (usize, usize)) -> Option<f64> {
    let (from, to) = (layout.nodes.get(verify)?, layout.nodes.get(deploy)?);
    Some(from.x.max(to.x) + WIDTH / 2.0 + SWING)
}

fn shift(layout: &mut Layout, x: f64, y: f64) {
    let passes = layout.edges.iter_mut().flat_map(|(.., passes)| passes);
    for point in layout.nodes.iter_mut().chain(passes) {
        point.x += x;
        point.y += y;
    }
}

fn stage(node: &Node, at: Point) -> String {
    let (left, right, middle) = (at.x - WIDTH / 2.0, at.x + WIDTH / 2.0, at.y + HEIGHT / 2.0);
    let shape = if node.kind == "gate" {
        let points = [
            (left, middle),
            (left + 22.0, at.y),
            (right - 22.0, at.y),
            (right, middle),
            (right - 22.0, at.y + HEIGHT),
            (left + 22.0, at.y + HEIGHT),
        ];
        let points: Vec<String> = points.iter().map(|(x, y)| format!("{x:.1},{y:.1}")).collect();
        format!("<polygon class=\"gate\" points=\"{}\"/>", points.join(" "))
    } else {
        let bar = format!("<rect class=\"bar {}\" x=\"{left:.1}\" y=\"{:.1}\" width=\"5\" height=\"{HEIGHT}\" rx=\"2\"/>", node.kind, at.y);
        format!("<rect class=\"stage\" x=\"{left:.1}\" y=\"{:.1}\" width=\"{WIDTH}\" height=\"{HEIGHT}\" rx=\"5\"/>{bar}", at.y)
    };
    let name = fitted(&node.name, 20);
    let kind = if node.implied { format!("{} (filled in)", node.kind) } else { node.kind.to_owned() };
    format!(
        "  <g><title>{}</title>{shape}<text class=\"name\" x=\"{:.1}\" y=\"{:.1}\" text-anchor=\"middle\">{}</text><text class=\"small\" x=\"{:.1}\" y=\"{:.1}\" text-anchor=\"middle\">{kind}</text></g>\n",
        escape(node.doc.as_deref().unwrap_or(&node.name)),
        at.x,
        at.y + 23.0,
        escape(&name),
        at.x,
        at.y + 41.0,
    )
}

/// A name, cut where it would not fit its box.
fn fitted(name: &str, most: usize) -> String {
    if name.chars().count() <= most { name.to_owned() } else { name.chars().take(most - 1).chain(['…']).collect() }
}

fn edges(layout: &Layout) -> String {
    let place = |node: &usize| layout.nodes.get(*node).copied().unwrap_or_default();
    let line = |(from, to, passes): &(usize, usize, Vec<Point>)| {
        let start = Point { y: place(from).y + HEIGHT, ..place(from) };
        let end = Point { y: place(to).y - 7.0, ..place(to) };
        let through = passes.iter().flat_map(|pass| [*pass, Point { y: pass.y + HEIGHT, ..*pass }]);
        let mut path = format!("M{:.1},{:.1}", start.x, start.y);
        let mut last = start;
        for next in through.chain([end]) {
            let half = (last.y + next.y) / 2.0;
            path.push_str(&format!(" C{:.1},{half:.1} {:.1},{half:.1} {:.1},{:.1}", last.x, next.x, next.x, next.y));
            last = next;
        }
        let tip = format!("M{:.1},{:.1} l-4.5,-8 h9 z", end.x, end.y + 6.0);
        format!("  <path class=\"edge\" d=\"{path}\"/><path class=\"tip\" d=\"{tip}\"/>\n")
    };
    layout.edges.iter().map(line).collect()
}

/// From each verification back to its deploy, on the right.
fn rollbacks(picture: &Picture, layout: &Layout) -> String {
    let side = |node: usize| layout.nodes.get(node).map(|at| Point { x: at.x + WIDTH / 2.0, y: at.y + HEIGHT / 2.0 });
    let draw = |(verify, deploy): &(usize, usize)| {
        let (from, to) = (side(*verify)?, side(*deploy)?);
        let out = swing(layout, (*verify, *deploy))?;
        let path = format!("M{:.1},{:.1} C{out:.1},{:.1} {out:.1},{:.1} {:.1},{:.1}", from.x, from.y, from.y, to.y, to.x + 7.0, to.y);
        let tip = format!("M{:.1},{:.1} l8,-4.5 v9 z", to.x + 1.0, to.y);
        let text = format!("<text class=\"rolltext\" x=\"{:.1}\" y=\"{:.1}\">rollback</text>", out - 4.0, (from.y + to.y) / 2.0 + 4.0);
        Some(format!("  <path class=\"rollback\" d=\"{path}\"/><path class=\"rolltip\" d=\"{tip}\"/>{text}\n"))
    };
    picture.rollbacks.iter().filter_map(draw).collect()
}

/// Frames around what each gate skips when it is lost.
struct Frames {
    /// Gate, the stages it skips, and how many frames lie inside of its own.
    frames: Vec<(usize, Vec<usize>, f64)>,
    depth: f64,
}

impl Frames {
    fn new(picture: &Picture) -> Self {
        let gates = picture.gates().map(|(gate, _)| (gate, picture.skipped(gate))).filter(|(_, skipped)| !skipped.is_empty());
        let all: Vec<(usize, Vec<usize>)> = gates.collect();
        let mut frames: Vec<(usize, Vec<usize>, f64)> = Vec::new();
        for (gate, skipped) in all.into_iter().rev() {
            let inside = frames.iter().filter(|(inner, ..)| skipped.contains(inner)).map(|(.., n)| n + 1.0).fold(0.0, f64::max);
            frames.push((gate, skipped, inside));
        }
        frames.reverse();
        let depth = frames.iter().map(|(.., n)| n + 1.0).fold(0.0, f64::max);
        Self { frames, depth }
    }

    fn draw(&self, picture: &Picture, layout: &Layout) -> String {
        self.frames.iter().filter_map(|(gate, skipped, inside)| frame(picture, layout, *gate, skipped, *inside)).collect()
    }
}

/// A frame. Where it would also hold a stage which the gate does not skip, each stage gets a frame of its own instead.
fn frame(picture: &Picture, layout: &Layout, gate: usize, skipped: &[usize], inside: f64) -> Option<String> {
    let around = Around::new(picture, layout, skipped, inside)?;
    let foreign = layout.nodes.iter().enumerate().any(|(node, at)| around.holds(*at) && !skipped.contains(&node));
    let text = escape(&lost(picture.name_of(gate)));
    if !foreign {
        return Some(around.draw(&text));
    }
    let alone = |node: &usize| Around::new(picture, layout, std::slice::from_ref(node), 0.0);
    Some(skipped.iter().filter_map(alone).map(|around| around.draw(&text)).collect())
}

/// The edges of a frame.
struct Around {
    left: f64,
    right: f64,
    top: f64,
    bottom: f64,
}

impl Around {
    /// Around stages, and around the rollbacks between them.
    fn new(picture: &Picture, layout: &Layout, nodes: &[usize], inside: f64) -> Option<Self> {
        let places = || nodes.iter().filter_map(|node| layout.nodes.get(*node));
        places().next()?;
        let pad = PAD * (inside + 1.0) * 0.8;
        let rollbacks = picture.rollbacks.iter().filter(|(from, to)| nodes.contains(from) && nodes.contains(to));
        let swung = rollbacks.filter_map(|pair| swing(layout, *pair)).map(|x| x + SWING_LABEL);
        let right = places().map(|at| at.x + WIDTH / 2.0).chain(swung).fold(0.0, f64::max);
        Some(Self {
            left: places().map(|at| at.x).fold(f64::INFINITY, f64::min) - WIDTH / 2.0 - pad,
            right: right + pad,
            top: places().map(|at| at.y).fold(f64::INFINITY, f64::min) - PAD * 0.8 - inside * 4.0,
            bottom: places().map(|at| at.y).fold(0.0, f64::max) + HEIGHT + 6.0 + LABEL * (inside + 1.0),
        })
    }

    fn holds(&self, at: Point) -> bool {
        at.x + WIDTH / 2.0 > self.left && at.x - WIDTH / 2.0 < self.right && at.y + HEIGHT > self.top && at.y < self.bottom
    }

    fn draw(&self, text: &str) -> String {
        let Self { left, right, top, bottom } = self;
        format!(
            "  <rect class=\"frame\" x=\"{left:.1}\" y=\"{top:.1}\" width=\"{:.1}\" height=\"{:.1}\" rx=\"9\"/><text class=\"lost\" x=\"{:.1}\" y=\"{:.1}\">{text}</text>\n",
            right - left,
            bottom - top,
            left + 12.0,
            bottom - 8.0,
        )
    }
}

fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}
