//! `GET /.well-known/oauth-authorization-server`

use axum::extract::State;
use axum::response::{IntoResponse, Response};
use http::{HeaderValue, header};
use serde_json::json;

use crate::app::App;
use crate::http::Json;

/// What this authorization server can do (RFC 8414)
#[utoipa::path(
    get, path = "/.well-known/oauth-authorization-server", tag = "Verifiers", operation_id = "metadata",
    responses((status = 200, body = Object, description = "Authorization server metadata."))
)]
pub(crate) async fn metadata(State(app): State<App>) -> Response {
    let issuer = &app.authority.settings().issuer;
    let methods = json!(["client_secret_basic", "client_secret_post", "none"]);
    let body = json!({
        "issuer": issuer,
        "token_endpoint": format!("{issuer}/oauth2/token"),
        "revocation_endpoint": format!("{issuer}/oauth2/revoke"),
        "introspection_endpoint": format!("{issuer}/oauth2/introspect"),
        "jwks_uri": format!("{issuer}/.well-known/jwks.json"),
        "service_documentation": format!("{issuer}/docs"),
        "grant_types_supported": ["refresh_token"],
        // Required by RFC 8414 §2; there is no authorization endpoint, so there are none.
        "response_types_supported": [],
        "token_endpoint_auth_methods_supported": methods,
        "revocation_endpoint_auth_methods_supported": methods,
        "introspection_endpoint_auth_methods_supported": ["client_secret_basic", "client_secret_post"],
    });
    ([(header::CACHE_CONTROL, HeaderValue::from_static("public, max-age=300"))], Json(body)).into_response()
}
