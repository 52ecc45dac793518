//! Removing what no longer matters, a batch at a time: entries that have expired, and with them, in the same small
//! steps, tags, sessions and floor raises that have long lost their meaning.

use rescind::audit::{Record, Target, action};
use rescind::clock::Timestamp;
use rescind::ledger::{PurgeOutcome, PurgeRequest, RETENTION};
use rusqlite::Connection;

use crate::audit::record;
use crate::error::Outcome;
use crate::row::Cells;
use crate::writer::Tx;

/// So many tags are kept at any age.
const TAGS: i64 = 1000;

pub(crate) fn count(conn: &Connection, request: &PurgeRequest) -> Outcome<PurgeOutcome> {
    let purged = conn
        .prepare_cached("SELECT count(*) FROM ledger WHERE expires_at < ?1")?
        .query_row((request.before.as_millis(),), |row| row.get::<_, u64>(0))?;
    Ok(PurgeOutcome { purged, more: false })
}

pub(crate) fn first_expiry(conn: &Connection) -> Outcome<Option<Timestamp>> {
    let mut statement = conn.prepare_cached("SELECT min(expires_at) FROM ledger")?;
    let mut rows = statement.query(())?;
    rows.next()?.map_or(Ok(None), |row| Cells::new(row).maybe_time())
}

pub(crate) fn purge(tx: &Tx<'_>, request: &PurgeRequest) -> Outcome<PurgeOutcome> {
    let limit = request.limit.max(1);
    let purged = purge_entries(tx, request.before, limit)?;
    let old = request.before.minus(RETENTION);
    let sessions = purge_sessions(tx, old, limit)?;
    let others = purge_tags(tx, old, limit)?.max(purge_floor_raises(tx, old, limit)?);
    if purged > 0 {
        let target = Target { kind: "ledger", id: None };
        let act = Record { action: action::LEDGER_PURGED, target, tenant: None, user: None, reason: None };
        record(tx, &request.by, &act)?;
    }
    let full = u64::from(limit);
    Ok(PurgeOutcome { purged, more: purged.max(sessions).max(others) >= full })
}

fn purge_entries(tx: &Tx<'_>, before: Timestamp, limit: u32) -> Outcome<u64> {
    let mut statement = tx.prepare_cached(
        "DELETE FROM ledger
          WHERE seq IN (SELECT seq FROM ledger WHERE expires_at < ?1 ORDER BY expires_at LIMIT ?2)
          RETURNING seq",
    )?;
    let mut rows = statement.query((before.as_millis(), limit))?;
    let (mut purged, mut highest) = (0, 0);
    while let Some(row) = rows.next()? {
        purged += 1;
        highest = highest.max(row.get::<_, i64>(0)?);
    }
    tx.prepare_cached("UPDATE head SET purged_seq = ?1 WHERE id = 1 AND purged_seq < ?1")?
        .execute((highest,))?;
    Ok(purged)
}

/// A session that was ended itself goes when that is long ago, any other when its absolute limit is.
fn purge_sessions(tx: &Tx<'_>, before: Timestamp, limit: u32) -> Outcome<u64> {
    let mut purged = 0;
    for column in ["revoked_at", "expires_at"] {
        purged += tx
            .prepare_cached(&format!(
                "DELETE FROM sessions WHERE row IN
                    (SELECT row FROM sessions WHERE {column} < ?1 ORDER BY {column} LIMIT ?2)"
            ))?
            .execute((before.as_millis(), limit))?;
    }
    Ok(purged as u64)
}

/// A tag goes when it is old, a thousand newer ones are there, and no entry of its batch is left.
fn purge_tags(tx: &Tx<'_>, before: Timestamp, limit: u32) -> Outcome<u64> {
    let purged = tx
        .prepare_cached(
            "DELETE FROM batches WHERE last_seq IN (
             SELECT last_seq FROM batches AS batch
              WHERE at < ?1
                AND +last_seq < (SELECT last_seq FROM batches ORDER BY last_seq DESC LIMIT 1 OFFSET ?2)
                AND NOT EXISTS (
                    SELECT 1 FROM ledger
                     WHERE seq <= batch.last_seq
                       AND seq > coalesce((SELECT max(last_seq) FROM batches AS earlier
                                            WHERE earlier.last_seq < batch.last_seq), 0))
              ORDER BY at LIMIT ?3)",
        )?
        .execute((before.as_millis(), TAGS, limit))?;
    Ok(purged as u64)
}

/// A floor raise goes when it is old, and no session is left that it ended.
fn purge_floor_raises(tx: &Tx<'_>, before: Timestamp, limit: u32) -> Outcome<u64> {
    let purged = tx
        .prepare_cached(
            "DELETE FROM floor_raises WHERE id IN (
             SELECT id FROM floor_raises AS raised
              WHERE at < ?1
                AND NOT EXISTS (
                    SELECT 1 FROM sessions
                     WHERE sessions.tenant_id = raised.tenant_id AND sessions.user_id = raised.user_id
                       AND sessions.created_at <= raised.at)
                AND NOT (raised.user_id IS NULL AND EXISTS (
                    SELECT 1 FROM sessions
                     WHERE sessions.tenant_id = raised.tenant_id AND sessions.created_at <= raised.at))
              ORDER BY at LIMIT ?2)",
        )?
        .execute((before.as_millis(), limit))?;
    Ok(purged as u64)
}
