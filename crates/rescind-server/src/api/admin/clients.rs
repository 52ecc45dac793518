//! `GET` and `POST /api/v1/admin/clients`

use axum::extract::State;
use garde::Validate;
use http::StatusCode;
use rescind::authority::ClientRequest;
use rescind::directory::Scopes;
use rescind::id::TenantId;
use serde::Deserialize;
use utoipa::ToSchema;
use uuid::Uuid;

use crate::app::App;
use crate::caller::Administrator;
use crate::http::{Json, Listing, Page, Problem, Query};
use crate::view::{ClientView, NewClientView, listing};

/// An API client to be made.
#[derive(Deserialize, ToSchema, Validate)]
#[serde(deny_unknown_fields)]
#[garde(allow_unvalidated)]
pub(crate) struct CreateClientRequest {
    /// Its name for people.
    #[garde(length(chars, min = 1, max = 100))]
    name: String,
    /// What it may do.
    #[schema(value_type = Vec<String>)]
    scopes: Scopes,
    /// The tenant that binds it; left out: the caller's own, or none for an operator.
    tenant_id: Option<Uuid>,
    /// Whether a refresh of a session that it opened needs its secret.
    #[serde(default)]
    refresh_requires_secret: bool,
}

/// API clients, oldest first
#[utoipa::path(
    get, path = "/api/v1/admin/clients", tag = "Administration", operation_id = "list_clients",
    params(Page), security(("bearer" = []), ("basic" = ["admin"])),
    responses((status = 200, body = Listing<ClientView>, description = "The clients that the caller reaches."))
)]
pub(crate) async fn list_clients(
    State(app): State<App>,
    Administrator(caller): Administrator,
    Query(page): Query<Page>,
) -> Result<Json<Listing<ClientView>>, Problem> {
    Ok(Json(listing(app.authority.clients(&caller, &page.into()).await?)))
}

/// Make an API client
///
/// The secret is in this answer and nowhere else. A tenant's admin makes clients that are bound to its tenant.
#[utoipa::path(
    post, path = "/api/v1/admin/clients", tag = "Administration", operation_id = "create_client",
    request_body = CreateClientRequest, security(("bearer" = []), ("basic" = ["admin"])),
    responses(
        (status = 201, body = NewClientView, description = "The client was made."),
        (status = 404, description = "There is no such tenant for this caller."),
    )
)]
pub(crate) async fn create_client(
    State(app): State<App>,
    Administrator(caller): Administrator,
    Json(request): Json<CreateClientRequest>,
) -> Result<(StatusCode, Json<NewClientView>), Problem> {
    let request = ClientRequest {
        name: request.name,
        scopes: request.scopes,
        tenant: request.tenant_id.map(TenantId),
        refresh_requires_secret: request.refresh_requires_secret,
    };
    Ok((StatusCode::CREATED, Json(app.authority.create_client(&caller, request).await?.into())))
}
