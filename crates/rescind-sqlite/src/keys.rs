//! Keys.

use rescind::audit::{Record, Target, action};
use rescind::clock::Timestamp;
use rescind::keys::{KeyChange, KeyRecord, KeyStore, KeyUse, NewKey, Rewrap, Sealed};
use rescind::ledger::{Draft, Entry, MarkKey};
use rescind::store::{Answer, Provenance, StoreError};
use rusqlite::{Connection, OptionalExtension as _, Row};

use crate::SqliteStore;
use crate::audit::record;
use crate::error::{Outcome, violates_unique};
use crate::ledger::append;
use crate::row::Cells;
use crate::writer::Tx;

impl KeyStore for SqliteStore {
    fn keys(&self) -> Answer<'_, (Vec<KeyRecord>, i64)> {
        self.read(|conn| Ok((list(conn)?, version(conn)?)))
    }

    fn change_keys(&self, change: KeyChange) -> Answer<'_, Vec<Entry>> {
        self.write(move |tx| apply(tx, &change))
    }

    fn rewrap_keys(&self, rewrap: Rewrap) -> Answer<'_, ()> {
        self.write(move |tx| self::rewrap(tx, &rewrap))
    }

    fn note_issuer<'a>(&'a self, issuer: &'a str, by: Provenance) -> Answer<'a, Option<String>> {
        let issuer = issuer.to_owned();
        self.write(move |tx| self::note_issuer(tx, &issuer, &by))
    }
}

/// Whether this key signs such tokens now.
pub(crate) fn is_active(conn: &Connection, kid: &str, usage: KeyUse) -> Outcome<bool> {
    Ok(conn
        .prepare_cached("SELECT 1 FROM keys WHERE kid = ?1 AND usage = ?2 AND state = 'active'")?
        .exists((kid, usage.as_str()))?)
}

fn list(conn: &Connection) -> Outcome<Vec<KeyRecord>> {
    let mut statement = conn.prepare_cached(
        "SELECT kid, usage, alg, state, sealed, created_at, active_from, retired_at, revoked_at
           FROM keys ORDER BY row",
    )?;
    let mut rows = statement.query(())?;
    let mut keys = Vec::new();
    while let Some(row) = rows.next()? {
        keys.push(key(row)?);
    }
    Ok(keys)
}

fn key(row: &Row<'_>) -> Outcome<KeyRecord> {
    let mut cells = Cells::new(row);
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

fn version(conn: &Connection) -> Outcome<i64> {
    Ok(conn.prepare_cached("SELECT keys_version FROM head WHERE id = 1")?.query_row((), |row| row.get(0))?)
}

/// Takes the turn from `seen` on, unless somebody else changed the keys meanwhile.
fn raise_version(tx: &Tx<'_>, seen: i64) -> Outcome<()> {
    let changed = tx
        .prepare_cached("UPDATE head SET keys_version = keys_version + 1 WHERE id = 1 AND keys_version = ?1")?
        .execute((seen,))?;
    if changed == 0 { Err(StoreError::Conflict.into()) } else { Ok(()) }
}

fn apply(tx: &Tx<'_>, change: &KeyChange) -> Outcome<Vec<Entry>> {
    raise_version(tx, change.seen_version)?;
    let now = change.by.at;
    let mut entries = Vec::new();
    for kid in &change.revoke {
        entries.extend(revoke(tx, kid, change)?);
    }
    for kid in &change.retire {
        // A next key that is no longer wanted is retired too: it may be in caches, although it signed nothing.
        step(tx, "state = 'retired', retired_at = ?2", "state IN ('active', 'next')", kid, now)?;
    }
    for kid in &change.promote {
        step(tx, "state = 'active', active_from = ?2", "state = 'next'", kid, now)?;
    }
    if let Some((kid, at)) = &change.schedule {
        step(tx, "active_from = ?2", "state = 'next'", kid, *at)?;
    }
    for key in &change.add {
        add(tx, key, now)?;
    }
    for kid in &change.forget {
        forget(tx, kid)?;
    }
    for kid in change.principals() {
        record_key(tx, change, Some(kid))?;
    }
    Ok(entries)
}

/// One that was revoked before leaves no second entry.
fn revoke(tx: &Tx<'_>, kid: &str, change: &KeyChange) -> Outcome<Option<Entry>> {
    let changed = tx
        .prepare_cached(
            "UPDATE keys SET state = 'revoked', revoked_at = ?2 WHERE kid = ?1 AND state <> 'revoked'",
        )?
        .execute((kid, change.by.at.as_millis()))?;
    if changed == 0 {
        find(tx, kid)?;
        return Ok(None);
    }
    let entry = append(
        tx,
        Draft {
            key: MarkKey::Key(kid.into()),
            tenant: None,
            min_version: None,
            least: Timestamp::MAX,
            user: None,
            at: change.by.at,
            reason: change.reason.as_deref(),
            by: change.by.actor,
        },
    )?;
    Ok(Some(entry))
}

/// One step of a key's life: [`StoreError::Conflict`] where it is not in the state that the step begins from, or where
/// another key of the same use is active.
fn step(tx: &Tx<'_>, set: &str, from: &str, kid: &str, at: Timestamp) -> Outcome<()> {
    let changed = tx
        .prepare_cached(&format!("UPDATE keys SET {set} WHERE kid = ?1 AND {from}"))?
        .execute((kid, at.as_millis()))?;
    if changed == 0 {
        find(tx, kid)?;
        return Err(StoreError::Conflict.into());
    }
    Ok(())
}

fn add(tx: &Tx<'_>, key: &NewKey, now: Timestamp) -> Outcome<()> {
    let inserted = tx
        .prepare_cached(
            "INSERT INTO keys (kid, usage, alg, state, sealed, created_at, active_from)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
        )?
        .execute((
            &key.kid,
            key.usage.as_str(),
            &key.alg,
            if key.active { "active" } else { "next" },
            &key.sealed.0,
            now.as_millis(),
            key.active.then_some(now.as_millis()),
        ));
    match inserted {
        Err(error) if violates_unique(&error, "keys.kid") => Err(StoreError::Taken("kid").into()),
        other => other.map(|_| ()).map_err(Into::into),
    }
}

/// Overwrites the private part before the row goes, so that its page does not keep it.
fn forget(tx: &Tx<'_>, kid: &str) -> Outcome<()> {
    let changed = tx
        .prepare_cached(
            "UPDATE keys SET sealed = zeroblob(length(sealed)) WHERE kid = ?1 AND state IN ('retired', 'revoked')",
        )?
        .execute((kid,))?;
    if changed == 0 {
        find(tx, kid)?;
        return Err(StoreError::Conflict.into());
    }
    tx.prepare_cached("DELETE FROM keys WHERE kid = ?1")?.execute((kid,))?;
    Ok(())
}

fn find(conn: &Connection, kid: &str) -> Outcome<()> {
    if conn.prepare_cached("SELECT 1 FROM keys WHERE kid = ?1")?.exists((kid,))? {
        Ok(())
    } else {
        Err(StoreError::NotFound.into())
    }
}

fn rewrap(tx: &Tx<'_>, rewrap: &Rewrap) -> Outcome<()> {
    raise_version(tx, rewrap.seen_version)?;
    let count: usize = tx.prepare_cached("SELECT count(*) FROM keys")?.query_row((), |row| row.get(0))?;
    if count != rewrap.sealed.len() {
        return Err(StoreError::Conflict.into());
    }
    for (kid, sealed) in &rewrap.sealed {
        let changed =
            tx.prepare_cached("UPDATE keys SET sealed = ?2 WHERE kid = ?1")?.execute((kid, &sealed.0))?;
        if changed == 0 {
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
    record(tx, &rewrap.by, &act)
}

fn note_issuer(tx: &Tx<'_>, issuer: &str, by: &Provenance) -> Outcome<Option<String>> {
    let last: Option<String> = tx
        .prepare_cached("SELECT target_id FROM audit WHERE action = ?1 ORDER BY row DESC LIMIT 1")?
        .query_row((action::ISSUER_SET,), |row| row.get(0))
        .optional()?;
    if last.as_deref() == Some(issuer) {
        return Ok(None);
    }
    let target = Target::new("ledger", issuer);
    record(tx, by, &Record { action: action::ISSUER_SET, target, tenant: None, user: None, reason: None })?;
    Ok(last)
}

fn record_key(tx: &Tx<'_>, change: &KeyChange, kid: Option<&str>) -> Outcome<()> {
    let act = Record {
        action: change.action,
        target: Target { kind: "key", id: kid.map(str::to_owned) },
        tenant: None,
        user: None,
        reason: change.reason.as_deref(),
    };
    record(tx, &change.by, &act)
}
