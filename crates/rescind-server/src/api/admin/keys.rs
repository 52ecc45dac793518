//! `GET /api/v1/admin/keys`

use axum::extract::State;

use crate::app::App;
use crate::caller::Administrator;
use crate::http::{Json, Problem};
use crate::view::KeysView;

/// Keys, oldest first
#[utoipa::path(
    get, path = "/api/v1/admin/keys", tag = "Administration", operation_id = "list_keys",
    security(("bearer" = []), ("basic" = ["keys:write"])),
    responses((status = 200, body = KeysView, description = "All keys, of access and of refresh tokens. For operators."))
)]
pub async fn list_keys(
    State(app): State<App>,
    Administrator(caller): Administrator,
) -> Result<Json<KeysView>, Problem> {
    Ok(Json(app.authority.keys(&caller).await?.into()))
}
