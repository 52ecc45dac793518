//! Tokens, handed out.

use rescind::authority::{Renewed, TokenPair};
use secrecy::ExposeSecret;
use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

/// Both tokens of a session (RFC 6749 §5.1). Printing it prints no token.
#[derive(Serialize, ToSchema)]
#[schema(as = TokenPair)]
pub(crate) struct TokenPairView {
    /// Always `Bearer`.
    pub(crate) token_type: &'static str,
    /// The access token.
    pub(crate) access_token: String,
    /// For how many seconds it is good.
    pub(crate) expires_in: u64,
    /// The refresh token.
    pub(crate) refresh_token: String,
    /// For how many seconds that is good, unless it is used.
    pub(crate) refresh_expires_in: u64,
    /// The session.
    pub(crate) session_id: Uuid,
}

/// A fresh access token for the session that lives on.
#[derive(Serialize, ToSchema)]
#[schema(as = Renewed)]
pub(crate) struct RenewedView {
    /// How many sessions were ended.
    pub(crate) revoked: u64,
    /// The access token.
    pub(crate) access_token: String,
    /// For how many seconds it is good.
    pub(crate) expires_in: u64,
}

impl From<TokenPair> for TokenPairView {
    fn from(pair: TokenPair) -> Self {
        Self {
            token_type: "Bearer",
            access_token: pair.access_token.expose_secret().to_owned(),
            expires_in: pair.expires_in.as_secs(),
            refresh_token: pair.refresh_token.expose_secret().to_owned(),
            refresh_expires_in: pair.refresh_expires_in.as_secs(),
            session_id: pair.session_id.0,
        }
    }
}

impl From<Renewed> for RenewedView {
    fn from(renewed: Renewed) -> Self {
        Self {
            revoked: renewed.revoked,
            access_token: renewed.access_token.expose_secret().to_owned(),
            expires_in: renewed.expires_in.as_secs(),
        }
    }
}
