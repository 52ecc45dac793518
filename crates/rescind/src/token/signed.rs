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
///
/// ```
/// # rescind_examples::run(async |rescind_examples::World { authority, pair, .. }| {
/// use rescind::token::ValidToken;
/// use secrecy::ExposeSecret as _;
///
/// let validator = authority.verifier().validator();
/// let valid: ValidToken = validator.validate(pair.access_token.expose_secret(), authority.now())?;
/// // What is asked of the token is asked of it directly.
/// assert_eq!(valid.email(), Some("ada@example.com"));
/// # Ok(())
/// # });
/// ```
#[derive(Clone, Debug)]
pub struct ValidToken(SignedToken);

/// Which audience a token must be meant for.
///
/// ```
/// # rescind_examples::run(async |rescind_examples::World { authority, pair, .. }| {
/// use rescind::token::{Expected, Rejection};
/// use secrecy::ExposeSecret as _;
///
/// let signed = authority.verifier().validator().verify(pair.access_token.expose_secret())?;
/// assert_eq!(signed.check_audience(Expected::Configured), Ok(()));
/// assert_eq!(signed.check_audience(Expected::Any), Ok(()));
/// let elsewhere = Expected::Exactly("https://shop.example");
/// assert_eq!(signed.check_audience(elsewhere), Err(Rejection::WrongAudience));
/// # Ok(())
/// # });
/// ```
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
///
/// ```
/// # rescind_examples::run(async |rescind_examples::World { authority, pair, ada, .. }| {
/// use rescind::token::OwnIds;
/// use secrecy::ExposeSecret as _;
///
/// let signed = authority.verifier().validator().verify(pair.access_token.expose_secret())?;
/// let OwnIds { user_id, tenant_id, session_id, .. } = signed.own_ids().ok_or("not ours")?;
/// let me = ada.signed_in()?;
/// assert_eq!((user_id, tenant_id, session_id), (me.user, me.tenant, me.session));
/// # Ok(())
/// # });
/// ```
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
    /// ```
    /// # rescind_examples::run(async |rescind_examples::World { authority, pair, clock, .. }| {
    /// use rescind::token::{Expected, Rejection};
    /// use secrecy::ExposeSecret as _;
    ///
    /// let signed = authority.verifier().validator().verify(pair.access_token.expose_secret())?;
    /// assert!(signed.validate(authority.now(), Expected::Configured).is_ok());
    /// clock.forward(authority.settings().access_ttl * 2);
    /// let late = signed.validate(authority.now(), Expected::Configured);
    /// assert_eq!(late.unwrap_err(), Rejection::Expired);
    /// # Ok(())
    /// # });
    /// ```
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
    /// ```
    /// # rescind_examples::run(async |rescind_examples::World { authority, pair, .. }| {
    /// use rescind::token::{Expected, Rejection};
    /// use secrecy::ExposeSecret as _;
    ///
    /// let signed = authority.verifier().validator().verify(pair.access_token.expose_secret())?;
    /// assert_eq!(signed.check_audience(Expected::Exactly("https://auth.example")), Ok(()));
    /// let elsewhere = signed.check_audience(Expected::Exactly("https://shop.example"));
    /// assert_eq!(elsewhere, Err(Rejection::WrongAudience));
    /// # Ok(())
    /// # });
    /// ```
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
    /// ```
    /// # rescind_examples::run(async |rescind_examples::World { authority, pair, clock, .. }| {
    /// use rescind::token::Rejection;
    /// use secrecy::ExposeSecret as _;
    ///
    /// let signed = authority.verifier().validator().verify(pair.access_token.expose_secret())?;
    /// assert_eq!(signed.check_time(authority.now()), Ok(()));
    /// clock.forward(authority.settings().access_ttl * 2);
    /// assert_eq!(signed.check_time(authority.now()), Err(Rejection::Expired));
    /// # Ok(())
    /// # });
    /// ```
    ///
    /// # Errors
    /// [`Rejection::IssuedInFuture`], [`Rejection::NotYetValid`], [`Rejection::Expired`].
    pub fn check_time(&self, now: Timestamp) -> Result<(), Rejection> {
        let leeway = i64::try_from(self.0.issuer.leeway.as_millis()).unwrap_or(i64::MAX);
        self.0.dates.check(now.as_millis(), leeway)
    }

    /// The issuer.
    ///
    /// ```
    /// # rescind_examples::run(async |rescind_examples::World { authority, pair, .. }| {
    /// # use secrecy::ExposeSecret as _;
    /// # let signed = authority.verifier().validator().verify(pair.access_token.expose_secret())?;
    /// assert_eq!(signed.iss(), "https://auth.example");
    /// # Ok(())
    /// # });
    /// ```
    pub fn iss(&self) -> &str {
        &self.0.issuer.iss
    }

    /// The key that signed.
    ///
    /// ```
    /// # rescind_examples::run(async |rescind_examples::World { authority, pair, .. }| {
    /// # use secrecy::ExposeSecret as _;
    /// # let signed = authority.verifier().validator().verify(pair.access_token.expose_secret())?;
    /// let published = authority.jwks();
    /// assert!(published.keys.iter().any(|key| key.kid.as_deref() == Some(signed.kid())));
    /// # Ok(())
    /// # });
    /// ```
    pub fn kid(&self) -> &str {
        self.0.key.kid()
    }

    /// The algorithm of the key that signed.
    ///
    /// ```
    /// # rescind_examples::run(async |rescind_examples::World { authority, pair, .. }| {
    /// # use secrecy::ExposeSecret as _;
    /// # let signed = authority.verifier().validator().verify(pair.access_token.expose_secret())?;
    /// assert_eq!(signed.algorithm(), authority.settings().algorithm);
    /// # Ok(())
    /// # });
    /// ```
    pub fn algorithm(&self) -> Algorithm {
        self.0.key.algorithm()
    }

    /// Whether a Rescind authority issued the token, so that [`SignedToken::own_ids`] is there.
    ///
    /// ```
    /// # rescind_examples::run(async |rescind_examples::World { authority, pair, .. }| {
    /// # use secrecy::ExposeSecret as _;
    /// # let signed = authority.verifier().validator().verify(pair.access_token.expose_secret())?;
    /// assert_eq!(signed.is_ours(), signed.own_ids().is_some());
    /// # Ok(())
    /// # });
    /// ```
    pub fn is_ours(&self) -> bool {
        self.0.issuer.claims == ClaimRule::Ours
    }

    /// `exp`: from when the token is dead.
    ///
    /// ```
    /// # rescind_examples::run(async |rescind_examples::World { authority, pair, .. }| {
    /// # use secrecy::ExposeSecret as _;
    /// # let signed = authority.verifier().validator().verify(pair.access_token.expose_secret())?;
    /// assert_eq!(signed.expires_at(), signed.issued_at().plus(pair.expires_in));
    /// # Ok(())
    /// # });
    /// ```
    pub fn expires_at(&self) -> Timestamp {
        Timestamp::from_secs(self.0.dates.exp)
    }

    /// `nbf`: until when it is not yet good.
    ///
    /// ```
    /// # rescind_examples::run(async |rescind_examples::World { authority, pair, .. }| {
    /// # use secrecy::ExposeSecret as _;
    /// # let signed = authority.verifier().validator().verify(pair.access_token.expose_secret())?;
    /// // A token of ours is good from when it is made.
    /// assert_eq!(signed.not_before(), Some(signed.issued_at()));
    /// # Ok(())
    /// # });
    /// ```
    pub fn not_before(&self) -> Option<Timestamp> {
        self.0.dates.nbf.map(Timestamp::from_secs)
    }

    /// `iat`: when it was made.
    ///
    /// ```
    /// # rescind_examples::run(async |rescind_examples::World { authority, pair, .. }| {
    /// # use secrecy::ExposeSecret as _;
    /// # let signed = authority.verifier().validator().verify(pair.access_token.expose_secret())?;
    /// assert!(signed.issued_at() <= authority.now());
    /// # Ok(())
    /// # });
    /// ```
    pub fn issued_at(&self) -> Timestamp {
        Timestamp::from_secs(self.0.dates.iat)
    }

    /// The token's id, as it spells it. A foreign token may have none.
    ///
    /// ```
    /// # rescind_examples::run(async |rescind_examples::World { authority, pair, .. }| {
    /// # use secrecy::ExposeSecret as _;
    /// # let signed = authority.verifier().validator().verify(pair.access_token.expose_secret())?;
    /// // By it a single token is revoked.
    /// assert_eq!(signed.jti().map(str::to_owned), signed.jti_uuid().map(|jti| jti.to_string()));
    /// # Ok(())
    /// # });
    /// ```
    pub fn jti(&self) -> Option<&str> {
        self.text(self.0.facts.jti)
    }

    /// The token's id as a cut of it names it.
    ///
    /// ```
    /// # rescind_examples::run(async |rescind_examples::World { authority, pair, .. }| {
    /// # use secrecy::ExposeSecret as _;
    /// # let signed = authority.verifier().validator().verify(pair.access_token.expose_secret())?;
    /// use rescind::ledger::TokenKey;
    ///
    /// assert_eq!(signed.token_key().cloned(), signed.jti().map(TokenKey::new));
    /// # Ok(())
    /// # });
    /// ```
    pub fn token_key(&self) -> Option<&TokenKey> {
        self.0.token_key.as_ref()
    }

    /// The token's id where it is a UUID with hyphens, which those of our own tokens are.
    ///
    /// ```
    /// # rescind_examples::run(async |rescind_examples::World { authority, pair, .. }| {
    /// # use secrecy::ExposeSecret as _;
    /// # let signed = authority.verifier().validator().verify(pair.access_token.expose_secret())?;
    /// assert_eq!(signed.jti_uuid().map(|jti| jti.0.get_version_num()), Some(7));
    /// # Ok(())
    /// # });
    /// ```
    pub fn jti_uuid(&self) -> Option<Jti> {
        self.0.facts.jti_uuid.map(Jti)
    }

    /// The subject, as the token spells it.
    ///
    /// ```
    /// # rescind_examples::run(async |rescind_examples::World { authority, pair, .. }| {
    /// # use secrecy::ExposeSecret as _;
    /// # let signed = authority.verifier().validator().verify(pair.access_token.expose_secret())?;
    /// assert_eq!(signed.sub().map(str::to_owned), signed.user_id().map(|user| user.to_string()));
    /// # Ok(())
    /// # });
    /// ```
    pub fn sub(&self) -> Option<&str> {
        self.text(self.0.facts.sub)
    }

    /// The user.
    ///
    /// ```
    /// # rescind_examples::run(async |rescind_examples::World { authority, pair, ada, .. }| {
    /// # use secrecy::ExposeSecret as _;
    /// # let signed = authority.verifier().validator().verify(pair.access_token.expose_secret())?;
    /// assert_eq!(signed.user_id(), Some(ada.signed_in()?.user));
    /// # Ok(())
    /// # });
    /// ```
    pub fn user_id(&self) -> Option<UserId> {
        self.0.facts.user_id.map(UserId)
    }

    /// The tenant.
    ///
    /// ```
    /// # rescind_examples::run(async |rescind_examples::World { authority, pair, acme, .. }| {
    /// # use secrecy::ExposeSecret as _;
    /// # let signed = authority.verifier().validator().verify(pair.access_token.expose_secret())?;
    /// // Whoever owns what is asked for: another tenant's is not there.
    /// assert_eq!(signed.tenant_id(), Some(acme));
    /// # Ok(())
    /// # });
    /// ```
    pub fn tenant_id(&self) -> Option<TenantId> {
        self.0.facts.tenant_id.map(TenantId)
    }

    /// The session.
    ///
    /// ```
    /// # rescind_examples::run(async |rescind_examples::World { authority, pair, .. }| {
    /// # use secrecy::ExposeSecret as _;
    /// # let signed = authority.verifier().validator().verify(pair.access_token.expose_secret())?;
    /// assert_eq!(signed.session_id(), Some(pair.session_id));
    /// # Ok(())
    /// # });
    /// ```
    pub fn session_id(&self) -> Option<SessionId> {
        self.0.facts.session_id.map(SessionId)
    }

    /// The user's token version.
    ///
    /// ```
    /// # rescind_examples::run(async |rescind_examples::World { authority, pair, ada, .. }| {
    /// # use secrecy::ExposeSecret as _;
    /// # let signed = authority.verifier().validator().verify(pair.access_token.expose_secret())?;
    /// let me = ada.signed_in()?;
    /// let cut = authority.revoke_user(&rescind::authority::Caller::command_line(), me.user, None, None).await?;
    /// assert!(signed.ver() < cut.entry.mark.min_version);
    /// # Ok(())
    /// # });
    /// ```
    pub fn ver(&self) -> Option<i64> {
        self.0.facts.ver
    }

    /// The tenant's token version.
    ///
    /// ```
    /// # rescind_examples::run(async |rescind_examples::World { authority, operator, pair, acme, .. }| {
    /// # use secrecy::ExposeSecret as _;
    /// # let signed = authority.verifier().validator().verify(pair.access_token.expose_secret())?;
    /// let cut = authority.revoke_tenant(&operator, acme, None, false).await?;
    /// assert!(signed.tver() < Some(cut.token_version));
    /// # Ok(())
    /// # });
    /// ```
    pub fn tver(&self) -> Option<i64> {
        self.0.facts.tver
    }

    /// The client that the token was issued to.
    ///
    /// ```
    /// # rescind_examples::run(async |rescind_examples::World { authority, pair, backend, .. }| {
    /// # use secrecy::ExposeSecret as _;
    /// # let signed = authority.verifier().validator().verify(pair.access_token.expose_secret())?;
    /// // The backend that opened the session.
    /// let opened_by = backend.identity.client().map(|client| client.to_string());
    /// assert_eq!(signed.client_id().map(str::to_owned), opened_by);
    /// # Ok(())
    /// # });
    /// ```
    pub fn client_id(&self) -> Option<&str> {
        self.text(self.0.facts.client_id)
    }

    /// The user's email address.
    ///
    /// ```
    /// # rescind_examples::run(async |rescind_examples::World { authority, pair, .. }| {
    /// # use secrecy::ExposeSecret as _;
    /// # let signed = authority.verifier().validator().verify(pair.access_token.expose_secret())?;
    /// assert_eq!(signed.email(), Some("ada@example.com"));
    /// # Ok(())
    /// # });
    /// ```
    pub fn email(&self) -> Option<&str> {
        self.text(self.0.facts.email)
    }

    /// The user's role.
    ///
    /// ```
    /// # rescind_examples::run(async |rescind_examples::World { authority, pair, .. }| {
    /// # use secrecy::ExposeSecret as _;
    /// # let signed = authority.verifier().validator().verify(pair.access_token.expose_secret())?;
    /// assert_eq!(signed.role(), Some("member"));
    /// # Ok(())
    /// # });
    /// ```
    pub fn role(&self) -> Option<&str> {
        self.text(self.0.facts.role)
    }

    /// Whom the token is for: at least one.
    ///
    /// ```
    /// # rescind_examples::run(async |rescind_examples::World { authority, pair, .. }| {
    /// # use secrecy::ExposeSecret as _;
    /// # let signed = authority.verifier().validator().verify(pair.access_token.expose_secret())?;
    /// assert_eq!(signed.audiences().collect::<Vec<_>>(), [authority.settings().audience.as_str()]);
    /// # Ok(())
    /// # });
    /// ```
    pub fn audiences(&self) -> impl Iterator<Item = &str> {
        self.0.audience.strings().iter().map(|one| self.0.texts.get(*one))
    }

    /// Whether the token is for `audience`, to the byte.
    ///
    /// ```
    /// # rescind_examples::run(async |rescind_examples::World { authority, pair, .. }| {
    /// # use secrecy::ExposeSecret as _;
    /// # let signed = authority.verifier().validator().verify(pair.access_token.expose_secret())?;
    /// assert!(signed.has_audience("https://auth.example"));
    /// assert!(!signed.has_audience("https://auth.example/"), "compared to the byte");
    /// # Ok(())
    /// # });
    /// ```
    pub fn has_audience(&self, audience: &str) -> bool {
        self.audiences().any(|one| one == audience)
    }

    /// What every token of our own has; nothing for a foreign one.
    ///
    /// ```
    /// # rescind_examples::run(async |rescind_examples::World { authority, pair, .. }| {
    /// # use secrecy::ExposeSecret as _;
    /// # let signed = authority.verifier().validator().verify(pair.access_token.expose_secret())?;
    /// let ids = signed.own_ids().ok_or("a token of another issuer")?;
    /// assert_eq!(ids.session_id, pair.session_id);
    /// # Ok(())
    /// # });
    /// ```
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
    ///
    /// ```
    /// # rescind_examples::run(async |rescind_examples::World { authority, operator, pair, .. }| {
    /// use rescind::authority::{RevocationRequest, What};
    /// use rescind::ledger::CutKind;
    /// use secrecy::ExposeSecret as _;
    ///
    /// let signed = authority.verifier().validator().verify(pair.access_token.expose_secret())?;
    /// // A token without a `jti` is revoked by it.
    /// let what = What::Digest(signed.digest());
    /// let request = RevocationRequest { what, expires_at: None, user: None, tenant: None, reason: None };
    /// authority.revoke(&operator, request).await?;
    /// assert_eq!(authority.verifier().evaluate(&signed), Some(CutKind::Digest));
    /// # Ok(())
    /// # });
    /// ```
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
    ///
    /// ```
    /// # rescind_examples::run(async |rescind_examples::World { authority, pair, .. }| {
    /// # use secrecy::ExposeSecret as _;
    /// # let signed = authority.verifier().validator().verify(pair.access_token.expose_secret())?;
    /// assert!(signed.payload().starts_with(r#"{"iss":"https://auth.example","#));
    /// # Ok(())
    /// # });
    /// ```
    pub fn payload(&self) -> &str {
        self.0.texts.payload()
    }

    /// The whole payload.
    ///
    /// ```
    /// # rescind_examples::run(async |rescind_examples::World { authority, pair, .. }| {
    /// # use secrecy::ExposeSecret as _;
    /// # let signed = authority.verifier().validator().verify(pair.access_token.expose_secret())?;
    /// assert_eq!(signed.claims_json()["token_type"], "access");
    /// # Ok(())
    /// # });
    /// ```
    pub fn claims_json(&self) -> Value {
        // What the strict reader took, serde_json takes.
        serde_json::from_str(self.payload()).unwrap_or_default()
    }

    /// The claims whose names are not among [`RESERVED_CLAIMS`].
    ///
    /// ```
    /// # rescind_examples::run(async |rescind_examples::World { authority, backend, handover, .. }| {
    /// use rescind::authority::Handover;
    /// use secrecy::ExposeSecret as _;
    ///
    /// let claims = serde_json::Map::from_iter([("plan".to_owned(), "gold".into())]);
    /// let pair = authority.hand_over(&backend, Handover { claims: claims.clone(), ..handover }).await?;
    /// let signed = authority.verifier().validator().verify(pair.access_token.expose_secret())?;
    /// assert_eq!(signed.extra(), claims);
    /// # Ok(())
    /// # });
    /// ```
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
    ///
    /// ```
    /// # rescind_examples::run(async |rescind_examples::World { authority, pair, .. }| {
    /// use secrecy::ExposeSecret as _;
    ///
    /// let validator = authority.verifier().validator();
    /// let valid = validator.validate(pair.access_token.expose_secret(), authority.now())?;
    /// // For a connection that outlives the moment.
    /// let signed = valid.into_signed();
    /// assert_eq!(signed.session_id(), Some(pair.session_id));
    /// # Ok(())
    /// # });
    /// ```
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
