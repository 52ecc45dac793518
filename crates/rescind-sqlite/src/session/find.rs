//! Finding a session by its id, or by a jti.

use rescind::id::{SessionId, TenantId, UserId};
use rescind::ledger::TokenKey;
use rescind::session::{JtiOwner, SessionFacts};
use rescind::store::StoreError;
use rusqlite::Connection;

use crate::error::Outcome;
use crate::row::{Cells, SESSION_SELECT, bytes, bytes_of, session_row};

/// A session, within a tenant where given.
pub(crate) fn find_session(
    conn: &Connection,
    id: SessionId,
    tenant: Option<TenantId>,
) -> Outcome<SessionFacts> {
    let mut statement = conn.prepare_cached(&format!(
        "{SESSION_SELECT} WHERE sessions.id = ?1 AND (?2 IS NULL OR sessions.tenant_id = ?2)"
    ))?;
    let mut rows = statement.query((bytes(id.0), bytes_of(tenant, |id| id.0)))?;
    session_row(rows.next()?.ok_or(StoreError::NotFound)?)
}

/// Whose jti it is. Refresh tokens' come first: they reach further.
pub(crate) fn owner_of(conn: &Connection, jti: &TokenKey) -> Outcome<JtiOwner> {
    let TokenKey::Uuid(jti) = jti else { return Err(StoreError::NotFound.into()) };
    let mut statement = conn.prepare_cached(
        "SELECT id, user_id, tenant_id, 1, NULL FROM sessions WHERE refresh_jti = ?1
         UNION ALL SELECT id, user_id, tenant_id, 1, rotated_at FROM sessions WHERE parent_jti = ?1
         UNION ALL SELECT id, user_id, tenant_id, 0, NULL FROM sessions WHERE access_jti = ?1
         LIMIT 1",
    )?;
    let mut rows = statement.query((bytes(*jti),))?;
    let mut cells = Cells::new(rows.next()?.ok_or(StoreError::NotFound)?);
    Ok(JtiOwner {
        session: cells.id(SessionId)?,
        user: cells.id(UserId)?,
        tenant: cells.id(TenantId)?,
        refresh: cells.flag()?,
        rotated_at: cells.maybe_time()?,
    })
}
