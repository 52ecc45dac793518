//! A cache on a Redis of the test's own, and marks to put into it.
#![allow(dead_code, reason = "every test file uses its own part")]

use std::time::Duration;

use rescind::id::{SessionId, TenantId, UserId};
use rescind::ledger::{MarkIdentity, MarkKey};
use rescind::lookup::{CacheEntry, CachedMark, MarkCache as _};
use rescind_redis::{RedisCache, Timing};
use uuid::Uuid;

/// Longer than anything here takes on the slowest machine: a hang becomes a failure.
const LIMIT: Duration = Duration::from_secs(60);

/// Patient where a busy machine may be slow, and quick to look for Redis again.
pub(crate) fn timing() -> Timing {
    Timing {
        answer: Duration::from_secs(2),
        write: Duration::from_secs(10),
        pause: Duration::from_millis(10),
        ..Timing::default()
    }
}

/// Begins to look for Redis there.
pub(crate) fn start(url: &str) -> RedisCache {
    RedisCache::start(url.parse().unwrap(), timing()).unwrap()
}

/// With a connection.
pub(crate) async fn connected(url: &str) -> RedisCache {
    let cache = start(url);
    in_time(cache.connected()).await;
    cache
}

/// What comes of something that should not take for ever.
pub(crate) async fn in_time<T>(future: impl Future<Output = T>) -> T {
    tokio::time::timeout(LIMIT, future).await.expect("it took for ever")
}

pub(crate) fn session(n: u128) -> MarkIdentity {
    MarkIdentity {
        tenant: Some(TenantId(Uuid::from_u128(1))),
        key: MarkKey::Session(SessionId(Uuid::from_u128(n))),
    }
}

pub(crate) fn user(n: u128) -> MarkIdentity {
    MarkIdentity {
        tenant: Some(TenantId(Uuid::from_u128(1))),
        key: MarkKey::User(UserId(Uuid::from_u128(n))),
    }
}

pub(crate) fn known(identity: MarkIdentity, min_version: Option<i64>) -> CachedMark {
    CachedMark { identity, min_version }
}

/// Writes, and waits until that is done.
pub(crate) async fn write(cache: &RedisCache, marks: &[(CachedMark, u64)]) {
    let entry = |(mark, secs): &(CachedMark, u64)| CacheEntry {
        mark: mark.clone(),
        lifetime: Duration::from_secs(*secs),
    };
    cache.publish(marks.iter().map(entry).collect());
    in_time(cache.settled()).await;
}
