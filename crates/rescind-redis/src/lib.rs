//! Rescind's shared cache of revocations, on Redis: plain, over TLS, or found by Sentinel.
//!
//! [`RedisCache`] is the [`MarkCache`] of a node that looks up, and what a node writes for programs in other
//! languages. Keys and values are documented (`docs/redis.md`), and read by a plain `GET`. It is never the
//! authority: it can say *revoked* and nothing else, and whatever goes wrong with it is a miss.
//!
//! One connection carries everything. Where it breaks, or an answer is late, it is given up at once, nobody waits for another,
//! and a task in the background looks for Redis again: at the address of the URL, or where the sentinels say.

#![warn(clippy::unwrap_used, unreachable_pub)]

mod address;
mod dial;
mod layout;
mod link;
mod look;
mod sentinel;
mod tls;
mod write;

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use redis::ErrorKind;
use rescind::ledger::MarkIdentity;
use rescind::lookup::{CacheAnswer, CacheEntry, CacheError, CachedMark, MarkCache};
use tokio::task::JoinHandle;

use crate::dial::Dialer;
use crate::link::{Link, Live};
use crate::write::Queue;

pub use address::{Address, InvalidUrl};
pub use look::{LookError, Looked, NoMarks, Told, look};
pub use tls::TlsError;

/// For how long something may take before Redis counts as gone.
///
/// ```
/// use std::time::Duration;
/// use rescind_redis::Timing;
///
/// // In the same rack: who has not answered by then, will not.
/// let timing = Timing { answer: Duration::from_millis(20), ..Timing::default() };
/// assert_eq!(timing.pause, Duration::from_millis(250));
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Timing {
    /// To connect, with TLS and password; of each sentinel, its answer.
    pub connect: Duration,
    /// The answer to a look-up. Each check that asks waits at most so long, and the next ones not at all.
    pub answer: Duration,
    /// A batch of writes, which nobody waits for.
    pub write: Duration,
    /// Before Redis is looked for again after a connection was given up: a Redis that hangs costs one late answer in
    /// so long at most.
    pub pause: Duration,
}

impl Default for Timing {
    fn default() -> Self {
        Self {
            connect: Duration::from_millis(500),
            answer: Duration::from_millis(100),
            write: Duration::from_secs(1),
            pause: Duration::from_millis(250),
        }
    }
}

/// The cache on Redis. Dropping it ends its tasks; what was still waiting to be written is dropped too.
///
/// ```
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// use std::sync::Arc;
/// use rescind::ledger::{MarkIdentity, MarkKey};
/// use rescind::lookup::{CacheError, MarkCache};
/// use rescind_redis::{RedisCache, Timing};
///
/// // Nobody listens there: the server that is handed it starts all the same, and asks its ledger.
/// let address = "redis://127.0.0.1:1".parse()?;
/// let cache: Arc<dyn MarkCache> = Arc::new(RedisCache::start(address, Timing::default())?);
/// let key = MarkIdentity { tenant: None, key: MarkKey::Key("a-kid".into()) };
/// assert_eq!(cache.look_up(&[key]).await, Err(CacheError));
/// # Ok(())
/// # }
/// ```
pub struct RedisCache {
    link: Arc<Link>,
    queue: Queue,
    answer: Duration,
    tasks: [JoinHandle<()>; 2],
}

impl RedisCache {
    /// Begins to look for Redis, and returns at once: it need not be there. To be called within a Tokio runtime.
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// use rescind_redis::{RedisCache, Timing};
    ///
    /// let cache = RedisCache::start("redis://127.0.0.1:1".parse()?, Timing::default())?;
    /// assert_eq!(format!("{cache:?}"), "RedisCache { connected: false, .. }");
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// The certificates that the URL names cannot be read.
    pub fn start(address: Address, timing: Timing) -> Result<Self, TlsError> {
        let dialer = Dialer::new(address, timing)?;
        let link = Arc::new(Link::default());
        let (queue, waiting) = Queue::new();
        let keeping = tokio::spawn(link::keep(Arc::clone(&link), dialer, timing.pause));
        let writing = tokio::spawn(write::write(Arc::clone(&link), waiting, timing.write));
        Ok(Self { link, queue, answer: timing.answer, tasks: [keeping, writing] })
    }

    /// Resolves as soon as there is a connection.
    ///
    /// ```no_run
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// use std::time::Duration;
    /// use rescind_redis::{RedisCache, Timing};
    ///
    /// let cache = RedisCache::start("redis://cache.example".parse()?, Timing::default())?;
    /// // A test that is about the cache waits for it; a server does not.
    /// tokio::time::timeout(Duration::from_secs(10), cache.connected()).await?;
    /// # Ok(())
    /// # }
    /// ```
    pub async fn connected(&self) {
        self.link.until(true).await;
    }

    /// Resolves as soon as there is no connection.
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// use rescind_redis::{RedisCache, Timing};
    ///
    /// # // Nobody listens there.
    /// # let address = "redis://127.0.0.1:1".parse()?;
    /// # let cache = RedisCache::start(address, Timing::default())?;
    /// cache.disconnected().await;
    /// # Ok(())
    /// # }
    /// ```
    pub async fn disconnected(&self) {
        self.link.until(false).await;
    }

    /// Resolves when everything that was handed over before has been written, or dropped.
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// use std::time::Duration;
    /// use rescind::ledger::{MarkIdentity, MarkKey};
    /// use rescind::lookup::{CacheEntry, CachedMark, MarkCache as _};
    /// use rescind_redis::{RedisCache, Timing};
    ///
    /// # // Nobody listens there.
    /// # let address = "redis://127.0.0.1:1".parse()?;
    /// # let cache = RedisCache::start(address, Timing::default())?;
    /// let identity = MarkIdentity { tenant: None, key: MarkKey::Key("a-kid".into()) };
    /// let mark = CachedMark { identity, min_version: None };
    /// cache.publish(vec![CacheEntry { mark, lifetime: Duration::from_secs(60) }]);
    /// cache.settled().await;
    /// assert_eq!(cache.dropped(), 1, "there is no connection; the ledger has it");
    /// # Ok(())
    /// # }
    /// ```
    pub async fn settled(&self) {
        self.queue.settled().await;
    }

    async fn ask(&self, identities: &[MarkIdentity]) -> Result<Vec<CachedMark>, CacheError> {
        if identities.is_empty() {
            return Ok(Vec::new());
        }
        let live = self.link.live().ok_or(CacheError)?;
        let keys: Vec<String> = identities.iter().map(layout::key).collect();
        let values = self.get(&live, &keys).await?;
        if values.len() != identities.len() {
            return Err(CacheError);
        }
        let found = identities.iter().zip(values).filter_map(|(identity, value)| {
            let value = value?;
            Some(layout::read(identity, &value).ok_or_else(|| {
                tracing::warn!(kind = %identity.key.kind(), "Redis holds something that is not ours");
                CacheError
            }))
        });
        found.collect()
    }

    async fn get(&self, live: &Arc<Live>, keys: &[String]) -> Result<Vec<Option<Vec<u8>>>, CacheError> {
        let mut get = redis::cmd("MGET");
        get.arg(keys);
        let mut connection = live.connection();
        match tokio::time::timeout(self.answer, get.query_async(&mut connection)).await {
            Ok(Ok(values)) => Ok(values),
            Ok(Err(error)) => {
                if is_the_connections(&error) {
                    self.link.give_up(live, &error);
                }
                Err(CacheError)
            }
            Err(late) => {
                self.link.give_up(live, &late);
                Err(CacheError)
            }
        }
    }
}

impl MarkCache for RedisCache {
    fn publish(&self, entries: Vec<CacheEntry>) {
        self.queue.add(entries);
    }

    fn look_up<'a>(&'a self, identities: &'a [MarkIdentity]) -> CacheAnswer<'a> {
        Box::pin(self.ask(identities))
    }

    fn dropped(&self) -> u64 {
        self.queue.dropped()
    }
}

impl Drop for RedisCache {
    fn drop(&mut self) {
        self.tasks.iter().for_each(JoinHandle::abort);
    }
}

impl fmt::Debug for RedisCache {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RedisCache").field("connected", &self.link.live().is_some()).finish_non_exhaustive()
    }
}

/// Whether another connection may help: this one broke, or leads to a server that is not the master any more. What a server
/// refuses otherwise, for want of memory or of a right, it would refuse again.
fn is_the_connections(error: &redis::RedisError) -> bool {
    use redis::ServerErrorKind::{MasterDown, ReadOnly};
    // Redis 6 wraps what a script ran into.
    if error.detail().is_some_and(|detail| detail.contains("READONLY ")) {
        return true;
    }
    !matches!(error.kind(), ErrorKind::Server(kind) if kind != ReadOnly && kind != MasterDown)
        && error.kind() != ErrorKind::Extension
}
