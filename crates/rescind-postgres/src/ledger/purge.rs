//! Removing what no longer matters, a batch at a time: entries that have expired, and with them, in the same small
//! steps, tags, sessions and floor raises that have long lost their meaning.

use rescind::audit::{Record, Target, action};
use rescind::clock::Timestamp;
use rescind::ledger::{PurgeOutcome, PurgeRequest, RETENTION};

use crate::audit::record;
use crate::conn::Conn;
use crate::error::Outcome;
use crate::row::Cells;
use crate::tx::Tx;

/// So many tags are kept at any age.
const TAGS: i64 = 1000;

pub(crate) async fn count(conn: &Conn, request: &PurgeRequest) -> Outcome<PurgeOutcome> {
    let row =
        conn.row("SELECT count(*) FROM ledger WHERE expires_at < $1", &[&request.before.as_millis()]).await?;
    let purged: i64 = row.map_or(0, |row| row.get(0));
    Ok(PurgeOutcome { purged: purged.unsigned_abs(), more: false })
}

pub(crate) async fn first_expiry(conn: &Conn) -> Outcome<Option<Timestamp>> {
    let row = conn.row("SELECT min(expires_at) FROM ledger", &[]).await?;
    row.map_or(Ok(None), |row| Cells::new(&row).maybe_time())
}

pub(crate) async fn purge(tx: &Tx, request: &PurgeRequest) -> Outcome<PurgeOutcome> {
    let limit = i64::from(request.limit.max(1));
    let old = request.before.minus(RETENTION);
    let sessions = purge_sessions(tx, old, limit).await?;
    let raises = purge_floor_raises(tx, old, limit).await?;
    // Nobody writes an entry meanwhile, or takes a tag's batch for one that is gone.
    tx.take_turn().await?;
    let purged = purge_entries(tx, request.before, limit).await?;
    let tags = purge_tags(tx, old, limit).await?;
    if purged > 0 {
        let target = Target { kind: "ledger", id: None };
        let act = Record { action: action::LEDGER_PURGED, target, tenant: None, user: None, reason: None };
        record(tx, &request.by, &act).await?;
    }
    let most = purged.max(sessions).max(raises).max(tags);
    Ok(PurgeOutcome { purged, more: most >= limit.unsigned_abs() })
}

async fn purge_entries(tx: &Tx, before: Timestamp, limit: i64) -> Outcome<u64> {
    let row = tx
        .row(
            "WITH gone AS (
                 DELETE FROM ledger
                  WHERE seq IN (SELECT seq FROM ledger WHERE expires_at < $1 ORDER BY expires_at LIMIT $2)
                 RETURNING seq)
             SELECT count(*), coalesce(max(seq), 0) FROM gone",
            &[&before.as_millis(), &limit],
        )
        .await?;
    let (purged, highest): (i64, i64) = row.map_or((0, 0), |row| (row.get(0), row.get(1)));
    tx.execute("UPDATE head SET purged_seq = $1 WHERE id = 1 AND purged_seq < $1", &[&highest]).await?;
    Ok(purged.unsigned_abs())
}

/// A session that was ended itself goes when that is long ago, any other when its absolute limit is.
async fn purge_sessions(tx: &Tx, before: Timestamp, limit: i64) -> Outcome<u64> {
    let mut purged = 0;
    for column in ["revoked_at", "expires_at"] {
        let sql = format!(
            "DELETE FROM sessions WHERE id IN
                (SELECT id FROM sessions WHERE {column} < $1 ORDER BY {column} LIMIT $2
                    FOR UPDATE SKIP LOCKED)"
        );
        purged += tx.execute(&sql, &[&before.as_millis(), &limit]).await?;
    }
    Ok(purged)
}

/// A tag goes when it is old, a thousand newer ones are there, and no entry of its batch is left.
async fn purge_tags(tx: &Tx, before: Timestamp, limit: i64) -> Outcome<u64> {
    let sql = "DELETE FROM batches WHERE last_seq IN (
         SELECT last_seq FROM batches AS batch
          WHERE at < $1
            AND last_seq < (SELECT last_seq FROM batches ORDER BY last_seq DESC LIMIT 1 OFFSET $2)
            AND NOT EXISTS (
                SELECT 1 FROM ledger
                 WHERE seq <= batch.last_seq
                   AND seq > coalesce((SELECT earlier.last_seq FROM batches AS earlier
                                        WHERE earlier.last_seq < batch.last_seq
                                        ORDER BY earlier.last_seq DESC LIMIT 1), 0))
          ORDER BY at LIMIT $3)";
    Ok(tx.execute(sql, &[&before.as_millis(), &TAGS, &limit]).await?)
}

/// A floor raise goes when it is old, and no session is left that it ended.
async fn purge_floor_raises(tx: &Tx, before: Timestamp, limit: i64) -> Outcome<u64> {
    let sql = "DELETE FROM floor_raises WHERE id IN (
         SELECT id FROM floor_raises AS raised
          WHERE at < $1
            AND NOT EXISTS (
                SELECT 1 FROM sessions
                 WHERE sessions.tenant_id = raised.tenant_id AND sessions.user_id = raised.user_id
                   AND sessions.created_at <= raised.at)
            AND NOT (raised.user_id IS NULL AND EXISTS (
                SELECT 1 FROM sessions
                 WHERE sessions.tenant_id = raised.tenant_id AND sessions.created_at <= raised.at))
          ORDER BY at LIMIT $2 FOR UPDATE SKIP LOCKED)";
    Ok(tx.execute(sql, &[&before.as_millis(), &limit]).await?)
}
