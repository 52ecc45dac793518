//! Tenants.

use rescind::audit::{Record, Target, action};
use rescind::directory::{Changed, NewTenant, Tenant, TenantChange};
use rescind::id::TenantId;
use rescind::store::{Page, PageRequest, Provenance, StoreError};

use crate::audit::record;
use crate::conn::Conn;
use crate::directory::{Cause, raise_tenant};
use crate::error::{Outcome, violates_unique};
use crate::ledger::count_tenant;
use crate::page::page;
use crate::row::{TENANT_COLUMNS, tenant};
use crate::tx::Tx;

pub(crate) async fn find_tenant(conn: &Conn, id: TenantId) -> Outcome<Tenant> {
    let sql = format!("SELECT {TENANT_COLUMNS} FROM tenants WHERE id = $1");
    tenant(&conn.row(&sql, &[&id.0]).await?.ok_or(StoreError::NotFound)?)
}

/// The same, locked: nobody else changes it before the transaction ends.
pub(crate) async fn lock_tenant(tx: &Tx, id: TenantId) -> Outcome<Tenant> {
    let sql = format!("SELECT {TENANT_COLUMNS} FROM tenants WHERE id = $1 FOR NO KEY UPDATE");
    tenant(&tx.row(&sql, &[&id.0]).await?.ok_or(StoreError::NotFound)?)
}

pub(crate) async fn by_slug(conn: &Conn, slug: &str) -> Outcome<Tenant> {
    let sql = format!("SELECT {TENANT_COLUMNS} FROM tenants WHERE slug = $1");
    tenant(&conn.row(&sql, &[&slug]).await?.ok_or(StoreError::NotFound)?)
}

pub(crate) async fn list(conn: &Conn, request: &PageRequest) -> Outcome<Page<Tenant>> {
    let (at, id) = request.from_number_and_id('t')?.unwrap_or_default();
    let limit = request.items();
    let sql = format!(
        "SELECT {TENANT_COLUMNS} FROM tenants WHERE (created_at, id) > ($1, $2)
          ORDER BY created_at, id LIMIT $3"
    );
    let rows = conn.rows(&sql, &[&at, &id, &(limit as i64 + 1)]).await?;
    page(&rows, limit, tenant, |tenant| format!("t{}.{}", tenant.created_at.as_millis(), tenant.id))
}

/// Versions begin at the present time, so that a tenant made anew after a restore is above what was lost.
pub(crate) async fn create(tx: &Tx, new: &NewTenant, by: &Provenance) -> Outcome<Tenant> {
    let inserted = tx
        .execute(
            "INSERT INTO tenants (id, slug, name, token_version, session_floor, created_at)
             VALUES ($1, $2, $3, $4, $4, $4)",
            &[&new.id.0, &new.slug, &new.name, &by.at.as_millis()],
        )
        .await;
    if let Err(error) = inserted {
        return Err(if violates_unique(&error, "tenants_slug") {
            StoreError::Taken("slug").into()
        } else if violates_unique(&error, "tenants_pkey") {
            StoreError::Taken("tenant_id").into()
        } else {
            error.into()
        });
    }
    record_tenant(tx, by, action::TENANT_CREATED, new.id).await?;
    find_tenant(tx, new.id).await
}

pub(crate) async fn change(tx: &Tx, change: &TenantChange) -> Outcome<Changed<Tenant>> {
    let before = lock_tenant(tx, change.tenant).await?;
    let suspends = change.suspended == Some(true) && !before.suspended;
    let revoked = if suspends { count_tenant(tx, change.tenant, change.by.at).await? } else { 0 };
    let name = change.name.as_ref().unwrap_or(&before.name);
    let suspended = change.suspended.unwrap_or(before.suspended);
    if *name == before.name && suspended == before.suspended {
        return Ok(Changed { value: before, entries: Vec::new(), revoked: 0 });
    }
    tx.execute(
        "UPDATE tenants SET name = $2, suspended = $3 WHERE id = $1",
        &[&change.tenant.0, name, &suspended],
    )
    .await?;
    let mut entries = Vec::new();
    if suspends {
        let cause = Cause { least: change.access_exp, reason: Some("tenant_suspended"), by: &change.by };
        entries.push(raise_tenant(tx, change.tenant, &cause).await?.0);
    }
    record_tenant(tx, &change.by, action::TENANT_UPDATED, change.tenant).await?;
    Ok(Changed { value: find_tenant(tx, change.tenant).await?, entries, revoked })
}

async fn record_tenant(tx: &Tx, by: &Provenance, action: &str, id: TenantId) -> Outcome<()> {
    let target = Target::new("tenant", id);
    record(tx, by, &Record { action, target, tenant: Some(id), user: None, reason: None }).await
}
