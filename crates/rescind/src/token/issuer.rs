//! Whom a validator trusts, and with what.

use std::time::Duration;

use super::header::is_media_type;
use super::jws::ACCESS_TYP;
use super::{Algorithm, KeySet};
use crate::id::TenantId;

/// A trusted issuer of access tokens: its name, its keys, and what its tokens look like.
///
/// ```
/// use std::time::Duration;
/// use rescind::token::{Algorithm, ClaimMap, ClaimSource, Issuer, KeySet, TypRule};
///
/// let platform = Issuer::foreign("https://id.example", KeySet::empty())
///     .with_algorithms([Algorithm::Rs256])
///     .with_audiences(["https://api.example"])
///     .with_typ(TypRule::OneOf(vec!["JWT".into()]))
///     .with_max_lifetime(Duration::from_secs(3600))
///     .with_claims(ClaimMap {
///         user_id: Some(ClaimSource::required("sub")),
///         tenant_id: Some(ClaimSource::required("tid")),
///         ..ClaimMap::default()
///     });
/// assert_eq!(platform.iss(), "https://id.example");
/// ```
#[derive(Clone, Debug)]
pub struct Issuer {
    pub(crate) iss: String,
    pub(crate) keys: KeySet,
    pub(crate) algorithms: Vec<Algorithm>,
    pub(crate) audiences: Vec<String>,
    pub(crate) typ: TypRule,
    pub(crate) max_lifetime: Duration,
    pub(crate) leeway: Duration,
    pub(crate) claims: ClaimRule,
    pub(crate) kid_optional: bool,
}

impl Issuer {
    /// A Rescind authority: `typ` is `at+jwt` to the byte, and every claim of [`AccessClaims`](super::AccessClaims) is
    /// there. Its audience is its own name, its algorithms all asymmetric ones, the longest lifetime 24 hours and the
    /// leeway none, until told otherwise.
    ///
    /// ```
    /// use rescind::token::{Algorithm, Issuer, KeySet};
    ///
    /// let issuer = Issuer::ours("https://auth.example", KeySet::empty());
    /// assert_eq!(issuer.algorithms(), Algorithm::ASYMMETRIC);
    /// ```
    pub fn ours(iss: impl Into<String>, keys: KeySet) -> Self {
        let iss = iss.into();
        Self {
            audiences: vec![iss.clone()],
            iss,
            keys,
            algorithms: Algorithm::ASYMMETRIC.to_vec(),
            typ: TypRule::Exactly(ACCESS_TYP.to_owned()),
            max_lifetime: Duration::from_secs(24 * 3600),
            leeway: Duration::ZERO,
            claims: ClaimRule::Ours,
            kid_optional: false,
        }
    }

    /// An issuer of another make. Its `typ` must be `at+jwt` or `JWT`, and no claims are mapped, so that its tokens are
    /// cut by `jti` or digest only, until told otherwise. It must be given audiences.
    ///
    /// ```
    /// use rescind::token::{Issuer, KeySet, Validator};
    ///
    /// let issuer = Issuer::foreign("https://id.example", KeySet::empty());
    /// // For whom its tokens are must be said: otherwise anybody's would be taken.
    /// assert!(Validator::new(vec![issuer.clone()]).is_err());
    /// assert!(Validator::new(vec![issuer.with_audiences(["https://api.example"])]).is_ok());
    /// ```
    pub fn foreign(iss: impl Into<String>, keys: KeySet) -> Self {
        Self {
            audiences: Vec::new(),
            typ: TypRule::OneOf(vec![ACCESS_TYP.to_owned(), "JWT".to_owned()]),
            claims: ClaimRule::Mapped(Box::default()),
            ..Self::ours(iss, keys)
        }
    }

    /// The algorithms that the issuer is trusted with.
    ///
    /// ```
    /// use rescind::token::{Algorithm, Issuer, KeySet};
    ///
    /// let issuer = Issuer::ours("https://auth.example", KeySet::empty()).with_algorithms([Algorithm::EdDsa]);
    /// assert_eq!(issuer.algorithms(), [Algorithm::EdDsa]);
    /// ```
    #[must_use]
    pub fn with_algorithms(mut self, algorithms: impl IntoIterator<Item = Algorithm>) -> Self {
        self.algorithms = algorithms.into_iter().collect();
        self
    }

    /// The audiences that are accepted where the caller does not name one.
    ///
    /// ```
    /// # rescind_examples::run(async |rescind_examples::World { authority, pair, .. }| {
    /// use rescind::token::{Issuer, Rejection, Validator};
    /// use secrecy::ExposeSecret as _;
    ///
    /// # let keys = authority.verifier().validator().issuers().next().ok_or("one")?.keys().clone();
    /// let issuer = Issuer::ours("https://auth.example", keys).with_audiences(["https://shop.example"]);
    /// let validator = Validator::new(vec![issuer])?;
    /// // The token is meant for the authority itself.
    /// let refused = validator.validate(pair.access_token.expose_secret(), authority.now());
    /// assert_eq!(refused.unwrap_err(), Rejection::WrongAudience);
    /// # Ok(())
    /// # });
    /// ```
    #[must_use]
    pub fn with_audiences<S: Into<String>>(mut self, audiences: impl IntoIterator<Item = S>) -> Self {
        self.audiences = audiences.into_iter().map(Into::into).collect();
        self
    }

    /// What `typ` must be.
    ///
    /// ```
    /// use rescind::token::{InvalidIssuers, Issuer, KeySet, TypRule, Validator};
    ///
    /// let jwt = || TypRule::Exactly("JWT".into());
    /// let other = Issuer::foreign("https://id.example", KeySet::empty()).with_audiences(["https://api.example"]);
    /// assert!(Validator::new(vec![other.with_typ(jwt())]).is_ok());
    /// // What an authority signs is `at+jwt`, whatever anybody says.
    /// let ours = Issuer::ours("https://auth.example", KeySet::empty()).with_typ(jwt());
    /// assert_eq!(Validator::new(vec![ours]).unwrap_err(), InvalidIssuers::Typ);
    /// ```
    #[must_use]
    pub fn with_typ(mut self, typ: TypRule) -> Self {
        self.typ = typ;
        self
    }

    /// The longest `exp − iat`.
    ///
    /// ```
    /// # rescind_examples::run(async |rescind_examples::World { authority, pair, .. }| {
    /// use std::time::Duration;
    ///
    /// use rescind::token::{Issuer, Rejection, Validator};
    /// use secrecy::ExposeSecret as _;
    ///
    /// # let keys = authority.verifier().validator().issuers().next().ok_or("one")?.keys().clone();
    /// let minute = Duration::from_secs(60);
    /// let issuer = Issuer::ours("https://auth.example", keys).with_max_lifetime(minute);
    /// let refused = Validator::new(vec![issuer])?.verify(pair.access_token.expose_secret());
    /// assert_eq!(refused.unwrap_err(), Rejection::LifetimeTooLong);
    /// # Ok(())
    /// # });
    /// ```
    #[must_use]
    pub fn with_max_lifetime(mut self, max_lifetime: Duration) -> Self {
        self.max_lifetime = max_lifetime;
        self
    }

    /// How far the issuer's clock may be off ours.
    ///
    /// ```
    /// use std::time::Duration;
    ///
    /// use rescind::token::{Issuer, KeySet};
    ///
    /// let half = Duration::from_secs(30);
    /// let issuer = Issuer::ours("https://auth.example", KeySet::empty()).with_leeway(half);
    /// assert_eq!(issuer.leeway(), half);
    /// ```
    #[must_use]
    pub fn with_leeway(mut self, leeway: Duration) -> Self {
        self.leeway = leeway;
        self
    }

    /// Where the ids that cuts go by are found in this issuer's tokens; for a foreign issuer only.
    ///
    /// ```
    /// use rescind::token::{ClaimMap, ClaimSource, Issuer, KeySet};
    ///
    /// // Their sessions can be ended here: `sid` says which one a token is of.
    /// let claims = ClaimMap { session_id: Some(ClaimSource::required("sid")), ..ClaimMap::default() };
    /// let issuer = Issuer::foreign("https://id.example", KeySet::empty()).with_claims(claims);
    /// # assert_eq!(issuer.iss(), "https://id.example");
    /// ```
    #[must_use]
    pub fn with_claims(mut self, claims: ClaimMap) -> Self {
        self.claims = ClaimRule::Mapped(Box::new(claims));
        self
    }

    /// Takes tokens without `kid`, as long as the issuer has one key only.
    ///
    /// ```
    /// use rescind::token::{Issuer, KeySet};
    ///
    /// let old = Issuer::foreign("https://id.example", KeySet::empty())
    ///     .with_audiences(["https://api.example"])
    ///     .with_optional_kid();
    /// # assert_eq!(old.iss(), "https://id.example");
    /// ```
    #[must_use]
    pub fn with_optional_kid(mut self) -> Self {
        self.kid_optional = true;
        self
    }

    /// The issuer's name, compared to the byte.
    ///
    /// ```
    /// use rescind::token::{Issuer, KeySet};
    ///
    /// assert_eq!(Issuer::ours("https://auth.example", KeySet::empty()).iss(), "https://auth.example");
    /// ```
    pub fn iss(&self) -> &str {
        &self.iss
    }

    /// The issuer's keys.
    ///
    /// ```
    /// use rescind::token::{Issuer, KeySet};
    ///
    /// let issuer = Issuer::ours("https://auth.example", KeySet::empty());
    /// assert!(issuer.keys().keys().is_empty());
    /// ```
    pub fn keys(&self) -> &KeySet {
        &self.keys
    }

    /// The algorithms that the issuer is trusted with.
    ///
    /// ```
    /// use rescind::token::{Algorithm, Issuer, KeySet};
    ///
    /// let issuer = Issuer::ours("https://auth.example", KeySet::empty());
    /// assert!(!issuer.algorithms().contains(&Algorithm::Hs256), "a shared secret is no way to trust an authority");
    /// ```
    pub fn algorithms(&self) -> &[Algorithm] {
        &self.algorithms
    }

    /// How far the issuer's clock may be off ours.
    ///
    /// ```
    /// use std::time::Duration;
    ///
    /// use rescind::token::{Issuer, KeySet};
    ///
    /// assert_eq!(Issuer::ours("https://auth.example", KeySet::empty()).leeway(), Duration::ZERO);
    /// ```
    pub fn leeway(&self) -> Duration {
        self.leeway
    }
}

/// What the header's `typ` must be.
///
/// ```
/// use rescind::token::{Issuer, KeySet, TypRule};
///
/// // An old issuer, whose tokens say `JWT` or nothing at all.
/// let typ = TypRule::OneOfOrMissing(vec!["JWT".into()]);
/// let old = Issuer::foreign("https://id.example", KeySet::empty()).with_typ(typ);
/// # assert_eq!(old.iss(), "https://id.example");
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TypRule {
    /// This, to the byte.
    Exactly(String),
    /// One of these media types, in any case, with or without `application/` (RFC 7515 §4.1.9).
    OneOf(Vec<String>),
    /// One of these, or none at all: for old issuers that write no `typ`.
    OneOfOrMissing(Vec<String>),
}

impl TypRule {
    pub(crate) fn allows(&self, typ: &str) -> bool {
        match self {
            Self::Exactly(one) => one == typ,
            Self::OneOf(many) | Self::OneOfOrMissing(many) => many.iter().any(|one| is_media_type(typ, one)),
        }
    }

    pub(crate) fn allows_missing(&self) -> bool {
        matches!(self, Self::OneOfOrMissing(_))
    }
}

/// How an issuer's claims are read.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum ClaimRule {
    Ours,
    Mapped(Box<ClaimMap>),
}

/// Which claims of a foreign token hold what cuts go by. What is not mapped is not known of its tokens, and cuts by it
/// do not reach them.
///
/// ```
/// use rescind::id::TenantId;
/// use rescind::token::{ClaimMap, ClaimSource};
/// # let acme = TenantId(uuid::Uuid::from_u128(1));
///
/// let claims = ClaimMap {
///     user_id: Some(ClaimSource::required("sub")),
///     // All of this issuer's users are one tenant's here.
///     fixed_tenant: Some(acme),
///     ver: Some(ClaimSource::optional("ver")),
///     ..ClaimMap::default()
/// };
/// assert_eq!(claims.session_id, None, "cuts of sessions do not reach its tokens");
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ClaimMap {
    /// The user, a UUID; one only within a tenant, so that without `tenant_id` or `fixed_tenant` no cut of a user reaches it.
    pub user_id: Option<ClaimSource>,
    /// The tenant, a UUID.
    pub tenant_id: Option<ClaimSource>,
    /// The tenant of every token of this issuer; taken where `tenant_id` is not mapped or not there.
    pub fixed_tenant: Option<TenantId>,
    /// The session, a UUID.
    pub session_id: Option<ClaimSource>,
    /// The user's token version, a whole number.
    pub ver: Option<ClaimSource>,
    /// The tenant's token version, a whole number.
    pub tver: Option<ClaimSource>,
    /// The client, a string.
    pub client_id: Option<ClaimSource>,
    /// The email address, a string.
    pub email: Option<ClaimSource>,
    /// The role, a string.
    pub role: Option<ClaimSource>,
    /// Claims, by name, that must be these very texts: what tells the issuer's access tokens from the others that it signs. A token
    /// in which one is missing or anything else is refused ([`Rejection::WrongValue`](super::Rejection::WrongValue)).
    ///
    /// ```
    /// use rescind::token::ClaimMap;
    ///
    /// // An issuer whose refresh tokens have the same key and audience, and say so by `type`.
    /// let claims = ClaimMap { exactly: vec![("type".into(), "access".into())], ..ClaimMap::default() };
    /// # drop(claims);
    /// ```
    pub exactly: Vec<(String, String)>,
}

/// A claim of a foreign token.
///
/// ```
/// use rescind::token::ClaimSource;
///
/// assert_ne!(ClaimSource::required("sid"), ClaimSource::optional("sid"));
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ClaimSource {
    pub(crate) name: String,
    pub(crate) required: bool,
}

impl ClaimSource {
    /// A claim that every token has: one without it is refused, since cuts could not reach it.
    ///
    /// ```
    /// use rescind::token::{ClaimMap, ClaimSource};
    ///
    /// // No token of that issuer gets past a user cut by leaving the user out.
    /// let claims = ClaimMap { user_id: Some(ClaimSource::required("sub")), ..ClaimMap::default() };
    /// # assert!(claims.user_id.is_some());
    /// ```
    pub fn required(name: impl Into<String>) -> Self {
        Self { name: name.into(), required: true }
    }

    /// A claim that some tokens have.
    ///
    /// ```
    /// use rescind::token::{ClaimMap, ClaimSource};
    ///
    /// // Machines have no email.
    /// let claims = ClaimMap { email: Some(ClaimSource::optional("email")), ..ClaimMap::default() };
    /// # assert!(claims.email.is_some());
    /// ```
    pub fn optional(name: impl Into<String>) -> Self {
        Self { name: name.into(), required: false }
    }
}
