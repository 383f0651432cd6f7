use crate::diagnostic::{Code, Diagnostic, Fix, Severity};
use crate::lint::suppress::{self, Suppression, Suppressions};
use crate::lint::{Context, Rule, Sink, did_you_mean, find};

pub static RULE: Rule = Rule {
    code: Code { id: "MLP1202", name: "unused-suppression", severity: Severity::Hint, docs: include_str!("unused_suppression.md") },
    check,
};

/// What is wrong with a suppression whatever is found; those that suppress nothing are reported by [`unused`].
fn check(context: &Context<'_>, sink: &mut Sink) {
    for suppression in Suppressions::new(context).own(context) {
        if suppression.reason.is_empty() {
            sink.push(
                Diagnostic::new(&RULE.code, suppression.span, "nothing says why this is allowed")
                    .label("no reason")
                    .help("write it behind the bracket: `# mlp: allow(MLP0805) reason`"),
            );
        }
        sink.extend(suppression.codes.iter().filter_map(|code| wrong(suppression, code)));
    }
}

/// A code that cannot be allowed.
fn wrong(suppression: &Suppression, code: &str) -> Option<Diagnostic> {
    let known = crate::lint::all().iter().find(|rule| rule.code.id == code);
    match known {
        Some(rule) if suppress::can_be_allowed(&rule.code) => None,
        Some(rule) => Some(
            Diagnostic::new(&RULE.code, suppression.span, format!("`{code}` cannot be allowed"))
                .label(format!("`{}` leaves nothing sound to compile", rule.code.name)),
        ),
        None => {
            let diagnostic = Diagnostic::new(&RULE.code, suppression.span, format!("there is no rule `{code}`")).label("allows nothing");
            let by_name = find(code).map(|rule| rule.code.id);
            let near = by_name.or_else(|| did_you_mean(code, crate::lint::all().iter().map(|rule| rule.code.id)));
            Some(match near {
                Some(near) => diagnostic.help(format!("did you mean `{near}`?")),
                None => diagnostic,
            })
        }
    }
}

/// A suppression of a code of which nothing was found on its line.
pub fn unused(context: &Context<'_>, suppression: &Suppression, code: &str) -> Diagnostic {
    let message = format!("`{code}` is allowed here, but nothing of it was found");
    let diagnostic = Diagnostic::new(&RULE.code, suppression.span, message).label("allows nothing");
    diagnostic.fix(match suppression.codes.as_slice() {
        [_] => Some(Fix::safe("remove the comment", suppression.whole(context), "")),
        _ => None,
    })
}
