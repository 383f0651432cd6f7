//! The formatter: what it writes, and that it writes nothing else than what was meant.

use mlp::fmt::{FormatError, format, print};
use mlp::source::{FileId, Span};
use mlp::syntax::ast::{Attr, Body, Directive, Expr, ExprKind, File, Ident, Label, Number, Raw, Stmt, StmtKind, TypeRef};
use mlp::syntax::trivia::Trivia;
use mlp::syntax::{SyntaxErrorKind, parse};

const CANONICAL: &str = include_str!("../snapshots/fmt/canonical.mlp");
const SMALLEST: &str = include_str!("../snapshots/fmt/smallest.mlp");
const COMMENTS: &str = include_str!("../snapshots/fmt/comments.mlp");
const SPACING: &str = include_str!("../snapshots/fmt/spacing.mlp");

/// The source and its formatted text, in one snapshot a file.
#[test]
fn fixtures() {
    let mut settings = insta::Settings::clone_current();
    settings.set_snapshot_path("../snapshots/fmt");
    settings.set_prepend_module_to_snapshot(false);
    settings.set_omit_expression(true);
    settings.bind(|| {
        insta::glob!("../snapshots/fmt", "*.mlp", |path| {
            let source = std::fs::read_to_string(path).unwrap();
            let result = format(&source).unwrap();
            assert!(result.lines().all(|line| !line.ends_with('\t')), "{result}");
            insta::assert_snapshot!(format!("{source}\n──── formatted ────\n{result}"));
        });
    });
}

#[test]
fn the_samples_are_formatted() {
    assert_eq!(format(CANONICAL).unwrap(), CANONICAL);
    assert_eq!(format(SMALLEST).unwrap(), SMALLEST);
}

#[test]
fn examples_can_be_formatted() {
    insta::glob!("../examples", "**/*.mlp", |path| {
        let once = format(&std::fs::read_to_string(path).unwrap()).unwrap();
        assert_eq!(format(&once).unwrap(), once, "{}", path.display());
    });
}

#[test]
fn line_ends_and_byte_order_marks_leave_no_trace() {
    for sample in [CANONICAL, COMMENTS, SPACING] {
        let plain = format(sample).unwrap();
        assert_eq!(format(&sample.replace('\n', "\r\n")).unwrap(), plain);
        assert_eq!(format(&format!("\u{FEFF}{sample}")).unwrap(), plain);
        assert_eq!(format(&format!("\u{FEFF}{}", sample.replace('\n', "\r\n"))).unwrap(), plain);
    }
}

#[test]
fn nothing_but_blanks_is_an_empty_file() {
    assert_eq!(format("").unwrap(), "");
    assert_eq!(format(" \n\t\n,\n").unwrap(), "");
    assert_eq!(format("# alone").unwrap(), "# alone\n");
}

#[test]
fn a_file_with_errors_is_refused_at_its_own_places() {
    let error = format("\u{FEFF}mlp 1\r\nrun file(\"a\")\r\n").unwrap_err();
    let FormatError::Syntax(errors) = error else { panic!("{error}") };
    let place = Span::new(FileId(0), 13..13);
    assert!(errors.iter().any(|e| matches!(e.kind, SyntaxErrorKind::MissingEquals { .. }) && e.span == place), "{errors:?}");
}

#[test]
fn an_aligned_row_beyond_the_width_is_broken() {
    let long = "x".repeat(120);
    let source = format!("on a {{ k = \"{long}\" }}\non bbbbbbbbbbbbbbbb {{ k = 1 }}\non c {{ k = 1 }}\n");
    let broken = format!("on a {{\n  k = \"{long}\"\n}}\non bbbbbbbbbbbbbbbb {{ k = 1 }}\non c                {{ k = 1 }}\n");
    assert_eq!(format(&source).unwrap(), broken);
}

#[test]
fn comments_that_stood_below_each_other_still_do() {
    let apart = "a = 1     # one\nlong=\"22222222\" # two\nb = 3 # three\n";
    assert_eq!(format(apart).unwrap(), "a    = 1     # one\nlong = \"22222222\"  # two\nb    = 3  # three\n");
    let source = "a = 1    # one\nlonger=2 # two\n";
    assert_eq!(format(source).unwrap(), "a      = 1  # one\nlonger = 2  # two\n");
}

/// A tree without its text prints to the same tree.
#[test]
fn trees_print_without_their_source() {
    for sample in [CANONICAL, SMALLEST, SPACING, include_str!("../snapshots/fmt/scripts.mlp")] {
        let parsed = parse(FileId(0), sample);
        let printed = print(&parsed.file, &Trivia::default(), None);
        assert_eq!(parse(FileId(0), &printed).file, parsed.file, "{printed}");
    }
}

fn word(text: &str) -> Ident {
    Ident { text: text.to_owned(), span: Span::default() }
}

fn made(kind: ExprKind) -> Expr {
    Expr { span: Span::default(), kind }
}

fn attr(key: &str, value: ExprKind) -> Stmt {
    Stmt { span: Span::default(), doc: None, kind: StmtKind::Attr(Attr { key: word(key), quoted: false, value: made(value) }) }
}

fn block(keyword: &str, name: &str, stmts: Vec<Stmt>) -> Stmt {
    let labels = vec![Label { name: word(name), quoted: false }];
    let body = Some(Body { span: Span::default(), stmts });
    let directive = Directive { keyword: word(keyword), labels, ty: None, value: None, body };
    Stmt { span: Span::default(), doc: Some("Made up.".to_owned()), kind: StmtKind::Directive(directive) }
}

fn param(name: &str, ty: &str, value: ExprKind) -> Stmt {
    let labels = vec![Label { name: word(name), quoted: false }];
    let ty = Some(TypeRef { name: word(ty), unit: None });
    let directive = Directive { keyword: word("param"), labels, ty, value: Some(made(value)), body: None };
    Stmt { span: Span::default(), doc: None, kind: StmtKind::Directive(directive) }
}

fn number(text: &str) -> ExprKind {
    ExprKind::Number(Number { text: text.to_owned(), value: 5.0, unit: "min".to_owned(), whole: true })
}

#[test]
fn made_up_trees_are_laid_out() {
    let script = Raw { language: word("bash"), text: "a\n\nb\n".to_owned() };
    let checks = block("preflight", "checks", vec![attr("timeout", number("5min"))]);
    let fit = block("train", "fit", vec![attr("run", ExprKind::Raw(script)), attr("x", ExprKind::String("\"\\\n".to_owned()))]);
    let params = [param("a", "string", ExprKind::Bool(true)), param("bb", "int", number("5min"))];
    let file = File { stmts: params.into_iter().chain([checks, fit]).collect() };
    insta::assert_snapshot!(print(&file, &Trivia::default(), None), @r##"
    param a:  string = true
    param bb: int    = 5min

    ## Made up.
    preflight checks { timeout = 5min }

    ## Made up.
    train fit {
      run = bash"""
      a

      b
      """
      x = "\"\\\n"
    }
    "##);
}

/// Made-up statements among those that were written keep the comments of the latter.
#[test]
fn made_up_statements_stand_among_written_ones() {
    let source = "# first\na = 1 # one\n\n# second\nlonger = 2\n# end\n";
    let mut parsed = parse(FileId(0), source);
    parsed.file.stmts.insert(1, attr("made", number("5min")));
    insta::assert_snapshot!(print(&parsed.file, &parsed.trivia, Some((FileId::default(), source))), @r##"
    # first
    a    = 1  # one
    made = 5min

    # second
    longer = 2
    # end
    "##);
}
