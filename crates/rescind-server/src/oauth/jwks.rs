//! `GET /.well-known/jwks.json`

use axum::extract::State;
use axum::response::{IntoResponse, Response};
use http::{HeaderValue, header};
use rescind::authority::JWKS_MAX_AGE;

use crate::app::App;
use crate::http::Problem;

/// The public keys (RFC 7517 §5)
///
/// Next, active and retired ones; to be cached as `Cache-Control` says. A key is here for longer than that before it signs.
#[utoipa::path(
    get, path = "/.well-known/jwks.json", tag = "Verifiers", operation_id = "jwks",
    responses((status = 200, body = Object, content_type = "application/jwk-set+json", description = "A JWK Set."))
)]
pub(crate) async fn jwks(State(app): State<App>) -> Result<Response, Problem> {
    let keys = serde_json::to_vec(&app.authority.jwks()).map_err(|error| Problem::internal(&error))?;
    let max_age = HeaderValue::from_str(&format!("public, max-age={}", JWKS_MAX_AGE.as_secs()))
        .map_err(|error| Problem::internal(&error))?;
    let kind = HeaderValue::from_static("application/jwk-set+json");
    Ok(([(header::CONTENT_TYPE, kind), (header::CACHE_CONTROL, max_age)], keys).into_response())
}
