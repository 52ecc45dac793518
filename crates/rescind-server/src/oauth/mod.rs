//! What OAuth clients expect (RFC 6749, 7009, 7662, 8414), and the published keys (RFC 7517).

pub(crate) mod introspect;
mod jwks;
mod metadata;
pub(crate) mod revoke;
pub(crate) mod token;

use http::request::Parts;
use rescind::authority::{Caller, ClientProof, Identity};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::app::App;
use crate::caller;
use crate::http::credentials::OAuthCaller;
use crate::http::{OAuthError, OAuthErrorCode};

/// Every route under `/oauth2` and `/.well-known`.
pub(crate) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(token::token))
        .routes(routes!(revoke::revoke_token))
        .routes(routes!(introspect::introspect))
        .routes(routes!(jwks::jwks))
        .routes(routes!(metadata::metadata))
}

/// The `client_id` of sessions that were opened by password.
const PASSWORD_CLIENT: &str = "rescind";

/// Who calls, with credentials that are right where any came, and as which client.
async fn identify(app: &App, parts: &Parts, from: OAuthCaller) -> Result<(Caller, ClientProof), OAuthError> {
    match from {
        OAuthCaller::Nobody | OAuthCaller::Bearer(_) => {
            Ok((caller::caller(parts, Identity::Anonymous), ClientProof::Unstated))
        }
        OAuthCaller::Public(id) => {
            let claimed = match id.as_str() {
                PASSWORD_CLIENT => None,
                other => Some(other.parse().map_err(|_| unknown_client())?),
            };
            Ok((caller::caller(parts, Identity::Anonymous), ClientProof::Claimed(claimed)))
        }
        OAuthCaller::Confidential(basic) => {
            let client = caller::client(app, &basic).await?;
            let proof = ClientProof::Proven(client.id);
            Ok((caller::caller(parts, Identity::Client(client)), proof))
        }
    }
}

fn unknown_client() -> OAuthError {
    OAuthError::new(OAuthErrorCode::InvalidClient, "there is no such client")
}
