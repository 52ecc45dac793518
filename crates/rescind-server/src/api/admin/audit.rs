//! `GET /api/v1/admin/audit`

use axum::extract::State;
use rescind::audit::AuditFilter;
use rescind::clock::Timestamp;
use serde::Deserialize;
use utoipa::IntoParams;

use crate::app::App;
use crate::caller::Administrator;
use crate::http::{Json, Limit, Listing, Page, Problem, Query};
use crate::view::{AuditView, listing};

/// Which entries.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct AuditQuery {
    /// Done by the actor with this id.
    actor: Option<String>,
    /// Done on the target with this id.
    target: Option<String>,
    /// With this action, such as `session_revoked`.
    action: Option<String>,
    /// Done within the request with this id.
    request: Option<String>,
    /// Not older than this.
    #[param(value_type = Option<String>, format = DateTime)]
    since: Option<Timestamp>,
    /// The most items to return.
    #[serde(default)]
    #[param(value_type = Option<u16>, minimum = 1, maximum = 500, default = 50)]
    limit: Limit,
    /// The `next_cursor` of the page before.
    cursor: Option<String>,
}

/// The audit trail, newest first
#[utoipa::path(
    get, path = "/api/v1/admin/audit", tag = "Administration", operation_id = "list_audit",
    params(AuditQuery), security(("bearer" = []), ("basic" = ["admin"])),
    responses((status = 200, body = Listing<AuditView>, description = "Who did what, on whom, from where."))
)]
pub(crate) async fn list_audit(
    State(app): State<App>,
    Administrator(caller): Administrator,
    Query(query): Query<AuditQuery>,
) -> Result<Json<Listing<AuditView>>, Problem> {
    let page = Page { limit: query.limit, cursor: query.cursor };
    let filter = AuditFilter {
        actor: query.actor,
        target: query.target,
        action: query.action,
        request: query.request,
        since: query.since,
        ..AuditFilter::default()
    };
    Ok(Json(listing(app.authority.audit(&caller, filter, &page.into()).await?)))
}
