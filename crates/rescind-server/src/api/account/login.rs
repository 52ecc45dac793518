//! `POST /api/v1/auth/login`

use axum::extract::State;
use garde::Validate;
use http::HeaderMap;
use rescind::authority::SignIn;
use rescind::session::Device;
use secrecy::SecretString;
use serde::Deserialize;
use utoipa::ToSchema;

use super::user_agent;
use crate::app::App;
use crate::caller::Anybody;
use crate::http::{Json, Problem};
use crate::view::TokenPairView;

/// What a person signs in with.
#[derive(Deserialize, ToSchema, Validate)]
#[serde(deny_unknown_fields)]
#[garde(allow_unvalidated)]
pub(crate) struct LoginRequest {
    /// The email.
    #[garde(length(chars, min = 1, max = 254))]
    email: String,
    /// The password.
    #[garde(custom(super::password::not_too_long))]
    #[schema(value_type = String, format = Password)]
    password: SecretString,
    /// The tenant's slug or id; left out: `default`, then `system`.
    #[garde(length(chars, min = 1, max = 63))]
    tenant: Option<String>,
    /// What the access tokens are for; left out: the default audience. The issuer followed by `/admin`: administration.
    #[garde(length(bytes, min = 1, max = 255))]
    audience: Option<String>,
    /// What the user calls the device.
    #[garde(length(chars, max = 100))]
    device_name: Option<String>,
}

/// Sign in by password
///
/// An unknown user, a disabled one and a wrong password take the same time and get the same answer. After 20 failures in
/// 15 minutes for one account from one address, or 200 from one address, the answer is 429 with `Retry-After`.
#[utoipa::path(
    post, path = "/api/v1/auth/login", tag = "Users", operation_id = "login",
    request_body = LoginRequest,
    responses(
        (status = 200, body = TokenPairView, description = "A session was opened."),
        (status = 401, description = "`invalid_credentials`."),
        (status = 429, description = "`too_many_attempts`."),
    )
)]
pub(crate) async fn login(
    State(app): State<App>,
    Anybody(caller): Anybody,
    headers: HeaderMap,
    Json(request): Json<LoginRequest>,
) -> Result<Json<TokenPairView>, Problem> {
    let device = Device { name: request.device_name, user_agent: user_agent(&headers), ip: caller.origin.ip };
    let sign_in = SignIn {
        email: request.email,
        password: request.password,
        tenant: request.tenant,
        audience: request.audience,
        device,
    };
    Ok(Json(app.authority.sign_in(&caller, sign_in).await?.into()))
}
