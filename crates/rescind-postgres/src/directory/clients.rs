//! API clients.

use std::time::Duration;

use rescind::audit::{Record, Target, action};
use rescind::clock::Timestamp;
use rescind::directory::{ApiClient, Changed, ClientSecretHash, NewClient, SecretRotation};
use rescind::id::{ClientId, TenantId};
use rescind::ledger::{Draft, MarkKey};
use rescind::store::{Page, PageRequest, Provenance, StoreError};

use crate::audit::record;
use crate::conn::Conn;
use crate::directory::find_tenant;
use crate::error::{Outcome, violates_unique};
use crate::ledger::{append, count_client};
use crate::page::{Conditions, borrowed, page};
use crate::row::{CLIENT_COLUMNS, client};
use crate::tx::Tx;

/// A later use than the noted one is noted only if it is so much later.
const USE_GRAIN: Duration = Duration::from_secs(60);

/// A use at `$2` is to be noted where the noted one is before `$3`.
const IS_NEWS: &str = "id = $1 AND deleted_at IS NULL AND (last_used_at IS NULL OR last_used_at <= $2)";

pub(crate) async fn find(
    conn: &Conn,
    id: ClientId,
    now: Timestamp,
) -> Outcome<(ApiClient, Vec<ClientSecretHash>)> {
    let sql = format!(
        "SELECT {CLIENT_COLUMNS}, coalesce(tenants.suspended, false)
           FROM clients LEFT JOIN tenants ON tenants.id = clients.tenant_id
          WHERE clients.id = $1 AND deleted_at IS NULL"
    );
    let row = conn.row(&sql, &[&id.0]).await?.ok_or(StoreError::NotFound)?;
    let (client, mut secrets) = client(&row, now)?;
    if row.get(row.len() - 1) {
        secrets.clear();
    }
    Ok((client, secrets))
}

pub(crate) async fn list(
    conn: &Conn,
    tenant: Option<TenantId>,
    request: &PageRequest,
) -> Outcome<Page<ApiClient>> {
    let limit = request.items();
    let (at, id) = request.from_number_and_id('c')?.unwrap_or_default();
    let mut conditions =
        Conditions::new(format!("SELECT {CLIENT_COLUMNS} FROM clients WHERE deleted_at IS NULL"));
    conditions.and_pair("(created_at, id) > (?, ?)", at, id);
    if let Some(tenant) = tenant {
        conditions.and("tenant_id = ?", tenant.0);
    }
    let (sql, values) = conditions.finish("created_at, id", limit);
    let rows = conn.rows(&sql, &borrowed(&values)).await?;
    let read = |row: &_| client(row, Timestamp::MAX).map(|(client, _)| client);
    page(&rows, limit, read, |client| format!("c{}.{}", client.created_at.as_millis(), client.id))
}

pub(crate) async fn create(tx: &Tx, new: &NewClient, by: &Provenance) -> Outcome<ApiClient> {
    if let Some(tenant) = new.tenant {
        find_tenant(tx, tenant).await?;
    }
    let inserted = tx
        .execute(
            "INSERT INTO clients (id, name, scopes, tenant_id, refresh_requires_secret, secret, created_at)
             VALUES ($1, $2, $3, $4, $5, $6, $7)",
            &[
                &new.id.0,
                &new.name,
                &new.scopes.to_string(),
                &new.tenant.map(|id| id.0),
                &new.refresh_requires_secret,
                &new.secret.0.as_slice(),
                &by.at.as_millis(),
            ],
        )
        .await;
    match inserted {
        Err(error) if violates_unique(&error, "clients_pkey") => {
            return Err(StoreError::Taken("client_id").into());
        }
        other => other?,
    };
    record_client(tx, by, action::CLIENT_CREATED, new.id, new.tenant).await?;
    Ok(find(tx, new.id, by.at).await?.0)
}

pub(crate) async fn rotate_secret(tx: &Tx, rotation: &SecretRotation, by: &Provenance) -> Outcome<ApiClient> {
    let client = lock_within(tx, rotation.within, rotation.client, by.at).await?;
    tx.execute(
        "UPDATE clients SET old_secret = secret, old_secret_until = $3, secret = $2 WHERE id = $1",
        &[&rotation.client.0, &rotation.secret.0.as_slice(), &rotation.old_until.as_millis()],
    )
    .await?;
    record_client(tx, by, action::CLIENT_SECRET_ROTATED, client.id, client.tenant).await?;
    Ok(client)
}

pub(crate) async fn delete(
    tx: &Tx,
    within: Option<TenantId>,
    id: ClientId,
    access_exp: Timestamp,
    by: &Provenance,
) -> Outcome<Changed<()>> {
    let client = lock_within(tx, within, id, by.at).await?;
    let revoked = count_client(tx, id, by.at).await?;
    tx.execute(
        "UPDATE clients
            SET secret = NULL, old_secret = NULL, old_secret_until = NULL, deleted_at = $2, deleted_by = $3
          WHERE id = $1",
        &[&id.0, &by.at.as_millis(), &by.actor.to_string()],
    )
    .await?;
    let draft = Draft {
        key: MarkKey::Client(id),
        tenant: client.tenant,
        min_version: None,
        least: access_exp,
        user: None,
        at: by.at,
        reason: Some(action::CLIENT_DELETED),
        by: by.actor,
    };
    let entry = append(tx, draft).await?;
    record_client(tx, by, action::CLIENT_DELETED, id, client.tenant).await?;
    Ok(Changed { value: (), entries: vec![entry], revoked })
}

/// Whether a use at `at` is to be noted.
pub(crate) async fn is_use_news(conn: &Conn, id: ClientId, at: Timestamp) -> Outcome<bool> {
    let sql = format!("SELECT 1 FROM clients WHERE {IS_NEWS}");
    conn.exists(&sql, &[&id.0, &at.minus(USE_GRAIN).as_millis()]).await
}

pub(crate) async fn note_use(tx: &Tx, id: ClientId, at: Timestamp) -> Outcome<()> {
    let sql = format!("UPDATE clients SET last_used_at = $3 WHERE {IS_NEWS}");
    tx.execute(&sql, &[&id.0, &at.minus(USE_GRAIN).as_millis(), &at.as_millis()]).await?;
    Ok(())
}

async fn lock_within(tx: &Tx, within: Option<TenantId>, id: ClientId, now: Timestamp) -> Outcome<ApiClient> {
    tx.rows("SELECT 1 FROM clients WHERE id = $1 FOR NO KEY UPDATE", &[&id.0]).await?;
    let (client, _) = find(tx, id, now).await?;
    if within.is_some() && within != client.tenant {
        return Err(StoreError::NotFound.into());
    }
    Ok(client)
}

async fn record_client(
    tx: &Tx,
    by: &Provenance,
    action: &str,
    id: ClientId,
    tenant: Option<TenantId>,
) -> Outcome<()> {
    let target = Target::new("client", id);
    record(tx, by, &Record { action, target, tenant, user: None, reason: None }).await
}
