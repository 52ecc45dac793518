//! Lists, a page at a time.

use rescind::store::Page;
use tokio_postgres::Row;
use tokio_postgres::types::ToSql;

use crate::error::Outcome;

/// A page of rows that were asked for with a `LIMIT` of one more than fits: that one tells that there is more.
pub(crate) fn page<T>(
    rows: &[Row],
    limit: usize,
    read: impl Fn(&Row) -> Outcome<T>,
    cursor: impl Fn(&T) -> String,
) -> Outcome<Page<T>> {
    let items: Vec<T> = rows.iter().take(limit).map(read).collect::<Outcome<_>>()?;
    let next_cursor = if rows.len() > limit { items.last().map(cursor) } else { None };
    Ok(Page { items, next_cursor })
}

/// The conditions of a list that apply, and no others: each combination has its own plan.
pub(crate) struct Conditions {
    sql: String,
    values: Vec<Box<dyn ToSql + Sync + Send>>,
}

impl Conditions {
    pub(crate) fn new(select: String) -> Self {
        Self { sql: select, values: Vec::new() }
    }

    /// Adds ` AND ` and the condition, with `?` for the value.
    pub(crate) fn and(&mut self, condition: &str, value: impl ToSql + Sync + Send + 'static) {
        self.values.push(Box::new(value));
        let place = format!("${}", self.values.len());
        self.sql.push_str(" AND ");
        self.sql.push_str(&condition.replace('?', &place));
    }

    /// The same with two values.
    pub(crate) fn and_pair(
        &mut self,
        condition: &str,
        first: impl ToSql + Sync + Send + 'static,
        second: impl ToSql + Sync + Send + 'static,
    ) {
        let (left, right) = condition.split_once('?').unwrap_or((condition, ""));
        self.values.push(Box::new(first));
        let left = format!("{left}${}", self.values.len());
        self.and(&format!("{left}{right}"), second);
    }

    /// The order, and only the last of so many rows: where a page ends that looks at no more of them.
    pub(crate) fn edge(mut self, order: &str, rows: u32) -> (String, Vec<Box<dyn ToSql + Sync + Send>>) {
        self.values.push(Box::new(i64::from(rows.max(1)) - 1));
        self.sql.push_str(&format!(" ORDER BY {order} LIMIT 1 OFFSET ${}", self.values.len()));
        (self.sql, self.values)
    }

    /// The order, and one row more than `limit`.
    pub(crate) fn finish(mut self, order: &str, limit: usize) -> (String, Vec<Box<dyn ToSql + Sync + Send>>) {
        self.values.push(Box::new(limit as i64 + 1));
        self.sql.push_str(&format!(" ORDER BY {order} LIMIT ${}", self.values.len()));
        (self.sql, self.values)
    }
}

/// Values as a statement takes them.
pub(crate) fn borrowed(values: &[Box<dyn ToSql + Sync + Send>]) -> Vec<&(dyn ToSql + Sync)> {
    values.iter().map(|value| &**value as &(dyn ToSql + Sync)).collect()
}

/// What a page that came to the end of its walk goes on from.
pub(crate) fn or_edge<T>(page: Page<T>, edge: Option<String>) -> Page<T> {
    Page { next_cursor: page.next_cursor.or(edge), ..page }
}
