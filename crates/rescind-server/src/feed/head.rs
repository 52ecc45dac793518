//! `GET /api/v1/feed/head`

use axum::extract::State;
use rescind::ledger::Cursor;
use serde::Serialize;
use utoipa::ToSchema;

use crate::app::App;
use crate::caller::Administrator;
use crate::http::{Json, Problem};

/// A place in the ledger.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub(crate) struct FeedHead {
    /// The place, to be handed back as it is: it tells this history of the ledger from another.
    cursor: String,
    /// The number of the last entry.
    seq: i64,
}

impl From<Cursor> for FeedHead {
    fn from(cursor: Cursor) -> Self {
        Self { cursor: cursor.to_string(), seq: cursor.seq }
    }
}

/// Where the ledger ends
///
/// Read now, and not from what this node knows: whoever has everything up to here, has everything that was revoked before the call.
#[utoipa::path(
    get, path = "/api/v1/feed/head", tag = "Verifiers", operation_id = "feed_head",
    security(("bearer" = []), ("basic" = ["feed"])),
    responses((status = 200, body = FeedHead, description = "The last entry."))
)]
pub(crate) async fn head(
    State(app): State<App>,
    Administrator(caller): Administrator,
) -> Result<Json<FeedHead>, Problem> {
    Ok(Json(app.authority.feed(&caller)?.head().await?.into()))
}
