//! `POST /api/v1/admin/revocations/purge`

use std::time::Duration;

use axum::extract::State;
use garde::Validate;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::app::App;
use crate::caller::Administrator;
use crate::http::{Json, OptionalJson, Problem};

/// A purge.
#[derive(Default, Deserialize, ToSchema, Validate)]
#[serde(deny_unknown_fields)]
#[garde(allow_unvalidated)]
pub(crate) struct PurgeRequest {
    /// How long entries are kept after they have expired; left out: as the settings say. Never below 300, the largest leeway that can be set.
    #[garde(range(max = 315_360_000))]
    safety_margin_seconds: Option<u64>,
    /// Only say how many entries would be removed.
    #[serde(default)]
    dry_run: bool,
}

/// What a purge removed.
#[derive(Clone, Copy, Debug, Serialize, ToSchema)]
pub(crate) struct Purged {
    /// How many entries were removed, or would be.
    purged: u64,
}

/// Remove ledger entries that have expired
///
/// A task does this by itself every hour. For operators.
#[utoipa::path(
    post, path = "/api/v1/admin/revocations/purge", tag = "Administration", operation_id = "purge",
    request_body = Option<PurgeRequest>, security(("bearer" = []), ("basic" = ["admin"])),
    responses((status = 200, body = Purged, description = "They are gone, or would be."))
)]
pub(crate) async fn purge(
    State(app): State<App>,
    Administrator(caller): Administrator,
    OptionalJson(request): OptionalJson<PurgeRequest>,
) -> Result<Json<Purged>, Problem> {
    let margin = request.safety_margin_seconds.map(Duration::from_secs);
    Ok(Json(Purged { purged: app.authority.purge(&caller, margin, request.dry_run).await? }))
}
