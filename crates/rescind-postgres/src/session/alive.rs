//! When a session is alive, in SQL. [`rescind::session::SessionFacts::is_active`] says the same of a row that was read.

use rescind::clock::Timestamp;
use rescind::id::{SessionId, TenantId, UserId};
use rescind::store::StoreError;

use crate::error::Outcome;
use crate::tx::Tx;

/// A condition on `sessions`; `$1` is now.
pub(crate) const ALIVE: &str = "
    sessions.revoked_at IS NULL AND sessions.idle_expires_at > $1 AND sessions.expires_at > $1
    AND EXISTS (SELECT 1 FROM users
                 WHERE users.tenant_id = sessions.tenant_id AND users.id = sessions.user_id
                   AND users.deleted_at IS NULL AND NOT users.disabled
                   AND users.session_floor <= sessions.user_floor)
    AND EXISTS (SELECT 1 FROM tenants
                 WHERE tenants.id = sessions.tenant_id AND NOT tenants.suspended
                   AND tenants.session_floor <= sessions.tenant_floor)
    AND (sessions.client_id IS NULL
         OR EXISTS (SELECT 1 FROM clients WHERE clients.id = sessions.client_id AND clients.deleted_at IS NULL))";

/// Locks a session; [`StoreError::NotFound`] unless it is an active one of that user.
pub(crate) async fn require_active(
    tx: &Tx,
    id: SessionId,
    tenant: TenantId,
    user: UserId,
    now: Timestamp,
) -> Outcome<()> {
    let sql = format!(
        "SELECT 1 FROM sessions WHERE id = $2 AND tenant_id = $3 AND user_id = $4 AND {ALIVE}
            FOR NO KEY UPDATE"
    );
    if tx.exists(&sql, &[&now.as_millis(), &id.0, &tenant.0, &user.0]).await? {
        Ok(())
    } else {
        Err(StoreError::NotFound.into())
    }
}
