//! What resolving finds wrong: facts, which the rules of `lint` put into words.

use crate::schema::Attr;
use crate::source::Span;
use crate::syntax::ast::Ident;

/// Something wrong with names, types or units.
#[derive(Clone, Debug)]
pub enum Problem {
    /// The first statement is not `mlp 1`.
    NoEdition(Span),
    /// An edition this compiler does not know.
    UnknownEdition(Span),
    /// A name that nothing declares.
    UnknownName {
        /// The name.
        name: Ident,
        /// What was looked for: `stage`, `connection`, …
        what: &'static str,
        /// What there is.
        candidates: Vec<String>,
    },
    /// A name that is declared further down.
    UsedAbove {
        /// The reference.
        name: Ident,
        /// The declaration.
        declared: Span,
    },
    /// A reference to a stage in another branch of the same `parallel`.
    Sibling {
        /// The reference.
        name: Ident,
        /// The stage.
        declared: Span,
    },
    /// A name declared before.
    Duplicate {
        /// The second one.
        name: Ident,
        /// The first place.
        first: Span,
    },
    /// A name that the language keeps for itself.
    Reserved(Ident),
    /// A name that Kubernetes or a registry would refuse.
    InvalidName {
        /// The name.
        name: Ident,
        /// What it names.
        what: &'static str,
        /// One that is valid.
        suggestion: String,
    },
    /// An import of a file that is not there.
    MissingImport {
        /// The quoted path.
        path: Ident,
    },
    /// A file that imports itself, over these.
    ImportCycle {
        /// The quoted path.
        path: Ident,
        /// The files on the way.
        chain: Vec<String>,
    },
    /// A statement that may not stand here.
    UnknownKeyword {
        /// The keyword.
        keyword: Ident,
        /// The block.
        block: &'static str,
        /// What may stand here.
        candidates: Vec<String>,
    },
    /// An attribute that the block does not have.
    UnknownAttribute {
        /// The key.
        key: Ident,
        /// The block.
        block: &'static str,
        /// What it has.
        candidates: Vec<String>,
    },
    /// A required attribute that is not there.
    MissingAttribute {
        /// The block's head.
        head: Span,
        /// The block.
        block: &'static str,
        /// The attribute.
        attr: &'static Attr,
        /// Where it could be written.
        insert: Option<Span>,
    },
    /// An attribute written as `key value`.
    MissingEquals {
        /// The key.
        key: Ident,
    },
    /// A key in quotes where it is not another system's.
    QuotedKey(Ident),
    /// A statement of the wrong form.
    WrongForm {
        /// The statement.
        span: Span,
        /// How it is written.
        form: &'static str,
    },
    /// A value of the wrong type.
    WrongType {
        /// The value.
        span: Span,
        /// What was wanted.
        expected: String,
        /// What it is.
        found: String,
    },
    /// A value with a unit of the wrong kind.
    WrongUnit {
        /// The value.
        span: Span,
        /// What was wanted.
        expected: String,
        /// What it is.
        found: String,
    },
    /// `512m`
    AmbiguousUnit {
        /// The number.
        span: Span,
        /// As written.
        text: String,
    },
    /// A unit that does not exist.
    UnknownUnit {
        /// The number.
        span: Span,
        /// The unit.
        unit: String,
    },
    /// A ratio where a percentage is meant.
    RatioForPercent {
        /// The value.
        span: Span,
        /// As a fraction.
        value: f64,
    },
    /// A number outside of its range.
    OutOfRange {
        /// The value.
        span: Span,
        /// The range, in words.
        range: String,
        /// Whether it is a percentage.
        percent: bool,
    },
    /// Two sides of a comparison or sum that measure different things.
    Incompatible {
        /// The whole.
        span: Span,
        /// Left side and what it measures.
        left: (Span, &'static str),
        /// Right side and what it measures.
        right: (Span, &'static str),
    },
    /// Strings that make `${{` when put together.
    TemplateExpression(Span),
    /// A secret inside an expression or a string.
    SecretInExpression(Span),
    /// An output that the stage does not give.
    NoSuchOutput {
        /// The output.
        name: Ident,
        /// The stage.
        stage: String,
        /// What it gives.
        candidates: Vec<String>,
    },
    /// A model that no gate approved, where an approved one is wanted.
    Unapproved {
        /// The value.
        span: Span,
        /// What was wanted.
        expected: &'static str,
        /// What it is.
        found: &'static str,
        /// The stage it comes from.
        from: Span,
    },
    /// A metric that no `train` promises.
    UndeclaredMetric {
        /// The metric.
        name: Ident,
        /// What is promised.
        candidates: Vec<String>,
    },
    /// A rule reads the champion, but the gate names none.
    NoChampion(Span),
    /// A file of the repository.
    FileReference {
        /// The quoted path.
        span: Span,
        /// From the repository's root.
        path: String,
    },
    /// A path that leaves the repository.
    OutsideRepository {
        /// The quoted path.
        span: Span,
        /// As written.
        path: String,
    },
    /// Data that no version control knows.
    Unversioned(Span),
    /// An image named by tag.
    ImageByTag(Span),
    /// A value that must be known when compiling.
    NotConstant {
        /// The value.
        span: Span,
        /// What it is.
        found: String,
    },
}

impl Problem {
    /// Its place.
    pub fn span(&self) -> Span {
        match self {
            Self::NoEdition(span)
            | Self::UnknownEdition(span)
            | Self::SecretInExpression(span)
            | Self::TemplateExpression(span)
            | Self::NoChampion(span)
            | Self::Unversioned(span)
            | Self::ImageByTag(span)
            | Self::MissingAttribute { head: span, .. }
            | Self::WrongForm { span, .. }
            | Self::WrongType { span, .. }
            | Self::WrongUnit { span, .. }
            | Self::AmbiguousUnit { span, .. }
            | Self::UnknownUnit { span, .. }
            | Self::RatioForPercent { span, .. }
            | Self::OutOfRange { span, .. }
            | Self::Incompatible { span, .. }
            | Self::Unapproved { span, .. }
            | Self::FileReference { span, .. }
            | Self::OutsideRepository { span, .. }
            | Self::NotConstant { span, .. } => *span,
            Self::Reserved(name)
            | Self::QuotedKey(name)
            | Self::UnknownName { name, .. }
            | Self::UsedAbove { name, .. }
            | Self::Sibling { name, .. }
            | Self::Duplicate { name, .. }
            | Self::InvalidName { name, .. }
            | Self::NoSuchOutput { name, .. }
            | Self::UndeclaredMetric { name, .. }
            | Self::MissingImport { path: name }
            | Self::ImportCycle { path: name, .. }
            | Self::UnknownKeyword { keyword: name, .. }
            | Self::UnknownAttribute { key: name, .. }
            | Self::MissingEquals { key: name } => name.span,
        }
    }
}
