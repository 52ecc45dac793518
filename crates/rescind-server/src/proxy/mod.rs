//! For proxies, orchestrators and people who look: may this request pass, is the process alive, what does the API look like.

mod forward;
mod health;
mod metrics;
mod reference;

pub(crate) use health::healthz;

use axum::routing::{MethodFilter, on};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::app::App;

/// Envoy asks with the method of the request that is to pass. It sends no body, and whatever the method, nothing is changed.
const OF_ANY_REQUEST: MethodFilter = MethodFilter::POST
    .or(MethodFilter::PUT)
    .or(MethodFilter::PATCH)
    .or(MethodFilter::DELETE)
    .or(MethodFilter::OPTIONS);

/// Every route that is neither the API's nor OAuth's.
pub(crate) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(forward::forward))
        .route("/api/v1/auth/forward", on(OF_ANY_REQUEST, forward::forward))
        .routes(routes!(health::healthz))
        .routes(routes!(health::readyz))
        .routes(routes!(metrics::metrics))
        .routes(routes!(reference::openapi))
        .routes(routes!(reference::docs))
        .routes(routes!(reference::style))
}
