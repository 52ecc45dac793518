//! `PATCH /api/v1/admin/tenants/{tenant_id}`

use axum::extract::State;
use garde::Validate;
use rescind::id::TenantId;
use serde::Deserialize;
use utoipa::ToSchema;
use uuid::Uuid;

use crate::app::App;
use crate::caller::Administrator;
use crate::http::{Json, Path, Problem};
use crate::view::TenantView;

/// A change of a tenant. What is left out stays.
#[derive(Deserialize, ToSchema, Validate)]
#[serde(deny_unknown_fields)]
#[garde(allow_unvalidated)]
pub(crate) struct UpdateTenantRequest {
    /// Its new name for people.
    #[garde(length(chars, min = 1, max = 100))]
    name: Option<String>,
    /// `true`: ends every session, and bars new ones.
    suspended: Option<bool>,
}

/// Rename a tenant, suspend it, or let it in again
#[utoipa::path(
    patch, path = "/api/v1/admin/tenants/{tenant_id}", tag = "Administration", operation_id = "update_tenant",
    params(("tenant_id" = Uuid, Path)), request_body = UpdateTenantRequest,
    security(("bearer" = []), ("basic" = ["admin"])),
    responses((status = 200, body = TenantView, description = "The tenant as it now is. For operators."))
)]
pub(crate) async fn update_tenant(
    State(app): State<App>,
    Administrator(caller): Administrator,
    Path(id): Path<Uuid>,
    Json(request): Json<UpdateTenantRequest>,
) -> Result<Json<TenantView>, Problem> {
    let tenant = app.authority.update_tenant(&caller, TenantId(id), request.name, request.suspended).await?;
    Ok(Json(tenant.into()))
}
