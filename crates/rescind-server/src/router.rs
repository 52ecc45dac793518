//! Every route there is.

use utoipa_axum::router::OpenApiRouter;

use crate::app::App;
use crate::{api, feed, oauth, openapi, proxy, site};

/// Every route there is, and its documentation.
pub(crate) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::with_openapi(openapi::base())
        .merge(api::routes())
        .merge(oauth::routes())
        .merge(feed::routes())
        .merge(proxy::routes())
        .merge(OpenApiRouter::with_openapi(site::described()))
}
