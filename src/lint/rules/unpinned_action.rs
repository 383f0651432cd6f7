use crate::diagnostic::{Code, Diagnostic, Fix, Severity};
use crate::lint::{Context, Rule, Sink};
use crate::resolve::hir::{Spanned, Value};

pub static RULE: Rule = Rule {
    code: Code { id: "MLP0802", name: "unpinned-action", severity: Severity::Error, docs: include_str!("unpinned_action.md") },
    check,
};

fn check(context: &Context<'_>, sink: &mut Sink) {
    let stages = context.pipelines().flat_map(|(pipeline, _)| &pipeline.stages);
    for uses in stages.flat_map(|stage| &stage.steps).filter_map(|step| step.attrs.get("uses")) {
        if let Value::Action(action) = &uses.value {
            sink.extend(report(context, uses, action));
        }
    }
}

fn report(context: &Context<'_>, uses: &Spanned, action: &str) -> Option<Diagnostic> {
    let (path, version) = action.split_once('@').unwrap_or((action, ""));
    let name: String = path.splitn(3, '/').take(2).collect::<Vec<_>>().join("/");
    let pin = context.lock.action(&name);
    if is_commit(version) || pin.is_some_and(|pin| pin.tag == version) {
        return None;
    }
    let diagnostic = Diagnostic::new(&RULE.code, uses.span, message(path, version)).label("no pin");
    Some(match pin {
        Some(pin) => {
            let known = format!("action(\"{path}@{}\")", pin.tag);
            diagnostic.help(format!("the commit of `{}` is known", pin.tag)).fix(Fix::unsafe_edit(
                format!("use `{}`", pin.tag),
                uses.span,
                known,
            ))
        }
        None if is_tag(version) => diagnostic.help("run `mlp lock`, which looks the commit up and writes it to `mlp.lock`"),
        None => diagnostic.help("name a release, such as `@v1.2.3`, and run `mlp lock`"),
    })
}

fn message(path: &str, version: &str) -> String {
    match version {
        "" => format!("`{path}` names no version, so whatever its owner pushes next would run"),
        tag if is_tag(tag) => format!("no commit is known for `{path}@{tag}`"),
        branch => format!("`{branch}` of `{path}` can move, so whatever its owner pushes next would run"),
    }
}

fn is_commit(version: &str) -> bool {
    version.len() == 40 && version.bytes().all(|b| b.is_ascii_hexdigit())
}

/// `v1`, `1.2.3`, `v4.0.0-rc.1`
fn is_tag(version: &str) -> bool {
    version.trim_start_matches('v').starts_with(|c: char| c.is_ascii_digit())
}
