//! `POST /api/v1/admin/tenants/{tenant_id}/revoke-all`

use axum::extract::State;
use garde::Validate;
use rescind::id::TenantId;
use serde::Deserialize;
use utoipa::ToSchema;
use uuid::Uuid;

use super::user_revoke::Revoked;
use crate::app::App;
use crate::caller::Administrator;
use crate::http::{Json, OptionalJson, Path, Problem};

/// A tenant cut.
#[derive(Default, Deserialize, ToSchema, Validate)]
#[serde(deny_unknown_fields)]
#[garde(allow_unvalidated)]
pub(crate) struct RevokeTenantRequest {
    /// Why, for the ledger and the audit trail.
    #[garde(length(chars, max = 500))]
    reason: Option<String>,
    /// Only say how many sessions it would end.
    #[serde(default)]
    dry_run: bool,
}

/// End every session and token of a tenant
#[utoipa::path(
    post, path = "/api/v1/admin/tenants/{tenant_id}/revoke-all", tag = "Administration",
    operation_id = "revoke_tenant",
    params(("tenant_id" = Uuid, Path)), request_body = Option<RevokeTenantRequest>,
    security(("bearer" = []), ("basic" = ["revocations:write"])),
    responses((status = 200, body = Revoked, description = "Everything of the tenant's is dead, or would be."))
)]
pub(crate) async fn revoke_tenant(
    State(app): State<App>,
    Administrator(caller): Administrator,
    Path(id): Path<Uuid>,
    OptionalJson(request): OptionalJson<RevokeTenantRequest>,
) -> Result<Json<Revoked>, Problem> {
    let done = app.authority.revoke_tenant(&caller, TenantId(id), request.reason, request.dry_run).await?;
    Ok(Json(Revoked { revoked: done.revoked, token_version: done.token_version, seq: done.seq }))
}
