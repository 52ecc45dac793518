//! `POST /api/v1/admin/users/{user_id}/revoke-all`

use axum::extract::State;
use rescind::id::UserId;
use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

use super::{InTenant, ReasonRequest};
use crate::app::App;
use crate::caller::Administrator;
use crate::http::Json;
use crate::http::{OptionalJson, Path, Problem, Query};

/// What a user or tenant cut did.
#[derive(Clone, Copy, Debug, Serialize, ToSchema)]
pub(crate) struct Revoked {
    /// How many sessions were active before and are over now.
    pub(crate) revoked: u64,
    /// Tokens below this version are dead.
    pub(crate) token_version: i64,
    /// The ledger entry; `null` after a dry run.
    pub(crate) seq: Option<i64>,
}

/// End every session and token of a user
///
/// A token minted after this has returned is good again; every earlier one is dead, within the same second too.
#[utoipa::path(
    post, path = "/api/v1/admin/users/{user_id}/revoke-all", tag = "Administration", operation_id = "revoke_user",
    params(("user_id" = Uuid, Path), InTenant), request_body = Option<ReasonRequest>,
    security(("bearer" = []), ("basic" = ["revocations:write"])),
    responses((status = 200, body = Revoked, description = "Everything of the user's is dead."))
)]
pub(crate) async fn revoke_user(
    State(app): State<App>,
    Administrator(caller): Administrator,
    Path(id): Path<Uuid>,
    Query(within): Query<InTenant>,
    OptionalJson(request): OptionalJson<ReasonRequest>,
) -> Result<Json<Revoked>, Problem> {
    let outcome = app.authority.revoke_user(&caller, UserId(id), within.tenant(), request.reason).await?;
    Ok(Json(Revoked {
        revoked: outcome.revoked,
        token_version: outcome.standing.token_version,
        seq: Some(outcome.entry.seq),
    }))
}
