//! Reading the ledger in order.

use rescind::ledger::{Cursor, Entry, Follow, Head};
use rusqlite::{Connection, OptionalExtension as _};

use crate::error::{Outcome, corrupt};
use crate::row::{ENTRY_COLUMNS, entry};

pub(crate) fn head(conn: &Connection) -> Outcome<Head> {
    let mut statement = conn.prepare_cached("SELECT seq, tag, keys_version FROM head WHERE id = 1")?;
    let (seq, tag, keys_version) =
        statement.query_row((), |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))?;
    // One process' clock is the other's too: they share the machine.
    Ok(Head { cursor: Cursor { seq, tag }, keys_version, store_time: None })
}

pub(crate) fn entries_after(conn: &Connection, cursor: Cursor, limit: u32) -> Outcome<Follow> {
    let head = head(conn)?.cursor;
    if cursor != Cursor::default() && !is_ours(conn, cursor, head)? {
        return Ok(Follow::OtherHistory);
    }
    let limit = limit.max(1);
    let entries = read(conn, cursor.seq, limit)?;
    let full = entries.len() >= limit as usize;
    let reached = match entries.last() {
        Some(last) if full && last.seq < head.seq => Cursor { seq: last.seq, tag: tag(conn, last.seq)? },
        _ => head,
    };
    Ok(Follow::Entries(entries, reached))
}

fn read(conn: &Connection, after: i64, limit: u32) -> Outcome<Vec<Entry>> {
    let mut statement = conn.prepare_cached(&format!(
        "SELECT {ENTRY_COLUMNS} FROM ledger WHERE seq > ?1 ORDER BY seq LIMIT ?2"
    ))?;
    let mut rows = statement.query((after, limit))?;
    let mut entries = Vec::new();
    while let Some(row) = rows.next()? {
        entries.push(entry(row)?);
    }
    Ok(entries)
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
