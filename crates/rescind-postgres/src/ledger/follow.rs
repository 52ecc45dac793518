//! Reading the ledger in order.

use rescind::clock::Timestamp;
use rescind::ledger::{Cursor, Entry, Follow, Head, PlacedMark};
use tokio_postgres::types::ToSql;

use crate::conn::Conn;
use crate::error::{Outcome, corrupt};
use crate::horizon::Horizon;
use crate::row::{Cells, ENTRY_COLUMNS, MARK_COLUMNS, entry, placed_mark};

pub(crate) async fn head(conn: &Conn, horizon: &Horizon) -> Outcome<Head> {
    let row = conn
        .row(
            "SELECT seq, tag, keys_version, (extract(epoch FROM clock_timestamp()) * 1000)::bigint, horizon
               FROM head WHERE id = 1",
            &[],
        )
        .await?
        .ok_or_else(|| corrupt("the head is gone"))?;
    let mut cells = Cells::new(&row);
    let cursor = Cursor { seq: cells.take()?, tag: cells.bytes()? };
    let (keys_version, time) = (cells.take()?, cells.take()?);
    horizon.was_read(cells.take()?);
    Ok(Head { cursor, keys_version, store_time: Some(Timestamp::from_millis(time)) })
}

pub(crate) async fn entries_after(conn: &Conn, cursor: Cursor, limit: u32) -> Outcome<Follow> {
    let limit = limit.max(1);
    walk(conn, cursor, limit, entries(conn, cursor.seq, limit), |entry: &Entry| entry.seq).await
}

pub(crate) async fn marks_after(conn: &Conn, cursor: Cursor, limit: u32) -> Outcome<Follow<PlacedMark>> {
    let limit = limit.max(1);
    walk(conn, cursor, limit, marks(conn, cursor.seq, limit), |placed: &PlacedMark| placed.cursor.seq).await
}

/// What `read` reads after a cursor. All of it, and what is said of the cursor, is of one moment.
async fn walk<T>(
    conn: &Conn,
    cursor: Cursor,
    limit: u32,
    read: impl Future<Output = Outcome<Vec<T>>>,
    seq: impl FnOnce(&T) -> i64,
) -> Outcome<Follow<T>> {
    conn.batch("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY; LOCK TABLE head IN ACCESS SHARE MODE")
        .await?;
    let follow = walk_on(conn, cursor, limit, read, seq).await;
    conn.batch("COMMIT").await?;
    follow
}

async fn walk_on<T>(
    conn: &Conn,
    cursor: Cursor,
    limit: u32,
    read: impl Future<Output = Outcome<Vec<T>>>,
    seq: impl FnOnce(&T) -> i64,
) -> Outcome<Follow<T>> {
    let (head, ours, items) = futures_util::try_join!(end(conn), is_ours(conn, cursor), read)?;
    if !ours {
        return Ok(Follow::OtherHistory);
    }
    let full = items.len() >= limit as usize;
    let reached = match items.last().map(seq) {
        Some(last) if full && last < head.seq => Cursor { seq: last, tag: tag(conn, last).await? },
        _ => head,
    };
    Ok(Follow::Entries(items, reached))
}

async fn end(conn: &Conn) -> Outcome<Cursor> {
    let row = conn.row("SELECT seq, tag FROM head WHERE id = 1", &[]).await?;
    let row = row.ok_or_else(|| corrupt("the head is gone"))?;
    let mut cells = Cells::new(&row);
    Ok(Cursor { seq: cells.take()?, tag: cells.bytes()? })
}

async fn entries(conn: &Conn, after: i64, limit: u32) -> Outcome<Vec<Entry>> {
    let sql = format!("SELECT {ENTRY_COLUMNS} FROM ledger WHERE seq > $1 ORDER BY seq LIMIT $2");
    conn.rows(&sql, &[&after, &i64::from(limit)]).await?.iter().map(entry).collect()
}

/// Each with the tag of its batch. A page has at most as many batches as entries.
async fn marks(conn: &Conn, after: i64, limit: u32) -> Outcome<Vec<PlacedMark>> {
    let limit = i64::from(limit);
    let entries = format!("SELECT {MARK_COLUMNS} FROM ledger WHERE seq > $1 ORDER BY seq LIMIT $2");
    let batches = "SELECT last_seq, tag FROM batches WHERE last_seq > $1 ORDER BY last_seq LIMIT $2";
    let params: [&(dyn ToSql + Sync); 2] = [&after, &limit];
    let (entries, batches) =
        futures_util::try_join!(conn.rows(&entries, &params), conn.rows(batches, &params))?;
    let mut batches = batches.iter();
    let mut batch = Cursor::default();
    let mut marks = Vec::with_capacity(entries.len());
    for row in &entries {
        let mut placed = placed_mark(row)?;
        while batch.seq < placed.cursor.seq {
            let row = batches.next().ok_or_else(|| corrupt("a ledger entry without a batch"))?;
            let mut cells = Cells::new(row);
            batch = Cursor { seq: cells.take()?, tag: cells.bytes()? };
        }
        placed.cursor.tag = batch.tag;
        marks.push(placed);
    }
    Ok(marks)
}

/// Whether a cursor is of this history, and nothing that its holder should have seen was purged since. One who stands on an
/// entry that is still there is walking through what is left, from the beginning, and what was purged ahead of it had
/// expired anyway. The beginning is of every history.
async fn is_ours(conn: &Conn, cursor: Cursor) -> Outcome<bool> {
    if cursor == Cursor::default() {
        return Ok(true);
    }
    let tag = cursor.tag.as_slice();
    let row = conn
        .row(
            "SELECT seq >= $1
                AND coalesce((SELECT tag FROM batches WHERE last_seq >= $1 ORDER BY last_seq LIMIT 1) = $2, false)
                AND (purged_seq <= $1 OR EXISTS (SELECT 1 FROM ledger WHERE ledger.seq = $1))
               FROM head WHERE id = 1",
            &[&cursor.seq, &tag],
        )
        .await?;
    Ok(row.is_some_and(|row| row.get(0)))
}

/// The tag of the batch that wrote `seq`: every place within a batch is checked by it.
async fn tag(conn: &Conn, seq: i64) -> Outcome<[u8; 16]> {
    let row = conn
        .row("SELECT tag FROM batches WHERE last_seq >= $1 ORDER BY last_seq LIMIT 1", &[&seq])
        .await?
        .ok_or_else(|| corrupt("a ledger entry without a batch"))?;
    Cells::new(&row).bytes()
}
