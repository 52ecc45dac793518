//! `GET` and `POST /api/v1/admin/tenants`

use axum::extract::State;
use garde::Validate;
use http::StatusCode;
use rescind::authority::TenantRequest;
use rescind::id::TenantId;
use serde::Deserialize;
use utoipa::ToSchema;
use uuid::Uuid;

use crate::app::App;
use crate::caller::Administrator;
use crate::http::{Json, Listing, Page, Problem, Query};
use crate::view::{TenantView, listing};

/// A tenant to be made.
#[derive(Deserialize, ToSchema, Validate)]
#[serde(deny_unknown_fields)]
#[garde(allow_unvalidated)]
pub(crate) struct CreateTenantRequest {
    /// Its short name: lower-case letters, digits and inner hyphens.
    #[garde(length(bytes, min = 1, max = 63))]
    slug: String,
    /// Its name for people; left out: the slug.
    #[garde(length(chars, min = 1, max = 100))]
    name: Option<String>,
    /// Its id, where it has one elsewhere, which another issuer's tokens carry; left out: a new one.
    tenant_id: Option<Uuid>,
}

/// Tenants, oldest first
#[utoipa::path(
    get, path = "/api/v1/admin/tenants", tag = "Administration", operation_id = "list_tenants",
    params(Page), security(("bearer" = []), ("basic" = ["admin"])),
    responses((status = 200, body = Listing<TenantView>, description = "All tenants. For operators."))
)]
pub(crate) async fn list_tenants(
    State(app): State<App>,
    Administrator(caller): Administrator,
    Query(page): Query<Page>,
) -> Result<Json<Listing<TenantView>>, Problem> {
    Ok(Json(listing(app.authority.tenants(&caller, &page.into()).await?)))
}

/// Make a tenant
#[utoipa::path(
    post, path = "/api/v1/admin/tenants", tag = "Administration", operation_id = "create_tenant",
    request_body = CreateTenantRequest, security(("bearer" = []), ("basic" = ["admin"])),
    responses(
        (status = 201, body = TenantView, description = "The tenant was made. For operators."),
        (status = 409, description = "`slug_taken`, or `conflict`: the id is another's."),
    )
)]
pub(crate) async fn create_tenant(
    State(app): State<App>,
    Administrator(caller): Administrator,
    Json(request): Json<CreateTenantRequest>,
) -> Result<(StatusCode, Json<TenantView>), Problem> {
    let id = request.tenant_id.map(TenantId);
    let request = TenantRequest { slug: request.slug, name: request.name, id };
    Ok((StatusCode::CREATED, Json(app.authority.create_tenant(&caller, request).await?.into())))
}
