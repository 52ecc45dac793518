//! `GET /openapi.json` and `GET /docs`

use axum::extract::State;
use axum::response::{Html, IntoResponse, Response};
use http::{HeaderValue, header};

use crate::app::App;

/// This API as an OpenAPI document
#[utoipa::path(
    get, path = "/openapi.json", tag = "Operation", operation_id = "openapi",
    responses((status = 200, body = Object, description = "OpenAPI 3.1, made from the code."))
)]
pub async fn openapi(State(app): State<App>) -> Response {
    let kind = HeaderValue::from_static("application/json");
    ([(header::CONTENT_TYPE, kind)], app.openapi.to_string()).into_response()
}

/// This API as a page
#[utoipa::path(
    get, path = "/docs", tag = "Operation", operation_id = "docs",
    responses((status = 200, body = String, content_type = "text/html", description = "The reference page."))
)]
pub async fn docs(State(app): State<App>) -> Response {
    Html(app.reference.to_string()).into_response()
}
