//! Users.

use rescind::audit::{Record, Target};
use rescind::clock::Timestamp;
use rescind::directory::{
    ADMIN_ROLE, Changed, Credentials, NewUser, PasswordHash, User, UserChange, UserEffect, UserFilter,
};
use rescind::id::{TenantId, UserId};
use rescind::store::{Page, PageRequest, Provenance, StoreError};
use tokio_postgres::types::ToSql;
use uuid::Uuid;

use crate::audit::record;
use crate::conn::Conn;
use crate::directory::{Cause, Raise, find_tenant, raise_user};
use crate::error::{Outcome, violates_unique};
use crate::ledger::count_user;
use crate::page::{Conditions, borrowed, or_edge, page};
use crate::row::{Cells, TENANT_COLUMNS, USER_COLUMNS, tenant_from, user, user_from};
use crate::tx::Tx;

pub(crate) async fn find_user(conn: &Conn, tenant: TenantId, id: UserId) -> Outcome<User> {
    let sql =
        format!("SELECT {USER_COLUMNS} FROM users WHERE tenant_id = $1 AND id = $2 AND deleted_at IS NULL");
    user(&conn.row(&sql, &[&tenant.0, &id.0]).await?.ok_or(StoreError::NotFound)?)
}

/// The same, locked: nobody else changes it before the transaction ends.
pub(crate) async fn lock_user(tx: &Tx, tenant: TenantId, id: UserId) -> Outcome<User> {
    let sql = format!(
        "SELECT {USER_COLUMNS} FROM users WHERE tenant_id = $1 AND id = $2 AND deleted_at IS NULL
            FOR NO KEY UPDATE"
    );
    user(&tx.row(&sql, &[&tenant.0, &id.0]).await?.ok_or(StoreError::NotFound)?)
}

/// The one user with that id in any tenant.
pub(crate) async fn find_anywhere(conn: &Conn, id: UserId) -> Outcome<User> {
    let sql = format!("SELECT {USER_COLUMNS} FROM users WHERE id = $1 AND deleted_at IS NULL LIMIT 2");
    match conn.rows(&sql, &[&id.0]).await?.as_slice() {
        [] => Err(StoreError::NotFound.into()),
        [only] => user(only),
        _ => Err(StoreError::Ambiguous.into()),
    }
}

pub(crate) async fn credentials(conn: &Conn, tenant: TenantId, id: UserId) -> Outcome<Credentials> {
    read_credentials(conn, "users.id = $2", tenant, &id.0, "").await
}

pub(crate) async fn credentials_by_email(conn: &Conn, tenant: TenantId, email: &str) -> Outcome<Credentials> {
    let condition = "lower(users.email COLLATE \"C\") = lower($2::text COLLATE \"C\")";
    read_credentials(conn, condition, tenant, &email, "").await
}

/// The same by its id, with the user locked: nobody else changes it before the transaction ends.
pub(crate) async fn lock_credentials(tx: &Tx, tenant: TenantId, id: UserId) -> Outcome<Credentials> {
    read_credentials(tx, "users.id = $2", tenant, &id.0, "FOR NO KEY UPDATE OF users").await
}

async fn read_credentials(
    conn: &Conn,
    condition: &str,
    tenant: TenantId,
    value: &(dyn ToSql + Sync),
    lock: &str,
) -> Outcome<Credentials> {
    let sql = format!(
        "SELECT {USER_COLUMNS}, {TENANT_COLUMNS}, users.password
           FROM users JOIN tenants ON tenants.id = users.tenant_id
          WHERE users.tenant_id = $1 AND {condition} AND users.email IS NOT NULL {lock}"
    );
    let row = conn.row(&sql, &[&tenant.0, value]).await?.ok_or(StoreError::NotFound)?;
    let mut cells = Cells::new(&row);
    Ok(Credentials {
        user: user_from(&mut cells)?,
        tenant: tenant_from(&mut cells)?,
        password: cells.take::<Option<String>>()?.map(PasswordHash),
    })
}

pub(crate) async fn list(conn: &Conn, filter: &UserFilter, request: &PageRequest) -> Outcome<Page<User>> {
    let limit = request.items();
    let after = request.from_ids('u')?;
    let edge = edge(conn, filter, after).await?;
    let (sql, values) = conditions(filter, after, edge).finish("tenant_id, id", limit);
    let rows = conn.rows_by_values(&sql, &borrowed(&values)).await?;
    let cursor = |tenant: Uuid, id: Uuid| format!("u{tenant}.{id}");
    let listed = page(&rows, limit, user, |user| cursor(user.tenant.0, user.id.0))?;
    Ok(or_edge(listed, edge.map(|(tenant, id)| cursor(tenant, id))))
}

/// The last user whom a page looks at that looks at no more than the filter says, deleted ones among them.
async fn edge(
    conn: &Conn,
    filter: &UserFilter,
    after: Option<(Uuid, Uuid)>,
) -> Outcome<Option<(Uuid, Uuid)>> {
    let Some(walk) = filter.walk else { return Ok(None) };
    let mut conditions = Conditions::new("SELECT tenant_id, id FROM users WHERE true".to_owned());
    narrow(&mut conditions, filter, after);
    let (sql, values) = conditions.edge("tenant_id, id", walk);
    Ok(conn.rows_by_values(&sql, &borrowed(&values)).await?.first().map(|row| (row.get(0), row.get(1))))
}

/// The conditions by which the key is walked.
fn narrow(conditions: &mut Conditions, filter: &UserFilter, after: Option<(Uuid, Uuid)>) {
    if let Some((tenant, user)) = after {
        conditions.and_pair("(tenant_id, id) > (?, ?)", tenant, user);
    }
    if let Some(tenant) = filter.tenant {
        conditions.and("tenant_id = ?", tenant.0);
    }
}

fn conditions(filter: &UserFilter, after: Option<(Uuid, Uuid)>, edge: Option<(Uuid, Uuid)>) -> Conditions {
    let mut conditions =
        Conditions::new(format!("SELECT {USER_COLUMNS} FROM users WHERE deleted_at IS NULL"));
    narrow(&mut conditions, filter, after);
    if let Some((tenant, user)) = edge {
        conditions.and_pair("(tenant_id, id) <= (?, ?)", tenant, user);
    }
    if let Some(except) = filter.except {
        conditions.and("tenant_id <> ?", except.0);
    }
    if let Some(query) = &filter.query {
        let like = format!("%{}%", escape_like(query).to_ascii_lowercase());
        conditions.and_pair(
            "(lower(email COLLATE \"C\") LIKE ? OR id = ?)",
            like,
            Uuid::try_parse(query).ok(),
        );
    }
    if let Some(user) = filter.id {
        conditions.and("id = ?", user.0);
    }
    if let Some(email) = &filter.email {
        conditions.and("lower(email COLLATE \"C\") = lower(?::text COLLATE \"C\")", email.clone());
    }
    conditions
}

fn escape_like(text: &str) -> String {
    text.replace('\\', "\\\\").replace('%', "\\%").replace('_', "\\_")
}

/// A user to be written.
pub(crate) struct NewUserRow<'a> {
    pub(crate) tenant: TenantId,
    pub(crate) id: UserId,
    pub(crate) email: &'a str,
    pub(crate) role: &'a str,
    pub(crate) password: Option<&'a PasswordHash>,
    pub(crate) at: Timestamp,
}

pub(crate) async fn create(tx: &Tx, new: &NewUser, action: &str, by: &Provenance) -> Outcome<User> {
    find_tenant(tx, new.tenant).await?;
    let row = NewUserRow {
        tenant: new.tenant,
        id: new.id,
        email: &new.email,
        role: &new.role,
        password: new.password.as_ref(),
        at: by.at,
    };
    insert_user(tx, &row).await?;
    record_user(tx, by, action, new.tenant, new.id, None).await?;
    find_user(tx, new.tenant, new.id).await
}

/// Versions begin at the present time, so that a user made anew after a restore is above what was lost; one that was
/// deleted goes on from above its tombstone's.
pub(crate) async fn insert_user(tx: &Tx, new: &NewUserRow<'_>) -> Outcome<()> {
    let inserted = tx
        .execute(
            "INSERT INTO users (tenant_id, id, email, role, password, token_version, session_floor, created_at)
             VALUES ($1, $2, $3, $4, $5, $6, $6, $6)
             ON CONFLICT (tenant_id, id) DO UPDATE
                SET email = excluded.email, role = excluded.role, password = excluded.password, disabled = false,
                    token_version = greatest(users.token_version + 1, excluded.token_version),
                    session_floor = greatest(users.session_floor + 1, excluded.session_floor),
                    created_at = excluded.created_at, deleted_at = NULL
              WHERE users.deleted_at IS NOT NULL",
            &[
                &new.tenant.0,
                &new.id.0,
                &new.email,
                &new.role,
                &new.password.map(|password| &password.0),
                &new.at.as_millis(),
            ],
        )
        .await;
    match inserted {
        Ok(0) => Err(StoreError::Taken("user_id").into()),
        Err(error) if violates_unique(&error, "users_email") => Err(StoreError::Taken("email").into()),
        other => other.map(|_| ()).map_err(Into::into),
    }
}

/// Writes a user's email and role, each where given.
pub(crate) async fn set_profile(
    tx: &Tx,
    tenant: TenantId,
    user: UserId,
    email: Option<&str>,
    role: Option<&str>,
) -> Outcome<()> {
    let updated = tx
        .execute(
            "UPDATE users SET email = coalesce($3, email), role = coalesce($4, role)
              WHERE tenant_id = $1 AND id = $2 AND deleted_at IS NULL",
            &[&tenant.0, &user.0, &email, &role],
        )
        .await;
    match updated {
        Err(error) if violates_unique(&error, "users_email") => Err(StoreError::Taken("email").into()),
        other => other.map(|_| ()).map_err(Into::into),
    }
}

pub(crate) async fn change(tx: &Tx, change: &UserChange) -> Outcome<Changed<User>> {
    let before = lock_credentials(tx, change.tenant, change.user).await?;
    change.guard(&before)?;
    let Some(effect) = change.effect(&before.user) else {
        return Ok(Changed { value: before.user, entries: Vec::new(), revoked: 0 });
    };
    let ends = matches!(effect, UserEffect::Floor { .. });
    let revoked =
        if ends { count_user(tx, change.tenant, change.user, change.spare, change.by.at).await? } else { 0 };
    let raise = match effect {
        UserEffect::None => None,
        UserEffect::Version => Some(Raise::Version),
        UserEffect::Floor { spare } => Some(Raise::Floor { spare }),
    };
    // Before the turn is taken: another's email is a lock to wait for.
    write(tx, change).await?;
    let mut entries = Vec::new();
    if let Some(raise) = raise {
        let cause = Cause { least: change.access_exp, reason: change.reason.as_deref(), by: &change.by };
        entries.push(raise_user(tx, change.tenant, change.user, raise, &cause).await?);
    }
    must_leave_an_operator(tx, &before).await?;
    let reason = change.reason.as_deref();
    record_user(tx, &change.by, change.action, change.tenant, change.user, reason).await?;
    Ok(Changed { value: find_user(tx, change.tenant, change.user).await?, entries, revoked })
}

/// That there is somebody left who can sign in and rule all tenants, after `before` was changed: see [`Credentials::is_operator`]. What
/// takes an operator away raises a version or a floor, and so has the turn by now: of two who take each other away, the second sees
/// what the first has done.
pub(crate) async fn must_leave_an_operator(tx: &Tx, before: &Credentials) -> Outcome<()> {
    if !before.is_operator() {
        return Ok(());
    }
    let sql = "SELECT 1 FROM users
                WHERE tenant_id = $1 AND role = $2 AND NOT disabled AND password IS NOT NULL AND deleted_at IS NULL
                LIMIT 1";
    let is_left = tx.exists(sql, &[&before.tenant.id.0, &ADMIN_ROLE]).await?;
    if is_left { Ok(()) } else { Err(StoreError::LastOperator.into()) }
}

async fn write(tx: &Tx, change: &UserChange) -> Outcome<()> {
    set_profile(tx, change.tenant, change.user, change.email.as_deref(), change.role.as_deref()).await?;
    tx.execute(
        "UPDATE users SET password = coalesce($3, password), disabled = coalesce($4, disabled)
          WHERE tenant_id = $1 AND id = $2",
        &[
            &change.tenant.0,
            &change.user.0,
            &change.password.as_ref().map(|password| &password.0),
            &change.disabled,
        ],
    )
    .await?;
    Ok(())
}

async fn record_user(
    tx: &Tx,
    by: &Provenance,
    action: &str,
    tenant: TenantId,
    user: UserId,
    reason: Option<&str>,
) -> Outcome<()> {
    let target = Target::new("user", user);
    record(tx, by, &Record { action, target, tenant: Some(tenant), user: Some(user), reason }).await
}
