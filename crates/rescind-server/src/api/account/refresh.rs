//! `POST /api/v1/auth/refresh`

use axum::extract::State;
use garde::Validate;
use http::request::Parts;
use rescind::authority::{ClientProof, Identity, RefreshRequest};
use serde::Deserialize;
use utoipa::ToSchema;

use crate::app::App;
use crate::caller;
use crate::http::{Code, Credentials, Json, Problem};
use crate::view::TokenPairView;

/// A refresh token, presented.
#[derive(Deserialize, ToSchema, Validate)]
#[serde(deny_unknown_fields)]
#[garde(allow_unvalidated)]
pub(crate) struct RefreshBody {
    /// The newest refresh token that the caller holds.
    refresh_token: String,
}

/// Trade a refresh token for both tokens
///
/// A refresh token is good for one use, and a repeat within the windows gives the very same successor: two tabs at once and a
/// lost reply do no harm. One that was used up before is theft: its session is ended. A client that must prove its secret
/// sends it as HTTP Basic.
#[utoipa::path(
    post, path = "/api/v1/auth/refresh", tag = "Users", operation_id = "refresh",
    request_body = RefreshBody,
    security((), ("basic" = [])),
    responses(
        (status = 200, body = TokenPairView, description = "The session goes on."),
        (status = 401, description = "The session is over, or the token is not good: the code says which."),
        (status = 409, description = "`refresh_superseded`."),
    )
)]
pub(crate) async fn refresh(
    State(app): State<App>,
    credentials: Credentials,
    parts: Parts,
    Json(body): Json<RefreshBody>,
) -> Result<Json<TokenPairView>, Problem> {
    let (identity, client) = match credentials {
        Credentials::Basic(basic) => {
            let client = caller::client(&app, &basic).await?;
            (Identity::Client(client.clone()), ClientProof::Proven(client.id))
        }
        // A client may send its old access token along with everything; it decides nothing here.
        Credentials::Bearer(_) | Credentials::Nothing => (Identity::Anonymous, ClientProof::Unstated),
    };
    let caller = caller::caller(&parts, identity);
    refresh_as(&app, &caller, &body.refresh_token, client).await
}

/// Answers a refresh token, here and at `/oauth2/token`.
pub(crate) async fn refresh_as(
    app: &App,
    caller: &rescind::authority::Caller,
    token: &str,
    client: ClientProof,
) -> Result<Json<TokenPairView>, Problem> {
    if token.len() > rescind::token::MAX_TOKEN_BYTES {
        return Err(Problem::new(Code::InvalidRefreshToken));
    }
    // A backend refreshes from its own address, which tells nothing of the user's device.
    let ip = if matches!(client, ClientProof::Proven(_)) { None } else { caller.origin.ip };
    let request = RefreshRequest { token, client, ip };
    Ok(Json(app.authority.refresh(caller, request).await?.into()))
}
