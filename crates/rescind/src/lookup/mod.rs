//! Looking up: checking a token by asking at each check, a shared cache first and then the ledger.
//!
//! It is the other way of checking, beside the replica ([`CheckBy`]). The cache can only ever say *revoked*. That it does not
//! know, does not answer, answers nonsense or knows too low a version all mean the same: the ledger is asked. And so
//! nothing that happens to the cache, be it a flush, a restart, an eviction or a failover, lets a revoked token through.

mod cache;
mod counts;

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use crate::clock::Timestamp;
use crate::ledger::{CutKind, LedgerStore, Mark, MarkIdentity};
use crate::replica::Candidates;
use crate::store::{StoreError, traced};

pub use cache::{CacheAnswer, CacheEntry, CacheError, CachedMark, LONGEST_LIFETIME, MarkCache};
use counts::LookupCounters;
pub use counts::LookupCounts;

/// How a node checks access tokens.
///
/// ```
/// # rescind_examples::run(async |rescind_examples::World { authority, ports, ada, pair, .. }| {
/// use rescind::authority::{Authority, AuthoritySettings};
/// use rescind::lookup::CheckBy;
/// use rescind::token::Expected;
/// use secrecy::ExposeSecret as _;
///
/// let settings = AuthoritySettings { check: CheckBy::Lookup, ..AuthoritySettings::new("https://auth.example") };
/// # let other_node = Authority::start(ports, settings, || unreachable!("it was started before")).await?;
/// # let other_node = other_node.authority;
/// authority.revoke_all_own(&ada).await?;
/// // It has not followed the ledger since, and knows.
/// let refused = other_node.check(pair.access_token.expose_secret(), Expected::Configured).await;
/// assert_eq!(refused.unwrap_err().code(), "token_revoked");
/// # Ok(())
/// # });
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum CheckBy {
    /// By its replica, in memory.
    #[default]
    Replica,
    /// By a look-up at each check: the cache, then the ledger.
    Lookup,
}

/// The cache, where there is one, and the ledger behind it.
///
/// ```
/// # rescind_examples::run(async |rescind_examples::World { ports, authority, ada, pair, .. }| {
/// use std::sync::Arc;
///
/// use rescind::lookup::Lookup;
/// use rescind::token::Expected;
/// use secrecy::ExposeSecret as _;
///
/// let cache = Arc::new(rescind_examples::MemoryCache::default());
/// let lookup = Lookup::new(Some(cache.clone()), ports.store, authority.settings().leeway);
/// let (token, verifier) = (pair.access_token.expose_secret(), authority.verifier());
/// assert!(verifier.verify_by_lookup(token, Expected::Configured, &lookup).await.is_ok());
///
/// authority.revoke_all_own(&ada).await?;
/// let refused = verifier.verify_by_lookup(token, Expected::Configured, &lookup).await;
/// assert_eq!(refused.unwrap_err().code(), "token_revoked");
/// // The ledger knew it; the next one to ask hears of it from the cache.
/// assert_eq!(cache.entries().len(), 1);
/// # Ok(())
/// # });
/// ```
pub struct Lookup {
    cache: Option<Arc<dyn MarkCache>>,
    ledger: Arc<dyn LedgerStore>,
    leeway: Duration,
    counters: LookupCounters,
}

impl fmt::Debug for Lookup {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Lookup").field("has_cache", &self.cache.is_some()).finish_non_exhaustive()
    }
}

impl Lookup {
    /// Asks `cache`, if there is one, and then `ledger`. `leeway` is the largest that any verifier grants a token's `exp`: an entry
    /// of the cache lives that much longer than its mark.
    ///
    /// ```
    /// # rescind_examples::run(async |rescind_examples::World { ports, .. }| {
    /// use std::time::Duration;
    ///
    /// use rescind::lookup::{Lookup, LookupCounts};
    ///
    /// // Without a cache every check is a read of the ledger.
    /// let lookup = Lookup::new(None, ports.store, Duration::from_secs(30));
    /// assert_eq!(lookup.counts(), LookupCounts::default());
    /// # Ok(())
    /// # });
    /// ```
    pub fn new(cache: Option<Arc<dyn MarkCache>>, ledger: Arc<dyn LedgerStore>, leeway: Duration) -> Self {
        Self { cache, ledger, leeway, counters: LookupCounters::default() }
    }

    /// The cut that a token is dead by, if it is.
    ///
    /// ```
    /// # rescind_examples::run(async |rescind_examples::World { authority, operator, acme, pair, .. }| {
    /// use rescind::ledger::CutKind;
    /// use rescind::replica::{Candidates, TokenFacts};
    ///
    /// let (session, tenant) = (Some(pair.session_id), Some(acme));
    /// let token = Candidates::of(&TokenFacts { session, tenant, ..TokenFacts::default() });
    /// assert_eq!(authority.lookup().cut(&token, authority.now()).await?, None);
    /// authority.end_session(&operator, pair.session_id, None).await?;
    /// assert_eq!(authority.lookup().cut(&token, authority.now()).await?, Some(CutKind::Session));
    /// # Ok(())
    /// # });
    /// ```
    ///
    /// # Errors
    /// The cache said nothing sure, and the ledger could not be read.
    pub async fn cut(&self, token: &Candidates, now: Timestamp) -> Result<Option<CutKind>, StoreError> {
        match self.ask_cache(token).await {
            Some(cut) => Ok(Some(cut)),
            None => self.ask_ledger(token, now).await,
        }
    }

    /// Hands marks over to the cache, for as long as they have left. Waits for nobody.
    ///
    /// ```
    /// # rescind_examples::run(async |rescind_examples::World { ports, authority, ada, .. }| {
    /// use std::sync::Arc;
    /// use std::time::Duration;
    ///
    /// use rescind::lookup::Lookup;
    ///
    /// let cache = Arc::new(rescind_examples::MemoryCache::default());
    /// let lookup = Lookup::new(Some(cache.clone()), ports.store, Duration::from_secs(30));
    /// authority.revoke_all_own(&ada).await?;
    /// let marks: Vec<_> = authority.replica().marks_held().collect();
    /// lookup.publish(&marks, authority.now());
    /// assert_eq!(cache.entries()[0].mark.identity, marks[0].identity());
    /// # Ok(())
    /// # });
    /// ```
    pub fn publish<'m>(&self, marks: impl IntoIterator<Item = &'m Mark>, now: Timestamp) {
        let Some(cache) = &self.cache else { return };
        let entries: Vec<_> =
            marks.into_iter().filter_map(|mark| CacheEntry::of(mark, now, self.leeway)).collect();
        if !entries.is_empty() {
            cache.publish(entries);
        }
    }

    /// What was counted since the start.
    ///
    /// ```
    /// # rescind_examples::run(async |rescind_examples::World { authority, pair, .. }| {
    /// use rescind::token::Expected;
    /// use secrecy::ExposeSecret as _;
    ///
    /// let (token, lookup) = (pair.access_token.expose_secret(), authority.lookup());
    /// assert!(authority.verifier().verify_by_lookup(token, Expected::Configured, lookup).await.is_ok());
    /// assert_eq!(lookup.counts().ledger_clear, 1);
    /// # Ok(())
    /// # });
    /// ```
    pub fn counts(&self) -> LookupCounts {
        self.counters.read(self.cache.as_ref().map_or(0, |cache| cache.dropped()))
    }

    async fn ask_cache(&self, token: &Candidates) -> Option<CutKind> {
        let cache = self.cache.as_ref()?;
        let answer = cache.look_up(token.identities()).await;
        let cut = answer
            .as_ref()
            .ok()
            .and_then(|held| token.narrowest(held.iter().map(|held| (&held.identity, held.min_version))));
        self.counters.cache_answered(answer.is_ok(), cut.is_some());
        cut
    }

    async fn ask_ledger(&self, token: &Candidates, now: Timestamp) -> Result<Option<CutKind>, StoreError> {
        let answer = traced("standing_marks", self.ledger.standing_marks(token.identities())).await;
        let standing: Vec<(MarkIdentity, Mark)> =
            answer.iter().flatten().map(|mark| (mark.identity(), mark.clone())).collect();
        let cut = token.narrowest(standing.iter().map(|(identity, mark)| (identity, mark.min_version)));
        self.counters.ledger_answered(answer.is_ok(), cut.is_some());
        answer?;
        let killing = standing.iter().filter(|(identity, mark)| token.dies_by(identity, mark.min_version));
        self.publish(killing.map(|(_, mark)| mark), now);
        Ok(cut)
    }
}
