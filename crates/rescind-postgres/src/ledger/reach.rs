//! How many sessions a cut ends.

use rescind::clock::Timestamp;
use rescind::id::{ClientId, SessionId, TenantId, UserId};
use rescind::ledger::CutTarget;
use rescind::store::StoreError;
use tokio_postgres::types::ToSql;

use crate::conn::Conn;
use crate::directory::{find_tenant, standing_of};
use crate::error::{Outcome, optional};
use crate::session::{ALIVE, find_session, owner_of};

/// How many sessions a cut of `target` would end.
pub(crate) async fn count(conn: &Conn, target: &CutTarget, now: Timestamp) -> Outcome<u64> {
    match target {
        CutTarget::Token { key, tenant, .. } => {
            let owner = optional(owner_of(conn, key).await)?;
            match owner.filter(|owner| owner.refresh && tenant.is_none_or(|tenant| tenant == owner.tenant)) {
                Some(owner) => one(conn, owner.session, None, None, now).await,
                None => Ok(0),
            }
        }
        CutTarget::Session { id, tenant, user } => one(conn, *id, *tenant, *user, now).await,
        CutTarget::User { tenant, user, spare } => {
            standing_of(conn, *tenant, *user).await?;
            count_user(conn, *tenant, *user, *spare, now).await
        }
        CutTarget::Tenant { tenant } => {
            find_tenant(conn, *tenant).await?;
            count_tenant(conn, *tenant, now).await
        }
        CutTarget::ForeignUser { tenant, user } => {
            find_tenant(conn, *tenant).await?;
            count_user(conn, *tenant, *user, None, now).await
        }
        CutTarget::ForeignSession { id, tenant, .. } => {
            Ok(optional(one(conn, *id, *tenant, None, now).await)?.unwrap_or_default())
        }
        CutTarget::Digest { .. } => Ok(0),
    }
}

async fn one(
    conn: &Conn,
    id: SessionId,
    tenant: Option<TenantId>,
    user: Option<UserId>,
    now: Timestamp,
) -> Outcome<u64> {
    let row = find_session(conn, id, tenant).await?;
    if user.is_some_and(|user| user != row.facts.user) {
        return Err(StoreError::NotFound.into());
    }
    Ok(u64::from(row.facts.is_active(now)))
}

/// How many sessions of a user are active, but for one.
pub(crate) async fn count_user(
    conn: &Conn,
    tenant: TenantId,
    user: UserId,
    spare: Option<SessionId>,
    now: Timestamp,
) -> Outcome<u64> {
    let condition = "tenant_id = $2 AND user_id = $3 AND ($4::uuid IS NULL OR sessions.id <> $4)";
    count_where(conn, condition, &[&now.as_millis(), &tenant.0, &user.0, &spare.map(|id| id.0)]).await
}

/// How many sessions of a tenant are active.
pub(crate) async fn count_tenant(conn: &Conn, tenant: TenantId, now: Timestamp) -> Outcome<u64> {
    count_where(conn, "tenant_id = $2", &[&now.as_millis(), &tenant.0]).await
}

/// How many sessions that a client opened are active.
pub(crate) async fn count_client(conn: &Conn, client: ClientId, now: Timestamp) -> Outcome<u64> {
    count_where(conn, "client_id = $2", &[&now.as_millis(), &client.0]).await
}

async fn count_where(conn: &Conn, condition: &str, params: &[&(dyn ToSql + Sync)]) -> Outcome<u64> {
    let sql = format!("SELECT count(*) FROM sessions WHERE {condition} AND {ALIVE}");
    let count: i64 = conn.row(&sql, params).await?.map_or(0, |row| row.get(0));
    Ok(count.unsigned_abs())
}
