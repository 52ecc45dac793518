//! The JSON API. One file per path; its request, its handler and its OpenAPI text stand together.

pub(crate) mod account;
pub(crate) mod admin;
mod handover;

pub(crate) use account::user_agent;

use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::app::App;

/// Every route under `/api/v1`.
pub(crate) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .merge(account::routes())
        .merge(admin::routes())
        .routes(routes!(handover::open_session))
}
