//! How many sessions a cut ends.

use rescind::clock::Timestamp;
use rescind::id::{SessionId, TenantId, UserId};
use rescind::ledger::CutTarget;
use rescind::store::StoreError;
use rusqlite::Connection;

use crate::directory::{find_tenant, standing_of};
use crate::error::{Outcome, optional};
use crate::row::{bytes, bytes_of};
use crate::session::{ALIVE, find_session, owner_of};

/// How many sessions a cut of `target` would end.
pub(crate) fn count(conn: &Connection, target: &CutTarget, now: Timestamp) -> Outcome<u64> {
    match target {
        CutTarget::Token { key, tenant, .. } => {
            let owner = optional(owner_of(conn, key))?;
            match owner.filter(|owner| owner.refresh && tenant.is_none_or(|tenant| tenant == owner.tenant)) {
                Some(owner) => one(conn, owner.session, None, None, now),
                None => Ok(0),
            }
        }
        CutTarget::Session { id, tenant, user } => one(conn, *id, *tenant, *user, now),
        CutTarget::User { tenant, user, spare } => {
            standing_of(conn, *tenant, *user)?;
            count_user(conn, *tenant, *user, *spare, now)
        }
        CutTarget::Tenant { tenant } => {
            find_tenant(conn, *tenant)?;
            count_tenant(conn, *tenant, now)
        }
        CutTarget::ForeignUser { tenant, user } => {
            find_tenant(conn, *tenant)?;
            count_user(conn, *tenant, *user, None, now)
        }
        CutTarget::ForeignSession { id, tenant, .. } => {
            Ok(optional(one(conn, *id, *tenant, None, now))?.unwrap_or_default())
        }
        CutTarget::Digest { .. } => Ok(0),
    }
}

fn one(
    conn: &Connection,
    id: SessionId,
    tenant: Option<TenantId>,
    user: Option<UserId>,
    now: Timestamp,
) -> Outcome<u64> {
    let row = find_session(conn, id, tenant)?;
    if user.is_some_and(|user| user != row.user) {
        return Err(StoreError::NotFound.into());
    }
    Ok(u64::from(row.is_active(now)))
}

/// How many sessions of a user are active, but for one.
pub(crate) fn count_user(
    conn: &Connection,
    tenant: TenantId,
    user: UserId,
    spare: Option<SessionId>,
    now: Timestamp,
) -> Outcome<u64> {
    let mut statement = conn.prepare_cached(&format!(
        "SELECT count(*) FROM sessions
          WHERE tenant_id = ?2 AND user_id = ?3 AND (?4 IS NULL OR id <> ?4) AND {ALIVE}"
    ))?;
    let spare = bytes_of(spare, |id| id.0);
    Ok(statement.query_row((now.as_millis(), bytes(tenant.0), bytes(user.0), spare), |row| row.get(0))?)
}

/// How many sessions of a tenant are active.
pub(crate) fn count_tenant(conn: &Connection, tenant: TenantId, now: Timestamp) -> Outcome<u64> {
    let mut statement =
        conn.prepare_cached(&format!("SELECT count(*) FROM sessions WHERE tenant_id = ?2 AND {ALIVE}"))?;
    Ok(statement.query_row((now.as_millis(), bytes(tenant.0)), |row| row.get(0))?)
}

/// How many sessions that a client opened are active.
pub(crate) fn count_client(conn: &Connection, client: rescind::id::ClientId, now: Timestamp) -> Outcome<u64> {
    let mut statement =
        conn.prepare_cached(&format!("SELECT count(*) FROM sessions WHERE client_id = ?2 AND {ALIVE}"))?;
    Ok(statement.query_row((now.as_millis(), bytes(client.0)), |row| row.get(0))?)
}
