//! What a look-up asks of a cache.

use std::future::Future;
use std::pin::Pin;
use std::time::Duration;

use crate::clock::Timestamp;
use crate::ledger::{CutKind, Mark, MarkIdentity};

/// A cache of marks that many processes share. It is never believed when it says nothing.
pub trait MarkCache: Send + Sync {
    /// Hands entries over, to be written soon. It never waits and never fails: what there is no room for is dropped and
    /// counted, and whoever would have found it asks the ledger. A version that is kept is never lowered, nor a lifetime
    /// shortened.
    fn publish(&self, entries: Vec<CacheEntry>);

    /// What is kept of `identities`, in one round trip: those that it has, in no order.
    fn look_up<'a>(&'a self, identities: &'a [MarkIdentity]) -> CacheAnswer<'a>;

    /// How many entries were dropped since the start.
    fn dropped(&self) -> u64;
}

/// What [`MarkCache::look_up`] returns.
pub type CacheAnswer<'a> = Pin<Box<dyn Future<Output = Result<Vec<CachedMark>, CacheError>> + Send + 'a>>;

/// The cache did not answer, not in time, or not with anything that makes sense. No more than a miss.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the cache did not answer")]
pub struct CacheError;

/// What a cache knows of a mark.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CachedMark {
    /// What it is about, and for whose tokens it holds.
    pub identity: MarkIdentity,
    /// For users and tenants, and always there for them: tokens below this version are dead.
    pub min_version: Option<i64>,
}

/// A mark to be kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CacheEntry {
    /// What is to be known of it.
    pub mark: CachedMark,
    /// For how much longer.
    pub lifetime: Duration,
}

/// The longest that an entry is kept: a cache is no archive. The mark of a key never expires; after this time it is the
/// ledger that knows of it, and puts it back when asked.
pub const LONGEST_LIFETIME: Duration = Duration::from_secs(30 * 24 * 3600);

impl CacheEntry {
    /// What is to be kept of a mark; none where it has expired, or has a version that cannot be written down.
    pub(super) fn of(mark: &Mark, now: Timestamp, leeway: Duration) -> Option<Self> {
        let versioned = matches!(mark.kind(), CutKind::User | CutKind::Tenant);
        let min_version = match mark.min_version {
            Some(version) if versioned => Some(version),
            // What kills every version has no number; the ledger says so each time.
            _ if versioned => return None,
            _ => None,
        };
        if min_version.is_some_and(i64::is_negative) {
            return None;
        }
        let left = mark.expires_at.plus(leeway).since(now).min(LONGEST_LIFETIME);
        let mark = CachedMark { identity: mark.identity(), min_version };
        (!left.is_zero()).then_some(Self { mark, lifetime: left })
    }
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;
    use crate::id::{TenantId, UserId};
    use crate::ledger::MarkKey;

    const LEEWAY: Duration = Duration::from_secs(30);

    fn now() -> Timestamp {
        Timestamp::from_secs(1_700_000_000)
    }

    fn of(key: MarkKey, min_version: Option<i64>, expires_at: Timestamp) -> Option<CacheEntry> {
        CacheEntry::of(&Mark { tenant: None, key, min_version, expires_at }, now(), LEEWAY)
    }

    #[test]
    fn an_entry_lives_as_long_as_its_mark_and_the_leeway_and_never_for_ever() {
        let lifetime =
            |expires_at| of(MarkKey::Key("k".into()), None, expires_at).map(|entry| entry.lifetime);
        let minute = Duration::from_secs(60);
        assert_eq!(lifetime(now().plus(minute)), Some(minute + LEEWAY));
        assert_eq!(lifetime(now()), Some(LEEWAY));
        assert_eq!(lifetime(now().minus(LEEWAY)), None);
        assert_eq!(lifetime(now().minus(minute)), None);
        assert_eq!(lifetime(Timestamp::MAX), Some(LONGEST_LIFETIME));
    }

    #[test]
    fn what_has_no_version_to_write_down_is_left_to_the_ledger() {
        let (user, tenant) = (UserId(Uuid::from_u128(1)), TenantId(Uuid::from_u128(2)));
        for key in [MarkKey::User(user), MarkKey::Tenant(tenant)] {
            let version = |version| of(key.clone(), version, now()).map(|entry| entry.mark.min_version);
            assert_eq!(version(Some(7)), Some(Some(7)));
            assert_eq!(version(Some(-1)), None);
            assert_eq!(version(None), None);
        }
        let session = MarkKey::Session(crate::id::SessionId(Uuid::from_u128(3)));
        assert_eq!(of(session, Some(7), now()).map(|entry| entry.mark.min_version), Some(None));
    }
}
