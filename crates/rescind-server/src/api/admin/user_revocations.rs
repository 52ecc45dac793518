//! `GET /api/v1/admin/users/{user_id}/revocations`

use axum::extract::State;
use rescind::id::{TenantId, UserId};
use serde::Deserialize;
use utoipa::IntoParams;
use uuid::Uuid;

use crate::app::App;
use crate::caller::Administrator;
use crate::http::{Json, Limit, Listing, Page, Path, Problem, Query};
use crate::view::{RevocationView, listing};

/// Which revocations of the user's.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct UserRevocationsQuery {
    /// The tenant, where the `user_id` exists in several.
    tenant_id: Option<Uuid>,
    /// The most items to return.
    #[serde(default)]
    #[param(value_type = Option<u16>, minimum = 1, maximum = 500, default = 50)]
    limit: Limit,
    /// The `next_cursor` of the page before.
    cursor: Option<String>,
}

/// A user's revocations, newest first
#[utoipa::path(
    get, path = "/api/v1/admin/users/{user_id}/revocations", tag = "Administration",
    operation_id = "list_user_revocations",
    params(("user_id" = Uuid, Path), UserRevocationsQuery),
    security(("bearer" = []), ("basic" = ["revocations:read"])),
    responses((status = 200, body = Listing<RevocationView>, description = "What was revoked of the user's."))
)]
pub(crate) async fn list_user_revocations(
    State(app): State<App>,
    Administrator(caller): Administrator,
    Path(id): Path<Uuid>,
    Query(query): Query<UserRevocationsQuery>,
) -> Result<Json<Listing<RevocationView>>, Problem> {
    let page = Page { limit: query.limit, cursor: query.cursor };
    let tenant = query.tenant_id.map(TenantId);
    Ok(Json(listing(app.authority.revocations_of(&caller, UserId(id), tenant, &page.into()).await?)))
}
