//! Lists: where a page ends, as an opaque text. Pages follow a key, so that they neither skip nor repeat what was there
//! when something is added or removed between two of them.

use rescind::store::{Page, PageRequest, StoreError};
use rusqlite::{Params, Row, Statement};
use uuid::Uuid;

use crate::error::{Fault, Outcome};

/// The most items on a page.
const LARGEST: u32 = 500;

/// How many items a page is to have.
pub(crate) fn limit(page: &PageRequest) -> usize {
    page.limit.clamp(1, LARGEST) as usize
}

/// A place in a list that is ordered by one number.
pub(crate) fn number_cursor(list: char, page: &PageRequest) -> Outcome<Option<i64>> {
    let Some(text) = &page.cursor else { return Ok(None) };
    parse_number(text.strip_prefix(list).ok_or_else(invalid)?).map(Some)
}

/// A place in a list that is ordered by a number and an id.
pub(crate) fn number_id_cursor(list: char, page: &PageRequest) -> Outcome<Option<(i64, Uuid)>> {
    let Some(text) = &page.cursor else { return Ok(None) };
    let (number, id) = text.strip_prefix(list).and_then(|rest| rest.split_once('.')).ok_or_else(invalid)?;
    Ok(Some((parse_number(number)?, parse_id(id)?)))
}

/// A place in a list that is ordered by two ids.
pub(crate) fn ids_cursor(list: char, page: &PageRequest) -> Outcome<Option<(Uuid, Uuid)>> {
    let Some(text) = &page.cursor else { return Ok(None) };
    let (first, second) =
        text.strip_prefix(list).and_then(|rest| rest.split_once('.')).ok_or_else(invalid)?;
    Ok(Some((parse_id(first)?, parse_id(second)?)))
}

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

fn parse_number(text: &str) -> Outcome<i64> {
    if text.is_empty() || !text.bytes().all(|b| b.is_ascii_digit()) {
        return Err(invalid());
    }
    text.parse().map_err(|_| invalid())
}

fn parse_id(text: &str) -> Outcome<Uuid> {
    Uuid::try_parse(text).map_err(|_| invalid())
}

fn invalid() -> Fault {
    Fault(StoreError::InvalidCursor)
}
