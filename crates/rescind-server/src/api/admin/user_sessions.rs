//! `GET /api/v1/admin/users/{user_id}/sessions`

use axum::extract::State;
use rescind::id::{TenantId, UserId};
use rescind::session::StatusFilter;
use serde::Deserialize;
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;

use crate::app::App;
use crate::caller::Administrator;
use crate::http::{Json, Limit, Listing, Page, Path, Problem, Query};
use crate::view::{SessionView, listing};

/// Which sessions.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct SessionsQuery {
    /// With this status only.
    #[param(inline)]
    status: Option<StatusWord>,
    /// The tenant, where the `user_id` exists in several.
    tenant_id: Option<Uuid>,
    /// The most items to return.
    #[serde(default)]
    #[param(value_type = Option<u16>, minimum = 1, maximum = 500, default = 50)]
    limit: Limit,
    /// The `next_cursor` of the page before.
    cursor: Option<String>,
}

/// A session's status.
#[derive(Clone, Copy, Debug, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub(crate) enum StatusWord {
    /// It can be refreshed.
    Active,
    /// It was ended.
    Revoked,
    /// Its idle or absolute limit has passed.
    Expired,
}

impl From<StatusWord> for StatusFilter {
    fn from(word: StatusWord) -> Self {
        match word {
            StatusWord::Active => Self::Active,
            StatusWord::Revoked => Self::Revoked,
            StatusWord::Expired => Self::Expired,
        }
    }
}

/// A user's sessions, newest first
#[utoipa::path(
    get, path = "/api/v1/admin/users/{user_id}/sessions", tag = "Administration",
    operation_id = "list_user_sessions",
    params(("user_id" = Uuid, Path), SessionsQuery), security(("bearer" = []), ("basic" = ["sessions:read"])),
    responses((status = 200, body = Listing<SessionView>, description = "Dead ones too, unless a status is asked for."))
)]
pub(crate) async fn list_user_sessions(
    State(app): State<App>,
    Administrator(caller): Administrator,
    Path(id): Path<Uuid>,
    Query(query): Query<SessionsQuery>,
) -> Result<Json<Listing<SessionView>>, Problem> {
    let page = Page { limit: query.limit, cursor: query.cursor };
    let status = query.status.map(StatusFilter::from);
    let tenant = query.tenant_id.map(TenantId);
    let sessions = app.authority.sessions_of(&caller, UserId(id), tenant, status, &page.into()).await?;
    Ok(Json(listing(sessions)))
}
