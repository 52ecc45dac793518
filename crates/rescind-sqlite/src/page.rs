//! Lists, a page at a time.

use rescind::store::Page;
use rusqlite::types::Value;
use rusqlite::{Connection, OptionalExtension as _, Params, Row, Statement, params_from_iter};

use crate::error::Outcome;

/// Collects a page from a statement that would go on: one row more than fits tells that there is more.
pub(crate) fn collect<T, P: Params>(
    statement: &mut Statement<'_>,
    params: P,
    limit: usize,
    mut map: impl FnMut(&Row<'_>) -> Outcome<Option<T>>,
    cursor: impl Fn(&T) -> String,
) -> Outcome<Page<T>> {
    let mut rows = statement.query(params)?;
    let mut items = Vec::new();
    while let Some(row) = rows.next()? {
        let Some(item) = map(row)? else { continue };
        if items.len() == limit {
            let next_cursor = items.last().map(&cursor);
            return Ok(Page { items, next_cursor });
        }
        items.push(item);
    }
    Ok(Page { items, next_cursor: None })
}

/// A list in the order of a number, newest first, of which a page walks a part.
pub(crate) struct Walk<'a> {
    pub(crate) table: &'a str,
    pub(crate) key: &'a str,
    /// The condition that narrows the most, and has an index: only what fulfils it is walked.
    pub(crate) within: Option<(&'a str, Value)>,
    pub(crate) before: Option<i64>,
}

impl Walk<'_> {
    /// The number of the last row that a page looks at which looks at no more than `rows`; none where the list ends before.
    pub(crate) fn edge(&self, conn: &Connection, rows: u32) -> Outcome<Option<i64>> {
        let Self { table, key, within, before } = self;
        let mut sql = format!("SELECT {key} FROM {table} WHERE true");
        let mut values = Vec::new();
        if let Some((condition, value)) = within {
            sql.push_str(&format!(" AND {condition}"));
            values.push(value.clone());
        }
        if let Some(before) = before {
            sql.push_str(&format!(" AND {key} < ?"));
            values.push((*before).into());
        }
        sql.push_str(&format!(" ORDER BY {key} DESC LIMIT 1 OFFSET ?"));
        values.push((i64::from(rows.max(1)) - 1).into());
        let mut statement = conn.prepare_cached(&sql)?;
        Ok(statement.query_row(params_from_iter(values), |row| row.get(0)).optional()?)
    }
}

/// What a page that came to the end of its walk goes on from.
pub(crate) fn or_edge<T>(page: Page<T>, edge: Option<String>) -> Page<T> {
    Page { next_cursor: page.next_cursor.or(edge), ..page }
}

/// The conditions of a list that apply, and no others. Without statistics SQLite takes all indexes on one column for equally good, and the newest of
/// them: so the one that is to be used is said.
pub(crate) struct Conditions {
    sql: String,
    values: Vec<Value>,
    within: Option<&'static str>,
}

impl Conditions {
    /// By the index of the condition `within`, where there is one, and no other.
    pub(crate) fn new(select: &str, within: Option<&'static str>) -> Self {
        Self { sql: select.to_owned(), values: Vec::new(), within }
    }

    /// Adds a condition, where there is a value for it.
    pub(crate) fn and(&mut self, condition: &str, value: Option<Value>) {
        let Some(value) = value else { return };
        self.sql.push_str(" AND ");
        self.sql.push_str(condition);
        self.values.push(value);
    }

    /// The same with one whose column has an index. A plus before the column keeps SQLite from it.
    pub(crate) fn or_by_index(&mut self, condition: &'static str, value: Option<Value>) {
        let is_walked = self.within == Some(condition);
        if is_walked { self.and(condition, value) } else { self.and(&format!("+{condition}"), value) }
    }

    /// The statement so far, and its values.
    pub(crate) fn finish(self) -> (String, Vec<Value>) {
        (self.sql, self.values)
    }
}
