//! `GET /api/v1/auth/forward`

use axum::extract::State;
use axum::response::{IntoResponse, Response};
use http::{HeaderName, HeaderValue, StatusCode, header};
use rescind::token::Expected;
use secrecy::ExposeSecret;
use serde::Deserialize;
use utoipa::IntoParams;

use crate::app::App;
use crate::fresh::give_up;
use crate::http::{Code, Credentials, Problem, Query};

/// What the protected place asks for.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct ForwardQuery {
    /// The role that the user must have.
    role: Option<String>,
    /// Whom the token must be meant for; left out: the default audience.
    audience: Option<String>,
    /// Whether the token is held against all that was revoked by now, on whichever node: the ledger is asked, and where this
    /// node cannot catch up within two seconds, the answer is 503. Otherwise a revocation on another node holds here some milliseconds later.
    #[serde(default)]
    fresh: bool,
}

/// May this request pass
///
/// For nginx's `auth_request` and the forward-auth of Traefik, Caddy and Envoy. The answer must not be cached, but as
/// docs/proxies.md has it.
#[utoipa::path(
    get, path = "/api/v1/auth/forward", tag = "Verifiers", operation_id = "forward",
    params(ForwardQuery), security(("bearer" = [])),
    responses((status = 200, description = "It may; who it is stands in the headers.", headers(
        ("X-Auth-User" = String), ("X-Auth-Tenant" = String), ("X-Auth-Role" = String), ("X-Auth-Session" = String),
    )))
)]
pub(crate) async fn forward(
    State(app): State<App>,
    credentials: Credentials,
    Query(query): Query<ForwardQuery>,
) -> Result<Response, Problem> {
    let Credentials::Bearer(token) = credentials else {
        return Err(Problem::new(Code::AuthenticationRequired));
    };
    let admin = app.authority.settings().admin_audience();
    let expected = match query.audience.as_deref() {
        None => Expected::Configured,
        // What is meant for administration here is nobody else's.
        Some(audience) if audience == admin => return Err(Problem::new(Code::InvalidToken)),
        Some(audience) => Expected::Exactly(audience),
    };
    let token = token.expose_secret();
    let verified = match query.fresh {
        true => app.authority.check_fresh(token, expected, give_up()).await?,
        false => app.authority.check(token, expected).await?,
    };
    let role = verified.role().unwrap_or_default();
    if query.role.is_some_and(|wanted| wanted != role) {
        return Err(Problem::new(Code::Forbidden).detail("the user has another role"));
    }
    let ids = verified.own_ids().ok_or_else(|| Problem::new(Code::InvalidToken))?;
    let mut response = StatusCode::OK.into_response();
    let headers = response.headers_mut();
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    for (name, value) in [
        ("x-auth-user", ids.user_id.to_string()),
        ("x-auth-tenant", ids.tenant_id.to_string()),
        ("x-auth-session", ids.session_id.to_string()),
        ("x-auth-role", role.to_owned()),
    ] {
        let value = HeaderValue::from_str(&value).map_err(|error| Problem::internal(&error))?;
        headers.insert(HeaderName::from_static(name), value);
    }
    Ok(response)
}
