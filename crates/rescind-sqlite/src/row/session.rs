//! Sessions, as far as they are shown, and what their status derives from.

use std::net::IpAddr;

use rescind::audit::Actor;
use rescind::clock::Timestamp;
use rescind::id::{ClientId, Jti, SessionId, TenantId, UserId};
use rescind::session::{Device, Floor, Revoked, SessionFacts};
use rusqlite::Row;

use crate::error::{Outcome, corrupt};
use crate::row::Cells;

/// A session together with its user, its tenant and its client, which decide its status with it.
pub(crate) const SESSION_SELECT: &str = "
    SELECT sessions.id, sessions.number, sessions.user_id, sessions.tenant_id, sessions.client_id,
           sessions.created_at, sessions.last_used_at, sessions.idle_expires_at, sessions.expires_at,
           sessions.device_name, sessions.user_agent, sessions.ip, sessions.access_jti,
           sessions.revoked_at, sessions.revoked_reason, sessions.revoked_by,
           sessions.user_floor, sessions.tenant_floor,
           users.session_floor, users.disabled OR users.deleted_at IS NOT NULL,
           tenants.session_floor, tenants.suspended,
           clients.deleted_at, clients.deleted_by
      FROM sessions
      JOIN users ON users.tenant_id = sessions.tenant_id AND users.id = sessions.user_id
      JOIN tenants ON tenants.id = sessions.tenant_id
      LEFT JOIN clients ON clients.id = sessions.client_id";

pub(crate) fn session_row(row: &Row<'_>) -> Outcome<SessionFacts> {
    let mut cells = Cells::new(row);
    let cells = &mut cells;
    let (id, number, user) = (cells.id(SessionId)?, cells.take()?, cells.id(UserId)?);
    let (tenant, client) = (cells.id(TenantId)?, cells.maybe_id(ClientId)?);
    let (created_at, last_used_at) = (cells.time()?, cells.time()?);
    let (idle_expires_at, expires_at) = (cells.time()?, cells.time()?);
    let device = Device { name: cells.take()?, user_agent: cells.take()?, ip: cells.maybe_word::<IpAddr>()? };
    let access_jti = cells.id(Jti)?;
    let revoked = {
        let (at, reason, by) = (cells.maybe_time()?, cells.take()?, cells.maybe_word::<Actor>()?);
        ending(at, reason, by)?
    };
    let (stored_user, stored_tenant) = (cells.take()?, cells.take()?);
    let user_floor = Floor { stored: stored_user, current: cells.take()?, barred: cells.flag()? };
    let tenant_floor = Floor { stored: stored_tenant, current: cells.take()?, barred: cells.flag()? };
    let client_deleted = {
        let (at, by) = (cells.maybe_time()?, cells.maybe_word::<Actor>()?);
        ending(at, at.map(|_| "client_deleted".to_owned()), by)?
    };
    Ok(SessionFacts {
        id,
        number,
        user,
        tenant,
        client,
        created_at,
        last_used_at,
        idle_expires_at,
        expires_at,
        device,
        access_jti,
        revoked,
        user_floor,
        tenant_floor,
        client_deleted,
    })
}

fn ending(at: Option<Timestamp>, reason: Option<String>, by: Option<Actor>) -> Outcome<Option<Revoked>> {
    match (at, by) {
        (None, None) => Ok(None),
        (Some(at), Some(by)) => Ok(Some(Revoked { at, reason, by })),
        _ => Err(corrupt("an ending without a time or an actor")),
    }
}
