//! `POST /api/v1/auth/logout`

use axum::extract::State;
use garde::Validate;
use http::StatusCode;
use http::request::Parts;
use rescind::authority::{Error, Identity};
use secrecy::ExposeSecret;
use serde::Deserialize;
use utoipa::ToSchema;

use crate::app::App;
use crate::caller;
use crate::http::{Code, Credentials, OptionalJson, Problem};

/// What to sign out of.
#[derive(Default, Deserialize, ToSchema, Validate)]
#[serde(deny_unknown_fields)]
#[garde(allow_unvalidated)]
pub(crate) struct LogoutRequest {
    /// The session's refresh token, dead or alive; left out: the session of the access token.
    refresh_token: Option<String>,
}

/// Sign out
///
/// Ends the session of the refresh token; without one, or where it is refused, that of the access token. Signing
/// out twice is no error.
#[utoipa::path(
    post, path = "/api/v1/auth/logout", tag = "Users", operation_id = "logout",
    request_body = Option<LogoutRequest>,
    security((), ("bearer" = [])),
    responses((status = 204, description = "The session is over."))
)]
pub(crate) async fn logout(
    State(app): State<App>,
    credentials: Credentials,
    parts: Parts,
    OptionalJson(body): OptionalJson<LogoutRequest>,
) -> Result<StatusCode, Problem> {
    let anybody = caller::caller(&parts, Identity::Anonymous);
    let here = match credentials {
        Credentials::Bearer(token) => Some(token),
        Credentials::Basic(_) | Credentials::Nothing => None,
    };
    let refused = match body.refresh_token {
        Some(token) => match app.authority.log_out(&anybody, &token).await {
            Err(Error::InvalidRefreshToken) => Problem::from(Error::InvalidRefreshToken),
            done => return Ok(done.map(|()| StatusCode::NO_CONTENT)?),
        },
        None => Problem::new(Code::AuthenticationRequired),
    };
    let access = here.ok_or(refused)?;
    app.authority.log_out_here(&anybody, access.expose_secret()).await?;
    Ok(StatusCode::NO_CONTENT)
}
