//! Writing entries.

use rescind::clock::Timestamp;
use rescind::id::{TenantId, UserId};
use rescind::ledger::{Draft, Entry, MarkKey};
use rusqlite::Connection;

use crate::error::{Outcome, optional};
use crate::row::{Cells, ENTRY_COLUMNS, bytes, bytes_of, entry, key_value};
use crate::writer::Tx;

/// Writes an entry. It lives at least as long as any access token minted so far.
pub(crate) fn append(tx: &Tx<'_>, new: Draft<'_>) -> Outcome<Entry> {
    let (seq, horizon): (i64, i64) = tx
        .prepare_cached("UPDATE head SET seq = seq + 1 WHERE id = 1 RETURNING seq, horizon")?
        .query_row((), |row| Ok((row.get(0)?, row.get(1)?)))?;
    let entry = new.into_entry(seq, Timestamp::from_millis(horizon));
    let mark = &entry.mark;
    let about = match (&mark.key, mark.tenant, entry.user) {
        (MarkKey::Tenant(id), ..) => Some(*id),
        (_, None, Some(user)) => only_tenant_of(tx, user)?,
        (_, tenant, _) => tenant,
    };
    tx.prepare_cached(
        "INSERT INTO ledger (seq, kind, key, tenant_id, about_tenant, user_id, min_version, expires_at, revoked_at,
                             reason, revoked_by)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11)",
    )?
    .execute(rusqlite::params![
        seq,
        mark.kind().as_str(),
        key_value(&mark.key),
        bytes_of(mark.tenant, |id| id.0),
        bytes_of(about, |id| id.0),
        bytes_of(entry.user, |id| id.0),
        mark.min_version,
        mark.expires_at.as_millis(),
        entry.revoked_at.as_millis(),
        entry.reason,
        entry.revoked_by.to_string(),
    ])?;
    Ok(entry)
}

/// In whose lists an entry is shown that holds for everybody's tokens and names a user: the tenant of the one user with that id.
/// Who was never here, but for a cut of another issuer's user, is none.
fn only_tenant_of(conn: &Connection, user: UserId) -> Outcome<Option<TenantId>> {
    let mut statement =
        conn.prepare_cached(
        "SELECT min(tenant_id) FROM users WHERE id = ?1 AND (deleted_at IS NULL OR sessions_opened > 0) HAVING count(*) = 1",
    )?;
    let mut rows = statement.query((bytes(user.0),))?;
    match rows.next()? {
        Some(row) => Ok(Some(Cells::new(row).id(TenantId)?)),
        None => Ok(None),
    }
}

/// The newest entry of a mark's identity.
pub(crate) fn standing(conn: &Connection, tenant: Option<TenantId>, key: &MarkKey) -> Outcome<Option<Entry>> {
    let mut statement = conn.prepare_cached(&format!(
        "SELECT {ENTRY_COLUMNS} FROM ledger WHERE key = ?1 AND kind = ?2 AND tenant_id IS ?3
          ORDER BY seq DESC LIMIT 1"
    ))?;
    let mut rows = statement.query((key_value(key), key.kind().as_str(), bytes_of(tenant, |id| id.0)))?;
    match rows.next()? {
        Some(row) => optional(entry(row)),
        None => Ok(None),
    }
}

/// Notes that an access token with this `exp` is being minted.
pub(crate) fn raise_horizon(tx: &Tx<'_>, access_exp: Timestamp) -> Outcome<()> {
    let exp = access_exp.as_millis();
    if exp > tx.horizon.get() {
        tx.prepare_cached("UPDATE head SET horizon = ?1 WHERE id = 1 AND horizon < ?1")?.execute((exp,))?;
        tx.horizon.set(exp);
    }
    Ok(())
}
