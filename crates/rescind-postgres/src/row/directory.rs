//! Tenants, users and API clients.

use rescind::clock::Timestamp;
use rescind::directory::{ApiClient, ClientSecretHash, Tenant, User};
use rescind::id::{ClientId, TenantId, UserId};
use tokio_postgres::Row;

use crate::error::Outcome;
use crate::row::Cells;

pub(crate) const TENANT_COLUMNS: &str =
    "tenants.id, tenants.slug, tenants.name, tenants.suspended, tenants.token_version,
     tenants.session_floor, tenants.created_at";

pub(crate) fn tenant(row: &Row) -> Outcome<Tenant> {
    tenant_from(&mut Cells::new(row))
}

pub(crate) fn tenant_from(cells: &mut Cells<'_>) -> Outcome<Tenant> {
    Ok(Tenant {
        id: cells.id(TenantId)?,
        slug: cells.take()?,
        name: cells.take()?,
        suspended: cells.take()?,
        token_version: cells.take()?,
        session_floor: cells.take()?,
        created_at: cells.time()?,
    })
}

/// Of a user who is not deleted: a tombstone has neither email nor role, and is no user.
pub(crate) const USER_COLUMNS: &str =
    "users.id, users.tenant_id, users.email, users.role, users.disabled, users.token_version,
     users.session_floor, users.created_at";

pub(crate) fn user(row: &Row) -> Outcome<User> {
    user_from(&mut Cells::new(row))
}

pub(crate) fn user_from(cells: &mut Cells<'_>) -> Outcome<User> {
    Ok(User {
        id: cells.id(UserId)?,
        tenant: cells.id(TenantId)?,
        email: cells.take()?,
        role: cells.take()?,
        disabled: cells.take()?,
        token_version: cells.take()?,
        session_floor: cells.take()?,
        created_at: cells.time()?,
    })
}

pub(crate) const CLIENT_COLUMNS: &str =
    "clients.id, clients.name, clients.scopes, clients.tenant_id, clients.refresh_requires_secret,
     clients.created_at, clients.last_used_at, clients.secret, clients.old_secret, clients.old_secret_until";

/// A client, and the hashes of its secrets that are good at `now`.
pub(crate) fn client(row: &Row, now: Timestamp) -> Outcome<(ApiClient, Vec<ClientSecretHash>)> {
    let mut cells = Cells::new(row);
    let client = ApiClient {
        id: cells.id(ClientId)?,
        name: cells.take()?,
        scopes: cells.word()?,
        tenant: cells.maybe_id(TenantId)?,
        refresh_requires_secret: cells.take()?,
        created_at: cells.time()?,
        last_used_at: cells.maybe_time()?,
    };
    let mut secrets = vec![ClientSecretHash(cells.bytes()?)];
    let (old, until) = (cells.maybe_bytes()?, cells.maybe_time()?);
    if until.is_some_and(|until| now < until) {
        secrets.extend(old.map(ClientSecretHash));
    }
    Ok((client, secrets))
}
