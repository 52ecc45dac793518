//! The one function that evaluates all cuts.

use crate::id::TenantId;
use crate::ledger::CutKind;
use crate::replica::Replica;
use crate::replica::filter::{Filter, with_filter};
use crate::replica::flat::{IdKey, IdKind, Meta};
use crate::replica::odd::OddKey;
use crate::replica::rules::{DigestFact, Key, TokenFacts, in_scope, is_below};
use crate::replica::seed::Hash;
use crate::sync::atomic::Ordering;

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
        let version = facts.versions().of(key.kind());
        self.odd.any(key, key.hash(&self.seed), |mark| {
            in_scope(mark.tenant, facts.tenant) && is_below(version, mark.min_version)
        })
    }

    #[inline]
    fn holds_any(&self, kind: CutKind) -> bool {
        self.counts[kind as usize].load(Ordering::Relaxed) > 0
    }
}
