//! `POST /api/v1/admin/keys/rotate` and `POST /api/v1/admin/keys/{kid}/revoke`

use axum::extract::State;

use super::ReasonRequest;
use crate::app::App;
use crate::caller::Administrator;
use crate::http::{Json, NoMembers, OptionalJson, Path, Problem};
use crate::view::{KeyView, KeysView};

/// Have the next key sign
///
/// At once where every verifier has it; else it shows when it will begin, in `active_from`. For operators.
#[utoipa::path(
    post, path = "/api/v1/admin/keys/rotate", tag = "Administration", operation_id = "rotate_keys",
    security(("bearer" = []), ("basic" = ["keys:write"])),
    responses((status = 200, body = KeysView, description = "All keys as they now are."))
)]
pub(crate) async fn rotate_keys(
    State(app): State<App>,
    Administrator(caller): Administrator,
    OptionalJson(NoMembers {}): OptionalJson<NoMembers>,
) -> Result<Json<KeysView>, Problem> {
    Ok(Json(app.authority.rotate_keys(&caller).await?.into()))
}

/// Revoke a key
///
/// Every token that it signed is dead; the next key takes its place at the same moment. For operators.
#[utoipa::path(
    post, path = "/api/v1/admin/keys/{kid}/revoke", tag = "Administration", operation_id = "revoke_key",
    params(("kid" = String, Path)), request_body = Option<ReasonRequest>,
    security(("bearer" = []), ("basic" = ["keys:write"])),
    responses((status = 200, body = KeyView, description = "The key as it now is."))
)]
pub(crate) async fn revoke_key(
    State(app): State<App>,
    Administrator(caller): Administrator,
    Path(kid): Path<String>,
    OptionalJson(request): OptionalJson<ReasonRequest>,
) -> Result<Json<KeyView>, Problem> {
    let key = app.authority.revoke_key(&caller, &kid, request.reason).await?;
    Ok(Json(key.into()))
}
