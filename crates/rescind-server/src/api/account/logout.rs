//! `POST /api/v1/auth/logout`

use axum::extract::State;
use garde::Validate;
use http::StatusCode;
use http::request::Parts;
use rescind::authority::Identity;
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
pub struct LogoutRequest {
    /// The session's refresh token, dead or alive; left out: the session of the access token.
    refresh_token: Option<String>,
}

/// Sign out
///
/// Ends the session of the refresh token, or without one that of the access token. Signing out twice is no error.
#[utoipa::path(
    post, path = "/api/v1/auth/logout", tag = "Users", operation_id = "logout",
    request_body = Option<LogoutRequest>,
    security((), ("bearer" = [])),
    responses((status = 204, description = "The session is over."))
)]
pub async fn logout(
    State(app): State<App>,
    credentials: Credentials,
    parts: Parts,
    OptionalJson(body): OptionalJson<LogoutRequest>,
) -> Result<StatusCode, Problem> {
    let anybody = caller::caller(&parts, Identity::Anonymous);
    match (body.refresh_token, credentials) {
        (Some(token), _) => app.authority.log_out(&anybody, &token).await?,
        (None, Credentials::Bearer(token)) => {
            app.authority.log_out_here(&anybody, token.expose_secret()).await?;
        }
        (None, _) => return Err(Problem::new(Code::AuthenticationRequired)),
    }
    Ok(StatusCode::NO_CONTENT)
}
