//! Sessions, as far as they are shown, and what their status derives from.

use std::net::IpAddr;

use rescind::audit::Actor;
use rescind::clock::Timestamp;
use rescind::id::{ClientId, Jti, SessionId, TenantId, UserId};
use rescind::session::{Device, Floor, Revoked, Session, SessionFacts, Status};
use tokio_postgres::Row;

use crate::error::{Outcome, corrupt};
use crate::row::Cells;

/// A session together with its user, its tenant and its client, which decide its status with it, and with the raises of
/// the floors that ended it.
pub(crate) const SESSION_SELECT: &str = "
    SELECT sessions.id, sessions.number, sessions.user_id, sessions.tenant_id, sessions.client_id,
           sessions.created_at, sessions.last_used_at, sessions.idle_expires_at, sessions.expires_at,
           sessions.device_name, sessions.user_agent, sessions.ip, sessions.access_jti,
           sessions.revoked_at, sessions.revoked_reason, sessions.revoked_by,
           sessions.user_floor, sessions.tenant_floor,
           users.session_floor, users.disabled OR users.deleted_at IS NOT NULL,
           tenants.session_floor, tenants.suspended,
           clients.deleted_at, clients.deleted_by,
           user_raise.at, user_raise.reason, user_raise.raised_by,
           tenant_raise.at, tenant_raise.reason, tenant_raise.raised_by
      FROM sessions
      JOIN users ON users.tenant_id = sessions.tenant_id AND users.id = sessions.user_id
      JOIN tenants ON tenants.id = sessions.tenant_id
      LEFT JOIN clients ON clients.id = sessions.client_id
      LEFT JOIN LATERAL (
           SELECT at, reason, raised_by FROM floor_raises
            WHERE floor_raises.tenant_id = sessions.tenant_id AND floor_raises.user_id = sessions.user_id
              AND floor >= sessions.user_floor + (users.session_floor > sessions.user_floor)::int
            ORDER BY floor LIMIT 1) AS user_raise
        ON users.session_floor > sessions.user_floor OR users.disabled OR users.deleted_at IS NOT NULL
      LEFT JOIN LATERAL (
           SELECT at, reason, raised_by FROM floor_raises
            WHERE floor_raises.tenant_id = sessions.tenant_id AND floor_raises.user_id IS NULL
              AND floor >= sessions.tenant_floor + (tenants.session_floor > sessions.tenant_floor)::int
            ORDER BY floor LIMIT 1) AS tenant_raise
        ON tenants.session_floor > sessions.tenant_floor OR tenants.suspended";

/// What [`SESSION_SELECT`] selects.
pub(crate) struct SessionRow {
    pub(crate) facts: SessionFacts,
    user_raise: Option<Revoked>,
    tenant_raise: Option<Revoked>,
}

impl SessionRow {
    /// The session as it is shown.
    pub(crate) fn show(self, now: Timestamp) -> Session {
        let raises = self.raises();
        self.facts.show(raises, now)
    }

    pub(crate) fn status(&self, now: Timestamp) -> Status {
        self.facts.status(self.raises(), now)
    }

    /// The raises of its user's and its tenant's floor that ended it.
    fn raises(&self) -> Vec<Revoked> {
        [(&self.facts.user_floor, &self.user_raise), (&self.facts.tenant_floor, &self.tenant_raise)]
            .into_iter()
            .filter(|(floor, _)| floor.kills())
            .map(|(floor, raise)| raise.clone().unwrap_or_else(|| floor.forgotten_raise()))
            .collect()
    }
}

pub(crate) fn session_row(row: &Row) -> Outcome<SessionRow> {
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
    let user_floor = Floor { stored: stored_user, current: cells.take()?, barred: cells.take()? };
    let tenant_floor = Floor { stored: stored_tenant, current: cells.take()?, barred: cells.take()? };
    let client_deleted = {
        let (at, by) = (cells.maybe_time()?, cells.maybe_word::<Actor>()?);
        ending(at, at.map(|_| "client_deleted".to_owned()), by)?
    };
    let user_raise = ending(cells.maybe_time()?, cells.take()?, cells.maybe_word()?)?;
    let tenant_raise = ending(cells.maybe_time()?, cells.take()?, cells.maybe_word()?)?;
    let facts = SessionFacts {
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
    };
    Ok(SessionRow { facts, user_raise, tenant_raise })
}

fn ending(at: Option<Timestamp>, reason: Option<String>, by: Option<Actor>) -> Outcome<Option<Revoked>> {
    match (at, by) {
        (None, None) => Ok(None),
        (Some(at), Some(by)) => Ok(Some(Revoked { at, reason, by })),
        _ => Err(corrupt("an ending without a time or an actor")),
    }
}
