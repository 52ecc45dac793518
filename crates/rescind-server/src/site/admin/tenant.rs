//! `/admin/tenants/{tenant}`: a tenant, and ending every session of it.

use askama::Template;
use axum::response::{IntoResponse as _, Redirect, Response};
use rescind::directory::Tenant;
use rescind::id::TenantId;
use uuid::Uuid;

use super::confirm::{Confirmation, Filled};
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
    /// The forms, as they were filled in.
    cut: Filled,
    suspension: Filled,
}

/// The tenant, and what a cut would end.
pub(super) async fn page(desk: Desk, Path(id): Path<Uuid>) -> Result<Html, Problem> {
    let tenant = desk.authority().tenant(desk.caller(), TenantId(id)).await?;
    show(&desk, tenant, Filled::default(), Filled::default()).await
}

pub(super) async fn revoke(
    desk: Desk,
    Path(id): Path<Uuid>,
    Fields(form): Fields<Confirmation>,
) -> Result<Response, Problem> {
    let tenant = match confirmed(&desk, id, &form).await? {
        Ok(tenant) => tenant,
        Err((tenant, problem)) => {
            let (cut, refused) = form.again(problem)?;
            return Ok(refused.with(show(&desk, tenant, cut, Filled::default()).await?));
        }
    };
    desk.authority().revoke_tenant(desk.caller(), tenant.id, form.reason, false).await?;
    Ok(done(&desk, tenant.id, Done::TenantRevoked))
}

pub(super) async fn suspend(
    desk: Desk,
    Path(id): Path<Uuid>,
    Fields(form): Fields<Confirmation>,
) -> Result<Response, Problem> {
    let tenant = match confirmed(&desk, id, &form).await? {
        Ok(tenant) => tenant,
        Err((tenant, problem)) => {
            let (suspension, refused) = form.again(problem)?;
            return Ok(refused.with(show(&desk, tenant, Filled::default(), suspension).await?));
        }
    };
    desk.authority().update_tenant(desk.caller(), tenant.id, None, Some(true)).await?;
    Ok(done(&desk, tenant.id, Done::TenantSuspended))
}

pub(super) async fn resume(desk: Desk, Path(id): Path<Uuid>) -> Result<Redirect, Problem> {
    let id = TenantId(id);
    desk.authority().update_tenant(desk.caller(), id, None, Some(false)).await?;
    Ok(after(&path(id), Done::TenantResumed))
}

/// The tenant, where its short name was typed and the password is right; beside it what was wrong, where they are not.
async fn confirmed(
    desk: &Desk,
    id: Uuid,
    form: &Confirmation,
) -> Result<Result<Tenant, (Tenant, Problem)>, Problem> {
    let tenant = desk.authority().tenant(desk.caller(), TenantId(id)).await?;
    Ok(match form.check(desk, Some(&tenant.slug)).await {
        Ok(()) => Ok(tenant),
        Err(problem) => Err((tenant, problem)),
    })
}

/// Back to the tenant, whose sessions are over.
fn done(desk: &Desk, id: TenantId, done: Done) -> Response {
    desk.app.tally.forget(id);
    after(&path(id), done).into_response()
}

async fn show(desk: &Desk, tenant: Tenant, cut: Filled, suspension: Filled) -> Result<Html, Problem> {
    Html::of(&Page {
        shell: desk.shell(Area::Admin, format!("Tenant {}", tenant.slug)),
        path: path(tenant.id),
        id: tenant.id.to_string(),
        created: desk.when(tenant.created_at),
        sessions: desk.app.tally.count(&desk.app.authority, Some(tenant.id)).await,
        may_suspend: desk.is_operator() && !tenant.is_system(),
        slug: tenant.slug,
        name: tenant.name,
        suspended: tenant.suspended,
        cut,
        suspension,
    })
}

/// The address of a tenant's page.
pub(super) fn path(tenant: TenantId) -> String {
    format!("/admin/tenants/{tenant}")
}
