//! `POST /oauth2/introspect`

use axum::extract::State;
use axum::response::{IntoResponse, Response};
use http::request::Parts;
use http::{HeaderValue, header};
use rescind::authority::Identity;
use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;
use utoipa::ToSchema;

use super::identify;
use crate::app::App;
use crate::caller;
use crate::fresh::give_up;
use crate::http::credentials::OAuthCaller;
use crate::http::{Code, Form, Json, OAuthCredentials, OAuthError, OAuthErrorCode, Problem};

/// An introspection request (RFC 7662 §2.1).
#[derive(Deserialize, ToSchema)]
pub(crate) struct IntrospectionRequest {
    /// An access or a refresh token.
    token: Option<String>,
    /// `access_token` or `refresh_token`; not needed.
    token_type_hint: Option<String>,
    /// Whether an access token is held against all that was revoked by now, on whichever node; 503 where this node cannot catch up
    /// within two seconds. Refresh tokens always are.
    #[serde(default)]
    fresh: bool,
    /// The API client.
    client_id: Option<String>,
    /// Its secret.
    #[schema(value_type = Option<String>, format = Password)]
    client_secret: Option<SecretString>,
}

/// Whether a token is good (RFC 7662)
///
/// For API clients with the scope `introspect`. A client that a tenant binds is told of that tenant's tokens only.
#[utoipa::path(
    post, path = "/oauth2/introspect", tag = "OAuth", operation_id = "oauth_introspect",
    request_body(content = IntrospectionRequest, content_type = "application/x-www-form-urlencoded"),
    security(("basic" = ["introspect"])),
    responses((status = 200, body = Object, description = "`active`, and where it is, the claims."))
)]
pub(crate) async fn introspect(
    State(app): State<App>,
    credentials: OAuthCredentials,
    parts: Parts,
    Form(request): Form<IntrospectionRequest>,
) -> Result<Response, OAuthError> {
    drop(request.token_type_hint);
    let caller = match credentials.with_body(request.client_id, request.client_secret)? {
        OAuthCaller::Bearer(token) => {
            let admin =
                app.authority.authenticate_admin(token.expose_secret()).await.map_err(Problem::from)?;
            caller::caller(&parts, Identity::User(admin.0))
        }
        from @ OAuthCaller::Confidential(_) => identify(&app, &parts, from).await?.0,
        OAuthCaller::Nobody | OAuthCaller::Public(_) => {
            return Err(Problem::new(Code::InvalidClient)
                .detail("introspection needs a client's secret")
                .into());
        }
    };
    let Some(token) = request.token else {
        return Err(OAuthError::new(OAuthErrorCode::InvalidRequest, "token is missing"));
    };
    let answer = match request.fresh {
        true => app.authority.introspect_fresh(&caller, &token, give_up()).await,
        false => app.authority.introspect(&caller, &token).await,
    };
    let answer = answer.map_err(Problem::from)?;
    let body = Json(answer.into_json(&app.authority.settings().issuer));
    Ok(([(header::CACHE_CONTROL, HeaderValue::from_static("no-store"))], body).into_response())
}
