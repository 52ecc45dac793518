//! API clients.

use std::time::Duration;

use rescind::audit::{Record, Target, action};
use rescind::clock::Timestamp;
use rescind::directory::{ApiClient, Changed, ClientSecretHash, NewClient, SecretRotation};
use rescind::id::{ClientId, TenantId};
use rescind::ledger::{Draft, MarkKey};
use rescind::store::{Page, PageRequest, Provenance, StoreError};
use rusqlite::{Connection, Row};

use crate::audit::record;
use crate::directory::find_tenant;
use crate::error::{Outcome, violates_unique};
use crate::ledger::{append, count_client};
use crate::page;
use crate::row::{CLIENT_COLUMNS, bytes, bytes_of, client};
use crate::writer::Tx;

/// A later use than the noted one is noted only if it is so much later.
const USE_GRAIN: Duration = Duration::from_secs(60);

pub(crate) fn find(
    conn: &Connection,
    id: ClientId,
    now: Timestamp,
) -> Outcome<(ApiClient, Vec<ClientSecretHash>)> {
    let mut statement = conn.prepare_cached(&format!(
        "SELECT {CLIENT_COLUMNS} FROM clients WHERE id = ?1 AND deleted_at IS NULL"
    ))?;
    let mut rows = statement.query((bytes(id.0),))?;
    let (client, mut secrets) = client(rows.next()?.ok_or(StoreError::NotFound)?, now)?;
    if let Some(tenant) = client.tenant
        && find_tenant(conn, tenant)?.suspended
    {
        secrets.clear();
    }
    Ok((client, secrets))
}

pub(crate) fn list(
    conn: &Connection,
    tenant: Option<TenantId>,
    page: &PageRequest,
) -> Outcome<Page<ApiClient>> {
    let (at, id) = page.from_number_and_id('c')?.unwrap_or_default();
    let within = if tenant.is_some() { "tenant_id = ?3" } else { "?3 IS NULL" };
    let mut statement = conn.prepare_cached(&format!(
        "SELECT {CLIENT_COLUMNS} FROM clients
          WHERE (created_at, id) > (?1, ?2) AND {within} AND deleted_at IS NULL ORDER BY created_at, id"
    ))?;
    let map = |row: &Row<'_>| client(row, Timestamp::MAX).map(|(client, _)| Some(client));
    let params = (at, bytes(id), bytes_of(tenant, |id| id.0));
    page::collect(&mut statement, params, page.items(), map, |client| {
        format!("c{}.{}", client.created_at.as_millis(), client.id)
    })
}

pub(crate) fn create(tx: &Tx<'_>, new: &NewClient, by: &Provenance) -> Outcome<ApiClient> {
    if let Some(tenant) = new.tenant {
        find_tenant(tx, tenant)?;
    }
    let inserted = tx
        .prepare_cached(
            "INSERT INTO clients (id, name, scopes, tenant_id, refresh_requires_secret, secret, created_at)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
        )?
        .execute((
            bytes(new.id.0),
            &new.name,
            new.scopes.to_string(),
            bytes_of(new.tenant, |id| id.0),
            new.refresh_requires_secret,
            new.secret.0,
            by.at.as_millis(),
        ));
    match inserted {
        Err(error) if violates_unique(&error, "clients.id") => {
            return Err(StoreError::Taken("client_id").into());
        }
        other => other?,
    };
    record_client(tx, by, action::CLIENT_CREATED, new.id, new.tenant)?;
    Ok(find(tx, new.id, by.at)?.0)
}

pub(crate) fn rotate_secret(tx: &Tx<'_>, rotation: &SecretRotation, by: &Provenance) -> Outcome<ApiClient> {
    let client = find_within(tx, rotation.within, rotation.client, by.at)?;
    tx.prepare_cached(
        "UPDATE clients SET old_secret = secret, old_secret_until = ?3, secret = ?2 WHERE id = ?1",
    )?
    .execute((bytes(rotation.client.0), rotation.secret.0, rotation.old_until.as_millis()))?;
    record_client(tx, by, action::CLIENT_SECRET_ROTATED, client.id, client.tenant)?;
    Ok(client)
}

pub(crate) fn delete(
    tx: &Tx<'_>,
    within: Option<TenantId>,
    id: ClientId,
    access_exp: Timestamp,
    by: &Provenance,
) -> Outcome<Changed<()>> {
    let client = find_within(tx, within, id, by.at)?;
    let revoked = count_client(tx, id, by.at)?;
    tx.prepare_cached(
        "UPDATE clients
            SET secret = NULL, old_secret = NULL, old_secret_until = NULL, deleted_at = ?2, deleted_by = ?3
          WHERE id = ?1",
    )?
    .execute((bytes(id.0), by.at.as_millis(), by.actor.to_string()))?;
    let entry = append(
        tx,
        Draft {
            key: MarkKey::Client(id),
            tenant: client.tenant,
            min_version: None,
            least: access_exp,
            user: None,
            at: by.at,
            reason: Some(action::CLIENT_DELETED),
            by: by.actor,
        },
    )?;
    record_client(tx, by, action::CLIENT_DELETED, id, client.tenant)?;
    Ok(Changed { value: (), entries: vec![entry], revoked })
}

/// Whether a use at `at` is to be noted.
pub(crate) fn is_use_news(conn: &Connection, id: ClientId, at: Timestamp) -> Outcome<bool> {
    Ok(conn
        .prepare_cached(
            "SELECT 1 FROM clients
              WHERE id = ?1 AND deleted_at IS NULL AND (last_used_at IS NULL OR last_used_at <= ?2)",
        )?
        .exists((bytes(id.0), at.minus(USE_GRAIN).as_millis()))?)
}

pub(crate) fn note_use(tx: &Tx<'_>, id: ClientId, at: Timestamp) -> Outcome<()> {
    tx.prepare_cached(
        "UPDATE clients SET last_used_at = ?2
          WHERE id = ?1 AND deleted_at IS NULL AND (last_used_at IS NULL OR last_used_at <= ?3)",
    )?
    .execute((bytes(id.0), at.as_millis(), at.minus(USE_GRAIN).as_millis()))?;
    Ok(())
}

fn find_within(
    conn: &Connection,
    within: Option<TenantId>,
    id: ClientId,
    now: Timestamp,
) -> Outcome<ApiClient> {
    let (client, _) = find(conn, id, now)?;
    if within.is_some() && within != client.tenant {
        return Err(StoreError::NotFound.into());
    }
    Ok(client)
}

fn record_client(
    tx: &Tx<'_>,
    by: &Provenance,
    action: &str,
    id: ClientId,
    tenant: Option<TenantId>,
) -> Outcome<()> {
    let target = Target::new("client", id);
    record(tx, by, &Record { action, target, tenant, user: None, reason: None })
}
