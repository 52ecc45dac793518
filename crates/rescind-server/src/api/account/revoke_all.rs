//! `POST /api/v1/auth/sessions/revoke-all`

use axum::extract::State;
use serde::Serialize;
use utoipa::ToSchema;

use crate::app::App;
use crate::caller::User;
use crate::http::{Json, NoMembers, OptionalJson, Problem};

/// How many sessions were ended.
#[derive(Clone, Copy, Debug, Serialize, ToSchema)]
pub(crate) struct RevokedCount {
    /// How many sessions were active before and are over now.
    revoked: u64,
}

/// End all own sessions, this one too
#[utoipa::path(
    post, path = "/api/v1/auth/sessions/revoke-all", tag = "Users", operation_id = "revoke_all",
    security(("bearer" = [])),
    responses((status = 200, body = RevokedCount, description = "All sessions are over."))
)]
pub(crate) async fn revoke_all(
    State(app): State<App>,
    user: User,
    OptionalJson(NoMembers {}): OptionalJson<NoMembers>,
) -> Result<Json<RevokedCount>, Problem> {
    Ok(Json(RevokedCount { revoked: app.authority.revoke_all_own(&user.caller).await? }))
}
