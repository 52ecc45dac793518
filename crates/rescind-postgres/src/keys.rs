//! Keys.

use rescind::audit::{Record, Target, action};
use rescind::clock::Timestamp;
use rescind::keys::{KeyChange, KeyRecord, KeyStore, KeyUse, NewKey, Rewrap, Sealed};
use rescind::ledger::{Draft, Entry, MarkKey};
use rescind::store::{Answer, Provenance, StoreError};
use tokio_postgres::Row;

use crate::PostgresStore;
use crate::audit::record;
use crate::conn::Conn;
use crate::error::{Outcome, corrupt, violates_unique};
use crate::ledger::append_in_turn;
use crate::row::Cells;
use crate::tx::{Tx, read, write};

impl KeyStore for PostgresStore {
    fn keys(&self) -> Answer<'_, (Vec<KeyRecord>, i64)> {
        read!(self, |conn| list(conn))
    }

    fn change_keys(&self, change: KeyChange) -> Answer<'_, Vec<Entry>> {
        write!(self, |tx| apply(tx, &change))
    }

    fn rewrap_keys(&self, rewrap: Rewrap) -> Answer<'_, ()> {
        write!(self, |tx| self::rewrap(tx, &rewrap))
    }

    fn note_issuer<'a>(&'a self, issuer: &'a str, by: Provenance) -> Answer<'a, Option<String>> {
        let issuer = issuer.to_owned();
        write!(self, |tx| self::note_issuer(tx, &issuer, &by))
    }
}

/// Whether this key signs such tokens now.
pub(crate) async fn is_active(conn: &Conn, kid: &str, usage: KeyUse) -> Outcome<bool> {
    conn.exists(
        "SELECT 1 FROM keys WHERE kid = $1 AND usage = $2 AND state = 'active'",
        &[&kid, &usage.as_str()],
    )
    .await
}

/// The keys and their version, as of one moment: a row for each key, and one without any.
async fn list(conn: &Conn) -> Outcome<(Vec<KeyRecord>, i64)> {
    let rows = conn
        .rows(
            "SELECT head.keys_version, kid, usage, alg, state, sealed, created_at, active_from, retired_at, revoked_at
               FROM head LEFT JOIN keys ON true WHERE head.id = 1 ORDER BY keys.row",
            &[],
        )
        .await?;
    let first = rows.first().ok_or_else(|| corrupt("the head is gone"))?;
    let version = Cells::new(first).take()?;
    let known = rows.iter().filter(|row| row.get::<_, Option<&str>>(1).is_some());
    Ok((known.map(key).collect::<Outcome<_>>()?, version))
}

fn key(row: &Row) -> Outcome<KeyRecord> {
    let mut cells = Cells::from(row, 1);
    Ok(KeyRecord {
        kid: cells.take()?,
        usage: cells.word()?,
        alg: cells.take()?,
        state: cells.word()?,
        sealed: Sealed(cells.take()?),
        created_at: cells.time()?,
        active_from: cells.maybe_time()?,
        retired_at: cells.maybe_time()?,
        revoked_at: cells.maybe_time()?,
    })
}

/// Takes the turn from `seen` on, unless somebody else changed the keys meanwhile.
async fn raise_version(tx: &Tx, seen: i64) -> Outcome<()> {
    // The head's row is locked from here on: whoever writes an entry has the turn before.
    tx.take_turn().await?;
    let sql = "UPDATE head SET keys_version = keys_version + 1 WHERE id = 1 AND keys_version = $1";
    match tx.execute(sql, &[&seen]).await? {
        0 => Err(StoreError::Conflict.into()),
        _ => Ok(()),
    }
}

async fn apply(tx: &Tx, change: &KeyChange) -> Outcome<Vec<Entry>> {
    raise_version(tx, change.seen_version).await?;
    let now = change.by.at;
    let mut entries = Vec::new();
    for kid in &change.revoke {
        entries.extend(revoke(tx, kid, change).await?);
    }
    for kid in &change.retire {
        // A next key that is no longer wanted is retired too: it may be in caches, although it signed nothing.
        step(tx, "state = 'retired', retired_at = $2", "state IN ('active', 'next')", kid, now).await?;
    }
    for kid in &change.promote {
        step(tx, "state = 'active', active_from = $2", "state = 'next'", kid, now).await?;
    }
    if let Some((kid, at)) = &change.schedule {
        step(tx, "active_from = $2", "state = 'next'", kid, *at).await?;
    }
    for key in &change.add {
        add(tx, key, now).await?;
    }
    for kid in &change.forget {
        forget(tx, kid).await?;
    }
    for kid in change.principals() {
        record_key(tx, change, kid).await?;
    }
    Ok(entries)
}

/// One that was revoked before leaves no second entry.
async fn revoke(tx: &Tx, kid: &str, change: &KeyChange) -> Outcome<Option<Entry>> {
    let changed = tx
        .execute(
            "UPDATE keys SET state = 'revoked', revoked_at = $2 WHERE kid = $1 AND state <> 'revoked'",
            &[&kid, &change.by.at.as_millis()],
        )
        .await?;
    if changed == 0 {
        find(tx, kid).await?;
        return Ok(None);
    }
    let draft = Draft {
        key: MarkKey::Key(kid.into()),
        tenant: None,
        min_version: None,
        least: Timestamp::MAX,
        user: None,
        at: change.by.at,
        reason: change.reason.as_deref(),
        by: change.by.actor,
    };
    Ok(Some(append_in_turn(tx, draft).await?))
}

/// One step of a key's life: [`StoreError::Conflict`] where it is not in the state that the step begins from, or where
/// another key of the same use is active.
async fn step(tx: &Tx, set: &str, from: &str, kid: &str, at: Timestamp) -> Outcome<()> {
    let changed = tx
        .execute(&format!("UPDATE keys SET {set} WHERE kid = $1 AND {from}"), &[&kid, &at.as_millis()])
        .await?;
    if changed == 0 {
        find(tx, kid).await?;
        return Err(StoreError::Conflict.into());
    }
    Ok(())
}

async fn add(tx: &Tx, key: &NewKey, now: Timestamp) -> Outcome<()> {
    let inserted = tx
        .execute(
            "INSERT INTO keys (kid, usage, alg, state, sealed, created_at, active_from)
             VALUES ($1, $2, $3, $4, $5, $6, $7)",
            &[
                &key.kid,
                &key.usage.as_str(),
                &key.alg,
                &if key.active { "active" } else { "next" },
                &key.sealed.0,
                &now.as_millis(),
                &key.active.then_some(now.as_millis()),
            ],
        )
        .await;
    match inserted {
        Err(error) if violates_unique(&error, "keys_kid") => Err(StoreError::Taken("kid").into()),
        other => other.map(|_| ()).map_err(Into::into),
    }
}

async fn forget(tx: &Tx, kid: &str) -> Outcome<()> {
    let gone =
        tx.execute("DELETE FROM keys WHERE kid = $1 AND state IN ('retired', 'revoked')", &[&kid]).await?;
    if gone == 0 {
        find(tx, kid).await?;
        return Err(StoreError::Conflict.into());
    }
    Ok(())
}

async fn find(conn: &Conn, kid: &str) -> Outcome<()> {
    if conn.exists("SELECT 1 FROM keys WHERE kid = $1", &[&kid]).await? {
        Ok(())
    } else {
        Err(StoreError::NotFound.into())
    }
}

async fn rewrap(tx: &Tx, rewrap: &Rewrap) -> Outcome<()> {
    raise_version(tx, rewrap.seen_version).await?;
    let count: i64 = tx.row("SELECT count(*) FROM keys", &[]).await?.map_or(0, |row| row.get(0));
    if usize::try_from(count) != Ok(rewrap.sealed.len()) {
        return Err(StoreError::Conflict.into());
    }
    for (kid, sealed) in &rewrap.sealed {
        if tx.execute("UPDATE keys SET sealed = $2 WHERE kid = $1", &[kid, &sealed.0]).await? == 0 {
            return Err(StoreError::NotFound.into());
        }
    }
    let act = Record {
        action: action::KEYS_REWRAPPED,
        target: Target { kind: "key", id: None },
        tenant: None,
        user: None,
        reason: None,
    };
    record(tx, &rewrap.by, &act).await
}

/// Of many nodes that start at once under another issuer, one notes it.
async fn note_issuer(tx: &Tx, issuer: &str, by: &Provenance) -> Outcome<Option<String>> {
    if last_issuer(tx).await?.as_deref() == Some(issuer) {
        return Ok(None);
    }
    tx.take_turn().await?;
    let last = last_issuer(tx).await?;
    if last.as_deref() == Some(issuer) {
        return Ok(None);
    }
    let target = Target::new("ledger", issuer);
    let act = Record { action: action::ISSUER_SET, target, tenant: None, user: None, reason: None };
    record(tx, by, &act).await?;
    Ok(last)
}

async fn last_issuer(conn: &Conn) -> Outcome<Option<String>> {
    let sql = "SELECT target_id FROM audit WHERE action = $1 ORDER BY row DESC LIMIT 1";
    let row = conn.row(sql, &[&action::ISSUER_SET]).await?;
    row.map(|row| Cells::new(&row).take()).transpose()
}

async fn record_key(tx: &Tx, change: &KeyChange, kid: &str) -> Outcome<()> {
    let act = Record {
        action: change.action,
        target: Target { kind: "key", id: Some(kid.to_owned()) },
        tenant: None,
        user: None,
        reason: change.reason.as_deref(),
    };
    record(tx, &change.by, &act).await
}
