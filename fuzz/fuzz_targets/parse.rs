//! Any text gives a tree, with every place inside the text.
#![no_main]

use libfuzzer_sys::fuzz_target;
use mlp::source::FileId;
use mlp::syntax::parse;

fuzz_target!(|text: &str| {
    let parsed = parse(FileId::default(), text);
    let within = |span: mlp::source::Span| span.start <= span.end && text.get(span.range()).is_some();
    assert!(parsed.trivia.comments.iter().all(|comment| within(comment.span)), "a comment outside of the text");
    if parsed.errors.is_empty() {
        assert!(parsed.file.stmts.iter().all(|stmt| within(stmt.span)), "a statement outside of the text");
    }
});
