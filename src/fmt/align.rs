//! Columns: neighbouring rows of one shape are set below each other.

use std::collections::BTreeMap;

use super::doc::WIDTH;
use super::origin::Trailing;
use crate::syntax::ast::Stmt;

/// A column of a row.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Slot {
    /// A key, or a keyword and the name behind it.
    Head,
    /// A type.
    Type,
    /// A label that has its own column.
    Label(usize),
    /// A value with what stands before it, or the right side of a comparison.
    Value,
    /// A block.
    Body,
}

/// What stands in a column.
#[derive(Clone, Debug)]
pub struct Cell<T> {
    /// The column.
    pub slot: Slot,
    /// What stands there.
    pub content: T,
}

/// What a row must share with its neighbours to be aligned with them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shape<'a> {
    /// `key = value`
    Attr,
    /// `secret …`, `var …`
    Names,
    /// `require a >= …`
    Comparison(&'a str),
    /// A directive of a keyword.
    Directive(&'a str),
    /// `keyword name { … }` as a branch of a `parallel`, whatever its keyword.
    Branch,
    /// Anything else stands alone.
    Other,
}

/// A statement on one line.
#[derive(Clone, Debug)]
pub struct Row<'a> {
    /// Its shape.
    pub shape: Shape<'a>,
    /// Its columns in order.
    pub cells: Vec<Cell<String>>,
    /// Whether something but its block can be broken over lines.
    pub breakable: bool,
}

/// A statement or a comment on a line of its own, laid out.
#[derive(Debug)]
pub struct Item<'a> {
    /// Whether a blank line stands before it.
    pub blank: bool,
    /// Its text.
    pub layout: Layout<'a>,
    /// The comment behind it.
    pub trailing: Option<Trailing>,
    /// The statement; none for a comment.
    pub stmt: Option<&'a Stmt>,
}

/// The text of an item.
#[derive(Debug)]
pub enum Layout<'a> {
    /// One line, to be aligned.
    Row(Row<'a>),
    /// Done; lines after the first are indented already.
    Text(String),
}

impl Row<'_> {
    /// Its width when it is aligned with nothing.
    pub fn width(&self) -> usize {
        self.plain().chars().count()
    }

    /// Its text when it is aligned with nothing.
    pub fn plain(&self) -> String {
        let texts: Vec<&str> = self.cells.iter().map(|cell| cell.content.as_str()).collect();
        texts.join(" ")
    }

    fn has_block(&self) -> bool {
        self.cells.last().is_some_and(|cell| cell.slot == Slot::Body)
    }

    /// Whether the cell before the block is a quoted name.
    fn block_behind_quote(&self) -> bool {
        let before = self.cells.iter().rev().nth(1);
        self.has_block() && before.is_some_and(|cell| cell.content.ends_with('"'))
    }
}

impl Layout<'_> {
    /// Makes a row with a name and a block a branch.
    pub fn set_branch(&mut self) {
        if let Self::Row(row) = self
            && matches!(row.cells.as_slice(), [Cell { slot: Slot::Head, .. }, Cell { slot: Slot::Body, .. }])
        {
            row.shape = Shape::Branch;
        }
    }
}

impl Item<'_> {
    fn row(&self) -> Option<&Row<'_>> {
        match &self.layout {
            Layout::Row(row) => Some(row),
            Layout::Text(_) => None,
        }
    }

    /// The column behind its last line.
    fn end(&self, indent: usize) -> usize {
        let Layout::Text(text) = &self.layout else { return indent };
        match text.rsplit_once('\n') {
            Some((_, last)) => last.chars().count(),
            None => indent + text.chars().count(),
        }
    }

    fn is_line(&self) -> bool {
        matches!(&self.layout, Layout::Text(text) if !text.contains('\n'))
    }
}

/// Aligns runs of rows. A row that becomes too wide by it is broken instead (`broken` says how) and ends its run.
pub fn rows<'a>(items: &mut [Item<'a>], indent: usize, broken: &mut dyn FnMut(&Stmt) -> String) {
    for run in items.chunk_by_mut(|a, b| aligns(a, b)) {
        settle(run, indent, broken);
    }
}

fn settle(run: &mut [Item<'_>], indent: usize, broken: &mut dyn FnMut(&Stmt) -> String) {
    let grid = Grid::of(run.iter().filter_map(Item::row));
    let wide = too_wide(run, &grid, indent);
    for item in run.iter_mut().filter(|item| wide.is_none() && item.row().is_some()) {
        let text = item.row().map(|row| grid.text(row)).unwrap_or_default();
        item.layout = Layout::Text(text);
    }
    let Some(wide) = wide else { return };
    for item in run.iter_mut().filter(|item| item.row().is_some_and(|row| grid.is_wide(row, indent) && wide.admits(row))) {
        item.layout = Layout::Text(item.stmt.map(&mut *broken).unwrap_or_default());
    }
    rows(run, indent, broken);
}

/// Which of the rows beyond the width are broken. A block that was broken once stays so, a value does not:
/// blocks come first, so that a second formatting meets the same rows.
#[derive(Clone, Copy)]
enum Wide {
    Blocks,
    Values,
}

impl Wide {
    fn admits(self, row: &Row<'_>) -> bool {
        match self {
            Self::Blocks => row.has_block(),
            Self::Values => row.breakable,
        }
    }
}

fn too_wide(run: &[Item<'_>], grid: &Grid, indent: usize) -> Option<Wide> {
    let any = |kind: &Wide| run.iter().filter_map(Item::row).any(|row| grid.is_wide(row, indent) && kind.admits(row));
    [Wide::Blocks, Wide::Values].into_iter().find(any)
}

fn aligns(a: &Item<'_>, b: &Item<'_>) -> bool {
    let (Some(first), Some(second)) = (a.row(), b.row()) else { return false };
    !b.blank && first.shape == second.shape && first.shape != Shape::Other
}

/// Where the columns of a run begin.
struct Grid {
    starts: BTreeMap<Slot, usize>,
}

impl Grid {
    fn of<'r>(rows: impl Iterator<Item = &'r Row<'r>> + Clone) -> Self {
        let gap = block_gap(rows.clone());
        let mut widths: BTreeMap<Slot, usize> = BTreeMap::new();
        for row in rows {
            // The last cell pushes nothing to the right.
            let last = row.cells.len().saturating_sub(1);
            for (i, cell) in row.cells.iter().enumerate() {
                let width = if i < last { cell.content.chars().count() } else { 0 };
                let widest = widths.entry(cell.slot).or_default();
                *widest = width.max(*widest);
            }
        }
        Self { starts: starts(&widths, gap) }
    }

    fn text(&self, row: &Row<'_>) -> String {
        let mut text = String::new();
        let mut column = 0;
        for cell in &row.cells {
            let start = self.starts.get(&cell.slot).copied().unwrap_or(column);
            text.extend(std::iter::repeat_n(' ', start.saturating_sub(column)));
            text.push_str(&cell.content);
            column = start + cell.content.chars().count();
        }
        text
    }

    fn is_wide(&self, row: &Row<'_>, indent: usize) -> bool {
        let Some(last) = row.cells.last() else { return false };
        let start = self.starts.get(&last.slot).copied().unwrap_or(0);
        indent + start + last.content.chars().count() > WIDTH
    }
}

fn starts(widths: &BTreeMap<Slot, usize>, block_gap: usize) -> BTreeMap<Slot, usize> {
    let mut starts = BTreeMap::new();
    let mut end = None;
    for (slot, width) in widths {
        let gap = if *slot == Slot::Body { block_gap } else { 1 };
        let start = end.map_or(0, |end| end + gap);
        starts.insert(*slot, start);
        end = Some(start + width);
    }
    starts
}

/// Blanks between the longest head and the blocks: two where the heads do not look alike, so that the column stands out.
fn block_gap<'r>(rows: impl Iterator<Item = &'r Row<'r>> + Clone) -> usize {
    let blocks = rows.filter(|row| row.has_block());
    let apart = |row: &Row<'_>| row.shape == Shape::Branch || row.block_behind_quote();
    if blocks.clone().count() > 1 && blocks.clone().any(apart) { 2 } else { 1 }
}

/// Keeps comments below each other that stood below each other.
pub fn trailing(items: &mut [Item<'_>], indent: usize) {
    for run in items.chunk_by_mut(|a, b| trails_alike(a, b)) {
        let gaps = run.iter().filter_map(|item| item.trailing.as_ref()).map(|comment| comment.gap);
        let column = run.iter().map(|item| item.end(indent)).max().unwrap_or(0) + gaps.min().unwrap_or(0);
        for item in run {
            let end = item.end(indent);
            item.trailing.iter_mut().for_each(|comment| comment.gap = column - end);
        }
    }
}

fn trails_alike(a: &Item<'_>, b: &Item<'_>) -> bool {
    let column = |item: &Item<'_>| item.trailing.as_ref().map(|comment| comment.column);
    !b.blank && a.is_line() && b.is_line() && column(a).is_some() && column(a) == column(b)
}

/// The text of the items, each on lines of its own.
pub fn write(items: &[Item<'_>], indent: usize) -> String {
    let mut out = String::new();
    for item in items {
        let Layout::Text(text) = &item.layout else { continue };
        out.push_str(if item.blank { "\n" } else { "" });
        out.extend(std::iter::repeat_n(' ', indent));
        out.push_str(text);
        if let Some(comment) = &item.trailing {
            out.extend(std::iter::repeat_n(' ', comment.gap));
            out.push_str(&comment.text);
        }
        out.push('\n');
    }
    out
}
