//! Every workflow that differs from one of ours by a single change.

/// A workflow with one change.
pub struct Mutant {
    /// What was changed.
    pub what: String,
    /// The workflow.
    pub text: String,
}

const CONDITIONS: [&str; 4] = ["always()", "success()", "failure()", "!cancelled()"];

/// All mutants of a text that mlp wrote, whose lines have a known form.
pub fn mutants(text: &str) -> Vec<Mutant> {
    let lines: Vec<&str> = text.lines().collect();
    (0..lines.len()).flat_map(|at| changes(&lines, at)).collect()
}

/// The text with a range of lines replaced.
fn with(lines: &[&str], at: usize, gone: usize, new: &[String]) -> Mutant {
    let before = lines[..at].iter().map(|line| (*line).to_owned());
    let after = lines[at + gone..].iter().map(|line| (*line).to_owned());
    let text: Vec<String> = before.chain(new.iter().cloned()).chain(after).collect();
    let what = format!("line {}: `{}` -> `{}`", at + 1, lines[at].trim(), new.join(" ").trim());
    Mutant { what, text: text.join("\n") + "\n" }
}

/// The key of the job's part in which a line stands, such as `outputs`.
fn part<'t>(lines: &[&'t str], at: usize) -> &'t str {
    let key = lines[..at].iter().rev().find(|line| line.starts_with("    ") && !line.starts_with("     "));
    key.map_or("", |line| line.trim().trim_end_matches(':'))
}

fn changes(lines: &[&str], at: usize) -> Vec<Mutant> {
    let line = lines[at];
    let depth = line.len() - line.trim_start().len();
    let drop = || with(lines, at, 1, &[]);
    match (depth, line.trim()) {
        (2, "cancel-in-progress: false") => vec![with(lines, at, 1, &["  cancel-in-progress: true".to_owned()])],
        (2, id) if id.ends_with(':') && lines.get(at + 1).is_some_and(|next| next.starts_with("    name:")) => continues(lines, at, 4),
        (4, condition) if condition.starts_with("if: ") => conditions(lines, at),
        (4, need) if need.starts_with("needs: ") => vec![drop()],
        (4, minutes) if minutes.starts_with("timeout-minutes: ") => vec![drop()],
        (4, "environment:") => vec![with(lines, at, block(lines, at), &[])],
        (6, item) if item.starts_with("- name: ") => continues(lines, at, 8),
        (6, item) if item.starts_with("- ") && part(lines, at) == "needs" => vec![drop()],
        (6, pair) if part(lines, at) == "permissions" => permission(lines, at, pair),
        (6, _) if is_only(lines, at) => vec![with(lines, at - 1, 2, &[])],
        (6, _) if part(lines, at) == "outputs" => std::iter::once(drop()).chain(swap(lines, at)).collect(),
        (8, condition) if condition.starts_with("if: ") => vec![drop()],
        _ => Vec::new(),
    }
}

/// Whether a line is a job's only output. A key without any would be an error.
fn is_only(lines: &[&str], at: usize) -> bool {
    lines[at - 1] == "    outputs:" && lines.get(at + 1).is_none_or(|next| !next.starts_with("      "))
}

/// How many lines a key has with all that stands below it.
fn block(lines: &[&str], at: usize) -> usize {
    1 + lines[at + 1..].iter().take_while(|line| line.starts_with("      ")).count()
}

fn conditions(lines: &[&str], at: usize) -> Vec<Mutant> {
    let other = CONDITIONS.iter().map(|condition| with(lines, at, 1, &[format!("    if: ${{{{ {condition} }}}}")]));
    std::iter::once(with(lines, at, 1, &[])).chain(other).collect()
}

fn continues(lines: &[&str], at: usize, depth: usize) -> Vec<Mutant> {
    let new = [lines[at].to_owned(), format!("{}continue-on-error: true", " ".repeat(depth))];
    vec![with(lines, at, 1, &new)]
}

fn permission(lines: &[&str], at: usize, pair: &str) -> Vec<Mutant> {
    let (scope, level) = pair.split_once(": ").unwrap();
    let other = if level.starts_with("write") { "read" } else { "write" };
    vec![with(lines, at, 1, &[]), with(lines, at, 1, &[format!("      {scope}: {other}")])]
}

/// The values of an output and the next one, exchanged.
fn swap(lines: &[&str], at: usize) -> Option<Mutant> {
    let next = lines.get(at + 1).filter(|next| next.starts_with("      ") && !next.starts_with("       "))?;
    let ((first, a), (second, b)) = (lines[at].split_once(": ")?, next.split_once(": ")?);
    Some(with(lines, at, 2, &[format!("{first}: {b}"), format!("{second}: {a}")]))
}
