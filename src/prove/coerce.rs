//! Values converted and compared as GitHub does. Its runner (C#) and its language service (TypeScript) do not agree on everything, nor is
//! either documented in full: where they part, the answer here is that it is not known.

use std::cmp::Ordering;

use github_actions_expressions::Evaluation;

/// How many digits GitHub keeps of a number.
const DIGITS: usize = 15;

pub fn is_structure(value: &Evaluation) -> bool {
    matches!(value, Evaluation::Array(_) | Evaluation::Object(_))
}

/// A value as text.
pub fn text(value: &Evaluation) -> Option<String> {
    match value {
        Evaluation::Number(number) if !is_plain(*number) => None,
        _ => Some(value.sema().to_string()),
    }
}

/// Whether a number is written alike everywhere: neither an exponent nor rounding is needed.
fn is_plain(number: f64) -> bool {
    let size = number.abs();
    let range = size.is_infinite() || size.is_nan() || (1e-4..1e15).contains(&size) || number.to_bits() == 0;
    range && number.to_string().bytes().filter(u8::is_ascii_digit).count() <= DIGITS
}

/// A value as a number.
fn number(value: &Evaluation) -> Option<f64> {
    match value {
        Evaluation::String(text) if !is_clear(text) => None,
        _ => Some(value.as_number()),
    }
}

/// Whether a text is the same number, or none, everywhere: decimal, or `0x` and `0o` as far as 31 bits go.
pub fn is_clear(text: &str) -> bool {
    let text = text.trim_matches(|c: char| c.is_ascii_whitespace());
    let unsigned = text.trim_start_matches(['+', '-']);
    let small = |digits: &str, base| i32::from_str_radix(digits, base).is_ok() && digits.bytes().all(|b| b.is_ascii_alphanumeric());
    if let Some(digits) = unsigned.strip_prefix('0').filter(|rest| rest.starts_with(|c: char| "xob".contains(c.to_ascii_lowercase()))) {
        let known = digits.strip_prefix('x').map(|digits| small(digits, 16)).or(digits.strip_prefix('o').map(|digits| small(digits, 8)));
        return text == unsigned && known == Some(true);
    }
    let finite = !unsigned.parse::<f64>().is_ok_and(f64::is_infinite);
    text.is_ascii() && finite && !text.contains('\x0b')
}

/// Whether a text has letters whose case only some know.
fn is_cased(text: &str) -> bool {
    let plain = |c: char| c.is_ascii() || (c.to_lowercase().eq([c]) && c.to_uppercase().eq([c]));
    !text.chars().all(plain)
}

/// `==`.
pub fn equal(left: &Evaluation, right: &Evaluation) -> Option<bool> {
    match (left, right) {
        // Two are equal only if they are one and the same.
        _ if is_structure(left) && is_structure(right) => None,
        _ if is_structure(left) || is_structure(right) => Some(false),
        (Evaluation::String(left), Evaluation::String(right)) => match left.eq_ignore_ascii_case(right) {
            false if is_cased(left) || is_cased(right) => None,
            equal => Some(equal),
        },
        _ => Some(number(left)? == number(right)?),
    }
}

/// How two values stand to each other; within it nothing where they do not.
pub fn order(left: &Evaluation, right: &Evaluation) -> Option<Option<Ordering>> {
    match (left, right) {
        _ if is_structure(left) && is_structure(right) => None,
        _ if is_structure(left) || is_structure(right) => Some(None),
        (Evaluation::String(left), Evaluation::String(right)) => match is_cased(left) || is_cased(right) {
            true => None,
            false => Some(Some(units(left).cmp(units(right)))),
        },
        _ => Some(number(left)?.partial_cmp(&number(right)?)),
    }
}

fn units(text: &str) -> impl Iterator<Item = u16> {
    text.encode_utf16().map(|unit| u8::try_from(unit).map_or(unit, |byte| byte.to_ascii_uppercase().into()))
}

/// Whether a value holds another: a list one of its items, text another text.
pub fn contains(all: &Evaluation, one: &Evaluation) -> Option<bool> {
    let Evaluation::Array(items) = all else { return find(all, one, |all, one| all.contains(one)) };
    let equal: Vec<Option<bool>> = items.iter().map(|item| equal(one, item)).collect();
    if equal.contains(&Some(true)) { Some(true) } else { (!equal.contains(&None)).then_some(false) }
}

/// Looks for a text in another without regard to case; in a structure, or for one, nothing is found.
pub fn find(all: &Evaluation, one: &Evaluation, found: fn(&str, &str) -> bool) -> Option<bool> {
    if is_structure(all) || is_structure(one) {
        return Some(false);
    }
    let (all, one) = (text(all)?, text(one)?);
    (!is_cased(&all) && !is_cased(&one)).then(|| found(&all.to_ascii_uppercase(), &one.to_ascii_uppercase()))
}

/// Items as text, one after the other; anything else is itself.
pub fn join(items: &Evaluation, between: Option<&Evaluation>) -> Option<String> {
    let between = between.filter(|value| !is_structure(value)).map_or_else(|| Some(",".to_owned()), text)?;
    match items {
        Evaluation::Array(items) => items.iter().map(text).collect::<Option<Vec<String>>>().map(|items| items.join(&between)),
        Evaluation::Object(_) => Some(String::new()),
        other => text(other),
    }
}

/// Whether a value is written in JSON in one way only: the order of an object's keys is not known.
pub fn is_json(value: &Evaluation) -> bool {
    match value {
        Evaluation::Object(_) => false,
        Evaluation::Array(items) => items.iter().all(is_json),
        Evaluation::Number(number) => is_plain(*number) && number.is_finite(),
        _ => true,
    }
}

/// Whether the numbers in a value that was read from JSON are exact.
pub fn is_exact(value: &Evaluation) -> bool {
    match value {
        Evaluation::Object(entries) => entries.values().all(is_exact),
        Evaluation::Array(items) => items.iter().all(is_exact),
        Evaluation::Number(number) => is_plain(*number),
        _ => true,
    }
}

/// Whether a format can be followed: its places are counted in bytes, and have few digits.
pub fn is_format(text: &str) -> bool {
    text.is_ascii() && text.split(|c: char| !c.is_ascii_digit()).all(|digits| digits.len() < 4)
}
