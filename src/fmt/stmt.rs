//! Statements: each a row that may be aligned with its neighbours, or text of several lines.

use super::Formatter;
use super::align::{self, Cell, Item, Layout, Row, Shape, Slot};
use super::doc::{Doc, INDENT, WIDTH};
use super::expr::dotted;
use super::origin::Trailing;
use crate::syntax::ast::{BinaryOp, Body, Directive, Expr, ExprKind, File, Ident, Label, Names, Rule, Stmt, StmtKind, TypeRef};

/// Statements a made-up block may have to be written on one line.
const SHORT_BLOCK: usize = 4;

/// The statements of one block while they are laid out.
struct Listing<'a> {
    items: Vec<Item<'a>>,
    /// The comment behind the opening brace.
    opening: Option<Trailing>,
    /// Where the last statement or comment ended, if it stood in the text.
    last: Option<u32>,
    indent: usize,
    /// Whether these are the branches of a `parallel`.
    branches: bool,
}

impl Formatter<'_> {
    /// A file.
    pub fn file(mut self, file: &File) -> String {
        let mut listing = Listing { items: Vec::new(), opening: None, last: None, indent: 0, branches: false };
        self.stmts(&file.stmts, &mut listing);
        self.comments(u32::MAX, &mut listing);
        self.finish(listing).1
    }

    /// The block of a statement whose line is indented by `indent`, from brace to brace.
    fn block(&mut self, body: &Body, indent: usize, branches: bool) -> String {
        let placed = self.origin.holds(body.span);
        let last = placed.then_some(body.span.start);
        let mut listing = Listing { items: Vec::new(), opening: None, last, indent: indent + INDENT, branches };
        self.stmts(&body.stmts, &mut listing);
        if placed {
            self.comments(body.span.end, &mut listing);
        }
        if listing.items.is_empty() && listing.opening.is_none() {
            return "{}".to_owned();
        }
        let (opening, inner) = self.finish(listing);
        format!("{{{opening}\n{inner}{}}}", " ".repeat(indent))
    }

    fn stmts<'s>(&mut self, stmts: &'s [Stmt], listing: &mut Listing<'s>) {
        for stmt in stmts {
            let placed = self.origin.holds(stmt.span);
            let upto = if placed { stmt.span.start } else { self.line_end(listing) };
            self.comments(upto, listing);
            let cells = self.cells(stmt);
            let mut layout = self.layout(stmt, cells, listing.indent);
            if listing.branches {
                layout.set_branch();
            }
            let blank = self.blank_before(stmt, &layout, listing);
            if !placed {
                listing.docs(stmt, blank);
            }
            let blank = blank && (placed || stmt.doc.is_none());
            listing.items.push(Item { blank, layout, trailing: None, stmt: Some(stmt) });
            listing.last = placed.then_some(stmt.span.end);
        }
    }

    /// Lays out the comments before an offset.
    fn comments(&mut self, before: u32, listing: &mut Listing<'_>) {
        for comment in self.origin.before(before) {
            let breaks = listing.last.map(|last| self.origin.newlines(last, comment.span.start));
            if breaks == Some(0) && listing.can_trail() {
                listing.trail(self.origin.trailing(comment));
            } else {
                let blank = breaks.is_none_or(|n| n > 1) && !listing.items.is_empty();
                listing.text(blank, comment.text.clone());
            }
            listing.last = Some(comment.span.end);
        }
    }

    /// Where the line of the last item ends: its comment goes with it even if what follows is made up.
    fn line_end(&self, listing: &Listing<'_>) -> u32 {
        listing.last.map_or(0, |last| self.origin.line_end(last))
    }

    fn blank_before(&self, stmt: &Stmt, layout: &Layout<'_>, listing: &Listing<'_>) -> bool {
        let Some(before) = listing.items.last() else { return false };
        match listing.last.filter(|_| self.origin.holds(stmt.span)) {
            Some(last) => self.origin.newlines(last, stmt.span.start) > 1,
            None => sets_apart(before, stmt, layout, listing.indent),
        }
    }

    fn finish(&mut self, mut listing: Listing<'_>) -> (String, String) {
        let indent = listing.indent;
        align::rows(&mut listing.items, indent, &mut |stmt| {
            let cells = self.cells(stmt);
            self.broken(stmt, cells, indent)
        });
        align::trailing(&mut listing.items, indent);
        let opening = listing.opening.map(|comment| " ".repeat(comment.gap) + &comment.text).unwrap_or_default();
        (opening, align::write(&listing.items, indent))
    }

    fn layout<'s>(&mut self, stmt: &'s Stmt, cells: Vec<Cell<Doc>>, indent: usize) -> Layout<'s> {
        let breakable = stmt.body().is_some() || cells.iter().any(|cell| cell.content.breakable());
        match self.row(stmt, &cells) {
            Some(row) if !breakable || indent + row.width() <= WIDTH => Layout::Row(row),
            _ => Layout::Text(self.broken(stmt, cells, indent)),
        }
    }

    /// A statement on one line, if it may stand on one.
    fn row<'s>(&self, stmt: &'s Stmt, cells: &[Cell<Doc>]) -> Option<Row<'s>> {
        let flat = |cell: &Cell<Doc>| Some(Cell { slot: cell.slot, content: cell.content.flat()? });
        let mut texts: Vec<Cell<String>> = cells.iter().map(flat).collect::<Option<_>>()?;
        if let Some(body) = stmt.body() {
            texts.push(Cell { slot: Slot::Body, content: self.one_line(body)? });
        }
        let breakable = cells.iter().any(|cell| cell.content.breakable());
        Some(Row { shape: shape(stmt), cells: texts, breakable })
    }

    /// A block on one line, if it was written on one.
    fn one_line(&self, body: &Body) -> Option<String> {
        let short = match self.origin.slice(body.span) {
            Some(text) if body.stmts.is_empty() => !text.contains('#'),
            Some(text) => !text.contains('\n') && may_fit(text),
            None => is_short(body),
        };
        if !short {
            return None;
        }
        let count = body.stmts.len();
        let texts: Option<Vec<String>> = body.stmts.iter().enumerate().map(|(i, stmt)| self.inline(stmt, i + 1 == count)).collect();
        let text = texts?.join(", ");
        Some(if text.is_empty() { "{}".to_owned() } else { format!("{{ {text} }}") })
    }

    /// A statement within a line. What follows `secret A, ` would be taken for a name.
    fn inline(&self, stmt: &Stmt, last: bool) -> Option<String> {
        let lists_names = matches!(stmt.kind, StmtKind::Names(_));
        let documented = stmt.doc.is_some() && !self.origin.holds(stmt.span);
        if documented || (lists_names && !last) {
            return None;
        }
        // No comment is taken here: none can stand within a line.
        let mut quiet = Formatter { origin: self.origin.without_comments() };
        let cells = quiet.cells(stmt);
        self.row(stmt, &cells).map(|row| row.plain())
    }

    /// A statement on several lines: its block if it has one, else what it holds.
    fn broken(&mut self, stmt: &Stmt, cells: Vec<Cell<Doc>>, indent: usize) -> String {
        let mut parts = Vec::new();
        for (i, cell) in cells.into_iter().enumerate() {
            parts.extend((i > 0).then(|| Doc::text(" ")));
            parts.push(cell.content);
        }
        let Some(body) = stmt.body() else { return Doc::concat(parts).render(indent) };
        parts.push(Doc::text(" {"));
        let mut text = Doc::concat(parts).render(indent);
        text.pop();
        let branches = stmt.directive().is_some_and(|directive| directive.keyword.text == "parallel");
        text + &self.block(body, indent, branches)
    }

    fn cells(&mut self, stmt: &Stmt) -> Vec<Cell<Doc>> {
        match &stmt.kind {
            StmtKind::Attr(attr) => {
                let key = Doc::text(self.name(&attr.key, attr.quoted));
                vec![cell(Slot::Head, key), cell(Slot::Value, self.assigned(attr.key.span, &attr.value))]
            }
            StmtKind::Rule(rule) => self.rule(rule),
            StmtKind::Names(names) => vec![head(&names.keyword), cell(Slot::Label(0), self.names(names))],
            StmtKind::Directive(directive) => self.directive(directive),
            StmtKind::Junk(_) => vec![cell(Slot::Head, Doc::text(self.origin.slice(stmt.span).unwrap_or_default()))],
        }
    }

    fn rule(&mut self, rule: &Rule) -> Vec<Cell<Doc>> {
        let Some((left, op, right)) = comparison(&rule.condition) else {
            return vec![head(&rule.keyword), cell(Slot::Value, self.expr(&rule.condition))];
        };
        let mut parts = Vec::new();
        self.operand(rule.condition.span.before(), op, right, &mut parts);
        let subject = Doc::text(format!("{} {}", rule.keyword.text, dotted(left)));
        vec![cell(Slot::Head, subject), cell(Slot::Value, Doc::group(vec![Doc::indent(parts)]))]
    }

    fn names(&mut self, names: &Names) -> Doc {
        let mut parts = Vec::new();
        let mut last: Option<&Ident> = None;
        for name in &names.names {
            if let Some(last) = last {
                parts.push(Doc::text(","));
                self.comments_before(last.span, name.span, &mut parts);
                parts.push(Doc::line(" "));
            }
            parts.push(Doc::text(name.text.as_str()));
            last = Some(name);
        }
        Doc::group(vec![Doc::indent(parts)])
    }

    fn directive(&mut self, directive: &Directive) -> Vec<Cell<Doc>> {
        let before = labels_before_type(directive);
        let (first, others) = directive.labels.split_at_checked(before).unwrap_or_default();
        let mut words = vec![directive.keyword.text.clone()];
        words.extend(first.iter().map(|label| self.label(label)));
        let colon = if directive.ty.is_some() { ":" } else { "" };
        let mut cells = vec![cell(Slot::Head, Doc::text(words.join(" ") + colon))];
        cells.extend(directive.ty.iter().map(|ty| cell(Slot::Type, Doc::text(type_text(ty)))));
        let labels = others.iter().enumerate();
        cells.extend(labels.map(|(i, label)| cell(Slot::Label(i), Doc::text(self.label(label)))));
        cells.extend(directive.value.as_ref().map(|value| cell(Slot::Value, self.directive_value(directive, value))));
        cells
    }

    fn directive_value(&mut self, directive: &Directive, value: &Expr) -> Doc {
        let bare = directive.labels.is_empty() && directive.ty.is_none() && directive.body.is_none();
        if bare && matches!(value.kind, ExprKind::Number(_)) {
            return self.expr(value);
        }
        let label = directive.head();
        let behind = directive.ty.as_ref().map_or(label, |ty| label.to(ty.unit.as_ref().unwrap_or(&ty.name).span));
        self.assigned(behind, value)
    }

    fn label(&self, label: &Label) -> String {
        self.name(&label.name, label.quoted)
    }

    fn name(&self, name: &Ident, quoted: bool) -> String {
        if quoted { self.quoted(&name.text, name.span) } else { name.text.clone() }
    }
}

impl<'a> Listing<'a> {
    fn text(&mut self, blank: bool, text: String) {
        self.items.push(Item { blank, layout: Layout::Text(text), trailing: None, stmt: None });
    }

    /// The documentation of a statement that no comment holds.
    fn docs(&mut self, stmt: &Stmt, blank: bool) {
        for (i, line) in stmt.doc.iter().flat_map(|doc| doc.split('\n')).enumerate() {
            self.text(blank && i == 0, format!("## {line}").trim_end().to_owned());
        }
    }

    fn can_trail(&self) -> bool {
        match self.items.last() {
            Some(item) => item.trailing.is_none() && item.stmt.is_some(),
            None => self.opening.is_none(),
        }
    }

    fn trail(&mut self, comment: Trailing) {
        match self.items.last_mut() {
            Some(item) => item.trailing = Some(comment),
            None => self.opening = Some(comment),
        }
    }
}

fn cell<T>(slot: Slot, content: T) -> Cell<T> {
    Cell { slot, content }
}

fn head(keyword: &Ident) -> Cell<Doc> {
    cell(Slot::Head, Doc::text(keyword.text.as_str()))
}

fn type_text(ty: &TypeRef) -> String {
    ty.unit.as_ref().map_or_else(|| ty.name.text.clone(), |unit| format!("{}({})", ty.name.text, unit.text))
}

/// `a.b >= …`
fn comparison(expr: &Expr) -> Option<(&[Ident], BinaryOp, &Expr)> {
    let ExprKind::Binary(left, op, right) = &expr.kind else { return None };
    let ExprKind::Path(path) = &left.kind else { return None };
    op.compares().then_some((path, *op, right))
}

/// Labels that share the keyword's column: the first, or all that a type is written behind.
fn labels_before_type(directive: &Directive) -> usize {
    let one = directive.labels.len().min(1);
    match &directive.ty {
        Some(ty) if ty.name.span.start < ty.name.span.end => {
            directive.labels.iter().filter(|label| label.name.span.start < ty.name.span.start).count()
        }
        _ => one,
    }
}

fn shape(stmt: &Stmt) -> Shape<'_> {
    match &stmt.kind {
        StmtKind::Attr(_) => Shape::Attr,
        StmtKind::Names(_) => Shape::Names,
        StmtKind::Rule(rule) if comparison(&rule.condition).is_some() => Shape::Comparison(&rule.keyword.text),
        StmtKind::Directive(directive) => Shape::Directive(&directive.keyword.text),
        _ => Shape::Other,
    }
}

/// Whether a text may fit on a line, from what no formatting takes away: saves laying out what is too long anyway.
fn may_fit(text: &str) -> bool {
    text.chars().filter(|c| !c.is_whitespace() && !matches!(c, ',' | '\u{FEFF}')).nth(WIDTH).is_none()
}

/// Whether a made-up block reads well on one line.
fn is_short(body: &Body) -> bool {
    let plain = |stmt: &Stmt| match &stmt.kind {
        StmtKind::Attr(_) => true,
        StmtKind::Directive(directive) => directive.body.is_none() && directive.labels.is_empty(),
        _ => false,
    };
    body.stmts.len() <= SHORT_BLOCK && body.stmts.iter().all(plain)
}

/// Whether a made-up statement is set apart: it or the one before is a block of several lines, or it opens another group.
fn sets_apart(before: &Item<'_>, stmt: &Stmt, layout: &Layout<'_>, indent: usize) -> bool {
    let keyword = |stmt: &Stmt| stmt.directive().map(|directive| directive.keyword.text.clone());
    let other = before.stmt.is_some_and(|last| keyword(last) != keyword(stmt));
    let tall = |stmt: &Stmt, layout: &Layout<'_>| stmt.body().is_some() && matches!(layout, Layout::Text(text) if text.contains('\n'));
    let after_tall = before.stmt.is_some_and(|last| tall(last, &before.layout));
    after_tall || tall(stmt, layout) || (other && indent <= INDENT)
}
