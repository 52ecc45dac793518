//! Rescind's store on PostgreSQL 13 or later, for many nodes at once.
//!
//! [`PostgresStore`] implements every port of [`rescind::store::Store`], and keeps what every store keeps: one conformance
//! suite runs against this one and SQLite's. Every verb that writes is one transaction, acknowledged after a commit that
//! the server has made durable.
//!
//! **Order.** A transaction that writes to the ledger takes an advisory lock as the last thing that it locks, takes its
//! numbers, and commits. So `seq` follows the order of commits, and a reader that has seen `seq` n has seen everything
//! before. A notification wakes whoever [waits](rescind::ledger::LedgerStore::changed); it carries nothing, and losing it loses nothing.
//!
//! **Company.** Rotations of refresh tokens and cuts of single tokens come in batches: whoever asks while one is under way
//! shares the next, one statement and one commit for all. What does not fit, a token that is not the current one, say, is done
//! by itself afterwards.
//!
//! **Locks** are taken in one order: tenant, client, user, sessions, the ledger. What a verb decides by is either locked,
//! or guarded in the statement that writes, or harmless when it changes meanwhile: a session stores the floors that it was
//! opened under, and is dead when they were raised at the same moment.
//!
//! **The horizon**, the highest `exp` ever minted, is raised ahead of the minting, in steps of a minute and by a transaction
//! of its own, so that nobody waits for another's refresh.

#![warn(clippy::unwrap_used, unreachable_pub)]

mod audit;
mod columns;
mod conn;
mod connect;
mod directory;
mod error;
mod group;
mod horizon;
mod import;
mod keys;
mod ledger;
mod migrate;
mod page;
#[cfg(test)]
mod plans;
mod row;
mod session;
mod tls;
mod tx;
mod wake;

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::time::Duration;

use deadpool_postgres::Pool;
use rescind::entropy::Entropy;
use rescind::store::{CommitTally, Commits, Connections, StoreError, Watched};

use crate::conn::Conn;
use crate::connect::Address;
use crate::error::Outcome;
use crate::group::{Cuts, Group, Rotations};
use crate::horizon::Horizon;
use crate::tx::{Tx, told};
use crate::wake::Wake;

pub use connect::{OpenError, Options};
pub use import::Import;
pub use migrate::{LATEST, Migrated, Server, look, migrate, schema_version};
#[doc(hidden)]
pub use migrate::{Step, migrate_further};

/// The whole store, on one PostgreSQL database. Opened by [`PostgresStore::open`].
///
/// ```no_run
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// use std::sync::Arc;
/// use rescind::ledger::LedgerStore as _;
/// use rescind::system::SystemEntropy;
/// use rescind_postgres::{Options, PostgresStore};
///
/// let options = Options::new("postgres://rescind:secret@db.example/rescind", Arc::new(SystemEntropy));
/// let store = PostgresStore::open(&options).await?;
/// // Of all nodes on this database it is one that purges and cares for the keys.
/// println!("the ledger ends at {}; this node leads: {}", store.head().await?.cursor, store.leads());
/// # Ok(())
/// # }
/// ```
pub struct PostgresStore {
    inner: Arc<Inner>,
    rotations: Group<Rotations>,
    cuts: Group<Cuts>,
    wake: Wake,
}

impl PostgresStore {
    /// Opens a database, and brings its schema up to date first.
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// use std::sync::Arc;
    /// use rescind::system::SystemEntropy;
    /// use rescind_postgres::{OpenError, Options, PostgresStore};
    ///
    /// let open = async |url: &str| PostgresStore::open(&Options::new(url, Arc::new(SystemEntropy))).await;
    /// let refused = open("mysql://rescind@db.example/rescind").await.unwrap_err();
    /// assert!(matches!(refused, OpenError::Address(_)));
    /// // Nobody listens there, which may pass.
    /// let away = open("postgres://rescind@127.0.0.1:1/rescind").await.unwrap_err();
    /// assert!(away.may_pass());
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// See [`OpenError`].
    pub async fn open(options: &Options) -> Result<Arc<Self>, OpenError> {
        migrate(&options.url).await?;
        Self::open_as_it_is(options)
    }

    /// Opens a database whose schema is known to be this program's; connects when something is asked of it.
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// use std::sync::Arc;
    /// use rescind::ledger::LedgerStore as _;
    /// use rescind::store::StoreError;
    /// use rescind::system::SystemEntropy;
    /// use rescind_postgres::{Options, PostgresStore};
    ///
    /// // Nobody listens there: this is noticed when something is asked of it.
    /// let options = Options::new("postgres://rescind@127.0.0.1:1/rescind", Arc::new(SystemEntropy));
    /// let store = PostgresStore::open_as_it_is(&options)?;
    /// assert!(matches!(store.head().await, Err(StoreError::Unavailable(_))));
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// [`OpenError::Address`].
    ///
    /// # Panics
    /// Outside of a Tokio runtime, on which it waits for news.
    pub fn open_as_it_is(options: &Options) -> Result<Arc<Self>, OpenError> {
        let address = Address::parse(&options.url)?;
        let pool = address.pool(options).map_err(|error| OpenError::Address(error.to_string()))?;
        let inner = Arc::new(Inner {
            pool,
            entropy: Arc::clone(&options.entropy),
            waiting: AtomicUsize::new(0),
            queue: options.queue,
            patience: options.patience,
            horizon: Horizon::default(),
            refused_writes: AtomicU64::new(0),
            commits: CommitTally::default(),
        });
        Ok(Arc::new(Self {
            rotations: Group::start(&inner, options.queue),
            cuts: Group::start(&inner, options.queue),
            inner,
            wake: Wake::listen(address),
        }))
    }

    /// Ends what the store does by itself, and closes its connections. Whoever asks for something afterwards is told
    /// [`StoreError::Unavailable`].
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// use std::sync::Arc;
    /// use rescind::ledger::LedgerStore as _;
    /// use rescind::store::{StoreError, Watched as _};
    /// use rescind::system::SystemEntropy;
    /// use rescind_postgres::{Options, PostgresStore};
    ///
    /// # let options = Options::new("postgres://rescind@127.0.0.1:1/rescind", Arc::new(SystemEntropy));
    /// let store = PostgresStore::open_as_it_is(&options)?;
    /// store.close();
    /// assert!(matches!(store.head().await, Err(StoreError::Unavailable(_))));
    /// assert_eq!(store.connections().map(|connections| connections.in_use), Some(0));
    /// # Ok(())
    /// # }
    /// ```
    pub fn close(&self) {
        self.wake.stop();
        self.inner.pool.close();
    }
}

impl Watched for PostgresStore {
    fn refused_writes(&self) -> u64 {
        self.inner.refused_writes.load(Ordering::Relaxed)
    }

    fn commits(&self) -> Commits {
        self.inner.commits.counts()
    }

    fn connections(&self) -> Option<Connections> {
        let pool = self.inner.pool.status();
        Some(Connections {
            most: pool.max_size,
            in_use: pool.size.saturating_sub(pool.available),
            idle: pool.available,
            waiting: self.inner.waiting.load(Ordering::Relaxed),
        })
    }
}

/// The statement that rotates refresh tokens, for the benchmark that runs it bare.
///
/// ```
/// assert!(rescind_postgres::rotation_statement().starts_with("UPDATE sessions"));
/// ```
#[doc(hidden)]
pub fn rotation_statement() -> &'static str {
    &session::rotation::ROTATE
}

impl Drop for PostgresStore {
    fn drop(&mut self) {
        self.close();
    }
}

impl std::fmt::Debug for PostgresStore {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("PostgresStore").finish_non_exhaustive()
    }
}

/// What a call holds on to while it runs, even if the store is dropped.
pub(crate) struct Inner {
    pool: Pool,
    entropy: Arc<dyn Entropy>,
    waiting: AtomicUsize,
    queue: usize,
    pub(crate) patience: Duration,
    pub(crate) horizon: Horizon,
    refused_writes: AtomicU64,
    pub(crate) commits: CommitTally,
}

impl Inner {
    /// A connection, as soon as one is free; not at all where too many are waiting.
    pub(crate) async fn connect(&self) -> Outcome<Conn> {
        let _place = Place::take(&self.waiting, self.queue)?;
        Ok(Conn::new(self.pool.get().await?))
    }

    /// Counts a write where the server took none.
    pub(crate) async fn noting<T>(
        &self,
        write: impl Future<Output = Result<T, StoreError>>,
    ) -> Result<T, StoreError> {
        let answer = write.await;
        if let Err(error) = &answer {
            self.note(error, 1);
        }
        answer
    }

    /// Counts a transaction of so many writes that came to nothing, and the writes where the server took none.
    pub(crate) fn note(&self, error: &StoreError, writes: usize) {
        if matches!(error, StoreError::Unavailable(_) | StoreError::TakesNoWrites(_)) {
            self.commits.failed();
        }
        if matches!(error, StoreError::TakesNoWrites(_)) {
            self.refused_writes.fetch_add(writes as u64, Ordering::Relaxed);
        }
    }

    pub(crate) async fn begin(&self) -> Outcome<Tx> {
        Tx::begin(self.connect().await?, Arc::clone(&self.entropy)).await
    }
}

/// Waits no longer than anybody should.
pub(crate) async fn in_time<T>(
    patience: Duration,
    work: impl Future<Output = Outcome<T>>,
) -> Result<T, StoreError> {
    match tokio::time::timeout(patience, work).await {
        Ok(outcome) => outcome.map_err(told),
        Err(_) => Err(StoreError::Unavailable(format!("no answer within {patience:?}"))),
    }
}

/// The same, and goes on when the caller does not.
pub(crate) async fn to_its_end<T: Send + 'static>(
    patience: Duration,
    work: impl Future<Output = Outcome<T>> + Send + 'static,
) -> Result<T, StoreError> {
    match tokio::spawn(in_time(patience, work)).await {
        Ok(answer) => answer,
        Err(_) => Err(StoreError::Unavailable("the store failed at this".to_owned())),
    }
}

/// A place among those who wait for a connection.
struct Place<'w>(&'w AtomicUsize);

impl<'w> Place<'w> {
    fn take(waiting: &'w AtomicUsize, most: usize) -> Result<Self, StoreError> {
        let place = Self(waiting);
        if waiting.fetch_add(1, Ordering::AcqRel) >= most { Err(StoreError::Overloaded) } else { Ok(place) }
    }
}

impl Drop for Place<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::AcqRel);
    }
}
