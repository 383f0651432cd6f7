//! A document of text and places where it may be broken, and its rendering within a width.

/// The widest line, in characters; what cannot be broken may be wider.
pub const WIDTH: usize = 140;
/// Blanks that a level of nesting adds.
pub const INDENT: usize = 2;

/// A piece of a document. It knows its width on one line, or that it cannot stand on one.
#[derive(Clone, Debug)]
pub struct Doc {
    width: Option<usize>,
    kind: Kind,
}

#[derive(Clone, Debug)]
enum Kind {
    Text(String),
    Concat(Vec<Doc>),
    /// On one line if it fits, else broken at each of its own breaks.
    Group(Vec<Doc>),
    Indent(Vec<Doc>),
    /// A newline where the group is broken, else this.
    Break(&'static str),
    /// Text only where the group is broken.
    IfBroken(&'static str),
    /// Lines at the present indentation, each after a newline.
    Lines(Vec<String>),
    /// Text of several lines, printed as it is.
    Verbatim(String),
}

impl Doc {
    /// Text of one line.
    pub fn text(text: impl Into<String>) -> Self {
        let text = text.into();
        Self { width: Some(text.chars().count()), kind: Kind::Text(text) }
    }

    /// One after the other.
    pub fn concat(docs: Vec<Self>) -> Self {
        Self { width: total(&docs), kind: Kind::Concat(docs) }
    }

    /// On one line if that fits.
    pub fn group(docs: Vec<Self>) -> Self {
        Self { width: total(&docs), kind: Kind::Group(docs) }
    }

    /// One level deeper.
    pub fn indent(docs: Vec<Self>) -> Self {
        Self { width: total(&docs), kind: Kind::Indent(docs) }
    }

    /// A newline or `flat`.
    pub fn line(flat: &'static str) -> Self {
        Self { width: Some(flat.len()), kind: Kind::Break(flat) }
    }

    /// A newline, whatever the width.
    pub fn newline() -> Self {
        Self { width: None, kind: Kind::Break("") }
    }

    /// Text that ends the last of several lines.
    pub fn if_broken(text: &'static str) -> Self {
        Self { width: Some(0), kind: Kind::IfBroken(text) }
    }

    /// Lines at the present indentation; none of them joins what stands before.
    pub fn lines(lines: Vec<String>) -> Self {
        Self { width: None, kind: Kind::Lines(lines) }
    }

    /// Text as it is, newlines and all.
    pub fn verbatim(text: String) -> Self {
        Self { width: None, kind: Kind::Verbatim(text) }
    }

    /// A comment behind code; what follows must begin with a break, and the group around it is broken.
    pub fn trailing(gap: usize, text: &str) -> Self {
        Self { width: None, kind: Kind::Text(" ".repeat(gap) + text) }
    }

    /// The text on one line, if it can stand on one.
    pub fn flat(&self) -> Option<String> {
        self.width?;
        let mut out = String::new();
        self.push_flat(&mut out);
        Some(out)
    }

    fn push_flat(&self, out: &mut String) {
        match &self.kind {
            Kind::Text(text) | Kind::Verbatim(text) => out.push_str(text),
            Kind::Concat(docs) | Kind::Group(docs) | Kind::Indent(docs) => docs.iter().for_each(|doc| doc.push_flat(out)),
            Kind::Break(flat) => out.push_str(flat),
            Kind::IfBroken(_) | Kind::Lines(_) => {}
        }
    }

    /// Whether there is a place to break it.
    pub fn breakable(&self) -> bool {
        match &self.kind {
            Kind::Concat(docs) | Kind::Group(docs) | Kind::Indent(docs) => docs.iter().any(Self::breakable),
            Kind::Break(_) | Kind::Lines(_) => true,
            Kind::Text(_) | Kind::IfBroken(_) | Kind::Verbatim(_) => false,
        }
    }

    /// The text, broken where it must be; its first line begins at the column of `indent`.
    pub fn render(&self, indent: usize) -> String {
        let mut out = Printer { text: String::new(), column: indent };
        out.print(self, Place { indent, broken: true, rest: 0 });
        out.text
    }
}

/// The width of all of them on one line, if they can stand on one.
fn total(docs: &[Doc]) -> Option<usize> {
    docs.iter().map(|doc| doc.width).sum()
}

/// Where a piece is printed.
#[derive(Clone, Copy)]
struct Place {
    indent: usize,
    broken: bool,
    /// The width of what follows on the same line.
    rest: usize,
}

struct Printer {
    text: String,
    column: usize,
}

impl Printer {
    fn print(&mut self, doc: &Doc, place: Place) {
        match &doc.kind {
            Kind::Text(text) => self.word(text),
            Kind::Concat(docs) => self.all(docs, place),
            Kind::Group(docs) => self.all(docs, Place { broken: place.broken && !self.fits(doc, place.rest), ..place }),
            Kind::Indent(docs) => self.all(docs, Place { indent: place.indent + INDENT, ..place }),
            Kind::Break(_) if place.broken => self.newline(place.indent),
            Kind::Break(flat) => self.word(flat),
            Kind::IfBroken(text) if place.broken => self.word(text),
            Kind::IfBroken(_) => {}
            Kind::Lines(lines) => lines.iter().for_each(|line| self.line(line, place.indent)),
            Kind::Verbatim(text) => self.verbatim(text),
        }
    }

    fn all(&mut self, docs: &[Doc], place: Place) {
        for (i, doc) in docs.iter().enumerate() {
            // What follows matters only to a group that may still be broken.
            let after = docs.get(i + 1..).filter(|_| place.broken).unwrap_or_default();
            self.print(doc, Place { rest: rest(after, place), ..place });
        }
    }

    fn fits(&self, doc: &Doc, rest: usize) -> bool {
        doc.width.is_some_and(|width| self.column + width + rest <= WIDTH)
    }

    fn word(&mut self, text: &str) {
        self.column += text.chars().count();
        self.text.push_str(text);
    }

    fn newline(&mut self, indent: usize) {
        let end = self.text.trim_end_matches(' ').len();
        self.text.truncate(end);
        self.text.push('\n');
        self.text.extend(std::iter::repeat_n(' ', indent));
        self.column = indent;
    }

    fn line(&mut self, line: &str, indent: usize) {
        self.text.push('\n');
        self.column = 0;
        if !line.is_empty() {
            self.word(&" ".repeat(indent));
            self.word(line);
        }
    }

    fn verbatim(&mut self, text: &str) {
        let last = text.rsplit('\n').next().unwrap_or_default();
        self.text.push_str(text);
        self.column = last.chars().count();
    }
}

/// The width of `docs` up to the first newline among them, or of all of them and what follows.
fn rest(docs: &[Doc], place: Place) -> usize {
    let mut width = 0;
    for doc in docs {
        match &doc.kind {
            Kind::Break(_) if place.broken => return width,
            Kind::IfBroken(text) if place.broken => width += text.len(),
            _ => width += doc.width.unwrap_or(0),
        }
    }
    width + place.rest
}
