//! Lists, a page at a time.

use rescind::store::Page;
use rusqlite::{Params, Row, Statement};

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
