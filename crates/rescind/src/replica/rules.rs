//! The rules of the cuts: by which marks a token may be named, and whether one of them kills it. Whatever holds marks,
//! be it the replica, the ledger or a cache, decides by these.

use std::fmt;

use crate::id::{ClientId, SessionId, TenantId, UserId};
use crate::ledger::{CutKind, MarkIdentity, MarkKey, TokenKey};
use crate::replica::flat::IdKind;
use crate::replica::odd::OddKey;
use crate::replica::seed::{Hash, Seed};
use crate::replica::write::id_mark_key;

/// What the cuts of a token are decided by. A part that the token does not have is none.
///
/// ```
/// use rescind::ledger::{CutKind, Mark, MarkKey};
/// use rescind::replica::{Replica, TokenFacts};
/// # use rescind::clock::Timestamp;
/// # use rescind::id::SessionId;
/// # let session = SessionId(uuid::Uuid::from_u128(1));
///
/// let replica = Replica::new(&rescind::system::SystemEntropy, Default::default());
/// let key = MarkKey::Session(session);
/// let ended = Mark { tenant: None, key, min_version: None, expires_at: Timestamp::from_secs(1_700_000_900) };
/// replica.apply(&ended, Timestamp::from_secs(1_700_000_000));
/// let token = TokenFacts { session: Some(session), kid: "k1", ..TokenFacts::default() };
/// assert_eq!(replica.evaluate(&token), Some(CutKind::Session));
/// ```
#[derive(Clone, Copy, Debug, Default)]
pub struct TokenFacts<'a> {
    /// `jti`.
    pub jti: Option<&'a TokenKey>,
    /// SHA-256 of the signing input (`header.payload`, after strict decoding).
    pub digest: DigestFact<'a>,
    /// `sid`.
    pub session: Option<SessionId>,
    /// `user_id`.
    pub user: Option<UserId>,
    /// `tenant_id`: a mark of another tenant's scope does not hold for the token.
    pub tenant: Option<TenantId>,
    /// `ver`: a user cut kills a token that has none.
    pub token_version: Option<i64>,
    /// `tver`: a tenant cut kills a token that has none.
    pub tenant_token_version: Option<i64>,
    /// `client_id`, where it names an API client.
    pub client: Option<ClientId>,
    /// `kid` of the header.
    pub kid: &'a str,
}

/// A token's digest, or how to come by it.
///
/// ```
/// use rescind::replica::{DigestFact, Replica, TokenFacts};
///
/// let replica = Replica::new(&rescind::system::SystemEntropy, Default::default());
/// // As long as no token was cut by its digest, nobody computes one.
/// let compute = || -> [u8; 32] { unreachable!("there is no such cut") };
/// let token = TokenFacts { digest: DigestFact::Lazy(&compute), ..TokenFacts::default() };
/// assert_eq!(replica.evaluate(&token), None);
/// ```
#[derive(Clone, Copy, Default)]
pub enum DigestFact<'a> {
    /// Not to be had: digest cuts do not reach the token.
    #[default]
    None,
    /// The digest.
    Known(&'a [u8; 32]),
    /// Computes it; called only while there are digest cuts at all.
    Lazy(&'a dyn Fn() -> [u8; 32]),
}

impl fmt::Debug for DigestFact<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::None => "None",
            Self::Known(_) => "Known",
            Self::Lazy(_) => "Lazy",
        })
    }
}

impl TokenFacts<'_> {
    pub(super) const fn versions(&self) -> Versions {
        Versions { user: self.token_version, tenant: self.tenant_token_version }
    }
}

/// Every mark that could kill a token, by identity, and what decides whether it does: for whoever holds marks somewhere
/// else than in a [`Replica`](super::Replica), and has to ask for them.
///
/// ```
/// use rescind::ledger::{CutKind, MarkIdentity, MarkKey};
/// use rescind::replica::{Candidates, TokenFacts};
/// # use rescind::id::{TenantId, UserId};
/// # let (tenant, user) = (TenantId(uuid::Uuid::from_u128(1)), UserId(uuid::Uuid::from_u128(2)));
///
/// let facts = TokenFacts { tenant: Some(tenant), user: Some(user), token_version: Some(6), ..TokenFacts::default() };
/// let candidates = Candidates::of(&facts);
/// let user_cut = MarkIdentity { tenant: Some(tenant), key: MarkKey::User(user) };
/// assert!(candidates.identities().contains(&user_cut));
/// assert_eq!(candidates.narrowest([(&user_cut, Some(7))]), Some(CutKind::User));
/// assert_eq!(candidates.narrowest([(&user_cut, Some(6))]), None);
/// ```
#[derive(Clone, Debug)]
pub struct Candidates {
    identities: Vec<MarkIdentity>,
    versions: Versions,
}

impl Candidates {
    /// The marks by which a token with these facts may be named.
    ///
    /// ```
    /// use rescind::ledger::{MarkIdentity, MarkKey};
    /// use rescind::replica::{Candidates, TokenFacts};
    ///
    /// let signed = TokenFacts { kid: "k1", ..TokenFacts::default() };
    /// let by_key = MarkIdentity { tenant: None, key: MarkKey::Key("k1".into()) };
    /// assert_eq!(Candidates::of(&signed).identities(), [by_key]);
    /// ```
    pub fn of(facts: &TokenFacts<'_>) -> Self {
        let computed;
        let digest = match facts.digest {
            DigestFact::Known(digest) => Some(digest),
            DigestFact::Lazy(compute) => {
                computed = compute();
                Some(&computed)
            }
            DigestFact::None => None,
        };
        let keys = CutKind::ALL.into_iter().filter_map(|kind| Key::of(kind, facts, digest));
        let scopes = || std::iter::once(None).chain(facts.tenant.map(Some));
        let identities = keys
            .map(|key| key.mark_key())
            .flat_map(|key| scopes().map(move |tenant| MarkIdentity { tenant, key: key.clone() }))
            .collect();
        Self { identities, versions: facts.versions() }
    }

    /// What to ask for.
    ///
    /// ```
    /// use rescind::replica::{Candidates, TokenFacts};
    /// # use rescind::id::{SessionId, TenantId};
    /// # let (acme, session) = (TenantId(uuid::Uuid::from_u128(1)), SessionId(uuid::Uuid::from_u128(2)));
    ///
    /// let token = TokenFacts { session: Some(session), tenant: Some(acme), ..TokenFacts::default() };
    /// let candidates = Candidates::of(&token);
    /// // By marks that hold for everybody, and by those of its own tenant.
    /// assert!(candidates.identities().iter().all(|one| one.tenant.is_none_or(|tenant| tenant == acme)));
    /// ```
    pub fn identities(&self) -> &[MarkIdentity] {
        &self.identities
    }

    /// Whether a mark of that identity and least version kills the token.
    ///
    /// ```
    /// use rescind::ledger::{MarkIdentity, MarkKey};
    /// use rescind::replica::{Candidates, TokenFacts};
    /// # use rescind::id::{TenantId, UserId};
    /// # let (acme, user) = (TenantId(uuid::Uuid::from_u128(1)), UserId(uuid::Uuid::from_u128(2)));
    ///
    /// let token = TokenFacts { tenant: Some(acme), user: Some(user), token_version: Some(6), ..TokenFacts::default() };
    /// let cut = MarkIdentity { tenant: Some(acme), key: MarkKey::User(user) };
    /// let candidates = Candidates::of(&token);
    /// assert!(candidates.dies_by(&cut, Some(7)));
    /// assert!(!candidates.dies_by(&cut, Some(6)), "it was minted after that cut");
    /// ```
    pub fn dies_by(&self, identity: &MarkIdentity, min_version: Option<i64>) -> bool {
        let version = self.versions.of(identity.key.kind());
        self.identities.contains(identity) && is_below(version, min_version.unwrap_or(i64::MAX))
    }

    /// The cut that the token is dead by, if it is by any of these marks: the narrowest, where there are several.
    ///
    /// ```
    /// use rescind::ledger::{CutKind, MarkIdentity, MarkKey};
    /// use rescind::replica::{Candidates, TokenFacts};
    /// # use rescind::id::SessionId;
    /// # let session = SessionId(uuid::Uuid::from_u128(1));
    ///
    /// let candidates = Candidates::of(&TokenFacts { session: Some(session), kid: "k1", ..TokenFacts::default() });
    /// let of = |key| MarkIdentity { tenant: None, key };
    /// let (by_key, by_session) = (of(MarkKey::Key("k1".into())), of(MarkKey::Session(session)));
    /// let cut = candidates.narrowest([(&by_key, None), (&by_session, None)]);
    /// assert_eq!(cut, Some(CutKind::Session));
    /// ```
    pub fn narrowest<'m>(
        &self,
        marks: impl IntoIterator<Item = (&'m MarkIdentity, Option<i64>)>,
    ) -> Option<CutKind> {
        let killing =
            marks.into_iter().filter(|(identity, min_version)| self.dies_by(identity, *min_version));
        killing.map(|(identity, _)| identity.key.kind()).min()
    }
}

/// What a token's marks with a version are measured against.
#[derive(Clone, Copy, Debug)]
pub(super) struct Versions {
    user: Option<i64>,
    tenant: Option<i64>,
}

impl Versions {
    /// None where any mark of that kind is deadly.
    #[inline]
    pub(super) const fn of(self, kind: CutKind) -> Option<i64> {
        match kind {
            CutKind::User => self.user,
            CutKind::Tenant => self.tenant,
            CutKind::Token | CutKind::Session | CutKind::Client | CutKind::Key | CutKind::Digest => None,
        }
    }
}

/// Whether a token of that version is dead by a mark of that least version.
#[inline]
pub(super) fn is_below(version: Option<i64>, min_version: i64) -> bool {
    version.is_none_or(|version| version < min_version)
}

/// By what a kind of mark would name the token.
pub(super) enum Key<'a> {
    Id(IdKind, u128),
    Odd(OddKey<'a>),
}

impl<'a> Key<'a> {
    #[inline(always)]
    pub(super) fn of(kind: CutKind, facts: &TokenFacts<'a>, digest: Option<&'a [u8; 32]>) -> Option<Self> {
        match kind {
            CutKind::Token => facts.jti.map(|jti| match jti {
                TokenKey::Uuid(id) => Self::Id(IdKind::Token, id.as_u128()),
                TokenKey::Text(text) => Self::Odd(OddKey::Jti(text)),
            }),
            CutKind::Session => facts.session.map(|id| Self::Id(IdKind::Session, id.0.as_u128())),
            CutKind::User => facts.user.map(|id| Self::Odd(OddKey::User(id.0.as_u128()))),
            CutKind::Tenant => facts.tenant.map(|id| Self::Odd(OddKey::Tenant(id.0.as_u128()))),
            CutKind::Client => facts.client.map(|id| Self::Id(IdKind::Client, id.0.as_u128())),
            CutKind::Key => Some(Self::Odd(OddKey::Kid(facts.kid))),
            CutKind::Digest => digest.map(|digest| Self::Odd(OddKey::Digest(digest))),
        }
    }

    #[inline(always)]
    pub(super) fn hash(&self, seed: &Seed) -> Hash {
        match self {
            Self::Id(kind, id) => seed.id(kind.cut(), *id),
            Self::Odd(key) => key.hash(seed),
        }
    }

    fn mark_key(&self) -> MarkKey {
        match self {
            Self::Id(kind, id) => id_mark_key(*kind, *id),
            Self::Odd(key) => key.mark_key(),
        }
    }
}

/// A mark with a tenant holds for that tenant's tokens only, one without for everybody's.
pub(super) fn in_scope(mark: Option<TenantId>, token: Option<TenantId>) -> bool {
    mark.is_none() || mark == token
}
