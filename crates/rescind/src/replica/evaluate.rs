//! The one function that evaluates all cuts.

use std::fmt;
use std::sync::atomic::Ordering;

use crate::id::{ClientId, SessionId, TenantId, UserId};
use crate::ledger::{CutKind, TokenKey};
use crate::replica::Replica;
use crate::replica::filter::{Filter, with_filter};
use crate::replica::flat::{IdKey, IdKind, Meta};
use crate::replica::odd::OddKey;
use crate::replica::seed::{Hash, Seed};

/// What the cuts of a token are decided by. A part that the token does not have is none.
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

impl Replica {
    /// The cut that the token is dead by, if it is: the narrowest, where there are several.
    ///
    /// Every surface decides by this function alone. It takes no lock, and sees every mark whose
    /// [`Replica::apply`] returned before it was called. It knows nothing of the token's own expiry.
    ///
    /// ```
    /// use rescind::clock::Timestamp;
    /// use rescind::ledger::{CutKind, Mark, MarkKey};
    /// use rescind::replica::{Replica, TokenFacts};
    /// # use rescind::id::{TenantId, UserId};
    /// # let (tenant, user) = (TenantId(uuid::Uuid::from_u128(1)), UserId(uuid::Uuid::from_u128(2)));
    ///
    /// let replica = Replica::new(&rescind::system::SystemEntropy, std::time::Duration::from_secs(30));
    /// let now = Timestamp::from_secs(1_700_000_000);
    /// let signed_out_everywhere = Mark {
    ///     tenant: Some(tenant),
    ///     key: MarkKey::User(user),
    ///     min_version: Some(7),
    ///     expires_at: Timestamp::from_secs(1_700_000_900),
    /// };
    /// replica.apply(&signed_out_everywhere, now);
    ///
    /// let token = TokenFacts { tenant: Some(tenant), user: Some(user), token_version: Some(6), ..TokenFacts::default() };
    /// assert_eq!(replica.evaluate(&token), Some(CutKind::User));
    /// assert_eq!(replica.evaluate(&TokenFacts { token_version: Some(7), ..token }), None);
    /// ```
    pub fn evaluate(&self, facts: &TokenFacts<'_>) -> Option<CutKind> {
        let computed;
        let digest = match facts.digest {
            DigestFact::Known(digest) => Some(digest),
            DigestFact::Lazy(compute) if self.holds_any(CutKind::Digest) => {
                computed = compute();
                Some(&computed)
            }
            DigestFact::Lazy(_) | DigestFact::None => None,
        };
        // First the filter is asked about all kinds, so that the processor waits for all of its answers at once.
        let suspects = with_filter(
            self.generation.load(Ordering::Acquire),
            || self.filter.load_full(),
            |filter| self.suspects(filter, facts, digest),
        );
        if suspects == 0 { None } else { self.narrowest_cut(suspects, facts, digest) }
    }

    /// A bit for each kind that the filter does not rule out.
    ///
    /// Every word to be read is known before the first is asked for: the processor fetches them side by side.
    #[inline]
    fn suspects(&self, filter: &Filter, facts: &TokenFacts<'_>, digest: Option<&[u8; 32]>) -> u8 {
        let token = self.hash_if_held(CutKind::Token, facts, digest);
        let session = self.hash_if_held(CutKind::Session, facts, digest);
        let user = self.hash_if_held(CutKind::User, facts, digest);
        let tenant = self.hash_if_held(CutKind::Tenant, facts, digest);
        let client = self.hash_if_held(CutKind::Client, facts, digest);
        let key = self.hash_if_held(CutKind::Key, facts, digest);
        let digest = self.hash_if_held(CutKind::Digest, facts, digest);
        let ask = |kind: CutKind, hash: Option<Hash>| {
            u8::from(hash.is_some_and(|hash| filter.may_hold(hash))) << kind as u8
        };
        ask(CutKind::Token, token)
            | ask(CutKind::Session, session)
            | ask(CutKind::User, user)
            | ask(CutKind::Tenant, tenant)
            | ask(CutKind::Client, client)
            | ask(CutKind::Key, key)
            | ask(CutKind::Digest, digest)
    }

    /// The token's hash for a kind; none where nothing of that kind is held, or the token has no such part.
    ///
    /// Inlined by force, and all below it: a key that is handed over in memory is read in other widths than it was
    /// written in, and until it arrives there, the processor fetches nothing that depends on it.
    #[inline(always)]
    fn hash_if_held(&self, kind: CutKind, facts: &TokenFacts<'_>, digest: Option<&[u8; 32]>) -> Option<Hash> {
        if !self.holds_any(kind) {
            return None;
        }
        Key::of(kind, facts, digest).map(|key| key.hash(&self.seed))
    }

    fn narrowest_cut(
        &self,
        suspects: u8,
        facts: &TokenFacts<'_>,
        digest: Option<&[u8; 32]>,
    ) -> Option<CutKind> {
        CutKind::ALL.into_iter().filter(|&kind| suspects & 1 << kind as u8 != 0).find(|&kind| {
            match Key::of(kind, facts, digest) {
                Some(Key::Id(kind, id)) => self.id_cut(kind, id, facts.tenant),
                Some(Key::Odd(key)) => self.odd_cut(key, facts),
                None => false,
            }
        })
    }

    fn id_cut(&self, kind: IdKind, id: u128, tenant: Option<TenantId>) -> bool {
        let key = IdKey::new(&self.seed, kind, id);
        let holds = |meta: Meta| in_scope(self.tenants.of(meta.tenant()), tenant);
        self.tables.load().shard(key.shard()).find(key, holds).is_some()
    }

    fn odd_cut(&self, key: OddKey<'_>, facts: &TokenFacts<'_>) -> bool {
        let version = match key {
            OddKey::User(_) => facts.token_version,
            OddKey::Tenant(_) => facts.tenant_token_version,
            OddKey::Jti(_) | OddKey::Kid(_) | OddKey::Digest(_) => None,
        };
        self.odd.any(key, key.hash(&self.seed), |mark| {
            in_scope(mark.tenant, facts.tenant) && version.is_none_or(|version| version < mark.min_version)
        })
    }

    #[inline]
    fn holds_any(&self, kind: CutKind) -> bool {
        self.counts[kind as usize].load(Ordering::Relaxed) > 0
    }
}

/// By what a kind of mark would name the token.
enum Key<'a> {
    Id(IdKind, u128),
    Odd(OddKey<'a>),
}

impl<'a> Key<'a> {
    #[inline(always)]
    fn of(kind: CutKind, facts: &TokenFacts<'a>, digest: Option<&'a [u8; 32]>) -> Option<Self> {
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
    fn hash(&self, seed: &Seed) -> Hash {
        match self {
            Self::Id(kind, id) => seed.id(kind.cut(), *id),
            Self::Odd(key) => key.hash(seed),
        }
    }
}

/// A mark with a tenant holds for that tenant's tokens only, one without for everybody's.
fn in_scope(mark: Option<TenantId>, token: Option<TenantId>) -> bool {
    mark.is_none() || mark == token
}
