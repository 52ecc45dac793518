//! `GET /api/v1/auth/sessions`

use axum::extract::State;

use crate::app::App;
use crate::caller::User;
use crate::http::{Json, Listing, Page, Problem, Query};
use crate::view::{SessionView, listing};

/// The own sessions, newest first
#[utoipa::path(
    get, path = "/api/v1/auth/sessions", tag = "Users", operation_id = "list_own_sessions",
    params(Page), security(("bearer" = [])),
    responses((status = 200, body = Listing<SessionView>, description = "Dead ones too; `current` marks the one that asks."))
)]
pub(crate) async fn list_own_sessions(
    State(app): State<App>,
    user: User,
    Query(page): Query<Page>,
) -> Result<Json<Listing<SessionView>>, Problem> {
    let current = user.caller.signed_in()?.session;
    let sessions = app.authority.own_sessions(&user.caller, None, &page.into()).await?;
    Ok(Json(listing(sessions.map(|session| SessionView::from(session).asked_by(current)))))
}
