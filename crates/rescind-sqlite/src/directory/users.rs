//! Users.

use rescind::audit::{Record, Target};
use rescind::clock::Timestamp;
use rescind::directory::{
    ADMIN_ROLE, Changed, Credentials, NewUser, PasswordHash, User, UserChange, UserEffect, UserFilter,
};
use rescind::id::{TenantId, UserId};
use rescind::store::{Page, PageRequest, Provenance, StoreError};
use rusqlite::types::Value;
use rusqlite::{Connection, Row, params_from_iter};
use uuid::Uuid;

use crate::audit::record;
use crate::directory::{Cause, Raise, find_tenant, raise_user};
use crate::error::{Outcome, violates_unique};
use crate::ledger::count_user;
use crate::page;
use crate::row::{Cells, TENANT_COLUMNS, USER_COLUMNS, bytes, tenant_from, user, user_from};
use crate::writer::Tx;

pub(crate) fn find_user(conn: &Connection, tenant: TenantId, id: UserId) -> Outcome<User> {
    let mut statement = conn.prepare_cached(&format!(
        "SELECT {USER_COLUMNS} FROM users WHERE tenant_id = ?1 AND id = ?2 AND deleted_at IS NULL"
    ))?;
    let mut rows = statement.query((bytes(tenant.0), bytes(id.0)))?;
    user(rows.next()?.ok_or(StoreError::NotFound)?)
}

/// The one user with that id in any tenant.
pub(crate) fn find_anywhere(conn: &Connection, id: UserId) -> Outcome<User> {
    let mut statement = conn.prepare_cached(&format!(
        "SELECT {USER_COLUMNS} FROM users WHERE id = ?1 AND deleted_at IS NULL LIMIT 2"
    ))?;
    let mut rows = statement.query((bytes(id.0),))?;
    let found = user(rows.next()?.ok_or(StoreError::NotFound)?)?;
    if rows.next()?.is_some() {
        return Err(StoreError::Ambiguous.into());
    }
    Ok(found)
}

pub(crate) fn credentials(conn: &Connection, tenant: TenantId, id: UserId) -> Outcome<Credentials> {
    read_credentials(conn, "users.id = ?2", tenant, Value::Blob(bytes(id.0).to_vec()))
}

pub(crate) fn credentials_by_email(conn: &Connection, tenant: TenantId, email: &str) -> Outcome<Credentials> {
    // The column's collation makes this blind to ASCII case.
    read_credentials(conn, "users.email = ?2", tenant, Value::Text(email.to_owned()))
}

fn read_credentials(
    conn: &Connection,
    condition: &str,
    tenant: TenantId,
    value: Value,
) -> Outcome<Credentials> {
    let mut statement = conn.prepare_cached(&format!(
        "SELECT {USER_COLUMNS}, {TENANT_COLUMNS}, users.password
           FROM users JOIN tenants ON tenants.id = users.tenant_id
          WHERE users.tenant_id = ?1 AND {condition} AND users.deleted_at IS NULL"
    ))?;
    let mut rows = statement.query((bytes(tenant.0), value))?;
    let mut cells = Cells::new(rows.next()?.ok_or(StoreError::NotFound)?);
    Ok(Credentials {
        user: user_from(&mut cells)?,
        tenant: tenant_from(&mut cells)?,
        password: cells.take::<Option<String>>()?.map(PasswordHash),
    })
}

pub(crate) fn list(conn: &Connection, filter: &UserFilter, page: &PageRequest) -> Outcome<Page<User>> {
    let after = page.from_ids('u')?;
    let edge = filter.walk.map(|rows| edge(conn, filter.tenant, after, rows)).transpose()?.flatten();
    let (sql, values) = query(filter, after, edge);
    let mut statement = conn.prepare_cached(&sql)?;
    let map = |row: &Row<'_>| user(row).map(Some);
    let cursor = |tenant: Uuid, id: Uuid| format!("u{tenant}.{id}");
    let listed = page::collect(&mut statement, params_from_iter(values), page.items(), map, |user| {
        cursor(user.tenant.0, user.id.0)
    })?;
    Ok(page::or_edge(listed, edge.map(|(tenant, id)| cursor(tenant, id))))
}

/// The last user whom a page looks at that looks at no more than `rows`, deleted ones among them.
fn edge(
    conn: &Connection,
    tenant: Option<TenantId>,
    after: Option<(Uuid, Uuid)>,
    rows: u32,
) -> Outcome<Option<(Uuid, Uuid)>> {
    let mut sql = "SELECT tenant_id, id FROM users WHERE true".to_owned();
    let mut values = Vec::new();
    narrow(&mut sql, &mut values, tenant, after);
    sql.push_str(" ORDER BY tenant_id, id LIMIT 1 OFFSET ?");
    values.push((i64::from(rows.max(1)) - 1).into());
    let mut statement = conn.prepare_cached(&sql)?;
    let mut rows = statement.query(params_from_iter(values))?;
    let Some(row) = rows.next()? else { return Ok(None) };
    let mut cells = Cells::new(row);
    Ok(Some((cells.id(|id| id)?, cells.id(|id| id)?)))
}

/// The conditions by which the key is walked.
fn narrow(sql: &mut String, values: &mut Vec<Value>, tenant: Option<TenantId>, after: Option<(Uuid, Uuid)>) {
    if let Some((tenant, user)) = after {
        sql.push_str(" AND (tenant_id, id) > (?, ?)");
        values.extend([blob(tenant), blob(user)]);
    }
    if let Some(tenant) = tenant {
        sql.push_str(" AND tenant_id = ?");
        values.push(blob(tenant.0));
    }
}

fn blob(id: Uuid) -> Value {
    Value::Blob(bytes(id).to_vec())
}

pub(crate) fn query(
    filter: &UserFilter,
    after: Option<(Uuid, Uuid)>,
    edge: Option<(Uuid, Uuid)>,
) -> (String, Vec<Value>) {
    let mut sql = format!("SELECT {USER_COLUMNS} FROM users WHERE deleted_at IS NULL");
    let mut values: Vec<Value> = Vec::new();
    narrow(&mut sql, &mut values, filter.tenant, after);
    if let Some((tenant, user)) = edge {
        sql.push_str(" AND (tenant_id, id) <= (?, ?)");
        values.extend([blob(tenant), blob(user)]);
    }
    if let Some(except) = filter.except {
        sql.push_str(" AND tenant_id <> ?");
        values.push(blob(except.0));
    }
    if let Some(query) = &filter.query {
        sql.push_str(" AND (email LIKE ? ESCAPE '\\' OR id = ?)");
        values.push(format!("%{}%", escape_like(query)).into());
        values.push(Uuid::try_parse(query).map_or(Value::Null, blob));
    }
    if let Some(user) = filter.id {
        sql.push_str(" AND id = ?");
        values.push(blob(user.0));
    }
    if let Some(email) = &filter.email {
        sql.push_str(" AND email = ?");
        values.push(email.clone().into());
    }
    sql.push_str(" ORDER BY tenant_id, id");
    (sql, values)
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

pub(crate) fn create(tx: &Tx<'_>, new: &NewUser, action: &str, by: &Provenance) -> Outcome<User> {
    find_tenant(tx, new.tenant)?;
    let row = NewUserRow {
        tenant: new.tenant,
        id: new.id,
        email: &new.email,
        role: &new.role,
        password: new.password.as_ref(),
        at: by.at,
    };
    insert_user(tx, &row)?;
    record_user(tx, by, action, new.tenant, new.id, None)?;
    find_user(tx, new.tenant, new.id)
}

/// Versions begin at the present time, so that a user made anew after a restore is above what was lost; one that was
/// deleted goes on from above its tombstone's.
pub(crate) fn insert_user(tx: &Tx<'_>, new: &NewUserRow<'_>) -> Outcome<()> {
    let inserted = tx
        .prepare_cached(
            "INSERT INTO users (tenant_id, id, email, role, password, token_version, session_floor, created_at)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?6, ?6)
             ON CONFLICT (tenant_id, id) DO UPDATE
                SET email = excluded.email, role = excluded.role, password = excluded.password, disabled = 0,
                    token_version = max(token_version + 1, excluded.token_version),
                    session_floor = max(session_floor + 1, excluded.session_floor),
                    created_at = excluded.created_at, deleted_at = NULL
              WHERE deleted_at IS NOT NULL",
        )?
        .execute((
            bytes(new.tenant.0),
            bytes(new.id.0),
            new.email,
            new.role,
            new.password.map(|password| &password.0),
            new.at.as_millis(),
        ));
    match inserted {
        Ok(0) => Err(StoreError::Taken("user_id").into()),
        Err(error) if violates_unique(&error, "users.email") => Err(StoreError::Taken("email").into()),
        other => other.map(|_| ()).map_err(Into::into),
    }
}

/// Writes a user's email and role, each where given.
pub(crate) fn set_profile(
    tx: &Tx<'_>,
    tenant: TenantId,
    user: UserId,
    email: Option<&str>,
    role: Option<&str>,
) -> Outcome<()> {
    let updated = tx
        .prepare_cached(
            "UPDATE users SET email = coalesce(?3, email), role = coalesce(?4, role)
              WHERE tenant_id = ?1 AND id = ?2 AND deleted_at IS NULL",
        )?
        .execute((bytes(tenant.0), bytes(user.0), email, role));
    match updated {
        Err(error) if violates_unique(&error, "users.email") => Err(StoreError::Taken("email").into()),
        other => other.map(|_| ()).map_err(Into::into),
    }
}

pub(crate) fn change(tx: &Tx<'_>, change: &UserChange) -> Outcome<Changed<User>> {
    let before = credentials(tx, change.tenant, change.user)?;
    change.guard(&before)?;
    let Some(effect) = change.effect(&before.user) else {
        return Ok(Changed { value: before.user, entries: Vec::new(), revoked: 0 });
    };
    let ends = matches!(effect, UserEffect::Floor { .. });
    let revoked =
        if ends { count_user(tx, change.tenant, change.user, change.spare, change.by.at)? } else { 0 };
    let raise = match effect {
        UserEffect::None => None,
        UserEffect::Version => Some(Raise::Version),
        UserEffect::Floor { spare } => Some(Raise::Floor { spare }),
    };
    let mut entries = Vec::new();
    if let Some(raise) = raise {
        let cause = Cause { least: change.access_exp, reason: change.reason.as_deref(), by: &change.by };
        entries.push(raise_user(tx, change.tenant, change.user, raise, &cause)?);
    }
    write(tx, change)?;
    must_leave_an_operator(tx, &before)?;
    let reason = change.reason.as_deref();
    record_user(tx, &change.by, change.action, change.tenant, change.user, reason)?;
    Ok(Changed { value: find_user(tx, change.tenant, change.user)?, entries, revoked })
}

/// That there is somebody left who can sign in and rule all tenants, after `before` was changed: see [`Credentials::is_operator`].
pub(crate) fn must_leave_an_operator(tx: &Tx<'_>, before: &Credentials) -> Outcome<()> {
    if !before.is_operator() {
        return Ok(());
    }
    let is_left = tx
        .prepare_cached(
            "SELECT 1 FROM users
              WHERE tenant_id = ?1 AND role = ?2 AND disabled = 0 AND password IS NOT NULL AND deleted_at IS NULL",
        )?
        .exists((bytes(before.tenant.id.0), ADMIN_ROLE))?;
    if is_left { Ok(()) } else { Err(StoreError::LastOperator.into()) }
}

fn write(tx: &Tx<'_>, change: &UserChange) -> Outcome<()> {
    set_profile(tx, change.tenant, change.user, change.email.as_deref(), change.role.as_deref())?;
    tx.prepare_cached(
        "UPDATE users SET password = coalesce(?3, password), disabled = coalesce(?4, disabled)
          WHERE tenant_id = ?1 AND id = ?2",
    )?
    .execute((
        bytes(change.tenant.0),
        bytes(change.user.0),
        change.password.as_ref().map(|password| &password.0),
        change.disabled,
    ))?;
    Ok(())
}

fn record_user(
    tx: &Tx<'_>,
    by: &Provenance,
    action: &str,
    tenant: TenantId,
    user: UserId,
    reason: Option<&str>,
) -> Outcome<()> {
    let target = Target::new("user", user);
    record(tx, by, &Record { action, target, tenant: Some(tenant), user: Some(user), reason })
}
