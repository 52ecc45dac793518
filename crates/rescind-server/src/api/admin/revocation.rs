//! `GET /api/v1/admin/revocations/{jti}`

use axum::extract::State;

use crate::app::App;
use crate::caller::Administrator;
use crate::http::{Json, Path, Problem};
use crate::view::RevocationView;

/// The revocation of a token
#[utoipa::path(
    get, path = "/api/v1/admin/revocations/{jti}", tag = "Administration", operation_id = "get_revocation",
    params(("jti" = String, Path)), security(("bearer" = []), ("basic" = ["revocations:read"])),
    responses((status = 200, body = RevocationView, description = "The token was revoked."))
)]
pub(crate) async fn get_revocation(
    State(app): State<App>,
    Administrator(caller): Administrator,
    Path(jti): Path<String>,
) -> Result<Json<RevocationView>, Problem> {
    Ok(Json(app.authority.revocation(&caller, &jti).await?.into()))
}
