//! `GET /api/v1/auth/me`

use serde_json::Value;

use crate::caller::User;
use crate::http::{Json, Problem};

/// The claims of the access token
#[utoipa::path(
    get, path = "/api/v1/auth/me", tag = "Users", operation_id = "me",
    security(("bearer" = [])),
    responses((status = 200, body = Object, description = "The claims, the caller's own extra ones among them."))
)]
pub(crate) async fn me(user: User) -> Result<Json<Value>, Problem> {
    Ok(Json(user.token.claims_json()))
}
