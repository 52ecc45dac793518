//! Rescind's store on SQLite: one file, one thread that writes, a few that read.
//!
//! [`SqliteStore`] implements every port of [`rescind::store::Store`]. What is written is acknowledged after a commit that
//! has reached the disk (WAL, `synchronous=FULL`), and everything that waits is committed in one go. Another process,
//! the command line for one, may use the same file at the same time.
//!
//! What is kept for how long: ledger entries until a purge finds them expired; with each purge go, in the same small
//! steps, sessions that were ended, or whose absolute limit passed, more than 30 days ago, and tags of batches as old as that.
//! Audit entries, the tombstones of deleted users and clients, and the marks of revoked keys stay.

#![warn(clippy::unwrap_used, unreachable_pub)]

mod audit;
mod backup;
mod directory;
mod error;
mod export;
mod keys;
mod ledger;
mod migrate;
mod open;
mod page;
#[cfg(test)]
mod plans;
mod reader;
mod row;
mod session;
mod writer;

use std::sync::atomic::{AtomicU64, Ordering};

use rescind::store::{Answer, Commits, Connections, StoreError, Watched};
use rusqlite::Connection;

use crate::error::Outcome;
use crate::reader::Readers;
use crate::writer::{Tx, Writer};

pub use backup::{Restore, backup, restore};
pub use export::Export;
pub use migrate::{LATEST, Migrated, migrate, schema_version};
pub use open::Options;

/// The whole store, on one SQLite file. Opened by [`SqliteStore::open`].
///
/// When it is dropped, what was queued is finished first.
///
/// An authority on it, without what must go on beside it (`Node` of rescind-server does that):
///
/// ```
/// use std::sync::Arc;
/// use rescind::authority::{Authority, AuthoritySettings, Busy, Caller, Offload, Operator, Ports, SignIn};
/// use rescind::keys::MasterKey;
/// use rescind::session::Device;
/// use rescind::system::{SystemClock, SystemEntropy};
/// use rescind::token::Expected;
/// use rescind_sqlite::{Options, SqliteStore};
/// use secrecy::ExposeSecret as _;
///
/// struct OwnThread;
///
/// impl Offload for OwnThread {
///     fn run(&self, job: Box<dyn FnOnce() + Send>) -> Result<(), Busy> {
///         std::thread::spawn(job);
///         Ok(())
///     }
/// }
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let dir = tempfile::tempdir()?;
/// let store = SqliteStore::open(&dir.path().join("rescind.db"), &Options::new(Arc::new(SystemEntropy)))?;
/// let ports = Ports {
///     store,
///     clock: Arc::new(SystemClock),
///     entropy: Arc::new(SystemEntropy),
///     offload: Arc::new(OwnThread),
///     master_keys: Arc::new(MasterKey::generate(&SystemEntropy)),
///     cache: None,
/// };
/// let (email, password) = ("ada@example.com", "correct horse battery staple");
/// let operator = || Operator { email: email.into(), password: password.into() };
/// let settings = AuthoritySettings::new("https://auth.example");
/// let started = Authority::start(ports, settings, operator).await?;
/// assert!(started.first, "the operator was made");
/// let authority = started.authority;
///
/// let sign_in = SignIn {
///     email: email.into(),
///     password: password.into(),
///     tenant: None,
///     audience: None,
///     device: Device::default(),
/// };
/// let caller = Caller::command_line();
/// let pair = authority.sign_in(&caller, sign_in).await?;
///
/// let access_token = pair.access_token.expose_secret();
/// assert!(authority.check(access_token, Expected::Configured).await.is_ok());
/// authority.log_out(&caller, pair.refresh_token.expose_secret()).await?;
/// let refused = authority.check(access_token, Expected::Configured).await.unwrap_err();
/// assert_eq!(refused.code(), "token_revoked");
/// # Ok(())
/// # }
/// ```
pub struct SqliteStore {
    // In the order of [`SqliteStore::close`], for whoever only drops it.
    readers: Readers,
    writer: Writer,
    refused_writes: AtomicU64,
}

impl SqliteStore {
    /// Finishes what is queued, then closes the file. Blocks meanwhile. Whoever asks for something afterwards is told
    /// [`rescind::store::StoreError::Unavailable`].
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// use std::sync::Arc;
    /// use rescind::ledger::LedgerStore as _;
    /// use rescind::store::StoreError;
    /// use rescind::system::SystemEntropy;
    /// use rescind_sqlite::{Options, SqliteStore};
    ///
    /// # let dir = tempfile::tempdir()?;
    /// # let options = Options::new(Arc::new(SystemEntropy));
    /// # let store = SqliteStore::open(&dir.path().join("rescind.db"), &options)?;
    /// assert_eq!(store.head().await?.cursor.seq, 0);
    /// store.close();
    /// assert!(matches!(store.head().await, Err(StoreError::Unavailable(_))));
    /// # Ok(())
    /// # }
    /// ```
    pub fn close(&self) {
        self.readers.close();
        // Last and alone: of several connections that close at once, each finds another, and nobody empties the log into the file.
        self.writer.close();
    }

    pub(crate) fn write<T: Send + 'static>(
        &self,
        job: impl Fn(&Tx<'_>) -> Outcome<T> + Send + 'static,
    ) -> Answer<'_, T> {
        Box::pin(async move {
            let answer = self.writer.run(job).await;
            if matches!(answer, Err(StoreError::TakesNoWrites(_))) {
                self.refused_writes.fetch_add(1, Ordering::Relaxed);
            }
            answer
        })
    }

    pub(crate) fn read<T: Send + 'static>(
        &self,
        job: impl FnOnce(&Connection) -> Outcome<T> + Send + 'static,
    ) -> Answer<'_, T> {
        Box::pin(self.readers.run(job))
    }
}

impl Watched for SqliteStore {
    fn refused_writes(&self) -> u64 {
        self.refused_writes.load(Ordering::Relaxed)
    }

    fn commits(&self) -> Commits {
        self.writer.work().commits.counts()
    }

    fn connections(&self) -> Option<Connections> {
        let (threads, reading, waiting) = self.readers.load();
        let most = threads + 1;
        let in_use = reading + usize::from(self.writer.work().is_busy());
        let waiting = waiting + self.writer.waiting();
        Some(Connections { most, in_use, idle: most.saturating_sub(in_use), waiting })
    }
}

/// The one statement that rotates a refresh token, for the benchmark that runs it bare.
///
/// ```
/// assert!(rescind_sqlite::rotation_statement().starts_with("UPDATE sessions"));
/// ```
#[doc(hidden)]
pub fn rotation_statement() -> &'static str {
    &session::ROTATE
}

impl std::fmt::Debug for SqliteStore {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("SqliteStore").finish_non_exhaustive()
    }
}
