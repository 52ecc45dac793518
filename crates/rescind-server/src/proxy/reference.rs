//! `GET /openapi.json`, `GET /docs` and its style sheet

use axum::extract::State;
use axum::response::Response;

use crate::app::App;
use crate::openapi::{STYLE, fixed};

/// This API as an OpenAPI document
#[utoipa::path(
    get, path = "/openapi.json", tag = "Operation", operation_id = "openapi",
    responses((status = 200, body = Object, description = "OpenAPI 3.1, made from the code."))
)]
pub(crate) async fn openapi(State(app): State<App>) -> Response {
    fixed("application/json", app.openapi.to_string())
}

/// This API as a page
#[utoipa::path(
    get, path = "/docs", tag = "Operation", operation_id = "docs",
    responses((status = 200, body = String, content_type = "text/html", description = "The reference page."))
)]
pub(crate) async fn docs(State(app): State<App>) -> Response {
    fixed("text/html; charset=utf-8", app.reference.to_string())
}

/// The style sheet of the page
#[utoipa::path(
    get, path = "/docs.css", tag = "Operation", operation_id = "docs_style",
    responses((status = 200, body = String, content_type = "text/css", description = "Light and dark."))
)]
pub(crate) async fn style() -> Response {
    fixed("text/css; charset=utf-8", STYLE.to_owned())
}
