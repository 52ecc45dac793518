//! Refresh tokens: read by nobody but the authority that made them.

use serde::Serialize;
use zeroize::Zeroizing;

use super::{REFRESH, TokenId};
use crate::clock::Timestamp;
use crate::id::{Jti, SessionId, UserId};
use crate::token::{Algorithm, KeyError, SigningKey, jws};

/// The claims of a refresh token. `aud` is always `iss`, and `token_type` is always `refresh`. The same claims always
/// make the same bytes, and the same key signs them to the same token, so that a retry can be given it again.
///
/// ```
/// use std::time::Duration;
///
/// use rescind::clock::Timestamp;
/// use rescind::id::{Jti, SessionId, UserId};
/// use rescind::system::SystemEntropy;
/// use rescind::token::{Algorithm, RefreshClaims, SigningKey, TokenId, sign_refresh};
/// # let id = uuid::Uuid::from_u128;
///
/// let now = Timestamp::from_secs(1_767_323_045);
/// let claims = RefreshClaims {
///     iss: "https://auth.example".into(),
///     exp: now.plus(Duration::from_secs(14 * 86_400)),
///     nbf: now,
///     iat: now,
///     jti: Jti(id(1)),
///     user_id: UserId(id(2)),
///     session_id: SessionId(id(3)),
///     token_id: TokenId::generate(&SystemEntropy),
///     generation: 0,
/// };
/// let key = SigningKey::generate(Algorithm::Hs256, &SystemEntropy)?;
/// // Whoever asks again is given the same text.
/// assert_eq!(sign_refresh(&key, &claims)?, sign_refresh(&key, &claims)?);
/// # Ok::<(), rescind::token::KeyError>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RefreshClaims {
    /// The issuer, which is the audience too.
    pub iss: String,
    /// From when the token is dead; written in whole seconds.
    pub exp: Timestamp,
    /// Until when it is not yet good; written in whole seconds.
    pub nbf: Timestamp,
    /// When it was made; written in whole seconds.
    pub iat: Timestamp,
    /// The token's id.
    pub jti: Jti,
    /// The user.
    pub user_id: UserId,
    /// The session that the token continues.
    pub session_id: SessionId,
    /// The secret.
    pub token_id: TokenId,
    /// The token's number in its session (`gen`), never negative.
    pub generation: i64,
}

/// Signs a refresh token.
///
/// ```
/// # use std::time::Duration;
/// # use rescind::clock::Timestamp;
/// # use rescind::id::{Jti, SessionId, UserId};
/// use rescind::system::SystemEntropy;
/// use rescind::token::{Algorithm, KeyError, RefreshClaims, SigningKey, TokenId, sign_refresh};
///
/// # let now = Timestamp::from_secs(1_767_323_045);
/// # let id = uuid::Uuid::from_u128;
/// # let claims = RefreshClaims {
/// #     iss: "https://auth.example".into(),
/// #     exp: now.plus(Duration::from_secs(14 * 86_400)),
/// #     nbf: now,
/// #     iat: now,
/// #     jti: Jti(id(1)),
/// #     user_id: UserId(id(2)),
/// #     session_id: SessionId(id(3)),
/// #     token_id: TokenId::generate(&SystemEntropy),
/// #     generation: 0,
/// # };
/// let secret = SigningKey::generate(Algorithm::Hs256, &SystemEntropy)?;
/// assert!(sign_refresh(&secret, &claims).is_ok());
/// // One that others check is for access tokens.
/// let published = SigningKey::generate(Algorithm::EdDsa, &SystemEntropy)?;
/// assert_eq!(sign_refresh(&published, &claims).unwrap_err(), KeyError::WrongAlgorithm);
/// # Ok::<(), KeyError>(())
/// ```
///
/// # Errors
/// [`KeyError::WrongAlgorithm`] for a key other than HS256, [`KeyError::Signing`].
pub fn sign_refresh(key: &SigningKey, claims: &RefreshClaims) -> Result<String, KeyError> {
    if key.algorithm() != Algorithm::Hs256 {
        return Err(KeyError::WrongAlgorithm);
    }
    let token_id = claims.token_id.to_base64url();
    let payload = Payload {
        iss: &claims.iss,
        aud: &claims.iss,
        exp: claims.exp.as_secs(),
        nbf: claims.nbf.as_secs(),
        iat: claims.iat.as_secs(),
        jti: claims.jti,
        user_id: claims.user_id,
        session_id: claims.session_id,
        token_id: &token_id,
        generation: claims.generation,
        token_type: REFRESH,
    };
    let payload = Zeroizing::new(serde_json::to_vec(&payload).map_err(|_| KeyError::Signing)?);
    jws::sign(key, key.verifying_key().refresh_header(), &payload)
}

/// The members in the order in which they are written. Changing it would change what a retry is given.
#[derive(Serialize)]
struct Payload<'a> {
    iss: &'a str,
    aud: &'a str,
    exp: i64,
    nbf: i64,
    iat: i64,
    jti: Jti,
    user_id: UserId,
    session_id: SessionId,
    token_id: &'a str,
    #[serde(rename = "gen")]
    generation: i64,
    token_type: &'a str,
}
