//! What a session's tokens are to say.

use rescind::directory::Standing;
use rescind::id::{ClientId, Jti, SessionId, TenantId, UserId};
use rescind::session::{Chain, Successor};
use tokio_postgres::Row;

use crate::error::{Outcome, corrupt};
use crate::row::Cells;

/// Columns of `sessions`, and of its user and tenant by sub-select, so that they fit a `RETURNING`.
pub(crate) const CHAIN_COLUMNS: &str = "
    sessions.id, user_id, tenant_id, client_id,
    (SELECT email FROM users WHERE users.tenant_id = sessions.tenant_id AND users.id = sessions.user_id),
    (SELECT role FROM users WHERE users.tenant_id = sessions.tenant_id AND users.id = sessions.user_id),
    (SELECT token_version FROM users WHERE users.tenant_id = sessions.tenant_id AND users.id = sessions.user_id),
    (SELECT session_floor FROM users WHERE users.tenant_id = sessions.tenant_id AND users.id = sessions.user_id),
    (SELECT token_version FROM tenants WHERE tenants.id = sessions.tenant_id),
    (SELECT session_floor FROM tenants WHERE tenants.id = sessions.tenant_id),
    audience, claims, access_jti, generation,
    refresh_hash, refresh_salt, refresh_jti, refresh_mac_kid,
    rotated_at, idle_expires_at";

pub(crate) fn chain(row: &Row) -> Outcome<Chain> {
    chain_from(row, 0)
}

/// From this column on.
pub(crate) fn chain_from(row: &Row, at: usize) -> Outcome<Chain> {
    let mut cells = Cells::from(row, at);
    Ok(Chain {
        session: cells.id(SessionId)?,
        user: cells.id(UserId)?,
        tenant: cells.id(TenantId)?,
        client: cells.maybe_id(ClientId)?,
        email: cells.take()?,
        role: cells.take()?,
        standing: Standing {
            token_version: cells.take()?,
            session_floor: cells.take()?,
            tenant_token_version: cells.take()?,
            tenant_session_floor: cells.take()?,
        },
        audience: json(&mut cells, "audience")?,
        claims: json(&mut cells, "claims")?,
        access_jti: cells.id(Jti)?,
        generation: cells.take()?,
        current: Successor {
            hash: cells.bytes()?,
            salt: cells.bytes()?,
            jti: cells.id(Jti)?,
            mac_kid: cells.take()?,
        },
        rotated_at: cells.time()?,
        idle_expires_at: cells.time()?,
    })
}

fn json<T: serde::de::DeserializeOwned>(cells: &mut Cells<'_>, what: &str) -> Outcome<T> {
    let text: &str = cells.take()?;
    serde_json::from_str(text).map_err(|_| corrupt(format!("a session's {what} is not what it should be")))
}
