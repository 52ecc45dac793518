//! `GET /metrics`

use std::time::Duration;

use axum::extract::State;
use axum::response::{IntoResponse, Response};
use http::{HeaderValue, header};
use rescind::directory::Scope;

use crate::app::App;
use crate::caller::Administrator;
use crate::http::Problem;
use crate::telemetry::metrics::CONTENT_TYPE;

/// How long the store may take to say how far behind this node is.
const PATIENCE: Duration = Duration::from_secs(1);

/// Metrics for Prometheus
///
/// For operators and API clients with the scope `metrics` that no tenant binds.
#[utoipa::path(
    get, path = "/metrics", tag = "Operation", operation_id = "metrics",
    security(("bearer" = []), ("basic" = ["metrics"])),
    responses((status = 200, body = String, content_type = CONTENT_TYPE, description = "OpenMetrics text."))
)]
pub(crate) async fn metrics(
    State(app): State<App>,
    Administrator(caller): Administrator,
) -> Result<Response, Problem> {
    caller.must_be_unbound(Scope::Metrics, app.authority.system_tenant())?;
    // Where the store is slow, what can be told without it is told.
    let backlog = tokio::time::timeout(PATIENCE, app.authority.backlog()).await;
    let backlog = backlog.ok().and_then(Result::ok);
    let kind = HeaderValue::from_static(CONTENT_TYPE);
    Ok(([(header::CONTENT_TYPE, kind)], app.counters.encode(&app.authority, &app.feed, backlog))
        .into_response())
}
