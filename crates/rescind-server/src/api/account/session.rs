//! `DELETE` and `PATCH /api/v1/auth/sessions/{session_id}`

use axum::extract::State;
use garde::Validate;
use http::StatusCode;
use rescind::id::SessionId;
use serde::Deserialize;
use utoipa::ToSchema;
use uuid::Uuid;

use crate::app::App;
use crate::caller::User;
use crate::http::{Json, Path, Problem};
use crate::view::SessionView;

/// What a session can be told.
#[derive(Deserialize, ToSchema, Validate)]
#[serde(deny_unknown_fields)]
#[garde(allow_unvalidated)]
pub(crate) struct RenameRequest {
    /// What the user calls the device.
    #[garde(length(chars, max = 100))]
    device_name: String,
}

/// End one of the own sessions
///
/// Ending one that is over is no error.
#[utoipa::path(
    delete, path = "/api/v1/auth/sessions/{session_id}", tag = "Users", operation_id = "end_own_session",
    params(("session_id" = Uuid, Path)), security(("bearer" = [])),
    responses((status = 204, description = "The session is over: its access tokens are dead everywhere."))
)]
pub(crate) async fn end_own_session(
    State(app): State<App>,
    user: User,
    Path(id): Path<Uuid>,
) -> Result<StatusCode, Problem> {
    app.authority.end_own_session(&user.caller, SessionId(id)).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Name one of the own sessions
#[utoipa::path(
    patch, path = "/api/v1/auth/sessions/{session_id}", tag = "Users", operation_id = "rename_own_session",
    params(("session_id" = Uuid, Path)), request_body = RenameRequest, security(("bearer" = [])),
    responses((status = 200, body = SessionView, description = "The session as it now is."))
)]
pub(crate) async fn rename_own_session(
    State(app): State<App>,
    user: User,
    Path(id): Path<Uuid>,
    Json(request): Json<RenameRequest>,
) -> Result<Json<SessionView>, Problem> {
    let current = user.caller.signed_in()?.session;
    let session = app.authority.rename_own_session(&user.caller, SessionId(id), request.device_name).await?;
    Ok(Json(SessionView::from(session).asked_by(current)))
}
