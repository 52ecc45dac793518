//! Access tokens: from text to proof.

use std::sync::Arc;
use std::time::Duration;

use super::VerifyingKey;
use super::header::Header;
use super::issuer::{ClaimRule, Issuer, TypRule};
use super::jws::{ACCESS_TYP, Compact};
use super::key::Snapshot;
use super::reader::{Facts, Reader};
use super::rejection::Rejection;
use super::signed::{Expected, SignedToken, ValidToken};
use crate::clock::Timestamp;

/// Checks access tokens of one or several issuers. A clone is cheap.
///
/// ```
/// use rescind::clock::Timestamp;
/// use rescind::token::{Issuer, KeySet, Rejection, Validator};
///
/// let validator = Validator::new(vec![Issuer::ours("https://auth.example", KeySet::empty())])?;
/// let refused = validator.validate("not a token", Timestamp::from_secs(0));
/// assert_eq!(refused.unwrap_err(), Rejection::NotCompact);
/// # Ok::<(), rescind::token::InvalidIssuers>(())
/// ```
#[derive(Clone, Debug)]
pub struct Validator {
    issuers: Arc<[Arc<Issuer>]>,
}

impl Validator {
    /// A validator that trusts these issuers and nobody else.
    ///
    /// ```
    /// use rescind::token::{InvalidIssuers, Issuer, KeySet, Validator};
    ///
    /// let issuer = || Issuer::ours("https://auth.example", KeySet::empty());
    /// assert!(Validator::new(vec![issuer()]).is_ok());
    /// // Which of the two would a token mean?
    /// assert_eq!(Validator::new(vec![issuer(), issuer()]).unwrap_err(), InvalidIssuers::Duplicate);
    /// ```
    ///
    /// # Errors
    /// [`InvalidIssuers`] where the list cannot mean what it says.
    pub fn new(issuers: Vec<Issuer>) -> Result<Self, InvalidIssuers> {
        for (i, issuer) in issuers.iter().enumerate() {
            check_issuer(issuer)?;
            if issuers[..i].iter().any(|earlier| earlier.iss == issuer.iss) {
                return Err(InvalidIssuers::Duplicate);
            }
        }
        Ok(Self { issuers: issuers.into_iter().map(Arc::new).collect() })
    }

    /// The issuers that are trusted.
    ///
    /// ```
    /// use rescind::token::{Issuer, KeySet, Validator};
    ///
    /// let validator = Validator::new(vec![Issuer::ours("https://auth.example", KeySet::empty())])?;
    /// assert!(validator.issuers().any(|issuer| issuer.iss() == "https://auth.example"));
    /// # Ok::<(), rescind::token::InvalidIssuers>(())
    /// ```
    pub fn issuers(&self) -> impl Iterator<Item = &Issuer> {
        self.issuers.iter().map(Arc::as_ref)
    }

    /// Checks everything about a token that can be known without the ledger, for the audiences that its issuer was
    /// configured with.
    ///
    /// ```
    /// # rescind_examples::run(async |rescind_examples::World { authority, pair, clock, .. }| {
    /// use rescind::token::Rejection;
    /// use secrecy::ExposeSecret as _;
    ///
    /// let (token, validator) = (pair.access_token.expose_secret(), authority.verifier().validator());
    /// assert!(validator.validate(token, authority.now()).is_ok());
    /// clock.forward(authority.settings().access_ttl * 2);
    /// assert_eq!(validator.validate(token, authority.now()).unwrap_err(), Rejection::Expired);
    /// # Ok(())
    /// # });
    /// ```
    ///
    /// # Errors
    /// A [`Rejection`] that says why. [`Rejection::Expired`] is found last.
    pub fn validate(&self, token: &str, now: Timestamp) -> Result<ValidToken, Rejection> {
        self.validate_expecting(token, now, Expected::Configured)
    }

    /// As [`Validator::validate`], for this audience and no other.
    ///
    /// ```
    /// # rescind_examples::run(async |rescind_examples::World { authority, pair, .. }| {
    /// use rescind::token::Rejection;
    /// use secrecy::ExposeSecret as _;
    ///
    /// let (token, validator) = (pair.access_token.expose_secret(), authority.verifier().validator());
    /// let refused = validator.validate_for(token, authority.now(), "https://shop.example");
    /// assert_eq!(refused.unwrap_err(), Rejection::WrongAudience);
    /// # Ok(())
    /// # });
    /// ```
    ///
    /// # Errors
    /// A [`Rejection`] that says why.
    pub fn validate_for(&self, token: &str, now: Timestamp, audience: &str) -> Result<ValidToken, Rejection> {
        self.validate_expecting(token, now, Expected::Exactly(audience))
    }

    /// As [`Validator::validate`], for any expectation of the audience.
    ///
    /// ```
    /// # rescind_examples::run(async |rescind_examples::World { authority, pair, .. }| {
    /// use rescind::token::Expected;
    /// use secrecy::ExposeSecret as _;
    ///
    /// // Introspection answers for tokens that are meant for others.
    /// let (token, validator) = (pair.access_token.expose_secret(), authority.verifier().validator());
    /// assert!(validator.validate_expecting(token, authority.now(), Expected::Any).is_ok());
    /// # Ok(())
    /// # });
    /// ```
    ///
    /// # Errors
    /// A [`Rejection`] that says why.
    pub fn validate_expecting(
        &self,
        token: &str,
        now: Timestamp,
        expected: Expected<'_>,
    ) -> Result<ValidToken, Rejection> {
        self.verify(token)?.validate(now, expected)
    }

    /// All checks but those of the time and the audience: for acts that can only end something, such as logging out
    /// with a token that has expired or revoking one that is meant for another service.
    ///
    /// ```
    /// # rescind_examples::run(async |rescind_examples::World { authority, pair, clock, .. }| {
    /// use secrecy::ExposeSecret as _;
    ///
    /// clock.forward(authority.settings().access_ttl * 2);
    /// // Enough to log out by.
    /// let signed = authority.verifier().validator().validate_ignoring_time(pair.access_token.expose_secret())?;
    /// assert_eq!(signed.session_id(), Some(pair.session_id));
    /// # Ok(())
    /// # });
    /// ```
    ///
    /// # Errors
    /// A [`Rejection`] that says why; never one about the time or the audience.
    pub fn validate_ignoring_time(&self, token: &str) -> Result<SignedToken, Rejection> {
        self.verify(token)
    }

    /// Checks what never changes about a token: its form, its signature, its claims. What a cache may keep; each use of
    /// it must go through [`SignedToken::validate`].
    ///
    /// ```
    /// # rescind_examples::run(async |rescind_examples::World { authority, pair, .. }| {
    /// use rescind::token::Expected;
    /// use secrecy::ExposeSecret as _;
    ///
    /// let signed = authority.verifier().validator().verify(pair.access_token.expose_secret())?;
    /// // Kept, and asked anew at each use.
    /// assert!(signed.validate(authority.now(), Expected::Configured).is_ok());
    /// # Ok(())
    /// # });
    /// ```
    ///
    /// # Errors
    /// A [`Rejection`] that says why; never one about the time or the audience.
    pub fn verify(&self, token: &str) -> Result<SignedToken, Rejection> {
        let compact = Compact::split(token)?;
        let payload = compact.decode_payload()?;
        let reader = Reader::new(&payload)?;
        let issuer = self.issuer(&reader.iss()?)?;

        let key_changes = issuer.keys.changes();
        let (key, header) = resolve_key(issuer, &issuer.keys.load(), &compact).inspect_err(|why| {
            if *why == Rejection::UnknownKey {
                issuer.keys.miss();
            }
        })?;
        compact.check_signature(&key)?;

        let dates = reader.dates()?;
        dates.check_lifetime(issuer.max_lifetime.as_secs())?;
        check_retirement(&key, dates.iat, issuer)?;
        let audience = reader.audience()?;
        let facts = Facts::read(&reader, &issuer.claims)?;

        // The reader has found the payload to be UTF-8.
        let payload = String::from_utf8(payload).map_err(|_| Rejection::MalformedPayload)?;
        Ok(SignedToken::new((issuer.clone(), key_changes), key, header, payload, (dates, audience, facts)))
    }

    /// The issuer that a token names, where it is trusted. Nothing else about the token is checked: anybody may have written it.
    ///
    /// ```
    /// use rescind::token::{Issuer, KeySet, Validator};
    ///
    /// let validator = Validator::new(vec![Issuer::ours("https://auth.example", KeySet::empty())])?;
    /// // {"alg":"EdDSA","kid":"new","typ":"at+jwt"} and {"iss":"https://auth.example"}
    /// let token = "eyJhbGciOiJFZERTQSIsImtpZCI6Im5ldyIsInR5cCI6ImF0K2p3dCJ9.\
    ///              eyJpc3MiOiJodHRwczovL2F1dGguZXhhbXBsZSJ9.AA";
    /// assert_eq!(validator.named_issuer(token).map(Issuer::iss), Some("https://auth.example"));
    /// assert!(validator.named_issuer("not a token").is_none());
    /// # Ok::<(), rescind::token::InvalidIssuers>(())
    /// ```
    pub fn named_issuer(&self, token: &str) -> Option<&Issuer> {
        let payload = Compact::split(token).ok()?.decode_payload().ok()?;
        let iss = Reader::new(&payload).ok()?.iss().ok()?;
        self.issuer(&iss).ok().map(Arc::as_ref)
    }

    /// Whether the token's issuer is one whose keys have not come yet.
    pub(crate) fn awaits_keys_for(&self, token: &str) -> bool {
        self.named_issuer(token).is_some_and(|issuer| issuer.keys.is_awaited())
    }

    /// The same, which takes no token for longer than that after it has expired, whatever its issuer is granted.
    pub(crate) fn granting_at_most(self, leeway: Duration) -> Self {
        if self.issuers.iter().all(|issuer| issuer.leeway <= leeway) {
            return self;
        }
        let granted =
            |issuer: &Arc<Issuer>| Issuer { leeway: issuer.leeway.min(leeway), ..Issuer::clone(issuer) };
        Self { issuers: self.issuers.iter().map(|issuer| Arc::new(granted(issuer))).collect() }
    }

    fn issuer(&self, iss: &str) -> Result<&Arc<Issuer>, Rejection> {
        self.issuers.iter().find(|issuer| issuer.iss == iss).ok_or(Rejection::UnknownIssuer)
    }
}

/// A list of issuers that cannot mean what it says.
///
/// ```
/// use rescind::token::{Issuer, KeySet, Validator};
///
/// // For whom are its tokens?
/// let issuer = Issuer::foreign("https://id.example", KeySet::empty());
/// let why = Validator::new(vec![issuer]).unwrap_err();
/// assert!(!why.to_string().is_empty());
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum InvalidIssuers {
    /// Two issuers with one name.
    #[error("two issuers have the same name")]
    Duplicate,
    /// An issuer without a name.
    #[error("an issuer has no name")]
    NoName,
    /// An issuer without algorithms: nothing of it could be accepted.
    #[error("an issuer has no algorithms")]
    NoAlgorithms,
    /// An issuer without audiences, or with an empty one.
    #[error("an issuer has no audience, or an empty one")]
    NoAudience,
    /// A `typ` rule under which refresh tokens would be taken, or that names nothing.
    #[error("an issuer's `typ` rule takes refresh tokens, or nothing at all")]
    Typ,
}

fn check_issuer(issuer: &Issuer) -> Result<(), InvalidIssuers> {
    if issuer.iss.is_empty() {
        return Err(InvalidIssuers::NoName);
    }
    if issuer.algorithms.is_empty() {
        return Err(InvalidIssuers::NoAlgorithms);
    }
    if issuer.audiences.is_empty() || issuer.audiences.iter().any(String::is_empty) {
        return Err(InvalidIssuers::NoAudience);
    }
    let names_nothing = matches!(&issuer.typ, TypRule::OneOf(types) if types.is_empty());
    let is_ours_with_another_typ = issuer.claims == ClaimRule::Ours && !is_exactly_ours(&issuer.typ);
    if issuer.typ.allows(super::jws::REFRESH_TYP) || names_nothing || is_ours_with_another_typ {
        return Err(InvalidIssuers::Typ);
    }
    Ok(())
}

fn is_exactly_ours(typ: &TypRule) -> bool {
    matches!(typ, TypRule::Exactly(typ) if typ == ACCESS_TYP)
}

/// The key that the header names, and the header itself where it is not, to the byte, what we write for that key. If it
/// is, there is nothing left in it to check.
fn resolve_key(
    issuer: &Issuer,
    keys: &Snapshot,
    compact: &Compact<'_>,
) -> Result<(VerifyingKey, Option<Box<str>>), Rejection> {
    if let Some(key) = keys.matching(compact.header, VerifyingKey::access_header)
        && issuer.typ.allows(ACCESS_TYP)
        && issuer.algorithms.contains(&key.algorithm())
    {
        return Ok((key.clone(), None));
    }
    let header = Header::read(compact.header)?;
    match &header.typ {
        Some(typ) if !issuer.typ.allows(typ) => return Err(Rejection::WrongTyp),
        None if !issuer.typ.allows_missing() => return Err(Rejection::TypMissing),
        _ => {}
    }
    let key = named_key(&header, &issuer.algorithms, keys, issuer.kid_optional)?;
    let encoded = String::from_utf8_lossy(compact.header).into_owned();
    Ok((key, Some(encoded.into())))
}

/// The key that a header names, for an algorithm that is allowed and that the key is bound to.
pub(super) fn named_key(
    header: &Header,
    algorithms: &[super::Algorithm],
    keys: &Snapshot,
    kid_optional: bool,
) -> Result<VerifyingKey, Rejection> {
    if !header.alg_present {
        return Err(Rejection::AlgMissing);
    }
    let algorithm = header.algorithm.filter(|a| algorithms.contains(a)).ok_or(Rejection::AlgNotAllowed)?;
    let key = match &header.kid {
        Some(kid) => keys.get(kid).ok_or(Rejection::UnknownKey)?,
        // Without any key, which one it is cannot be known yet.
        None if kid_optional && keys.is_empty() => return Err(Rejection::UnknownKey),
        None if kid_optional => keys.only().ok_or(Rejection::KidMissing)?,
        None => return Err(Rejection::KidMissing),
    };
    if key.algorithm() == algorithm { Ok(key.clone()) } else { Err(Rejection::AlgMismatch) }
}

fn check_retirement(key: &VerifyingKey, iat: i64, issuer: &Issuer) -> Result<(), Rejection> {
    match key.retired_at() {
        Some(retired_at) if Timestamp::from_secs(iat) > retired_at.plus(issuer.leeway) => {
            Err(Rejection::KeyRetired)
        }
        _ => Ok(()),
    }
}
