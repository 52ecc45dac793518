//! A shared cache that nobody shares.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use rescind::ledger::MarkIdentity;
use rescind::lookup::{CacheAnswer, CacheEntry, MarkCache};

/// Keeps marks in memory, for good: for an example that needs a cache, and none that outlives it.
///
/// ```
/// use std::time::Duration;
///
/// use rescind::ledger::{MarkIdentity, MarkKey};
/// use rescind::lookup::{CacheEntry, CachedMark, MarkCache as _};
///
/// let cache = rescind_examples::MemoryCache::default();
/// let identity = MarkIdentity { tenant: None, key: MarkKey::Key("k1".into()) };
/// let mark = CachedMark { identity, min_version: None };
/// let entry = CacheEntry { mark, lifetime: Duration::from_secs(900) };
/// cache.publish(vec![entry.clone()]);
/// assert_eq!(cache.entries(), [entry]);
/// ```
#[derive(Debug, Default)]
pub struct MemoryCache(Mutex<BTreeMap<MarkIdentity, CacheEntry>>);

impl MemoryCache {
    /// All that it was handed, of each mark the highest version and the longest lifetime. [`MemoryCache`] shows it.
    pub fn entries(&self) -> Vec<CacheEntry> {
        self.kept().values().cloned().collect()
    }

    fn kept(&self) -> MutexGuard<'_, BTreeMap<MarkIdentity, CacheEntry>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl MarkCache for MemoryCache {
    fn publish(&self, entries: Vec<CacheEntry>) {
        let mut kept = self.kept();
        for entry in entries {
            let known = kept.entry(entry.mark.identity.clone()).or_insert_with(|| entry.clone());
            known.mark.min_version = known.mark.min_version.max(entry.mark.min_version);
            known.lifetime = known.lifetime.max(entry.lifetime);
        }
    }

    fn look_up<'a>(&'a self, identities: &'a [MarkIdentity]) -> CacheAnswer<'a> {
        let kept = self.kept();
        let found =
            identities.iter().filter_map(|identity| kept.get(identity)).map(|entry| entry.mark.clone());
        Box::pin(std::future::ready(Ok(found.collect())))
    }

    fn dropped(&self) -> u64 {
        0
    }
}
