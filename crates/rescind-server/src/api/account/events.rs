//! `GET /api/v1/auth/events`

use axum::extract::State;

use crate::app::App;
use crate::caller::User;
use crate::http::{Json, Listing, Page, Problem, Query};
use crate::view::{AuditView, listing};

/// The own security events, newest first
///
/// Sign-ins, ended sessions, blocked theft.
#[utoipa::path(
    get, path = "/api/v1/auth/events", tag = "Users", operation_id = "list_own_events",
    params(Page), security(("bearer" = [])),
    responses((status = 200, body = Listing<AuditView>, description = "What happened to the own account."))
)]
pub(crate) async fn list_own_events(
    State(app): State<App>,
    user: User,
    Query(page): Query<Page>,
) -> Result<Json<Listing<AuditView>>, Problem> {
    Ok(Json(listing(app.authority.own_events(&user.caller, &page.into()).await?)))
}
