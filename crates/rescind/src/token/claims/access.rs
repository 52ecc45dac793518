//! Access tokens (RFC 9068).

use serde::ser::SerializeMap;
use serde::{Serialize, Serializer};

use super::{ACCESS, ExtraClaims};
use crate::clock::Timestamp;
use crate::id::{Jti, SessionId, TenantId, UserId};
use crate::token::{KeyError, SigningKey, jws};

/// The claims of an access token. `sub` is always `user_id`, and `token_type` is always `access`.
///
/// ```
/// use std::time::Duration;
///
/// use rescind::clock::Timestamp;
/// use rescind::id::{Jti, SessionId, TenantId, UserId};
/// use rescind::token::{AccessClaims, ExtraClaims};
/// # let id = uuid::Uuid::from_u128;
///
/// let now = Timestamp::from_secs(1_767_323_045);
/// let claims = AccessClaims {
///     iss: "https://auth.example".into(),
///     aud: vec!["https://shop.example".into()],
///     client_id: "rescind".into(),
///     exp: now.plus(Duration::from_secs(900)),
///     nbf: now,
///     iat: now,
///     jti: Jti(id(1)),
///     user_id: UserId(id(2)),
///     tenant_id: TenantId(id(3)),
///     email: "ada@example.com".into(),
///     role: "member".into(),
///     sid: SessionId(id(4)),
///     ver: 1,
///     tver: 1,
///     extra: ExtraClaims::none(),
/// };
/// let json = serde_json::to_value(&claims)?;
/// assert_eq!((&json["sub"], &json["aud"]), (&json["user_id"], &"https://shop.example".into()));
/// assert_eq!(json["token_type"], "access");
/// # Ok::<(), serde_json::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct AccessClaims {
    /// The issuer.
    pub iss: String,
    /// Whom the token is for; one is written as a string, several as an array (RFC 7519 §4.1.3).
    pub aud: Vec<String>,
    /// The client that the token was issued to.
    pub client_id: String,
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
    /// The user's tenant.
    pub tenant_id: TenantId,
    /// The user's email address.
    pub email: String,
    /// The user's role.
    pub role: String,
    /// The session that the token belongs to.
    pub sid: SessionId,
    /// The user's token version.
    pub ver: i64,
    /// The tenant's token version.
    pub tver: i64,
    /// The caller's own claims.
    pub extra: ExtraClaims,
}

/// Signs an access token.
///
/// ```
/// # use std::time::Duration;
/// # use rescind::clock::Timestamp;
/// # use rescind::id::{Jti, SessionId, TenantId, UserId};
/// use rescind::system::SystemEntropy;
/// use rescind::token::*;
///
/// # let now = Timestamp::from_secs(1_767_323_045);
/// # let id = uuid::Uuid::from_u128;
/// # let claims = AccessClaims {
/// #     iss: "https://auth.example".into(),
/// #     aud: vec!["https://auth.example".into()],
/// #     client_id: "rescind".into(),
/// #     exp: now.plus(Duration::from_secs(900)),
/// #     nbf: now,
/// #     iat: now,
/// #     jti: Jti(id(1)),
/// #     user_id: UserId(id(2)),
/// #     tenant_id: TenantId(id(3)),
/// #     email: "ada@example.com".into(),
/// #     role: "member".into(),
/// #     sid: SessionId(id(4)),
/// #     ver: 1,
/// #     tver: 1,
/// #     extra: ExtraClaims::none(),
/// # };
/// let key = SigningKey::generate(Algorithm::EdDsa, &SystemEntropy)?;
/// let token = sign_access(&key, &claims)?;
/// assert_eq!(token.split('.').count(), 3);
/// // No verifier would read it.
/// let endless = AccessClaims { email: "a".repeat(MAX_TOKEN_BYTES), ..claims };
/// assert_eq!(sign_access(&key, &endless).unwrap_err(), KeyError::TokenTooLarge);
/// # Ok::<(), KeyError>(())
/// ```
///
/// # Errors
/// [`KeyError::TokenTooLarge`] where no verifier would read it, [`KeyError::Signing`].
pub fn sign_access(key: &SigningKey, claims: &AccessClaims) -> Result<String, KeyError> {
    let payload = serde_json::to_vec(claims).map_err(|_| KeyError::Signing)?;
    jws::sign(key, key.verifying_key().access_header(), &payload)
}

/// The members always come in this order, and the extra ones in that of their names.
impl Serialize for AccessClaims {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry("iss", &self.iss)?;
        map.serialize_entry("sub", &self.user_id)?;
        match self.aud.as_slice() {
            [one] => map.serialize_entry("aud", one)?,
            several => map.serialize_entry("aud", several)?,
        }
        map.serialize_entry("client_id", &self.client_id)?;
        map.serialize_entry("exp", &self.exp.as_secs())?;
        map.serialize_entry("nbf", &self.nbf.as_secs())?;
        map.serialize_entry("iat", &self.iat.as_secs())?;
        map.serialize_entry("jti", &self.jti)?;
        map.serialize_entry("user_id", &self.user_id)?;
        map.serialize_entry("tenant_id", &self.tenant_id)?;
        map.serialize_entry("email", &self.email)?;
        map.serialize_entry("role", &self.role)?;
        map.serialize_entry("token_type", ACCESS)?;
        map.serialize_entry("sid", &self.sid)?;
        map.serialize_entry("ver", &self.ver)?;
        map.serialize_entry("tver", &self.tver)?;
        for (name, value) in self.extra.sorted() {
            map.serialize_entry(name, value)?;
        }
        map.end()
    }
}
