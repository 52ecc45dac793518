//! The one function that evaluates all cuts.

use std::fmt;
use std::sync::atomic::Ordering;

use crate::id::{ClientId, SessionId, TenantId, UserId};
use crate::ledger::{CutKind, TokenKey};
use crate::replica::Replica;
use crate::replica::flat::{IdKey, IdKind};
use crate::replica::odd::{OddKey, Scoped};
use crate::replica::tables::Tables;

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
        let tables = self.tables.load();
        CutKind::ALL.into_iter().find(|&kind| self.holds_any(kind) && self.cuts(&tables, kind, facts))
    }

    #[inline]
    fn holds_any(&self, kind: CutKind) -> bool {
        self.counts[kind as usize].load(Ordering::Relaxed) > 0
    }

    #[inline]
    fn cuts(&self, tables: &Tables, kind: CutKind, facts: &TokenFacts<'_>) -> bool {
        let tenant = facts.tenant;
        let in_scope = |mark: &Scoped| in_scope(mark.tenant, tenant);
        let below = |mark: &Scoped, version: Option<i64>| {
            in_scope(mark) && version.is_none_or(|version| version < mark.min_version)
        };
        match kind {
            CutKind::Token => facts.jti.is_some_and(|jti| match jti {
                TokenKey::Uuid(id) => self.id_cut(tables, IdKind::Token, id.as_u128(), tenant),
                TokenKey::Text(text) => self.odd_cut(tables, OddKey::Jti(text), in_scope),
            }),
            CutKind::Session => {
                facts.session.is_some_and(|id| self.id_cut(tables, IdKind::Session, id.0.as_u128(), tenant))
            }
            CutKind::User => facts.user.is_some_and(|id| {
                self.odd_cut(tables, OddKey::User(id), |mark| below(mark, facts.token_version))
            }),
            CutKind::Tenant => facts.tenant.is_some_and(|id| {
                self.odd_cut(tables, OddKey::Tenant(id), |mark| below(mark, facts.tenant_token_version))
            }),
            CutKind::Client => {
                facts.client.is_some_and(|id| self.id_cut(tables, IdKind::Client, id.0.as_u128(), tenant))
            }
            CutKind::Key => self.odd_cut(tables, OddKey::Kid(facts.kid), in_scope),
            CutKind::Digest => match facts.digest {
                DigestFact::None => false,
                DigestFact::Known(digest) => self.odd_cut(tables, OddKey::Digest(digest), in_scope),
                DigestFact::Lazy(compute) => self.odd_cut(tables, OddKey::Digest(&compute()), in_scope),
            },
        }
    }

    #[inline]
    fn id_cut(&self, tables: &Tables, kind: IdKind, id: u128, tenant: Option<TenantId>) -> bool {
        let key = IdKey { hash: self.seed.id(kind.cut(), id), kind, id };
        let shard = tables.shard(key);
        shard.may_hold(key.hash)
            && shard.find(key, |meta| in_scope(self.tenants.of(meta.tenant()), tenant)).is_some()
    }

    #[inline]
    fn odd_cut(&self, tables: &Tables, key: OddKey<'_>, dead: impl Fn(&Scoped) -> bool) -> bool {
        let hash = key.hash(&self.seed);
        tables.odd_filter.may_hold(hash) && self.odd.any(key, hash, dead)
    }
}

/// A mark with a tenant holds for that tenant's tokens only, one without for everybody's.
#[inline]
fn in_scope(mark: Option<TenantId>, token: Option<TenantId>) -> bool {
    mark.is_none() || mark == token
}
