use crate::diagnostic::{Code, Diagnostic, Severity};
use crate::lint::{Context, Rule, Sink};
use crate::resolve::hir::{Connection, Stage};

pub static RULE: Rule = Rule {
    code: Code { id: "MLP0908", name: "canary-unsupported", severity: Severity::Warning, docs: include_str!("canary_unsupported.md") },
    check,
};

/// The first KServe whose `spec.canary` has route weights in Standard mode. v0.20.0 creates the Deployments, but sends them no
/// share of the requests: <https://github.com/kserve/kserve/pull/5912> came after it.
const FIRST: (u32, u32) = (0, 21);

fn check(context: &Context<'_>, sink: &mut Sink) {
    let mut servers = context.hir().connections.iter().filter(|connection| connection.kind() == "kserve");
    let Some(serving) = servers.next().filter(|first| servers.all(old) && old(first)) else { return };
    for (pipeline, _) in context.pipelines() {
        sink.extend(pipeline.of_kind("deploy").filter_map(|deploy| report(deploy, serving)));
    }
}

fn old(serving: &Connection) -> bool {
    serving.attrs.string("version").and_then(version).is_some_and(|version| version < FIRST)
}

/// `0.20.1` → (0, 20)
fn version(text: &str) -> Option<(u32, u32)> {
    let mut parts = text.trim_start_matches('v').split('.').map(|part| part.parse().ok());
    Some((parts.next()??, parts.next()??))
}

fn report(deploy: &Stage, serving: &Connection) -> Option<Diagnostic> {
    let canary = deploy.attrs.get("canary")?;
    let version = serving.attrs.string("version").unwrap_or_default();
    let message = format!("KServe {version} sends a canary no share of the requests in standard mode");
    let diagnostic = Diagnostic::new(&RULE.code, canary.span, message).label("has no effect");
    let place = serving.attrs.get("version").filter(|_| !serving.implied);
    let diagnostic = match place {
        Some(place) => diagnostic.related(place.span, "the version is stated here"),
        None => diagnostic,
    };
    Some(diagnostic.help("use KServe 0.21 or newer and say so with `version = \"0.21\"`, or leave `canary` out"))
}
