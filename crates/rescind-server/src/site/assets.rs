//! The style sheet, the script and the icon of the pages.

use axum::Router;
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use http::header;

use crate::app::App;

/// What the pages load.
pub(super) fn routes() -> Router<App> {
    Router::new()
        .route(STYLE_PATH, get(async || asset("text/css; charset=utf-8", STYLE)))
        .route(SCRIPT_PATH, get(async || asset("text/javascript; charset=utf-8", SCRIPT)))
        .route(ICON_PATH, get(async || asset("image/svg+xml", ICON)))
}

// The version is in the paths, so that a browser need not ask again, and takes the new one after an upgrade.
pub(super) const STYLE_PATH: &str = crate::http::PAGE_STYLE;
pub(super) const SCRIPT_PATH: &str = concat!("/assets/", env!("CARGO_PKG_VERSION"), "/htmx.min.js");
pub(super) const ICON_PATH: &str = crate::http::PAGE_ICON;

const STYLE: &str = include_str!("../../assets/site.css");
const SCRIPT: &str = include_str!("../../assets/htmx.min.js");
const ICON: &str = include_str!("../../assets/icon.svg");

fn asset(kind: &'static str, text: &'static str) -> Response {
    let headers = [(header::CONTENT_TYPE, kind), (header::CACHE_CONTROL, "public, max-age=3600")];
    (headers, text).into_response()
}
