//! One linear pass before the grammar: brackets, strings, fences and characters.
//!
//! It finds what a grammar reports badly (a brace left open far above) and repairs the text, byte for byte,
//! so that the grammar can read the rest.

use super::{MAX_DEPTH, SyntaxError, SyntaxErrorKind};
use crate::source::{FileId, Span};

/// What the pass found.
pub struct Scan {
    /// The text with every bracket matched; the same offsets as the original.
    pub repaired: String,
    /// What was wrong.
    pub errors: Vec<SyntaxError>,
    /// Ranges that the grammar may stumble over because of an error already found.
    pub covered: Vec<Span>,
    /// Every comment, in order.
    pub comments: Vec<Span>,
    /// Whether the text is unfit for the grammar.
    pub fatal: bool,
}

#[derive(Clone, Copy)]
struct Open {
    bracket: u8,
    at: usize,
    indent: usize,
    /// Where it should have been closed, by indentation.
    due: Option<usize>,
}

struct Scanner<'a> {
    file: FileId,
    bytes: &'a [u8],
    text: &'a str,
    /// Whether a brace left of the line that opened its block closes an outer block.
    by_indent: bool,
    at: usize,
    line_start: usize,
    stack: Vec<Open>,
    patches: Vec<(usize, u8)>,
    tail: String,
    out: Scan,
}

/// Scans a text. Indentation is looked at only if the brackets do not match without it.
pub fn scan(file: FileId, text: &str) -> Scan {
    let plain = Scanner::new(file, text, false).scan();
    let unmatched = |error: &SyntaxError| matches!(error.kind, SyntaxErrorKind::Unclosed(_) | SyntaxErrorKind::Unopened(_));
    if plain.errors.iter().any(unmatched) { Scanner::new(file, text, true).scan() } else { plain }
}

impl<'a> Scanner<'a> {
    fn new(file: FileId, text: &'a str, by_indent: bool) -> Self {
        let out = Scan { repaired: String::new(), errors: Vec::new(), covered: Vec::new(), comments: Vec::new(), fatal: false };
        let (stack, patches, tail) = (Vec::new(), Vec::new(), String::new());
        Self { file, bytes: text.as_bytes(), text, by_indent, at: 0, line_start: 0, stack, patches, tail, out }
    }

    fn scan(mut self) -> Scan {
        self.run();
        self.finish()
    }
}

impl Scanner<'_> {
    fn run(&mut self) {
        while let Some(byte) = self.peek(0) {
            if self.out.fatal {
                return;
            }
            match byte {
                b'#' => self.comment(),
                b'"' if self.bytes.get(self.at..self.at + 3) == Some(b"\"\"\"") => self.script(),
                b'"' => self.string(),
                b'{' | b'(' | b'[' => self.open(byte),
                b'}' | b')' | b']' => self.close(byte),
                b'$' if self.bytes.get(self.at..self.at + 3) == Some(b"${{") => self.template(),
                b'\n' => self.newline(),
                _ => self.character(byte),
            }
        }
    }

    fn peek(&self, ahead: usize) -> Option<u8> {
        self.bytes.get(self.at + ahead).copied()
    }

    fn error(&mut self, kind: SyntaxErrorKind, start: usize, end: usize) {
        let span = Span::new(self.file, start..end);
        self.out.errors.push(SyntaxError { kind, span });
        self.out.covered.push(span);
    }

    fn newline(&mut self) {
        self.at += 1;
        self.line_start = self.at;
        let indent = self.indent();
        let begins = self.peek(indent);
        if !matches!(begins, None | Some(b'\n' | b'\r' | b'#' | b'}')) {
            self.note_due(indent);
        }
    }

    /// A statement no deeper than the line of an open brace stands outside of what that brace should hold.
    fn note_due(&mut self, indent: usize) {
        let at = self.line_start.saturating_sub(1);
        let missed = |open: &&mut Open| open.bracket == b'{' && open.due.is_none() && indent <= open.indent;
        for open in self.stack.iter_mut().rev().take_while(missed) {
            open.due = Some(at);
        }
    }

    fn line_end(&self) -> usize {
        let rest = self.bytes.get(self.at..).unwrap_or_default();
        self.at + rest.iter().position(|b| *b == b'\n').unwrap_or(rest.len())
    }

    fn comment(&mut self) {
        let end = self.line_end();
        if self.bytes.get(self.at..self.at + 2) == Some(b"##") {
            self.templates_in(self.at, end);
        }
        self.out.comments.push(Span::new(self.file, self.at..end));
        self.at = end;
    }

    fn templates_in(&mut self, start: usize, end: usize) {
        let Some(text) = self.text.get(start..end) else { return };
        let places: Vec<usize> = text.match_indices("${{").map(|(i, _)| start + i).collect();
        for at in places {
            self.template_at(at, end);
        }
    }

    /// Reports `${{ … }}` at `at`, to its closing braces if they stand before `limit`.
    fn template_at(&mut self, at: usize, limit: usize) {
        let line = self.text.get(at..limit).unwrap_or_default();
        let line = line.split('\n').next().unwrap_or_default();
        let length = line.find("}}").map_or(3, |i| i + 2);
        self.error(SyntaxErrorKind::TemplateExpression, at, at + length);
    }

    fn template(&mut self) {
        let at = self.at;
        self.template_at(at, self.line_end());
        let length = self.out.errors.last().map_or(3, |e| e.span.range().len());
        let end = self.line_end();
        self.out.covered.push(Span::new(self.file, at..end));
        for i in at..at + length {
            self.patches.push((i, b'$'));
        }
        self.at += length;
    }

    fn script(&mut self) {
        let body = self.at + 3;
        let found = self.text.get(body..).and_then(|rest| rest.find("\"\"\""));
        let Some(length) = found else {
            self.error(SyntaxErrorKind::UnterminatedScript, self.at, body);
            self.tail.push_str("\"\"\"");
            self.at = self.bytes.len();
            return;
        };
        self.templates_in(body, body + length);
        self.at = body + length + 3;
        let before = self.bytes.get(..self.at).unwrap_or_default();
        self.line_start = before.iter().rposition(|b| *b == b'\n').map_or(0, |i| i + 1);
    }

    fn string(&mut self) {
        let start = self.at;
        self.at += 1;
        loop {
            match self.peek(0) {
                Some(b'"') => break self.at += 1,
                Some(b'\\') if !matches!(self.peek(1), Some(b'\n' | b'\r') | None) => self.at += 2,
                Some(b'\n') | None => {
                    let end = start + self.text.get(start..self.at).map_or(1, |s| s.trim_end().len());
                    self.error(SyntaxErrorKind::UnterminatedString, start, end);
                    self.out.covered.push(Span::new(self.file, self.line_start..self.at));
                    break;
                }
                Some(_) => self.at += 1,
            }
        }
        self.templates_in(start, self.at.min(self.bytes.len()));
    }

    fn indent(&self) -> usize {
        let line = self.bytes.get(self.line_start..).unwrap_or_default();
        line.iter().take_while(|b| matches!(b, b' ' | b'\t')).count()
    }

    fn open(&mut self, bracket: u8) {
        self.stack.push(Open { bracket, at: self.at, indent: self.indent(), due: None });
        if self.stack.len() > MAX_DEPTH {
            self.error(SyntaxErrorKind::TooDeep, self.at, self.at + 1);
            self.out.fatal = true;
        }
        self.at += 1;
    }

    fn close(&mut self, bracket: u8) {
        let starts_line = self.line_start + self.indent() == self.at;
        let indent = self.indent();
        while let Some(top) = self.stack.last().copied() {
            let matches = partner(top.bracket) == bracket;
            let outdented = self.by_indent && bracket == b'}' && starts_line && indent < top.indent && self.stack.len() > 1;
            if matches && !outdented {
                self.stack.pop();
                self.at += 1;
                return;
            }
            if bracket != b'}' {
                break;
            }
            self.stack.pop();
            self.unclosed(top);
        }
        self.error(SyntaxErrorKind::Unopened(char::from(bracket)), self.at, self.at + 1);
        self.patches.push((self.at, b' '));
        self.at += 1;
    }

    /// A bracket that ends at the line end before the present one instead of at a partner.
    fn unclosed(&mut self, open: Open) {
        self.error(SyntaxErrorKind::Unclosed(char::from(open.bracket)), open.at, open.at + 1);
        if open.bracket == b'{' {
            let end = open.due.unwrap_or(self.line_start.saturating_sub(1));
            self.patch_close(end);
        } else {
            self.out.covered.push(Span::new(self.file, open.at..self.at));
        }
    }

    /// Writes a `}` over the first blank at or after `at` that is still free.
    fn patch_close(&mut self, at: usize) {
        let free = |i: &usize| !self.patches.iter().any(|(taken, _)| taken == i);
        let blank = |i: &usize| self.bytes.get(*i).is_some_and(u8::is_ascii_whitespace);
        match (at..self.bytes.len()).take_while(blank).find(free) {
            Some(place) => self.patches.push((place, b'}')),
            None => self.out.fatal = true,
        }
    }

    /// Closes what the end of the file left open, where it was due or at the very end.
    fn close_late(&mut self, open: Open) {
        match open.due.filter(|_| open.bracket == b'{') {
            Some(at) => self.patch_close(at),
            None => self.tail.push(char::from(partner(open.bracket))),
        }
        if open.bracket != b'{' {
            self.out.covered.push(Span::new(self.file, open.at..self.bytes.len()));
        }
    }

    fn character(&mut self, byte: u8) {
        let Some(c) = self.text.get(self.at..).and_then(|rest| rest.chars().next()) else {
            self.at += 1;
            return;
        };
        let ends_line = byte == b'\r' && self.peek(1) == Some(b'\n');
        let known = byte.is_ascii_alphanumeric() || ends_line || b" \t_=:,.+-*/<>!%".contains(&byte);
        if !known && c != '\u{FEFF}' {
            self.error(SyntaxErrorKind::StrayCharacter(c), self.at, self.at + c.len_utf8());
            let end = self.line_end();
            self.out.covered.push(Span::new(self.file, self.line_start..end));
        }
        self.at += c.len_utf8();
    }

    fn finish(mut self) -> Scan {
        while let Some(open) = self.stack.pop() {
            if !self.out.fatal {
                self.error(SyntaxErrorKind::Unclosed(char::from(open.bracket)), open.at, open.at + 1);
                self.close_late(open);
            }
        }
        let mut bytes = self.bytes.to_vec();
        for (at, byte) in self.patches {
            if let Some(slot) = bytes.get_mut(at) {
                *slot = byte;
            }
        }
        // Patches replace ASCII by ASCII, or every byte of a `${{ … }}`.
        self.out.repaired = String::from_utf8_lossy(&bytes).into_owned() + &self.tail;
        self.out
    }
}

fn partner(open: u8) -> u8 {
    match open {
        b'{' => b'}',
        b'(' => b')',
        _ => b']',
    }
}
