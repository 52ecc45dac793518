//! What a command prints: tables for people, JSON for programs.

mod table;

use std::io::{self, IsTerminal as _, Write as _};

use clap::Args;
use serde::Serialize;
use serde_json::Value;

use crate::failure::Failure;

/// How to print.
#[derive(Args, Clone, Copy, Debug, Default)]
pub(crate) struct Format {
    /// Print JSON, with the field names of the HTTP API
    #[arg(long)]
    pub(crate) json: bool,
}

impl Format {
    /// Prints a list: `{"items", "next_cursor"}`, or a table of these fields.
    pub(crate) fn list<T: Serialize>(
        self,
        page: &rescind::store::Page<T>,
        columns: &[&str],
    ) -> Result<(), Failure> {
        if self.json {
            return json(page);
        }
        let rows: Vec<Value> = page.items.iter().map(value).collect();
        if rows.is_empty() {
            return note("none");
        }
        print(&table::of(&rows, columns))?;
        match &page.next_cursor {
            Some(cursor) => note(&format!("there are more: --all, or --cursor {cursor}")),
            None => Ok(()),
        }
    }

    /// Prints one thing: an object, or its fields in this order, one to a line.
    pub(crate) fn one<T: Serialize>(self, item: &T, fields: &[&str]) -> Result<(), Failure> {
        if self.json { json(item) } else { print(&table::card(&value(item), fields)) }
    }

    /// Prints what was done: an object, or a sentence.
    pub(crate) fn done<T: Serialize>(self, item: &T, sentence: &str) -> Result<(), Failure> {
        if self.json { json(item) } else { print(sentence) }
    }
}

/// Prints a line on standard output.
pub(crate) fn print(line: &str) -> Result<(), Failure> {
    written(writeln!(io::stdout().lock(), "{line}"))
}

/// Prints a remark for a person on standard error: never part of what a program reads.
pub(crate) fn note(line: &str) -> Result<(), Failure> {
    written(writeln!(io::stderr().lock(), "{line}"))
}

/// Prints JSON on standard output.
pub(crate) fn json<T: Serialize>(item: &T) -> Result<(), Failure> {
    let text = serde_json::to_string_pretty(item).unwrap_or_default();
    print(&text)
}

/// Whether standard output is a terminal that wants colour.
pub(crate) fn colour() -> bool {
    let refused = std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty());
    io::stdout().is_terminal() && !refused
}

/// Text that cannot drive the terminal that it is shown on: what users call their devices is theirs to choose.
pub(crate) fn harmless(text: &str) -> String {
    let dangerous = |c: char| {
        c.is_control()
            || matches!(c, '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
    };
    text.chars().map(|c| if dangerous(c) { c.escape_unicode().to_string() } else { c.to_string() }).collect()
}

fn value<T: Serialize>(item: &T) -> Value {
    serde_json::to_value(item).unwrap_or_default()
}

fn written(outcome: io::Result<()>) -> Result<(), Failure> {
    outcome.map_err(|error| match error.kind() {
        io::ErrorKind::BrokenPipe => Failure::OutputClosed,
        _ => Failure::File { path: "standard output".into(), why: error },
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_of_others_does_not_reach_the_terminal_as_commands() {
        assert_eq!(harmless("phone\u{1b}[2J\u{202e}x"), "phone\\u{1b}[2J\\u{202e}x");
        assert_eq!(harmless("Käthes Gerät 📱"), "Käthes Gerät 📱");
    }
}
