//! `POST /api/v1/auth/sessions/revoke/{jti}`

use axum::extract::State;
use rescind::authority::{RevocationRequest, What};

use super::ReasonRequest;
use crate::app::App;
use crate::caller::Administrator;
use crate::http::{Json, OptionalJson, Path, Problem};
use crate::view::RevocationView;

/// Revoke a token by its jti
///
/// An access token's jti kills that token, a refresh token's ends its session. One that nothing knows is recorded all the
/// same. Repeating it changes nothing, and keeps the first reason.
#[utoipa::path(
    post, path = "/api/v1/auth/sessions/revoke/{jti}", tag = "Administration", operation_id = "revoke_jti",
    params(("jti" = String, Path)), request_body = Option<ReasonRequest>,
    security(("bearer" = []), ("basic" = ["revocations:write"])),
    responses((status = 200, body = RevocationView, description = "The revocation that stands."))
)]
pub(crate) async fn revoke_jti(
    State(app): State<App>,
    Administrator(caller): Administrator,
    Path(jti): Path<String>,
    OptionalJson(request): OptionalJson<ReasonRequest>,
) -> Result<Json<RevocationView>, Problem> {
    let request = RevocationRequest {
        what: What::Jti(jti),
        expires_at: None,
        user: None,
        tenant: None,
        reason: request.reason,
    };
    let (entry, _) = app.authority.revoke(&caller, request).await?;
    Ok(Json(entry.into()))
}
