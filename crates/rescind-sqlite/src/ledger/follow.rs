//! Reading the ledger in order.

use rescind::ledger::{Cursor, Entry, Follow, Head, PlacedMark};
use rusqlite::{Connection, OptionalExtension as _, Row};

use crate::error::{Outcome, corrupt};
use crate::row::{ENTRY_COLUMNS, MARK_COLUMNS, entry, placed_mark};

pub(crate) fn head(conn: &Connection) -> Outcome<Head> {
    let mut statement = conn.prepare_cached("SELECT seq, tag, keys_version FROM head WHERE id = 1")?;
    let (seq, tag, keys_version) =
        statement.query_row((), |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))?;
    // One process' clock is the other's too: they share the machine.
    Ok(Head { cursor: Cursor { seq, tag }, keys_version, store_time: None })
}

pub(crate) fn entries_after(conn: &Connection, cursor: Cursor, limit: u32) -> Outcome<Follow> {
    walk(conn, cursor, limit, read_entries, |entry: &Entry| entry.seq)
}

pub(crate) fn marks_after(conn: &Connection, cursor: Cursor, limit: u32) -> Outcome<Follow<PlacedMark>> {
    walk(conn, cursor, limit, read_marks, |placed: &PlacedMark| placed.cursor.seq)
}

fn walk<T>(
    conn: &Connection,
    cursor: Cursor,
    limit: u32,
    read: impl FnOnce(&Connection, i64, u32) -> Outcome<Vec<T>>,
    seq: impl FnOnce(&T) -> i64,
) -> Outcome<Follow<T>> {
    let head = head(conn)?.cursor;
    if cursor != Cursor::default() && !is_ours(conn, cursor, head)? {
        return Ok(Follow::OtherHistory);
    }
    let limit = limit.max(1);
    let items = read(conn, cursor.seq, limit)?;
    let full = items.len() >= limit as usize;
    let reached = match items.last().map(seq) {
        Some(last) if full && last < head.seq => Cursor { seq: last, tag: tag(conn, last)? },
        _ => head,
    };
    Ok(Follow::Entries(items, reached))
}

fn read_entries(conn: &Connection, after: i64, limit: u32) -> Outcome<Vec<Entry>> {
    read(conn, ENTRY_COLUMNS, after, limit, entry)
}

/// Each with the tag of its batch: batches are read beside the entries, in the same order, so that one range of each is enough.
fn read_marks(conn: &Connection, after: i64, limit: u32) -> Outcome<Vec<PlacedMark>> {
    let mut marks = read(conn, MARK_COLUMNS, after, limit, placed_mark)?;
    let mut statement =
        conn.prepare_cached("SELECT last_seq, tag FROM batches WHERE last_seq > ?1 ORDER BY last_seq")?;
    let mut batches = statement.query((after,))?;
    let mut batch = Cursor::default();
    for placed in &mut marks {
        while batch.seq < placed.cursor.seq {
            let row = batches.next()?.ok_or_else(|| corrupt("a ledger entry without a batch"))?;
            batch = Cursor { seq: row.get(0)?, tag: row.get(1)? };
        }
        placed.cursor.tag = batch.tag;
    }
    Ok(marks)
}

fn read<T>(
    conn: &Connection,
    columns: &str,
    after: i64,
    limit: u32,
    map: fn(&Row<'_>) -> Outcome<T>,
) -> Outcome<Vec<T>> {
    let mut statement =
        conn.prepare_cached(&format!("SELECT {columns} FROM ledger WHERE seq > ?1 ORDER BY seq LIMIT ?2"))?;
    let mut rows = statement.query((after, limit))?;
    let mut items = Vec::new();
    while let Some(row) = rows.next()? {
        items.push(map(row)?);
    }
    Ok(items)
}

/// Whether a cursor is of this history, and nothing that its holder should have seen was purged since.
fn is_ours(conn: &Connection, cursor: Cursor, head: Cursor) -> Outcome<bool> {
    if cursor.seq > head.seq || batch_tag(conn, cursor.seq)? != Some(cursor.tag) {
        return Ok(false);
    }
    Ok(!purged_past(conn, cursor.seq)?)
}

/// Whether entries beyond `seq` were purged. One who stands on an entry that is still there is walking through what is
/// left, from the beginning, and what was purged ahead of it had expired anyway.
fn purged_past(conn: &Connection, seq: i64) -> Outcome<bool> {
    Ok(conn
        .prepare_cached(
            "SELECT purged_seq > ?1 AND NOT EXISTS (SELECT 1 FROM ledger WHERE seq = ?1) FROM head WHERE id = 1",
        )?
        .query_row((seq,), |row| row.get(0))?)
}

/// The tag of the batch that wrote `seq`: every place within a batch is checked by it.
fn batch_tag(conn: &Connection, seq: i64) -> Outcome<Option<[u8; 16]>> {
    let mut statement =
        conn.prepare_cached("SELECT tag FROM batches WHERE last_seq >= ?1 ORDER BY last_seq LIMIT 1")?;
    Ok(statement.query_row((seq,), |row| row.get(0)).optional()?)
}

fn tag(conn: &Connection, seq: i64) -> Outcome<[u8; 16]> {
    batch_tag(conn, seq)?.ok_or_else(|| corrupt("a ledger entry without a batch"))
}
