//! `GET /api/v1/feed/snapshot`

mod accept;
mod form;
mod packing;
mod write;

use axum::extract::State;
use axum::response::{IntoResponse, Response};
use http::{HeaderMap, HeaderValue, header};
use rescind::ledger::snapshot::MEDIA_TYPE;
use serde::Serialize;
use tracing::Instrument as _;
use utoipa::ToSchema;

use self::form::Form;
use self::packing::Packing;
use super::{body, tell_tenant};
use crate::app::App;
use crate::caller::Administrator;
use crate::http::Problem;
use crate::view::MarkView;

/// Every mark that is not purged yet. Written bit by bit, and so only described here.
#[derive(Serialize, ToSchema)]
#[schema(as = FeedSnapshot)]
pub(crate) struct SnapshotView {
    /// Where the events go on.
    cursor: String,
    /// The number of the last entry.
    seq: i64,
    /// In the order of `seq`.
    marks: Vec<MarkView>,
}

/// Everything that is revoked
///
/// To begin with, and wherever the events answer 410. One that breaks off is not whole: its JSON does not end, and the compact
/// form, for which `Accept: application/vnd.rescind.snapshot` asks, has a count and a checksum at its end.
#[utoipa::path(
    get, path = "/api/v1/feed/snapshot", tag = "Verifiers", operation_id = "feed_snapshot",
    security(("bearer" = []), ("basic" = ["feed"])),
    responses((status = 200, description = "The marks up to `cursor`.", content(
        (SnapshotView = "application/json"),
        (Vec<u8> = "application/vnd.rescind.snapshot"),
    ), headers(
        ("Rescind-Tenant" = String, description = "Whose marks there are: `*`, or the tenant that binds the client."),
    )))
)]
pub(crate) async fn snapshot(
    State(app): State<App>,
    Administrator(caller): Administrator,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let feed = app.authority.feed(&caller)?;
    let place = app.feed.snapshots.take(feed.tenant())?;
    let head = feed.head().await?;
    let compact = accept::prefers(&headers, MEDIA_TYPE, "application/json");
    let packed = accept::takes_gzip(&headers);
    let (outlet, body) = body::channel();
    let mut response = body.into_response();
    tell_tenant(&feed, response.headers_mut());
    let form = if compact { Form::compact(head) } else { Form::json(head) };
    let packing = if packed { Packing::gzip() } else { Packing::none() };
    let writing = async move {
        write::write(feed, head, form, packing, outlet).await;
        drop(place);
    };
    tokio::spawn(writing.in_current_span());

    let headers = response.headers_mut();
    let media_type = if compact { MEDIA_TYPE } else { "application/json" };
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(media_type));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    headers.insert(header::VARY, HeaderValue::from_static("Accept, Accept-Encoding"));
    if packed {
        headers.insert(header::CONTENT_ENCODING, HeaderValue::from_static("gzip"));
    }
    Ok(response)
}
