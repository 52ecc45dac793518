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

use rescind::store::Answer;
use rusqlite::Connection;

use crate::error::Outcome;
use crate::reader::Readers;
use crate::writer::{Tx, Writer};

pub use backup::{Restore, backup, restore};
pub use migrate::{LATEST, Migrated, migrate, schema_version};
pub use open::Options;

/// The whole store, on one SQLite file. Opened by [`SqliteStore::open`].
///
/// When it is dropped, what was queued is finished first.
pub struct SqliteStore {
    writer: Writer,
    readers: Readers,
}

impl SqliteStore {
    /// Finishes what is queued, then closes the file. Blocks meanwhile. Whoever asks for something afterwards is told
    /// [`rescind::store::StoreError::Unavailable`].
    pub fn close(&self) {
        self.writer.close();
        self.readers.close();
    }

    pub(crate) fn write<T: Send + 'static>(
        &self,
        job: impl Fn(&Tx<'_>) -> Outcome<T> + Send + 'static,
    ) -> Answer<'_, T> {
        Box::pin(self.writer.run(job))
    }

    pub(crate) fn read<T: Send + 'static>(
        &self,
        job: impl FnOnce(&Connection) -> Outcome<T> + Send + 'static,
    ) -> Answer<'_, T> {
        Box::pin(self.readers.run(job))
    }
}

/// The one statement that rotates a refresh token, for the benchmark that runs it bare.
#[doc(hidden)]
pub fn rotation_statement() -> &'static str {
    &session::ROTATE
}

impl std::fmt::Debug for SqliteStore {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("SqliteStore").finish_non_exhaustive()
    }
}
