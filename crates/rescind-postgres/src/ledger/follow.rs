//! Reading the ledger in order.

use rescind::clock::Timestamp;
use rescind::ledger::{Cursor, Entry, Follow, Head};

use crate::conn::Conn;
use crate::error::{Outcome, corrupt};
use crate::horizon::Horizon;
use crate::row::{Cells, ENTRY_COLUMNS, entry};

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
    // Everything below is read as of one moment.
    conn.batch("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY").await?;
    let follow = read_after(conn, cursor, limit.max(1)).await;
    conn.batch("COMMIT").await?;
    follow
}

async fn read_after(conn: &Conn, cursor: Cursor, limit: u32) -> Outcome<Follow> {
    let (head, entries) = if cursor == Cursor::default() {
        futures_util::try_join!(end(conn), entries(conn, cursor.seq, limit))?
    } else {
        let (head, ours, entries) =
            futures_util::try_join!(end(conn), is_ours(conn, cursor), entries(conn, cursor.seq, limit))?;
        if !ours {
            return Ok(Follow::OtherHistory);
        }
        (head, entries)
    };
    let full = entries.len() >= limit as usize;
    let reached = match entries.last() {
        Some(last) if full && last.seq < head.seq => {
            Cursor { seq: last.seq, tag: tag(conn, last.seq).await? }
        }
        _ => head,
    };
    Ok(Follow::Entries(entries, reached))
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

/// Whether a cursor is of this history, and nothing that its holder should have seen was purged since. One who stands on an
/// entry that is still there is walking through what is left, from the beginning, and what was purged ahead of it had
/// expired anyway.
async fn is_ours(conn: &Conn, cursor: Cursor) -> Outcome<bool> {
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
