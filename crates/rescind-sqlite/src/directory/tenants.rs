//! Tenants.

use rescind::audit::{Record, Target, action};
use rescind::directory::{Changed, NewTenant, Tenant, TenantChange};
use rescind::id::TenantId;
use rescind::store::{Page, PageRequest, Provenance, StoreError};
use rusqlite::{Connection, Row};

use crate::audit::record;
use crate::directory::{Cause, raise_tenant};
use crate::error::{Outcome, violates_unique};
use crate::ledger::count_tenant;
use crate::page;
use crate::row::{TENANT_COLUMNS, bytes, tenant};
use crate::writer::Tx;

pub(crate) fn find_tenant(conn: &Connection, id: TenantId) -> Outcome<Tenant> {
    let mut statement =
        conn.prepare_cached(&format!("SELECT {TENANT_COLUMNS} FROM tenants WHERE id = ?1"))?;
    let mut rows = statement.query((bytes(id.0),))?;
    tenant(rows.next()?.ok_or(StoreError::NotFound)?)
}

pub(crate) fn by_slug(conn: &Connection, slug: &str) -> Outcome<Tenant> {
    let mut statement =
        conn.prepare_cached(&format!("SELECT {TENANT_COLUMNS} FROM tenants WHERE slug = ?1"))?;
    let mut rows = statement.query((slug,))?;
    tenant(rows.next()?.ok_or(StoreError::NotFound)?)
}

pub(crate) fn list(conn: &Connection, page: &PageRequest) -> Outcome<Page<Tenant>> {
    let (at, id) = page.from_number_and_id('t')?.unwrap_or_default();
    let mut statement = conn.prepare_cached(&format!(
        "SELECT {TENANT_COLUMNS} FROM tenants WHERE (created_at, id) > (?1, ?2) ORDER BY created_at, id"
    ))?;
    let map = |row: &Row<'_>| tenant(row).map(Some);
    page::collect(&mut statement, (at, bytes(id)), page.items(), map, |tenant| {
        format!("t{}.{}", tenant.created_at.as_millis(), tenant.id)
    })
}

/// Versions begin at the present time, so that a tenant made anew after a restore is above what was lost.
pub(crate) fn create(tx: &Tx<'_>, new: &NewTenant, by: &Provenance) -> Outcome<Tenant> {
    let inserted = tx
        .prepare_cached(
            "INSERT INTO tenants (id, slug, name, token_version, session_floor, created_at)
             VALUES (?1, ?2, ?3, ?4, ?4, ?4)",
        )?
        .execute((bytes(new.id.0), &new.slug, &new.name, by.at.as_millis()));
    if let Err(error) = inserted {
        return Err(if violates_unique(&error, "tenants.slug") {
            StoreError::Taken("slug").into()
        } else if violates_unique(&error, "tenants.id") {
            StoreError::Taken("tenant_id").into()
        } else {
            error.into()
        });
    }
    record_tenant(tx, by, action::TENANT_CREATED, new.id)?;
    find_tenant(tx, new.id)
}

pub(crate) fn change(tx: &Tx<'_>, change: &TenantChange) -> Outcome<Changed<Tenant>> {
    let before = find_tenant(tx, change.tenant)?;
    let suspends = change.suspended == Some(true) && !before.suspended;
    let revoked = if suspends { count_tenant(tx, change.tenant, change.by.at)? } else { 0 };
    let name = change.name.as_ref().unwrap_or(&before.name);
    let suspended = change.suspended.unwrap_or(before.suspended);
    if *name == before.name && suspended == before.suspended {
        return Ok(Changed { value: before, entries: Vec::new(), revoked: 0 });
    }
    tx.prepare_cached("UPDATE tenants SET name = ?2, suspended = ?3 WHERE id = ?1")?.execute((
        bytes(change.tenant.0),
        name,
        suspended,
    ))?;
    let mut entries = Vec::new();
    if suspends {
        let cause = Cause { least: change.access_exp, reason: Some("tenant_suspended"), by: &change.by };
        entries.push(raise_tenant(tx, change.tenant, &cause)?.0);
    }
    record_tenant(tx, &change.by, action::TENANT_UPDATED, change.tenant)?;
    Ok(Changed { value: find_tenant(tx, change.tenant)?, entries, revoked })
}

fn record_tenant(tx: &Tx<'_>, by: &Provenance, action: &str, id: TenantId) -> Outcome<()> {
    let target = Target::new("tenant", id);
    record(tx, by, &Record { action, target, tenant: Some(id), user: None, reason: None })
}
