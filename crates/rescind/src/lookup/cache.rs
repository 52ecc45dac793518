//! What a look-up asks of a cache.

use std::future::Future;
use std::pin::Pin;
use std::time::Duration;

use crate::clock::Timestamp;
use crate::ledger::{CutKind, Mark, MarkIdentity};

/// A cache of marks that many processes share. It is never believed when it says nothing.
///
/// ```
/// # rescind_examples::run(async |rescind_examples::World { ports, authority, ada, pair, .. }| {
/// use std::sync::Arc;
///
/// use rescind::ledger::MarkIdentity;
/// use rescind::lookup::{CacheAnswer, CacheEntry, CacheError, Lookup, MarkCache};
/// use rescind::token::Expected;
/// use secrecy::ExposeSecret as _;
///
/// /// One that is down.
/// struct Down;
///
/// impl MarkCache for Down {
///     fn publish(&self, _: Vec<CacheEntry>) {}
///     fn look_up<'a>(&'a self, _: &'a [MarkIdentity]) -> CacheAnswer<'a> {
///         Box::pin(std::future::ready(Err(CacheError)))
///     }
///     fn dropped(&self) -> u64 {
///         0
///     }
/// }
///
/// authority.revoke_all_own(&ada).await?;
/// // The ledger is asked in its stead.
/// let lookup = Lookup::new(Some(Arc::new(Down)), ports.store, authority.settings().leeway);
/// let token = pair.access_token.expose_secret();
/// let refused = authority.verifier().verify_by_lookup(token, Expected::Configured, &lookup).await;
/// assert_eq!(refused.unwrap_err().code(), "token_revoked");
/// # Ok(())
/// # });
/// ```
pub trait MarkCache: Send + Sync {
    /// Hands entries over, to be written soon. It never waits and never fails: what there is no room for is dropped and
    /// counted, and whoever would have found it asks the ledger. A version that is kept is never lowered, nor a lifetime
    /// shortened.
    ///
    /// ```
    /// use std::time::Duration;
    ///
    /// use rescind::lookup::{CacheEntry, CachedMark, MarkCache as _};
    /// # use rescind::id::TenantId;
    /// # use rescind::ledger::{MarkIdentity, MarkKey};
    /// # let cache = rescind_examples::MemoryCache::default();
    /// # let identity = MarkIdentity { tenant: None, key: MarkKey::Tenant(TenantId(uuid::Uuid::from_u128(1))) };
    ///
    /// let below = |version| {
    ///     let mark = CachedMark { identity: identity.clone(), min_version: Some(version) };
    ///     CacheEntry { mark, lifetime: Duration::from_secs(900) }
    /// };
    /// cache.publish(vec![below(8)]);
    /// // Another node comes late with what it read before.
    /// cache.publish(vec![below(7)]);
    /// assert_eq!(cache.entries(), [below(8)]);
    /// ```
    fn publish(&self, entries: Vec<CacheEntry>);

    /// What is kept of `identities`, in one round trip: those that it has, in no order.
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), rescind::lookup::CacheError> {
    /// # use std::time::Duration;
    /// # use rescind::ledger::{MarkIdentity, MarkKey};
    /// use rescind::lookup::{CacheEntry, CachedMark, MarkCache as _};
    ///
    /// # let cache = rescind_examples::MemoryCache::default();
    /// let [cut, other] = ["k1", "k2"].map(|kid| MarkIdentity { tenant: None, key: MarkKey::Key(kid.into()) });
    /// let mark = CachedMark { identity: cut.clone(), min_version: None };
    /// cache.publish(vec![CacheEntry { mark: mark.clone(), lifetime: Duration::from_secs(900) }]);
    /// // Of the other it says nothing, which is not to say that nothing cut it.
    /// assert_eq!(cache.look_up(&[cut, other]).await?, [mark]);
    /// # Ok(())
    /// # }
    /// ```
    fn look_up<'a>(&'a self, identities: &'a [MarkIdentity]) -> CacheAnswer<'a>;

    /// How many entries were dropped since the start.
    ///
    /// ```
    /// use rescind::lookup::MarkCache as _;
    ///
    /// // One in memory has room for everything.
    /// assert_eq!(rescind_examples::MemoryCache::default().dropped(), 0);
    /// ```
    fn dropped(&self) -> u64;
}

/// What [`MarkCache::look_up`] returns.
///
/// ```
/// use rescind::ledger::MarkIdentity;
/// use rescind::lookup::{CacheAnswer, CacheError};
///
/// /// A cache that was flushed.
/// fn look_up<'a>(_: &'a [MarkIdentity]) -> CacheAnswer<'a> {
///     Box::pin(std::future::ready(Ok(Vec::new())))
/// }
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), CacheError> {
/// assert_eq!(look_up(&[]).await?, []);
/// # Ok(())
/// # }
/// ```
pub type CacheAnswer<'a> = Pin<Box<dyn Future<Output = Result<Vec<CachedMark>, CacheError>> + Send + 'a>>;

/// The cache did not answer, not in time, or not with anything that makes sense. No more than a miss.
///
/// ```
/// use rescind::lookup::CacheError;
///
/// // What was wrong, is logged by the cache.
/// assert_eq!(CacheError.to_string(), "the cache did not answer");
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the cache did not answer")]
pub struct CacheError;

/// What a cache knows of a mark.
///
/// ```
/// use rescind::ledger::{CutKind, MarkIdentity, MarkKey};
/// use rescind::lookup::CachedMark;
/// use rescind::replica::{Candidates, TokenFacts};
/// # let tenant = rescind::id::TenantId(uuid::Uuid::from_u128(1));
///
/// let identity = MarkIdentity { tenant: None, key: MarkKey::Tenant(tenant) };
/// let held = CachedMark { identity, min_version: Some(7) };
/// let judged = |tver| {
///     let facts = TokenFacts { tenant: Some(tenant), tenant_token_version: Some(tver), ..TokenFacts::default() };
///     Candidates::of(&facts).narrowest([(&held.identity, held.min_version)])
/// };
/// assert_eq!(judged(6), Some(CutKind::Tenant));
/// assert_eq!(judged(7), None, "it was minted after the cut: the ledger is asked");
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CachedMark {
    /// What it is about, and for whose tokens it holds.
    pub identity: MarkIdentity,
    /// For users and tenants, and always there for them: tokens below this version are dead.
    pub min_version: Option<i64>,
}

/// A mark to be kept.
///
/// ```
/// # rescind_examples::run(async |rescind_examples::World { ports, authority, .. }| {
/// use std::sync::Arc;
/// use std::time::Duration;
///
/// use rescind::ledger::{Mark, MarkKey, TokenKey};
/// use rescind::lookup::Lookup;
///
/// let cache = Arc::new(rescind_examples::MemoryCache::default());
/// let lookup = Lookup::new(Some(cache.clone()), ports.store, Duration::from_secs(30));
/// let (now, minute) = (authority.now(), Duration::from_secs(60));
/// let key = MarkKey::Token(TokenKey::new("7f1c"));
/// let mark = Mark { tenant: None, key, min_version: None, expires_at: now.plus(minute) };
/// lookup.publish([&mark], now);
/// // For as long as a token may be taken that it kills.
/// assert_eq!(cache.entries()[0].lifetime, minute + Duration::from_secs(30));
/// # Ok(())
/// # });
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CacheEntry {
    /// What is to be known of it.
    pub mark: CachedMark,
    /// For how much longer.
    pub lifetime: Duration,
}

/// The longest that an entry is kept: a cache is no archive. The mark of a key never expires; after this time it is the
/// ledger that knows of it, and puts it back when asked.
///
/// ```
/// # rescind_examples::run(async |rescind_examples::World { ports, authority, .. }| {
/// use std::sync::Arc;
/// use std::time::Duration;
///
/// use rescind::clock::Timestamp;
/// use rescind::ledger::{Mark, MarkKey};
/// use rescind::lookup::{LONGEST_LIFETIME, Lookup};
///
/// let cache = Arc::new(rescind_examples::MemoryCache::default());
/// let lookup = Lookup::new(Some(cache.clone()), ports.store, Duration::from_secs(30));
/// let key = MarkKey::Key("k1".into());
/// let mark = Mark { tenant: None, key, min_version: None, expires_at: Timestamp::MAX };
/// lookup.publish([&mark], authority.now());
/// assert_eq!(cache.entries()[0].lifetime, LONGEST_LIFETIME);
/// # Ok(())
/// # });
/// ```
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
