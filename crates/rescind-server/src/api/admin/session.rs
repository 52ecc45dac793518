//! `DELETE /api/v1/admin/sessions/{session_id}`

use axum::extract::State;
use rescind::id::SessionId;
use serde::Deserialize;
use utoipa::IntoParams;
use uuid::Uuid;

use crate::app::App;
use crate::caller::Administrator;
use crate::http::{Json, Path, Problem, Query};
use crate::view::SessionView;

/// Why.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct ReasonQuery {
    /// Why, for the ledger and the audit trail.
    reason: Option<String>,
}

/// End a session
///
/// Its refresh chain and every access token of it are dead everywhere. Ending one that is over changes nothing.
#[utoipa::path(
    delete, path = "/api/v1/admin/sessions/{session_id}", tag = "Administration", operation_id = "end_session",
    params(("session_id" = Uuid, Path), ReasonQuery), security(("bearer" = []), ("basic" = ["sessions:write"])),
    responses((status = 200, body = SessionView, description = "The session as it now is."))
)]
pub(crate) async fn end_session(
    State(app): State<App>,
    Administrator(caller): Administrator,
    Path(id): Path<Uuid>,
    Query(query): Query<ReasonQuery>,
) -> Result<Json<SessionView>, Problem> {
    let session = app.authority.end_session(&caller, SessionId(id), query.reason).await?;
    Ok(Json(session.into()))
}
