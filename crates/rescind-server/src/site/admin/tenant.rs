//! `/admin/tenants/{tenant}`: a tenant, and ending every session of it.

use askama::Template;
use axum::response::Redirect;
use rescind::id::TenantId;
use uuid::Uuid;

use super::confirm::Confirmation;
use crate::http::{Path, Problem};
use crate::site::area::Area;
use crate::site::desk::{Desk, Html, Shell, after};
use crate::site::form::Fields;
use crate::site::notice::Done;
use crate::site::tally::Counted;
use crate::site::when::When;

#[derive(Template)]
#[template(path = "site/admin/tenant.html")]
struct Page {
    shell: Shell,
    path: String,
    id: String,
    slug: String,
    name: String,
    suspended: bool,
    created: When,
    /// How many sessions a cut would end; none: they are still being counted.
    sessions: Option<Counted>,
    /// Suspending is for operators, and their own tenant cannot be.
    may_suspend: bool,
}

/// The tenant, and what a cut would end.
pub(super) async fn page(desk: Desk, Path(id): Path<Uuid>) -> Result<Html, Problem> {
    let (authority, caller, id) = (desk.authority(), desk.caller(), TenantId(id));
    let tenant = authority.tenant(caller, id).await?;
    Html::of(&Page {
        shell: desk.shell(Area::Admin, format!("Tenant {}", tenant.slug)),
        path: path(id),
        id: id.to_string(),
        created: desk.when(tenant.created_at),
        sessions: desk.app.tally.count(&desk.app.authority, Some(id)).await,
        may_suspend: desk.is_operator() && id != authority.system_tenant(),
        slug: tenant.slug,
        name: tenant.name,
        suspended: tenant.suspended,
    })
}

pub(super) async fn revoke(
    desk: Desk,
    Path(id): Path<Uuid>,
    Fields(form): Fields<Confirmation>,
) -> Result<Redirect, Problem> {
    let id = TenantId(id);
    let tenant = desk.authority().tenant(desk.caller(), id).await?;
    form.check(&desk, Some(&tenant.slug)).await?;
    desk.authority().revoke_tenant(desk.caller(), id, form.reason, false).await?;
    desk.app.tally.forget(id);
    Ok(after(&path(id), Done::TenantRevoked))
}

pub(super) async fn suspend(
    desk: Desk,
    Path(id): Path<Uuid>,
    Fields(form): Fields<Confirmation>,
) -> Result<Redirect, Problem> {
    let id = TenantId(id);
    let tenant = desk.authority().tenant(desk.caller(), id).await?;
    form.check(&desk, Some(&tenant.slug)).await?;
    desk.authority().update_tenant(desk.caller(), id, None, Some(true)).await?;
    desk.app.tally.forget(id);
    Ok(after(&path(id), Done::TenantSuspended))
}

pub(super) async fn resume(desk: Desk, Path(id): Path<Uuid>) -> Result<Redirect, Problem> {
    let id = TenantId(id);
    desk.authority().update_tenant(desk.caller(), id, None, Some(false)).await?;
    Ok(after(&path(id), Done::TenantResumed))
}

/// The address of a tenant's page.
pub(super) fn path(tenant: TenantId) -> String {
    format!("/admin/tenants/{tenant}")
}
