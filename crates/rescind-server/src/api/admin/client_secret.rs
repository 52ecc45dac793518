//! `POST /api/v1/admin/clients/{client_id}/rotate-secret`

use std::time::Duration;

use axum::extract::State;
use garde::Validate;
use rescind::id::ClientId;
use serde::Deserialize;
use utoipa::ToSchema;
use uuid::Uuid;

use crate::app::App;
use crate::caller::Administrator;
use crate::http::{Json, OptionalJson, Path, Problem};
use crate::view::NewClientView;

/// A rotation of a client's secret.
#[derive(Default, Deserialize, ToSchema, Validate)]
#[serde(deny_unknown_fields)]
#[garde(allow_unvalidated)]
pub(crate) struct RotateSecretRequest {
    /// For how long the old secret stays good; left out: not at all.
    #[serde(default)]
    #[garde(range(max = 2_592_000))]
    overlap_seconds: u64,
}

/// Give an API client another secret
///
/// The secret is in this answer and nowhere else.
#[utoipa::path(
    post, path = "/api/v1/admin/clients/{client_id}/rotate-secret", tag = "Administration",
    operation_id = "rotate_client_secret",
    params(("client_id" = Uuid, Path)), request_body = Option<RotateSecretRequest>,
    security(("bearer" = []), ("basic" = ["admin"])),
    responses((status = 200, body = NewClientView, description = "The client with its new secret."))
)]
pub(crate) async fn rotate_client_secret(
    State(app): State<App>,
    Administrator(caller): Administrator,
    Path(id): Path<Uuid>,
    OptionalJson(request): OptionalJson<RotateSecretRequest>,
) -> Result<Json<NewClientView>, Problem> {
    let overlap = Duration::from_secs(request.overlap_seconds);
    Ok(Json(app.authority.rotate_client_secret(&caller, ClientId(id), overlap).await?.into()))
}
