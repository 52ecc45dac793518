//! For proxies, orchestrators and people who look: may this request pass, is the process alive, what does the API look like.

mod forward;
mod health;
mod metrics;
mod reference;

pub(crate) use health::healthz;

use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::app::App;

/// Every route that is neither the API's nor OAuth's.
pub fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(forward::forward))
        .routes(routes!(health::healthz))
        .routes(routes!(health::readyz))
        .routes(routes!(metrics::metrics))
        .routes(routes!(reference::openapi))
        .routes(routes!(reference::docs))
        .routes(routes!(reference::style))
}
