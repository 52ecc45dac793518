//! The replica: the exact set of live marks that every verifier carries in memory.
//!
//! A probe for what is not there costs one word of a keyed filter. What the filter lets through is looked up in
//! exact tables: there are no false positives, and nothing is evicted for space. Readers take no lock and wait
//! for nobody; writers take turns.

#[cfg(interleaved)]
#[doc(hidden)]
pub mod bare;
mod evaluate;
mod expiry;
mod filter;
mod flat;
mod odd;
mod path;
mod refilter;
mod rules;
mod seed;
mod tables;
mod tenants;
#[cfg(test)]
mod tests;
mod write;

use std::fmt;
use std::sync::PoisonError;
use std::time::Duration;

use arc_swap::ArcSwap;
use tokio::sync::{Notify, watch};

use crate::clock::Timestamp;
use crate::entropy::Entropy;
use crate::ledger::{Cursor, CutKind, Mark};
use crate::sync::atomic::{AtomicI64, AtomicU64, AtomicUsize, Ordering};
use crate::sync::{Mutex, MutexGuard};

pub use rules::{Candidates, DigestFact, TokenFacts};
pub(crate) use seed::{Hash, Seed};
pub use write::{Expired, Loader};

use filter::Filter;
use odd::OddMarks;
use path::Path;
use tables::Tables;
use tenants::TenantNames;
use write::Writer;

/// The live marks of the ledger, the place in it that they were read to, and how fresh that is.
///
/// Its owner loads it ([`Replica::load`]), follows the ledger ([`Replica::apply`], [`Replica::advance`]) and lets
/// expired marks go ([`Replica::expire`]). Everybody else asks it ([`Replica::evaluate`]).
///
/// ```
/// use rescind::clock::Timestamp;
/// use rescind::ledger::{Cursor, CutKind, Mark, MarkKey, TokenKey};
/// use rescind::replica::{Replica, TokenFacts};
///
/// let replica = Replica::new(&rescind::system::SystemEntropy, std::time::Duration::from_secs(30));
/// let now = Timestamp::from_secs(1_700_000_000);
/// assert_eq!(replica.as_of(), None, "it never synced: no verifier may rely on it");
/// replica.load(0).finish(Cursor::default(), now);
///
/// let jti = TokenKey::new("01900000-0000-7000-8000-000000000001");
/// let token = TokenFacts { jti: Some(&jti), ..TokenFacts::default() };
/// assert_eq!(replica.evaluate(&token), None);
///
/// let expires_at = Timestamp::from_secs(1_700_000_900);
/// replica.apply(&Mark { tenant: None, key: MarkKey::Token(jti.clone()), min_version: None, expires_at }, now);
/// assert_eq!(replica.evaluate(&token), Some(CutKind::Token));
/// ```
pub struct Replica {
    seed: Seed,
    tables: ArcSwap<Tables>,
    filter: ArcSwap<Filter>,
    /// The filter's.
    generation: AtomicU64,
    odd: OddMarks,
    tenants: TenantNames,
    counts: [AtomicUsize; CutKind::ALL.len()],
    key_cuts: AtomicU64,
    as_of: AtomicI64,
    leeway: Duration,
    changes: watch::Sender<Cursor>,
    path: std::sync::Mutex<Path>,
    wanted: Notify,
    writer: Mutex<Writer>,
}

impl Replica {
    /// For how long a mark is kept after it has expired: no token may be taken for longer after it has.
    ///
    /// ```
    /// use std::time::Duration;
    ///
    /// use rescind::replica::Replica;
    ///
    /// // A mark stays for so long after it has expired, as its token may be taken for so long.
    /// let replica = Replica::new(&rescind::system::SystemEntropy, Duration::from_secs(30));
    /// assert_eq!(replica.leeway(), Duration::from_secs(30));
    /// ```
    pub const fn leeway(&self) -> Duration {
        self.leeway
    }

    /// An empty one that never synced. `leeway` is the largest that any verifier grants a token's `exp`: a mark is kept
    /// that much longer than its own expiry.
    ///
    /// ```
    /// use std::time::Duration;
    ///
    /// use rescind::replica::Replica;
    ///
    /// let replica = Replica::new(&rescind::system::SystemEntropy, Duration::from_secs(30));
    /// // It holds nothing, and says so: no verifier may rely on it before it has read the ledger.
    /// assert!(replica.is_empty());
    /// assert_eq!(replica.as_of(), None);
    /// ```
    pub fn new(entropy: &dyn Entropy, leeway: Duration) -> Self {
        let filter = Filter::for_marks(0);
        Self {
            seed: Seed::new(entropy),
            generation: AtomicU64::new(filter.generation()),
            filter: ArcSwap::from_pointee(filter),
            tables: ArcSwap::from_pointee(Tables::empty()),
            odd: OddMarks::new(),
            tenants: TenantNames::new(),
            counts: std::array::from_fn(|_| AtomicUsize::new(0)),
            key_cuts: AtomicU64::new(0),
            as_of: AtomicI64::new(NEVER),
            leeway,
            changes: watch::Sender::new(Cursor::default()),
            path: std::sync::Mutex::default(),
            wanted: Notify::new(),
            writer: Mutex::default(),
        }
    }

    /// The place in the ledger up to which, and including which, everything has been applied.
    ///
    /// ```
    /// use rescind::clock::Timestamp;
    /// use rescind::ledger::Cursor;
    /// # let replica = rescind::replica::Replica::new(&rescind::system::SystemEntropy, Default::default());
    ///
    /// let read_to = Cursor { seq: 42, tag: [0xa7; 16] };
    /// replica.advance(read_to, Timestamp::from_secs(1_700_000_000));
    /// // From where to read on.
    /// assert_eq!(replica.cursor(), read_to);
    /// ```
    pub fn cursor(&self) -> Cursor {
        *self.changes.borrow()
    }

    /// When the last successful read of the ledger began; none where there was none, or where the clock stepped back and
    /// nothing has been loaded since.
    ///
    /// ```
    /// use rescind::clock::Timestamp;
    /// use rescind::ledger::Cursor;
    /// # let replica = rescind::replica::Replica::new(&rescind::system::SystemEntropy, Default::default());
    ///
    /// let read_began = Timestamp::from_secs(1_700_000_000);
    /// replica.load(0).finish(Cursor::default(), read_began);
    /// assert_eq!(replica.as_of(), Some(read_began));
    /// ```
    pub fn as_of(&self) -> Option<Timestamp> {
        match self.as_of.load(Ordering::Acquire) {
            NEVER => None,
            millis => Some(Timestamp::from_millis(millis)),
        }
    }

    /// How old the knowledge is; none where [`Replica::as_of`] is none, or lies further in the future than clocks may
    /// differ: then the clock stepped back, and marks may be missing.
    ///
    /// ```
    /// use std::time::Duration;
    ///
    /// use rescind::clock::Timestamp;
    /// use rescind::ledger::Cursor;
    /// # let replica = rescind::replica::Replica::new(&rescind::system::SystemEntropy, Default::default());
    ///
    /// let read_began = Timestamp::from_secs(1_700_000_000);
    /// assert_eq!(replica.staleness(read_began), None, "it was never read");
    /// replica.load(0).finish(Cursor::default(), read_began);
    /// let ago = Duration::from_secs(7);
    /// assert_eq!(replica.staleness(read_began.plus(ago)), Some(ago));
    /// ```
    pub fn staleness(&self, now: Timestamp) -> Option<Duration> {
        self.as_of().filter(|&as_of| as_of <= now.plus(self.leeway)).map(|as_of| now.since(as_of))
    }

    /// Ticks at every change of what is revoked, and at every step of the cursor, which is its value. Whoever
    /// waits for a token's end evaluates it anew at each tick; who waits for a place in the ledger asks [`Replica::reached`].
    ///
    /// ```
    /// use rescind::clock::Timestamp;
    /// use rescind::ledger::Cursor;
    /// # let replica = rescind::replica::Replica::new(&rescind::system::SystemEntropy, Default::default());
    ///
    /// let mut changes = replica.changes();
    /// assert!(!changes.has_changed()?);
    /// replica.advance(Cursor { seq: 1, tag: [0xa7; 16] }, Timestamp::from_secs(1_700_000_000));
    /// assert_eq!(changes.borrow_and_update().seq, 1);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn changes(&self) -> watch::Receiver<Cursor> {
        self.changes.subscribe()
    }

    /// Waits until everything up to `place` has been applied, where the ledger ended when somebody asked. Meanwhile whoever feeds the
    /// replica is prompted to read: [`Replica::wanted`].
    ///
    /// False, and at once, where the replica is beyond and does not know that it came past: it is of another history, was loaded
    /// anew, or went on by thousands of entries. Then the ledger has to be asked again.
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() {
    /// use rescind::clock::Timestamp;
    /// use rescind::ledger::Cursor;
    /// use rescind::replica::Replica;
    /// # let replica = Replica::new(&rescind::system::SystemEntropy, std::time::Duration::from_secs(30));
    /// # let now = Timestamp::from_secs(1_700_000_000);
    ///
    /// let place = |seq| Cursor { seq, tag: [0xa7; 16] };
    /// replica.advance(place(1), now);
    /// replica.advance(place(2), now);
    /// assert!(replica.reached(place(1)).await && replica.reached(place(2)).await);
    ///
    /// // A ledger that was restored, and has come to 1 again by another entry.
    /// assert!(!replica.reached(Cursor { seq: 1, tag: [0x5c; 16] }).await);
    /// # }
    /// ```
    pub async fn reached(&self, place: Cursor) -> bool {
        let mut changes = self.changes();
        let mut prompted = false;
        loop {
            let cursor = *changes.borrow_and_update();
            if cursor == place || self.path().holds(place) {
                return true;
            }
            if !std::mem::replace(&mut prompted, true) {
                self.wanted.notify_one();
            }
            if cursor.seq >= place.seq {
                return false;
            }
            // The sender is ours: there is no error.
            let _ = changes.changed().await;
        }
    }

    /// Resolves when somebody has begun to wait for what has not been read, since it resolved last: whoever feeds the replica
    /// reads on at once. For one feeder.
    ///
    /// ```
    /// # rescind_examples::run(async |rescind_examples::World { authority, ports, ada, pair, .. }| {
    /// use std::future::pending;
    ///
    /// use rescind::authority::{Authority, AuthoritySettings};
    /// use rescind::token::Expected;
    /// use secrecy::ExposeSecret as _;
    ///
    /// # let settings = AuthoritySettings::new("https://auth.example");
    /// # let other_node = Authority::start(ports, settings, || unreachable!("it was started before")).await?;
    /// # let other_node = other_node.authority;
    /// authority.revoke_all_own(&ada).await?;
    ///
    /// // The task that reads the ledger does so at once when somebody waits for it.
    /// let token = pair.access_token.expose_secret();
    /// let read = async {
    ///     other_node.replica().wanted().await;
    ///     other_node.follow().await
    /// };
    /// let (checked, read) =
    ///     tokio::join!(other_node.check_fresh(token, Expected::Configured, pending()), read);
    /// assert_eq!((checked.unwrap_err().code(), read?.entries), ("token_revoked", 1));
    /// # Ok(())
    /// # });
    /// ```
    pub async fn wanted(&self) {
        self.wanted.notified().await;
    }

    /// A number that every new key cut raises. A cache of verified tokens is emptied when it changes.
    ///
    /// ```
    /// use rescind::clock::Timestamp;
    /// use rescind::ledger::{Mark, MarkKey};
    /// # let replica = rescind::replica::Replica::new(&rescind::system::SystemEntropy, Default::default());
    ///
    /// let cut = Mark { tenant: None, key: MarkKey::Key("k1".into()), min_version: None, expires_at: Timestamp::MAX };
    /// let before = replica.key_cuts();
    /// replica.apply(&cut, Timestamp::from_secs(1_700_000_000));
    /// // Whoever keeps what was signed by any key forgets it now.
    /// assert_ne!(replica.key_cuts(), before);
    /// ```
    pub fn key_cuts(&self) -> u64 {
        self.key_cuts.load(Ordering::Acquire)
    }

    /// How many marks it holds.
    ///
    /// ```
    /// use rescind::clock::Timestamp;
    /// use rescind::ledger::{Mark, MarkKey};
    /// # let replica = rescind::replica::Replica::new(&rescind::system::SystemEntropy, Default::default());
    ///
    /// let cut = Mark { tenant: None, key: MarkKey::Key("k1".into()), min_version: None, expires_at: Timestamp::MAX };
    /// replica.apply(&cut, Timestamp::from_secs(1_700_000_000));
    /// replica.apply(&cut, Timestamp::from_secs(1_700_000_000));
    /// assert_eq!(replica.len(), 1, "a mark counts once");
    /// ```
    pub fn len(&self) -> usize {
        CutKind::ALL.into_iter().map(|kind| self.count(kind)).sum()
    }

    /// Whether it holds none.
    ///
    /// ```
    /// use rescind::replica::Replica;
    ///
    /// let replica = Replica::new(&rescind::system::SystemEntropy, Default::default());
    /// assert!(replica.is_empty());
    /// ```
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// How many marks of a kind it holds.
    ///
    /// ```
    /// use rescind::clock::Timestamp;
    /// use rescind::ledger::{CutKind, Mark, MarkKey};
    /// # let replica = rescind::replica::Replica::new(&rescind::system::SystemEntropy, Default::default());
    ///
    /// let cut = Mark { tenant: None, key: MarkKey::Key("k1".into()), min_version: None, expires_at: Timestamp::MAX };
    /// replica.apply(&cut, Timestamp::from_secs(1_700_000_000));
    /// assert_eq!((replica.count(CutKind::Key), replica.count(CutKind::User)), (1, 0));
    /// ```
    pub fn count(&self, kind: CutKind) -> usize {
        self.counts[kind as usize].load(Ordering::Relaxed)
    }

    /// What the tables take, in bytes: exactly for ids, closely for the rest.
    ///
    /// ```
    /// use rescind::replica::Replica;
    ///
    /// let replica = Replica::new(&rescind::system::SystemEntropy, Default::default());
    /// let empty = replica.approximate_bytes();
    /// // Room for a million marks, made in one go.
    /// drop(replica.load(1_000_000));
    /// assert!(replica.approximate_bytes() > empty);
    /// ```
    pub fn approximate_bytes(&self) -> usize {
        let filters = self.filter.load().bytes() + self.writer().next_filter_bytes();
        let odd = self.odd.bytes() + self.tenants.bytes() + self.path().bytes();
        size_of::<Self>() + self.tables.load().bytes() + filters + odd
    }

    /// Every mark that it holds, in no order: what a node writes back into a ledger that lost commits. Expiries are rounded up to
    /// the second. A mark that comes or goes meanwhile may or may not be among them. Readers and writers go on, and
    /// only a few thousand marks are copied at a time, however many there are.
    ///
    /// ```
    /// use rescind::clock::Timestamp;
    /// use rescind::ledger::{Mark, MarkKey};
    /// # let replica = rescind::replica::Replica::new(&rescind::system::SystemEntropy, Default::default());
    ///
    /// let cut = Mark { tenant: None, key: MarkKey::Key("k1".into()), min_version: None, expires_at: Timestamp::MAX };
    /// replica.apply(&cut, Timestamp::from_secs(1_700_000_000));
    /// // What a ledger that has lost its last commits is told again.
    /// assert_eq!(replica.marks_held().collect::<Vec<_>>(), [cut]);
    /// ```
    pub fn marks_held(&self) -> impl Iterator<Item = Mark> + Send + '_ {
        let tables = self.tables.load_full();
        let ids = (0..=u8::MAX)
            .flat_map(move |shard| tables.shard(shard).marks())
            .map(|(id, meta)| write::id_mark(id, meta, self.tenants.of(meta.tenant())));
        ids.chain(self.odd.parts().flat_map(|part| self.odd.in_part(part, write::odd_mark)))
    }

    fn path(&self) -> std::sync::MutexGuard<'_, Path> {
        self.path.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn writer(&self) -> MutexGuard<'_, Writer> {
        self.writer.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Says how many, never which.
impl fmt::Debug for Replica {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Replica")
            .field("marks", &self.len())
            .field("cursor", &self.cursor())
            .field("as_of", &self.as_of())
            .finish_non_exhaustive()
    }
}

const NEVER: i64 = i64::MIN;
