//! Saying what is wrong with input without repeating its value: it may be a password.

use super::codes::Code;
use super::problem::Problem;

/// The longest name of a member that an answer repeats.
const LONGEST_NAME: usize = 80;

/// The problem that a failed deserialisation amounts to: the member at fault and what is expected of it, never the
/// value that came.
pub(super) fn refusal<E: std::fmt::Display>(code: Code, error: &serde_path_to_error::Error<E>) -> Problem {
    let path = error.path().to_string();
    let message = error.inner().to_string();
    let (member, detail) = explain(&path, &message);
    problem(code, &member, &detail)
}

/// The problem with `member`, which `detail` completes to a sentence. An empty name means the whole.
pub(super) fn problem(code: Code, member: &str, detail: &str) -> Problem {
    if member.is_empty() {
        return Problem::new(code).detail(format!("the body {detail}"));
    }
    let member = shortened(member);
    Problem::new(code).detail(format!("`{member}` {detail}")).member(member)
}

/// What a failed validation amounts to: the first member at fault, and in the detail all of them.
pub(super) fn invalid(code: Code, report: &garde::Report) -> Problem {
    let mut faults =
        report.iter().map(|(path, error)| (path.to_string(), format!("`{path}`: {}", error.message())));
    let Some((member, first)) = faults.next() else { return Problem::new(code) };
    let detail = faults.fold(first, |all, (_, next)| all + "; " + &next);
    Problem::new(code).detail(detail).member(member)
}

/// A caller's own name for something, cut to a length that an answer may repeat.
pub(super) fn shortened(name: &str) -> String {
    name.chars().take(LONGEST_NAME).collect()
}

/// Reads the one thing that serde tells: its message. The forms are serde's own (`serde::de::Error`), and a form
/// that is not known here falls back to a sentence without content.
fn explain(path: &str, message: &str) -> (String, String) {
    let path = if path == "." { "" } else { path };
    if let Some(name) = quoted(message, "missing field `") {
        return (join(path, name), "is missing".to_owned());
    }
    if let Some(name) = quoted(message, "unknown field `") {
        return (join(path, name), "is not known here".to_owned());
    }
    if let Some(name) = quoted(message, "duplicate field `") {
        return (join(path, name), "stands twice".to_owned());
    }
    match expectation(message) {
        Some(expected) => (path.to_owned(), format!("has a wrong value: expected {expected}")),
        None => (path.to_owned(), "has a wrong value".to_owned()),
    }
}

/// The part behind the last `expected`: what stands before it may quote the value.
fn expectation(message: &str) -> Option<&str> {
    if !["invalid type: ", "invalid value: ", "invalid length ", "unknown variant `"]
        .iter()
        .any(|form| message.starts_with(form))
    {
        return None;
    }
    let (_, expected) = message.rsplit_once(", expected ")?;
    Some(expected.rsplit_once(" at line ").map_or(expected, |(expected, _)| expected))
}

fn quoted<'a>(message: &'a str, form: &str) -> Option<&'a str> {
    let rest = message.strip_prefix(form)?;
    // The name may itself hold a backtick; serde's sentence goes on after the last "`, expected" or "`".
    let end = rest.rfind("`, expected").or_else(|| rest.find("`, there are no fields"));
    Some(&rest[..end.or_else(|| rest.rfind('`'))?])
}

fn join(path: &str, name: &str) -> String {
    if path.is_empty() || path == name || path.ends_with(&format!(".{name}")) {
        return if path.is_empty() { name.to_owned() } else { path.to_owned() };
    }
    format!("{path}.{name}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_value_never_stands_in_the_explanation() {
        let message = r#"invalid type: string "hunter2, expected x", expected u32 at line 1 column 9"#;
        assert_eq!(explain("age", message), ("age".into(), "has a wrong value: expected u32".into()));
        assert_eq!(explain("age", "hunter2 is bad, expected x"), ("age".into(), "has a wrong value".into()));
    }
}
