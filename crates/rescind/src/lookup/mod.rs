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
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum CheckBy {
    /// By its replica, in memory.
    #[default]
    Replica,
    /// By a look-up at each check: the cache, then the ledger.
    Lookup,
}

/// The cache, where there is one, and the ledger behind it.
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
    pub fn new(cache: Option<Arc<dyn MarkCache>>, ledger: Arc<dyn LedgerStore>, leeway: Duration) -> Self {
        Self { cache, ledger, leeway, counters: LookupCounters::default() }
    }

    /// The cut that a token is dead by, if it is.
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
    pub fn publish<'m>(&self, marks: impl IntoIterator<Item = &'m Mark>, now: Timestamp) {
        let Some(cache) = &self.cache else { return };
        let entries: Vec<_> =
            marks.into_iter().filter_map(|mark| CacheEntry::of(mark, now, self.leeway)).collect();
        if !entries.is_empty() {
            cache.publish(entries);
        }
    }

    /// What was counted since the start.
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
