//! Refresh tokens: from text to proof.

use std::fmt;
use std::ops::Deref;
use std::time::Duration;

use zeroize::Zeroizing;

use super::header::Header;
use super::jws::{Compact, REFRESH_TYP};
use super::key::Snapshot;
use super::reader::{Dates, Reader, slot};
use super::rejection::{Claim, Rejection};
use super::validator::named_key;
use super::{Algorithm, KeySet, TokenId, VerifyingKey, claims};
use crate::clock::Timestamp;
use crate::id::{Jti, SessionId, UserId};

/// Checks the authority's own refresh tokens: the first three of the six layers. Those that need the store follow.
///
/// ```
/// use std::time::Duration;
/// # use rescind::clock::Timestamp;
/// # use rescind::id::{Jti, SessionId, TenantId, UserId};
/// # use rescind::system::SystemEntropy;
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
/// # let refresh_claims = RefreshClaims {
/// #     iss: "https://auth.example".into(),
/// #     exp: now.plus(Duration::from_secs(14 * 86_400)),
/// #     nbf: now,
/// #     iat: now,
/// #     jti: Jti(id(5)),
/// #     user_id: claims.user_id,
/// #     session_id: claims.sid,
/// #     token_id: TokenId::generate(&SystemEntropy),
/// #     generation: 7,
/// # };
/// let key = SigningKey::generate(Algorithm::Hs256, &SystemEntropy)?;
/// let keys = KeySet::new([key.verifying_key()])?;
/// let refresh = RefreshValidator::new("https://auth.example", keys.clone(), Duration::ZERO);
/// let refresh_token = sign_refresh(&key, &refresh_claims)?;
/// assert_eq!(refresh.validate(&refresh_token, now)?.generation(), 7);
///
/// // Even where one key signed both, neither kind of token passes for the other.
/// let access_token = sign_access(&key, &claims)?;
/// assert_eq!(refresh.validate(&access_token, now).unwrap_err(), Rejection::WrongTyp);
/// let issuer = Issuer::ours("https://auth.example", keys).with_algorithms([Algorithm::Hs256]);
/// let access = Validator::new(vec![issuer])?;
/// assert!(access.validate(&access_token, now).is_ok());
/// assert_eq!(access.validate(&refresh_token, now).unwrap_err(), Rejection::WrongTyp);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug)]
pub struct RefreshValidator {
    iss: String,
    keys: KeySet,
    leeway: Duration,
}

/// A refresh token that we signed and that is well formed; it may be expired. Only a [`RefreshValidator`] makes one.
///
/// ```
/// # use std::time::Duration;
/// # use rescind::clock::Timestamp;
/// # use rescind::id::{Jti, SessionId, UserId};
/// # use rescind::system::SystemEntropy;
/// # use rescind::token::{Algorithm, KeySet, RefreshClaims, RefreshValidator, SigningKey, TokenId, sign_refresh};
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
/// #     generation: 7,
/// # };
/// # let key = SigningKey::generate(Algorithm::Hs256, &SystemEntropy)?;
/// # let keys = KeySet::new([key.verifying_key()])?;
/// # let validator = RefreshValidator::new("https://auth.example", keys.clone(), Duration::ZERO);
/// # let token = sign_refresh(&key, &claims)?;
/// use rescind::token::SignedRefresh;
///
/// // Who logs out with a token that has expired is logged out all the same.
/// let signed: SignedRefresh = validator.validate_ignoring_time(&token)?;
/// assert_eq!((signed.session_id(), signed.generation()), (claims.session_id, 7));
/// assert!(!format!("{signed:?}").contains("token_id"), "its secret is not printed");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone)]
pub struct SignedRefresh {
    kid: Box<str>,
    dates: Dates,
    jti: Jti,
    user_id: UserId,
    session_id: SessionId,
    token_id: TokenId,
    generation: i64,
}

/// A [`SignedRefresh`] that moreover was alive at the moment of asking. Only a [`RefreshValidator`] makes one.
///
/// ```
/// # use std::time::Duration;
/// # use rescind::clock::Timestamp;
/// # use rescind::id::{Jti, SessionId, UserId};
/// # use rescind::system::SystemEntropy;
/// # use rescind::token::{Algorithm, KeySet, RefreshClaims, RefreshValidator, SigningKey, TokenId, sign_refresh};
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
/// #     generation: 7,
/// # };
/// # let key = SigningKey::generate(Algorithm::Hs256, &SystemEntropy)?;
/// # let keys = KeySet::new([key.verifying_key()])?;
/// # let validator = RefreshValidator::new("https://auth.example", keys.clone(), Duration::ZERO);
/// # let token = sign_refresh(&key, &claims)?;
/// use rescind::token::{Rejection, ValidRefresh};
///
/// let valid: ValidRefresh = validator.validate(&token, now)?;
/// // What is asked of the token is asked of it directly.
/// assert_eq!(valid.session_id(), claims.session_id);
/// assert_eq!(validator.validate(&token, claims.exp).unwrap_err(), Rejection::Expired);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug)]
pub struct ValidRefresh(SignedRefresh);

impl RefreshValidator {
    /// For tokens of the authority `iss`, signed with one of `keys`, all of them HS256, by a clock that is at most
    /// `leeway` off.
    ///
    /// ```
    /// # use std::time::Duration;
    /// # use rescind::clock::Timestamp;
    /// # use rescind::id::{Jti, SessionId, UserId};
    /// # use rescind::system::SystemEntropy;
    /// # use rescind::token::{Algorithm, KeySet, RefreshClaims, RefreshValidator, SigningKey, TokenId, sign_refresh};
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
    /// #     generation: 7,
    /// # };
    /// # let key = SigningKey::generate(Algorithm::Hs256, &SystemEntropy)?;
    /// # let keys = KeySet::new([key.verifying_key()])?;
    /// # let validator = RefreshValidator::new("https://auth.example", keys.clone(), Duration::ZERO);
    /// # let token = sign_refresh(&key, &claims)?;
    /// // With a leeway an expiry by another machine's clock is no surprise.
    /// let forgiving = RefreshValidator::new("https://auth.example", keys.clone(), Duration::from_secs(30));
    /// assert!(validator.validate(&token, claims.exp).is_err());
    /// assert!(forgiving.validate(&token, claims.exp).is_ok());
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn new(iss: impl Into<String>, keys: KeySet, leeway: Duration) -> Self {
        Self { iss: iss.into(), keys, leeway }
    }

    /// Checks everything about a refresh token that can be known without the store.
    ///
    /// ```
    /// # use std::time::Duration;
    /// # use rescind::clock::Timestamp;
    /// # use rescind::id::{Jti, SessionId, UserId};
    /// # use rescind::system::SystemEntropy;
    /// # use rescind::token::{Algorithm, KeySet, RefreshClaims, RefreshValidator, SigningKey, TokenId, sign_refresh};
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
    /// #     generation: 7,
    /// # };
    /// # let key = SigningKey::generate(Algorithm::Hs256, &SystemEntropy)?;
    /// # let keys = KeySet::new([key.verifying_key()])?;
    /// # let validator = RefreshValidator::new("https://auth.example", keys.clone(), Duration::ZERO);
    /// # let token = sign_refresh(&key, &claims)?;
    /// use rescind::token::Rejection;
    ///
    /// assert_eq!(validator.validate(&token, now)?.jti(), claims.jti);
    /// assert_eq!(validator.validate(&token, claims.exp).unwrap_err(), Rejection::Expired);
    /// let elsewhere = RefreshValidator::new("https://other.example", keys, Duration::ZERO);
    /// assert_eq!(elsewhere.validate(&token, now).unwrap_err(), Rejection::UnknownIssuer);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// A [`Rejection`] that says why. [`Rejection::Expired`] is found last: such a token is right in all else.
    pub fn validate(&self, token: &str, now: Timestamp) -> Result<ValidRefresh, Rejection> {
        let signed = self.validate_ignoring_time(token)?;
        let leeway = i64::try_from(self.leeway.as_millis()).unwrap_or(i64::MAX);
        signed.dates.check(now.as_millis(), leeway)?;
        Ok(ValidRefresh(signed))
    }

    /// All checks but those of the time: for acts that can only end something, such as logging out with a token that
    /// has expired.
    ///
    /// ```
    /// # use std::time::Duration;
    /// # use rescind::clock::Timestamp;
    /// # use rescind::id::{Jti, SessionId, UserId};
    /// # use rescind::system::SystemEntropy;
    /// # use rescind::token::{Algorithm, KeySet, RefreshClaims, RefreshValidator, SigningKey, TokenId, sign_refresh};
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
    /// #     generation: 7,
    /// # };
    /// # let key = SigningKey::generate(Algorithm::Hs256, &SystemEntropy)?;
    /// # let keys = KeySet::new([key.verifying_key()])?;
    /// # let validator = RefreshValidator::new("https://auth.example", keys.clone(), Duration::ZERO);
    /// # let token = sign_refresh(&key, &claims)?;
    /// assert_eq!(validator.validate_ignoring_time(&token)?.expires_at(), claims.exp);
    /// let cut_short = &token[..token.len() - 4];
    /// assert!(validator.validate_ignoring_time(cut_short).is_err(), "all else is checked");
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// A [`Rejection`] that says why; never one about the time.
    pub fn validate_ignoring_time(&self, token: &str) -> Result<SignedRefresh, Rejection> {
        let compact = Compact::split(token)?;
        let key = resolve_key(&self.keys.load(), &compact)?;
        compact.check_signature(&key)?;

        let payload = Zeroizing::new(compact.decode_payload()?);
        let reader = Reader::new(&payload)?;
        if reader.iss()? != self.iss {
            return Err(Rejection::UnknownIssuer);
        }
        let dates = reader.dates()?;
        dates.check_lifetime(u64::MAX)?;
        self.check_retirement(&key, dates.iat)?;
        self.check_audience(&reader)?;
        reader.check_token_type(claims::REFRESH)?;
        SignedRefresh::read(&reader, &key, dates)
    }

    fn check_audience(&self, reader: &Reader<'_>) -> Result<(), Rejection> {
        let is_us = reader.has_only_audience(&self.iss)?;
        if is_us { Ok(()) } else { Err(Rejection::WrongAudience) }
    }

    fn check_retirement(&self, key: &VerifyingKey, iat: i64) -> Result<(), Rejection> {
        match key.retired_at() {
            Some(at) if Timestamp::from_secs(iat) > at.plus(self.leeway) => Err(Rejection::KeyRetired),
            _ => Ok(()),
        }
    }
}

impl SignedRefresh {
    /// The MAC key that signed.
    ///
    /// ```
    /// # use std::time::Duration;
    /// # use rescind::clock::Timestamp;
    /// # use rescind::id::{Jti, SessionId, UserId};
    /// # use rescind::system::SystemEntropy;
    /// # use rescind::token::{Algorithm, KeySet, RefreshClaims, RefreshValidator, SigningKey, TokenId, sign_refresh};
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
    /// #     generation: 7,
    /// # };
    /// # let key = SigningKey::generate(Algorithm::Hs256, &SystemEntropy)?;
    /// # let keys = KeySet::new([key.verifying_key()])?;
    /// # let validator = RefreshValidator::new("https://auth.example", keys.clone(), Duration::ZERO);
    /// # let token = sign_refresh(&key, &claims)?;
    /// assert_eq!(validator.validate(&token, now)?.kid(), key.kid());
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn kid(&self) -> &str {
        &self.kid
    }

    /// `exp`: from when the token is dead.
    ///
    /// ```
    /// # use std::time::Duration;
    /// # use rescind::clock::Timestamp;
    /// # use rescind::id::{Jti, SessionId, UserId};
    /// # use rescind::system::SystemEntropy;
    /// # use rescind::token::{Algorithm, KeySet, RefreshClaims, RefreshValidator, SigningKey, TokenId, sign_refresh};
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
    /// #     generation: 7,
    /// # };
    /// # let key = SigningKey::generate(Algorithm::Hs256, &SystemEntropy)?;
    /// # let keys = KeySet::new([key.verifying_key()])?;
    /// # let validator = RefreshValidator::new("https://auth.example", keys.clone(), Duration::ZERO);
    /// # let token = sign_refresh(&key, &claims)?;
    /// assert_eq!(validator.validate(&token, now)?.expires_at(), claims.exp);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn expires_at(&self) -> Timestamp {
        Timestamp::from_secs(self.dates.exp)
    }

    /// `iat`: when it was made.
    ///
    /// ```
    /// # use std::time::Duration;
    /// # use rescind::clock::Timestamp;
    /// # use rescind::id::{Jti, SessionId, UserId};
    /// # use rescind::system::SystemEntropy;
    /// # use rescind::token::{Algorithm, KeySet, RefreshClaims, RefreshValidator, SigningKey, TokenId, sign_refresh};
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
    /// #     generation: 7,
    /// # };
    /// # let key = SigningKey::generate(Algorithm::Hs256, &SystemEntropy)?;
    /// # let keys = KeySet::new([key.verifying_key()])?;
    /// # let validator = RefreshValidator::new("https://auth.example", keys.clone(), Duration::ZERO);
    /// # let token = sign_refresh(&key, &claims)?;
    /// assert_eq!(validator.validate(&token, now)?.issued_at(), claims.iat);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn issued_at(&self) -> Timestamp {
        Timestamp::from_secs(self.dates.iat)
    }

    /// The token's id.
    ///
    /// ```
    /// # use std::time::Duration;
    /// # use rescind::clock::Timestamp;
    /// # use rescind::id::{Jti, SessionId, UserId};
    /// # use rescind::system::SystemEntropy;
    /// # use rescind::token::{Algorithm, KeySet, RefreshClaims, RefreshValidator, SigningKey, TokenId, sign_refresh};
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
    /// #     generation: 7,
    /// # };
    /// # let key = SigningKey::generate(Algorithm::Hs256, &SystemEntropy)?;
    /// # let keys = KeySet::new([key.verifying_key()])?;
    /// # let validator = RefreshValidator::new("https://auth.example", keys.clone(), Duration::ZERO);
    /// # let token = sign_refresh(&key, &claims)?;
    /// assert_eq!(validator.validate(&token, now)?.jti(), claims.jti);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn jti(&self) -> Jti {
        self.jti
    }

    /// The user.
    ///
    /// ```
    /// # use std::time::Duration;
    /// # use rescind::clock::Timestamp;
    /// # use rescind::id::{Jti, SessionId, UserId};
    /// # use rescind::system::SystemEntropy;
    /// # use rescind::token::{Algorithm, KeySet, RefreshClaims, RefreshValidator, SigningKey, TokenId, sign_refresh};
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
    /// #     generation: 7,
    /// # };
    /// # let key = SigningKey::generate(Algorithm::Hs256, &SystemEntropy)?;
    /// # let keys = KeySet::new([key.verifying_key()])?;
    /// # let validator = RefreshValidator::new("https://auth.example", keys.clone(), Duration::ZERO);
    /// # let token = sign_refresh(&key, &claims)?;
    /// assert_eq!(validator.validate(&token, now)?.user_id(), claims.user_id);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn user_id(&self) -> UserId {
        self.user_id
    }

    /// The session that the token continues.
    ///
    /// ```
    /// # use std::time::Duration;
    /// # use rescind::clock::Timestamp;
    /// # use rescind::id::{Jti, SessionId, UserId};
    /// # use rescind::system::SystemEntropy;
    /// # use rescind::token::{Algorithm, KeySet, RefreshClaims, RefreshValidator, SigningKey, TokenId, sign_refresh};
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
    /// #     generation: 7,
    /// # };
    /// # let key = SigningKey::generate(Algorithm::Hs256, &SystemEntropy)?;
    /// # let keys = KeySet::new([key.verifying_key()])?;
    /// # let validator = RefreshValidator::new("https://auth.example", keys.clone(), Duration::ZERO);
    /// # let token = sign_refresh(&key, &claims)?;
    /// assert_eq!(validator.validate(&token, now)?.session_id(), claims.session_id);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn session_id(&self) -> SessionId {
        self.session_id
    }

    /// The secret.
    ///
    /// ```
    /// # use std::time::Duration;
    /// # use rescind::clock::Timestamp;
    /// # use rescind::id::{Jti, SessionId, UserId};
    /// # use rescind::system::SystemEntropy;
    /// # use rescind::token::{Algorithm, KeySet, RefreshClaims, RefreshValidator, SigningKey, TokenId, sign_refresh};
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
    /// #     generation: 7,
    /// # };
    /// # let key = SigningKey::generate(Algorithm::Hs256, &SystemEntropy)?;
    /// # let keys = KeySet::new([key.verifying_key()])?;
    /// # let validator = RefreshValidator::new("https://auth.example", keys.clone(), Duration::ZERO);
    /// # let token = sign_refresh(&key, &claims)?;
    /// // A store is asked for its hash, and for nothing else of it.
    /// let valid = validator.validate(&token, now)?;
    /// assert_eq!(valid.token_id().hash(), claims.token_id.hash());
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn token_id(&self) -> &TokenId {
        &self.token_id
    }

    /// The token's number in its session.
    ///
    /// ```
    /// # use std::time::Duration;
    /// # use rescind::clock::Timestamp;
    /// # use rescind::id::{Jti, SessionId, UserId};
    /// # use rescind::system::SystemEntropy;
    /// # use rescind::token::{Algorithm, KeySet, RefreshClaims, RefreshValidator, SigningKey, TokenId, sign_refresh};
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
    /// #     generation: 7,
    /// # };
    /// # let key = SigningKey::generate(Algorithm::Hs256, &SystemEntropy)?;
    /// # let keys = KeySet::new([key.verifying_key()])?;
    /// # let validator = RefreshValidator::new("https://auth.example", keys.clone(), Duration::ZERO);
    /// # let token = sign_refresh(&key, &claims)?;
    /// // The first one of a session has 0.
    /// assert_eq!(validator.validate(&token, now)?.generation(), 7);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn generation(&self) -> i64 {
        self.generation
    }

    fn read(reader: &Reader<'_>, key: &VerifyingKey, dates: Dates) -> Result<Self, Rejection> {
        Ok(Self {
            kid: key.kid().into(),
            dates,
            jti: Jti(reader.required_uuid(slot::JTI, Claim::Jti)?),
            user_id: UserId(reader.required_uuid(slot::USER_ID, Claim::UserId)?),
            session_id: SessionId(reader.required_uuid(slot::SESSION_ID, Claim::SessionId)?),
            token_id: reader.token_id()?,
            generation: reader.required_integer(slot::GEN, Claim::Gen)?,
        })
    }
}

impl Deref for ValidRefresh {
    type Target = SignedRefresh;

    fn deref(&self) -> &SignedRefresh {
        &self.0
    }
}

impl fmt::Debug for SignedRefresh {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SignedRefresh")
            .field("kid", &self.kid)
            .field("jti", &self.jti)
            .field("session_id", &self.session_id)
            .field("generation", &self.generation)
            .finish_non_exhaustive()
    }
}

fn resolve_key(keys: &Snapshot, compact: &Compact<'_>) -> Result<VerifyingKey, Rejection> {
    const ALGORITHMS: [Algorithm; 1] = [Algorithm::Hs256];
    if let Some(key) = keys.matching(compact.header, VerifyingKey::refresh_header)
        && key.algorithm() == Algorithm::Hs256
    {
        return Ok(key.clone());
    }
    let header = Header::read(compact.header)?;
    match header.typ.as_deref() {
        Some(REFRESH_TYP) => named_key(&header, &ALGORITHMS, keys, false),
        Some(_) => Err(Rejection::WrongTyp),
        None => Err(Rejection::TypMissing),
    }
}
