//! `POST /oauth2/token`

use axum::extract::State;
use http::request::Parts;
use secrecy::SecretString;
use serde::Deserialize;
use utoipa::ToSchema;

use super::identify;
use crate::api::account::refresh_as;
use crate::app::App;
use crate::http::{Form, Json, OAuthCredentials, OAuthError, OAuthErrorCode};
use crate::view::TokenPairView;

/// A token request (RFC 6749 §6).
#[derive(Deserialize, ToSchema)]
pub(crate) struct TokenRequest {
    /// `refresh_token`.
    grant_type: Option<String>,
    /// The newest refresh token that the client holds.
    refresh_token: Option<String>,
    /// The client: `rescind` for a sign-in by password, else the API client that opened the session.
    client_id: Option<String>,
    /// Its secret, where it sends one.
    #[schema(value_type = Option<String>, format = Password)]
    client_secret: Option<SecretString>,
    /// Must be left out or empty: the tokens of this authority carry no scope.
    scope: Option<String>,
}

/// Refresh (RFC 6749 §6)
///
/// As `/api/v1/auth/refresh`, in OAuth's words: what that answers with 401 or 409 is `invalid_grant` here.
#[utoipa::path(
    post, path = "/oauth2/token", tag = "OAuth", operation_id = "oauth_token",
    request_body(content = TokenRequest, content_type = "application/x-www-form-urlencoded"),
    security((), ("basic" = [])),
    responses((status = 200, body = TokenPairView, description = "The session goes on."))
)]
pub(crate) async fn token(
    State(app): State<App>,
    credentials: OAuthCredentials,
    parts: Parts,
    Form(request): Form<TokenRequest>,
) -> Result<Json<TokenPairView>, OAuthError> {
    let from = credentials.with_body(request.client_id, request.client_secret)?;
    match request.grant_type.as_deref() {
        Some("refresh_token") => {}
        Some(_) => return Err(OAuthError::new(OAuthErrorCode::UnsupportedGrantType, "only refresh_token")),
        None => return Err(OAuthError::new(OAuthErrorCode::InvalidRequest, "grant_type is missing")),
    }
    let Some(token) = request.refresh_token else {
        return Err(OAuthError::new(OAuthErrorCode::InvalidRequest, "refresh_token is missing"));
    };
    if request.scope.is_some() {
        return Err(OAuthError::new(OAuthErrorCode::InvalidScope, "these tokens carry no scope"));
    }
    let (caller, client) = identify(&app, &parts, from).await?;
    Ok(refresh_as(&app, &caller, &token, client).await?)
}
