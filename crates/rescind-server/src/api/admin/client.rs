//! `DELETE /api/v1/admin/clients/{client_id}`

use axum::extract::State;
use http::StatusCode;
use rescind::id::ClientId;
use uuid::Uuid;

use crate::app::App;
use crate::caller::Administrator;
use crate::http::{Path, Problem};

/// Delete an API client
///
/// Ends the sessions that it opened.
#[utoipa::path(
    delete, path = "/api/v1/admin/clients/{client_id}", tag = "Administration", operation_id = "delete_client",
    params(("client_id" = Uuid, Path)), security(("bearer" = []), ("basic" = ["admin"])),
    responses((status = 204, description = "The client is gone."))
)]
pub(crate) async fn delete_client(
    State(app): State<App>,
    Administrator(caller): Administrator,
    Path(id): Path<Uuid>,
) -> Result<StatusCode, Problem> {
    app.authority.delete_client(&caller, ClientId(id)).await?;
    Ok(StatusCode::NO_CONTENT)
}
