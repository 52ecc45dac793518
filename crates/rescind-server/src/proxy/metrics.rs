//! `GET /metrics`

use axum::extract::State;
use axum::response::{IntoResponse, Response};
use http::{HeaderValue, header};
use rescind::directory::Scope;

use crate::app::App;
use crate::caller::Administrator;
use crate::http::Problem;
use crate::telemetry::metrics::CONTENT_TYPE;

/// Metrics for Prometheus
///
/// For operators and API clients with the scope `metrics` that no tenant binds.
#[utoipa::path(
    get, path = "/metrics", tag = "Operation", operation_id = "metrics",
    security(("bearer" = []), ("basic" = ["metrics"])),
    responses((status = 200, body = String, content_type = CONTENT_TYPE, description = "OpenMetrics text."))
)]
pub async fn metrics(
    State(app): State<App>,
    Administrator(caller): Administrator,
) -> Result<Response, Problem> {
    caller.must_be_unbound(Scope::Metrics, app.authority.system_tenant())?;
    app.counters.look_at(&app.authority, &app.feed);
    let kind = HeaderValue::from_static(CONTENT_TYPE);
    Ok(([(header::CONTENT_TYPE, kind)], app.counters.encode()).into_response())
}
