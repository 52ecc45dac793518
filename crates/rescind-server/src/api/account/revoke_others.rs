//! `POST /api/v1/auth/sessions/revoke-others`

use axum::extract::State;

use crate::app::App;
use crate::caller::User;
use crate::http::{Json, NoMembers, OptionalJson, Problem};
use crate::view::RenewedView;

/// End all own sessions but this one
///
/// This session goes on with the access token in the answer; every older one is dead.
#[utoipa::path(
    post, path = "/api/v1/auth/sessions/revoke-others", tag = "Users", operation_id = "revoke_others",
    security(("bearer" = [])),
    responses((status = 200, body = RenewedView, description = "All others are over."))
)]
pub(crate) async fn revoke_others(
    State(app): State<App>,
    user: User,
    OptionalJson(NoMembers {}): OptionalJson<NoMembers>,
) -> Result<Json<RenewedView>, Problem> {
    Ok(Json(app.authority.revoke_others(&user.caller).await?.into()))
}
