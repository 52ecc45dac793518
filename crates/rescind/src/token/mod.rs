//! Tokens: their claims, their keys, how they are signed and how they are checked.
//!
//! There are two kinds, and neither is ever accepted where the other belongs: [`AccessClaims`] are signed by
//! [`sign_access`] and checked by a [`Validator`], [`RefreshClaims`] are signed by [`sign_refresh`] and checked by a
//! [`RefreshValidator`]. Both are compact JWS (RFC 7515) over aws-lc, read as strictly as RFC 8725 and RFC 9068 ask:
//! there is one spelling of a token, one meaning of its JSON, one algorithm for each key. Every refusal is a
//! [`Rejection`] with a stable code.
//!
//! ```
//! use rescind::clock::Timestamp;
//! use rescind::entropy::uuid_v7;
//! use rescind::id::{Jti, SessionId, TenantId, UserId};
//! use rescind::system::SystemEntropy;
//! use rescind::token::*;
//!
//! let now = Timestamp::from_secs(1_767_323_045);
//! let new_id = || uuid_v7(now, &SystemEntropy);
//! let key = SigningKey::generate(Algorithm::EdDsa, &SystemEntropy)?;
//! let claims = AccessClaims {
//!     iss: "https://auth.example".into(),
//!     aud: vec!["https://api.example".into()],
//!     client_id: "rescind".into(),
//!     exp: Timestamp::from_secs(now.as_secs() + 900),
//!     nbf: now,
//!     iat: now,
//!     jti: Jti(new_id()),
//!     user_id: UserId(new_id()),
//!     tenant_id: TenantId(new_id()),
//!     email: "ada@example.com".into(),
//!     role: "member".into(),
//!     sid: SessionId(new_id()),
//!     ver: 1,
//!     tver: 1,
//!     extra: ExtraClaims::none(),
//! };
//! let token = sign_access(&key, &claims)?;
//!
//! let keys = KeySet::new([key.verifying_key()])?;
//! let issuer = Issuer::ours("https://auth.example", keys).with_audiences(["https://api.example"]);
//! let validator = Validator::new(vec![issuer])?;
//! let valid = validator.validate(&token, now)?;
//! assert_eq!(valid.user_id(), Some(claims.user_id));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod algorithm;
mod base64url;
mod claims;
mod header;
mod issuer;
mod json;
mod jws;
mod key;
mod reader;
mod refresh;
mod rejection;
mod signed;
mod text;
mod validator;
#[cfg(test)]
mod vectors;

pub use algorithm::{Algorithm, UnknownAlgorithm};
pub use claims::{
    AccessClaims, ExtraClaims, ExtraClaimsError, RESERVED_CLAIMS, RefreshClaims, TokenId, sign_access,
    sign_refresh,
};
pub use issuer::{ClaimMap, ClaimSource, Issuer, TypRule};
pub use jws::MAX_TOKEN_BYTES;
pub use key::{Jwk, JwkSet, KeyError, KeySet, MAX_KID_BYTES, SigningKey, UsableKeys, VerifyingKey};
pub use refresh::{RefreshValidator, SignedRefresh, ValidRefresh};
pub use rejection::{Claim, Rejection};
pub use signed::{Expected, OwnIds, SignedToken, ValidToken};
pub use validator::{InvalidIssuers, Validator};
