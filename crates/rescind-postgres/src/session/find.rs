//! Finding a session by its id, or by a jti.

use rescind::id::{SessionId, TenantId, UserId};
use rescind::ledger::TokenKey;
use rescind::session::JtiOwner;
use rescind::store::StoreError;

use crate::conn::Conn;
use crate::error::Outcome;
use crate::row::{Cells, SESSION_SELECT, SessionRow, session_row};
use crate::tx::Tx;

/// A session, within a tenant where given.
pub(crate) async fn find_session(
    conn: &Conn,
    id: SessionId,
    tenant: Option<TenantId>,
) -> Outcome<SessionRow> {
    let sql =
        format!("{SESSION_SELECT} WHERE sessions.id = $1 AND ($2::uuid IS NULL OR sessions.tenant_id = $2)");
    let row = conn.row(&sql, &[&id.0, &tenant.map(|id| id.0)]).await?;
    session_row(&row.ok_or(StoreError::NotFound)?)
}

/// The same, locked: nobody else changes it before the transaction ends.
pub(crate) async fn lock_session(tx: &Tx, id: SessionId, tenant: Option<TenantId>) -> Outcome<SessionRow> {
    // Two statements: what else decides the session's status is read once the lock is there.
    let sql =
        "SELECT 1 FROM sessions WHERE id = $1 AND ($2::uuid IS NULL OR tenant_id = $2) FOR NO KEY UPDATE";
    if !tx.exists(sql, &[&id.0, &tenant.map(|id| id.0)]).await? {
        return Err(StoreError::NotFound.into());
    }
    find_session(tx, id, tenant).await
}

/// Whose jti it is. Refresh tokens' come first: they reach further.
pub(crate) async fn owner_of(conn: &Conn, jti: &TokenKey) -> Outcome<JtiOwner> {
    let TokenKey::Uuid(jti) = jti else { return Err(StoreError::NotFound.into()) };
    let row = conn
        .row(
            "SELECT id, user_id, tenant_id, true, NULL::bigint FROM sessions WHERE refresh_jti = $1
             UNION ALL SELECT id, user_id, tenant_id, true, rotated_at FROM sessions WHERE parent_jti = $1
             UNION ALL SELECT id, user_id, tenant_id, false, NULL FROM sessions WHERE access_jti = $1
             LIMIT 1",
            &[jti],
        )
        .await?
        .ok_or(StoreError::NotFound)?;
    let mut cells = Cells::new(&row);
    Ok(JtiOwner {
        session: cells.id(SessionId)?,
        user: cells.id(UserId)?,
        tenant: cells.id(TenantId)?,
        refresh: cells.take()?,
        rotated_at: cells.maybe_time()?,
    })
}
