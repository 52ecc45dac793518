//! `POST /oauth2/revoke`

use axum::extract::State;
use http::StatusCode;
use http::request::Parts;
use rescind::authority::Identity;
use rescind::directory::Scope;
use secrecy::SecretString;
use serde::Deserialize;
use utoipa::ToSchema;

use super::identify;
use crate::app::App;
use crate::http::{Form, OAuthCredentials, OAuthError, OAuthErrorCode};

/// A revocation request (RFC 7009 §2.1).
#[derive(Deserialize, ToSchema)]
pub(crate) struct RevocationRequest {
    /// An access or a refresh token.
    token: Option<String>,
    /// `access_token` or `refresh_token`; not needed.
    token_type_hint: Option<String>,
    /// The client: `rescind` for a sign-in by password, else the API client that opened the session.
    client_id: Option<String>,
    /// Its secret, where it sends one.
    #[schema(value_type = Option<String>, format = Password)]
    client_secret: Option<SecretString>,
}

/// Revoke a token (RFC 7009)
///
/// An access token dies; a refresh token's session ends. A token that is not the client's, or not ours, is no error and nothing
/// happens.
#[utoipa::path(
    post, path = "/oauth2/revoke", tag = "OAuth", operation_id = "oauth_revoke",
    request_body(content = RevocationRequest, content_type = "application/x-www-form-urlencoded"),
    security((), ("basic" = ["revocations:write"])),
    responses((status = 200, description = "It is revoked, or there was nothing to revoke."))
)]
pub(crate) async fn revoke_token(
    State(app): State<App>,
    credentials: OAuthCredentials,
    parts: Parts,
    Form(request): Form<RevocationRequest>,
) -> Result<StatusCode, OAuthError> {
    // RFC 7009 §2.1: the hint may be wrong, and looking for the other kind costs nothing here.
    drop(request.token_type_hint);
    let from = credentials.with_body(request.client_id, request.client_secret)?;
    let Some(token) = request.token else {
        return Err(OAuthError::new(OAuthErrorCode::InvalidRequest, "token is missing"));
    };
    let (caller, client) = identify(&app, &parts, from).await?;
    let reach = match &caller.identity {
        Identity::Client(_) => caller.reach(Scope::RevocationsWrite, app.authority.system_tenant()).ok(),
        _ => None,
    };
    app.authority.revoke_text(&caller, &token, reach, client).await.map_err(crate::http::Problem::from)?;
    Ok(StatusCode::OK)
}
