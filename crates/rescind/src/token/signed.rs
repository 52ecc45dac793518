//! Tokens whose signature has been checked: the proof that it was.

use std::fmt;
use std::ops::Deref;
use std::sync::{Arc, OnceLock};

use aws_lc_rs::digest::{Context, SHA256};
use serde_json::{Map, Value};

use super::issuer::ClaimRule;
use super::json::Str;
use super::reader::{Audience, Dates, Facts};
use super::rejection::Rejection;
use super::text::Texts;
use super::{Algorithm, Issuer, RESERVED_CLAIMS, VerifyingKey, base64url};
use crate::clock::Timestamp;
use crate::id::{Jti, SessionId, TenantId, UserId};
use crate::ledger::TokenKey;

/// An access token that a trusted issuer signed and that is right in all that does not change: its claims are there
/// and well formed. It may be expired, and meant for somebody else. Only a [`Validator`](super::Validator) makes one;
/// a clone is cheap.
///
/// ```
/// # use std::time::Duration;
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
/// # let key = SigningKey::generate(Algorithm::EdDsa, &SystemEntropy)?;
/// # let issuer = Issuer::ours("https://auth.example", KeySet::new([key.verifying_key()])?);
/// # let validator = Validator::new(vec![issuer])?;
/// let token = sign_access(&key, &claims)?;
///
/// // What a cache may keep: the signature is not checked again.
/// let signed = validator.verify(&token)?;
/// assert_eq!(signed.own_ids().map(|ids| (ids.user_id, ids.ver)), Some((claims.user_id, 1)));
///
/// // What is asked anew at each use.
/// assert!(signed.validate(now, Expected::Configured).is_ok());
/// let elsewhere = signed.validate(now, Expected::Exactly("https://other.example"));
/// assert_eq!(elsewhere.unwrap_err(), Rejection::WrongAudience);
/// let too_late = signed.validate(signed.expires_at(), Expected::Configured);
/// assert_eq!(too_late.unwrap_err(), Rejection::Expired);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone)]
pub struct SignedToken(Arc<Inner>);

/// A [`SignedToken`] that moreover was alive, and meant for whoever asked, at the moment of asking. Only a
/// [`Validator`](super::Validator) or [`SignedToken::validate`] makes one. It has not been held against any cut.
#[derive(Clone, Debug)]
pub struct ValidToken(SignedToken);

/// Which audience a token must be meant for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Expected<'a> {
    /// One of those that its [`Issuer`] was configured with.
    Configured,
    /// This one, to the byte.
    Exactly(&'a str),
    /// Any: for introspection, which answers for tokens that are meant for others.
    Any,
}

/// The ids and versions that every one of our own access tokens has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OwnIds {
    /// The token.
    pub jti: Jti,
    /// The user.
    pub user_id: UserId,
    /// The tenant.
    pub tenant_id: TenantId,
    /// The session.
    pub session_id: SessionId,
    /// The user's token version.
    pub ver: i64,
    /// The tenant's token version.
    pub tver: i64,
}

struct Inner {
    issuer: Arc<Issuer>,
    /// How often the issuer's keys had changed when `key` was taken from them.
    key_changes: u64,
    key: VerifyingKey,
    /// The encoded header, where it is not the one that we write for this key.
    header: Option<Box<str>>,
    texts: Texts,
    dates: Dates,
    audience: Audience,
    facts: Facts,
    token_key: Option<TokenKey>,
    digest: OnceLock<[u8; 32]>,
}

impl SignedToken {
    pub(crate) fn new(
        (issuer, key_changes): (Arc<Issuer>, u64),
        key: VerifyingKey,
        header: Option<Box<str>>,
        payload: String,
        (dates, audience, facts): (Dates, Audience, Facts),
    ) -> Self {
        let digest = OnceLock::new();
        let texts = Texts::new(payload, facts.strings().chain(audience.strings().iter().copied()));
        let token_key = facts.jti.map(|jti| TokenKey::new(texts.get(jti)));
        let inner =
            Inner { issuer, key_changes, key, header, texts, dates, audience, facts, token_key, digest };
        Self(Arc::new(inner))
    }

    /// Checks what changes from call to call: the audience, then the time. This is what a cache of verified signatures
    /// has to repeat at each hit, beside the cuts.
    ///
    /// # Errors
    /// [`Rejection::WrongAudience`], [`Rejection::IssuedInFuture`], [`Rejection::NotYetValid`],
    /// [`Rejection::Expired`].
    pub fn validate(&self, now: Timestamp, expected: Expected<'_>) -> Result<ValidToken, Rejection> {
        self.check_audience(expected)?;
        self.check_time(now)?;
        Ok(ValidToken(self.clone()))
    }

    /// Whether the token is meant for `expected`.
    ///
    /// # Errors
    /// [`Rejection::WrongAudience`].
    pub fn check_audience(&self, expected: Expected<'_>) -> Result<(), Rejection> {
        let is_met = match expected {
            Expected::Any => true,
            Expected::Exactly(one) => self.has_audience(one),
            Expected::Configured => self.0.issuer.audiences.iter().any(|one| self.has_audience(one)),
        };
        if is_met { Ok(()) } else { Err(Rejection::WrongAudience) }
    }

    /// Whether the token lives at `now`, give or take the issuer's leeway.
    ///
    /// # Errors
    /// [`Rejection::IssuedInFuture`], [`Rejection::NotYetValid`], [`Rejection::Expired`].
    pub fn check_time(&self, now: Timestamp) -> Result<(), Rejection> {
        let leeway = i64::try_from(self.0.issuer.leeway.as_millis()).unwrap_or(i64::MAX);
        self.0.dates.check(now.as_millis(), leeway)
    }

    /// The issuer.
    pub fn iss(&self) -> &str {
        &self.0.issuer.iss
    }

    /// The key that signed.
    pub fn kid(&self) -> &str {
        self.0.key.kid()
    }

    /// The algorithm of the key that signed.
    pub fn algorithm(&self) -> Algorithm {
        self.0.key.algorithm()
    }

    /// Whether a Rescind authority issued the token, so that [`SignedToken::own_ids`] is there.
    pub fn is_ours(&self) -> bool {
        self.0.issuer.claims == ClaimRule::Ours
    }

    /// `exp`: from when the token is dead.
    pub fn expires_at(&self) -> Timestamp {
        Timestamp::from_secs(self.0.dates.exp)
    }

    /// `nbf`: until when it is not yet good.
    pub fn not_before(&self) -> Option<Timestamp> {
        self.0.dates.nbf.map(Timestamp::from_secs)
    }

    /// `iat`: when it was made.
    pub fn issued_at(&self) -> Timestamp {
        Timestamp::from_secs(self.0.dates.iat)
    }

    /// The token's id, as it spells it. A foreign token may have none.
    pub fn jti(&self) -> Option<&str> {
        self.text(self.0.facts.jti)
    }

    /// The token's id as a cut of it names it.
    pub fn token_key(&self) -> Option<&TokenKey> {
        self.0.token_key.as_ref()
    }

    /// The token's id where it is a UUID with hyphens, which those of our own tokens are.
    pub fn jti_uuid(&self) -> Option<Jti> {
        self.0.facts.jti_uuid.map(Jti)
    }

    /// The subject, as the token spells it.
    pub fn sub(&self) -> Option<&str> {
        self.text(self.0.facts.sub)
    }

    /// The user.
    pub fn user_id(&self) -> Option<UserId> {
        self.0.facts.user_id.map(UserId)
    }

    /// The tenant.
    pub fn tenant_id(&self) -> Option<TenantId> {
        self.0.facts.tenant_id.map(TenantId)
    }

    /// The session.
    pub fn session_id(&self) -> Option<SessionId> {
        self.0.facts.session_id.map(SessionId)
    }

    /// The user's token version.
    pub fn ver(&self) -> Option<i64> {
        self.0.facts.ver
    }

    /// The tenant's token version.
    pub fn tver(&self) -> Option<i64> {
        self.0.facts.tver
    }

    /// The client that the token was issued to.
    pub fn client_id(&self) -> Option<&str> {
        self.text(self.0.facts.client_id)
    }

    /// The user's email address.
    pub fn email(&self) -> Option<&str> {
        self.text(self.0.facts.email)
    }

    /// The user's role.
    pub fn role(&self) -> Option<&str> {
        self.text(self.0.facts.role)
    }

    /// Whom the token is for: at least one.
    pub fn audiences(&self) -> impl Iterator<Item = &str> {
        self.0.audience.strings().iter().map(|one| self.0.texts.get(*one))
    }

    /// Whether the token is for `audience`, to the byte.
    pub fn has_audience(&self, audience: &str) -> bool {
        self.audiences().any(|one| one == audience)
    }

    /// What every token of our own has; nothing for a foreign one.
    pub fn own_ids(&self) -> Option<OwnIds> {
        if !self.is_ours() {
            return None;
        }
        Some(OwnIds {
            jti: self.jti_uuid()?,
            user_id: self.user_id()?,
            tenant_id: self.tenant_id()?,
            session_id: self.session_id()?,
            ver: self.ver()?,
            tver: self.tver()?,
        })
    }

    /// SHA-256 of the signing input, `header.payload`. It names the token however its signature is spelled: of ECDSA
    /// there are always two that are valid.
    pub fn digest(&self) -> [u8; 32] {
        *self.0.digest.get_or_init(|| {
            // What was decoded was canonical, so that encoding it again gives the very text.
            let header = self.0.header.as_deref().unwrap_or(self.0.key.access_header());
            let mut context = Context::new(&SHA256);
            context.update(header.as_bytes());
            context.update(b".");
            context.update(base64url::encode(self.0.texts.payload()).as_bytes());
            let mut digest = [0; 32];
            digest.copy_from_slice(context.finish().as_ref());
            digest
        })
    }

    /// The whole payload as it was signed: one JSON object. For reading a claim without building all of them.
    pub fn payload(&self) -> &str {
        self.0.texts.payload()
    }

    /// The whole payload.
    pub fn claims_json(&self) -> Value {
        // What the strict reader took, serde_json takes.
        serde_json::from_str(self.payload()).unwrap_or_default()
    }

    /// The claims whose names are not among [`RESERVED_CLAIMS`].
    pub fn extra(&self) -> Map<String, Value> {
        let Value::Object(claims) = self.claims_json() else { return Map::new() };
        claims.into_iter().filter(|(name, _)| !RESERVED_CLAIMS.contains(&name.as_str())).collect()
    }

    /// Whether the issuer's keys are those by which the signature was checked.
    pub(crate) fn keys_are_unchanged(&self) -> bool {
        self.0.issuer.keys.changes() == self.0.key_changes
    }

    /// What it takes in memory, in bytes, but for what it shares with others: its issuer and its key.
    pub(crate) fn bytes(&self) -> usize {
        let header = self.0.header.as_deref().map_or(0, str::len);
        let jti = match &self.0.token_key {
            Some(TokenKey::Text(text)) => text.len(),
            Some(TokenKey::Uuid(_)) | None => 0,
        };
        size_of::<Inner>() + header + jti + self.0.texts.bytes() + size_of_val(self.0.audience.strings())
    }

    fn text(&self, string: Option<Str>) -> Option<&str> {
        string.map(|string| self.0.texts.get(string))
    }
}

impl ValidToken {
    /// What was proved of the token apart from time and audience.
    pub fn into_signed(self) -> SignedToken {
        self.0
    }
}

impl Deref for ValidToken {
    type Target = SignedToken;

    fn deref(&self) -> &SignedToken {
        &self.0
    }
}

/// Shows what names the token and nothing by which it could be used, nor anything personal.
impl fmt::Debug for SignedToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SignedToken")
            .field("iss", &self.iss())
            .field("kid", &self.kid())
            .field("jti", &self.jti())
            .field("expires_at", &self.expires_at())
            .finish_non_exhaustive()
    }
}
