//! Schedules as GitHub reads them: five fields of `*`, numbers, names, ranges, lists and steps.
//!
//! <https://docs.github.com/en/actions/reference/workflows-and-actions/events-that-trigger-workflows#schedule>

use std::ops::{Range, RangeInclusive};

/// One of the five fields.
struct Field {
    name: &'static str,
    range: RangeInclusive<u32>,
    /// Names of the numbers from `names_from` on.
    names: &'static [&'static str],
    names_from: u32,
}

const MONTHS: &[&str] = &["JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC"];
const WEEKDAYS: &[&str] = &["SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT"];

const FIELDS: [Field; 5] = [
    Field { name: "minute", range: 0..=59, names: &[], names_from: 0 },
    Field { name: "hour", range: 0..=23, names: &[], names_from: 0 },
    Field { name: "day", range: 1..=31, names: &[], names_from: 0 },
    Field { name: "month", range: 1..=12, names: MONTHS, names_from: 1 },
    Field { name: "weekday", range: 0..=6, names: WEEKDAYS, names_from: 0 },
];

/// A schedule: which values of each field are in it, as bits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Cron {
    minutes: u64,
    hours: u64,
    days: u64,
    months: u64,
    /// Whether the weekday is restricted; with a restricted day, either is enough.
    weekday: bool,
}

/// What is wrong with a schedule, and which bytes of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CronError {
    /// The bytes.
    pub range: Range<usize>,
    /// What is wrong.
    pub message: String,
}

/// Reads a schedule.
///
/// # Errors
/// When a field is not what GitHub takes, or fields are missing or too many.
pub fn parse(text: &str) -> Result<Cron, CronError> {
    let words = words(text);
    if words.len() != FIELDS.len() {
        let message = format!("a schedule has five fields, not {}", words.len());
        return Err(CronError { range: 0..text.len(), message });
    }
    let mut bits = [0; 5];
    for ((field, (at, word)), bits) in FIELDS.iter().zip(&words).zip(&mut bits) {
        *bits = read(field, word).map_err(|message| CronError { range: *at..at + word.len(), message })?;
    }
    let [minutes, hours, days, months, _] = bits;
    let weekday = words.last().is_some_and(|(_, word)| *word != "*");
    Ok(Cron { minutes, hours, days, months, weekday })
}

fn words(text: &str) -> Vec<(usize, &str)> {
    let start = text.as_ptr() as usize;
    text.split_ascii_whitespace().map(|word| (word.as_ptr() as usize - start, word)).collect()
}

fn read(field: &Field, word: &str) -> Result<u64, String> {
    word.split(',').try_fold(0, |bits, item| Ok(bits | self::item(field, item)?))
}

/// `*`, `5`, `1-5`, each also with `/2`.
fn item(field: &Field, item: &str) -> Result<u64, String> {
    let (base, step) = item.split_once('/').map_or((item, None), |(base, step)| (base, Some(step)));
    let (first, last) = match base.split_once('-') {
        _ if base == "*" => (*field.range.start(), *field.range.end()),
        Some((first, last)) => (number(field, first)?, number(field, last)?),
        // `5/15` begins at 5 and goes on to the end.
        None => (number(field, base)?, if step.is_some() { *field.range.end() } else { number(field, base)? }),
    };
    let step = step.map_or(Ok(1), |step| step.parse::<u32>().ok().filter(|n| *n > 0).ok_or_else(|| format!("`{step}` is no step")))?;
    if first > last {
        return Err(format!("`{base}` runs backwards"));
    }
    Ok((first..=last).step_by(step as usize).fold(0, |bits, n| bits | 1 << n))
}

fn number(field: &Field, text: &str) -> Result<u32, String> {
    let named = field.names.iter().position(|name| name.eq_ignore_ascii_case(text)).and_then(|n| u32::try_from(n).ok());
    let number = named.map(|n| n + field.names_from).or_else(|| text.parse().ok());
    let (low, high) = (field.range.start(), field.range.end());
    match number.filter(|n| field.range.contains(n)) {
        Some(number) => Ok(number),
        None if number.is_some() => Err(format!("the {} `{text}` is not between {low} and {high}", field.name)),
        None => Err(format!("`{text}` is no {}", field.name)),
    }
}

impl Cron {
    /// Whether any date is in it.
    pub fn fires(&self) -> bool {
        const LENGTHS: [u32; 12] = [31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];
        let possible = |(month, length): (usize, &u32)| self.months >> (month + 1) & 1 == 1 && self.days & ((2 << length) - 2) != 0;
        self.weekday || LENGTHS.iter().enumerate().any(possible)
    }

    /// The shortest time between two runs of one day, in minutes; `None` for at most one a day.
    pub fn shortest_gap(&self) -> Option<u32> {
        let set = |bits: u64, n: u32| bits >> n & 1 == 1;
        let times = (0..24)
            .filter(|hour| set(self.hours, *hour))
            .flat_map(|hour| (0..60).filter(|m| set(self.minutes, *m)).map(move |m| hour * 60 + m));
        let times: Vec<u32> = times.collect();
        times.iter().zip(times.iter().skip(1)).map(|(a, b)| b - a).min()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_what_github_reads() {
        for text in ["17 3 * * 1", "*/15 * * * *", "0 0 1,15 * *", "0 9-17/2 * JAN-mar MON-FRI", "30 5,17 * * *", "5/20 * * * *"] {
            assert!(parse(text).is_ok_and(|cron| cron.fires()), "{text}");
        }
    }

    #[test]
    fn points_at_the_field() {
        let wrong = |text: &str| parse(text).map_err(|e| (text.get(e.range).unwrap_or_default().to_owned(), e.message)).unwrap_err();
        assert_eq!(wrong("60 3 * * 1"), ("60".into(), "the minute `60` is not between 0 and 59".into()));
        assert_eq!(wrong("0 3 * * MOON"), ("MOON".into(), "`MOON` is no weekday".into()));
        assert_eq!(wrong("0 5-3 * * *"), ("5-3".into(), "`5-3` runs backwards".into()));
        assert_eq!(wrong("*/0 3 * * *").1, "`0` is no step");
        assert_eq!(wrong("@daily").1, "a schedule has five fields, not 1");
        assert_eq!(wrong("0 3 * * 7").1, "the weekday `7` is not between 0 and 6");
    }

    #[test]
    fn knows_gaps_and_impossible_dates() {
        let cron = |text| parse(text).expect(text);
        assert_eq!(cron("*/5 * * * *").shortest_gap(), Some(5));
        assert_eq!(cron("*/7 * * * *").shortest_gap(), Some(4));
        assert_eq!(cron("0,58 4 * * *").shortest_gap(), Some(58));
        assert_eq!(cron("0,58 4,5 * * *").shortest_gap(), Some(2));
        assert_eq!(cron("17 3 * * 1").shortest_gap(), None);
        assert!(!cron("0 0 31 2 *").fires() && !cron("0 0 31 4,6 *").fires());
        assert!(cron("0 0 29 2 *").fires() && cron("0 0 31 2 1").fires());
    }
}
