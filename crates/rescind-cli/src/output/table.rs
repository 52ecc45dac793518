//! Tables that fit the terminal, plain where there is none.

use std::io::IsTerminal as _;

use comfy_table::{Attribute, Cell, Color, ContentArrangement, Table, presets};
use serde_json::Value;

use super::{colour, harmless};

/// One row for each object, one column for each of these fields.
pub(super) fn of(rows: &[Value], columns: &[&str]) -> String {
    let mut table = empty();
    table.set_header(
        columns.iter().map(|name| Cell::new(name.replace('_', " ")).add_attribute(Attribute::Bold)),
    );
    for row in rows {
        table.add_row(columns.iter().map(|name| cell(name, &row[*name])));
    }
    finished(&table)
}

/// One line for each of these fields of an object.
pub(super) fn card(object: &Value, fields: &[&str]) -> String {
    let mut table = empty();
    for name in fields {
        table.add_row([Cell::new(name).add_attribute(Attribute::Bold), cell(name, &object[*name])]);
    }
    finished(&table)
}

fn empty() -> Table {
    let mut table = Table::new();
    table.load_preset(presets::NOTHING);
    if !colour() {
        table.force_no_tty();
    }
    if std::io::stdout().is_terminal() {
        table.set_content_arrangement(ContentArrangement::Dynamic);
    }
    table
}

fn finished(table: &Table) -> String {
    let lines: Vec<_> =
        table.lines().map(|line| line.strip_prefix(' ').unwrap_or(&line).trim_end().to_owned()).collect();
    lines.join("\n")
}

fn cell(name: &str, value: &Value) -> Cell {
    let text = text(value);
    let cell = Cell::new(harmless(&text));
    match (name, text.as_str()) {
        ("status" | "state", "active" | "ok") => cell.fg(Color::Green),
        ("status" | "state", "revoked" | "wrong") | ("disabled" | "suspended", "yes") => cell.fg(Color::Red),
        ("status" | "state", "expired" | "retired" | "next" | "warning") => cell.fg(Color::Yellow),
        _ => cell,
    }
}

fn text(value: &Value) -> String {
    match value {
        Value::Null => "-".to_owned(),
        Value::Bool(true) => "yes".to_owned(),
        Value::Bool(false) => "no".to_owned(),
        Value::String(text) => text.clone(),
        Value::Array(items) => items.iter().map(self::text).collect::<Vec<_>>().join(" "),
        other => other.to_string(),
    }
}
