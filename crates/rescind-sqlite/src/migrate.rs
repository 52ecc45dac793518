//! The schema, brought up to date step by step. Steps are only ever appended.

use std::path::Path;
use std::time::Duration;

use rescind::store::StoreError;
use rusqlite::Connection;

use crate::error::{Fault, Outcome, corrupt};
use crate::open::{APPLICATION_ID, connect, make_private};

/// The steps, in order: the first leads to version 1.
const STEPS: [&str; 3] = [
    include_str!("../migrations/0001_initial.sql"),
    include_str!("../migrations/0002_search.sql"),
    include_str!("../migrations/0003_bounded_search.sql"),
];

/// The schema version that this program knows.
pub const LATEST: u32 = STEPS.len() as u32;

/// What [`migrate`] did.
///
/// ```
/// use rescind_sqlite::{LATEST, Migrated, migrate};
///
/// # let dir = tempfile::tempdir()?;
/// let path = dir.path().join("rescind.db");
/// assert_eq!(migrate(&path)?, Migrated { from: 0, to: LATEST }, "the file is new");
/// assert_eq!(migrate(&path)?, Migrated { from: LATEST, to: LATEST }, "there is nothing left to do");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Migrated {
    /// The version that was found; 0 for a new file.
    pub from: u32,
    /// The version that it has now.
    pub to: u32,
}

/// Brings a file's schema up to date, without opening it as a store. A file that is not there is made.
///
/// ```
/// use rescind::store::StoreError;
/// use rescind_sqlite::migrate;
///
/// # let dir = tempfile::tempdir()?;
/// let path = dir.path().join("notes.txt");
/// std::fs::write(&path, "milk\n".repeat(200))?;
/// // Another's file is left as it is.
/// assert!(matches!(migrate(&path), Err(StoreError::Corrupt(_))));
/// assert!(std::fs::read_to_string(&path)?.starts_with("milk"));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn migrate(path: &Path) -> Result<Migrated, StoreError> {
    let migrate = || {
        make_private(path)?;
        run_migrations(&connect(path, Duration::from_secs(5))?)
    };
    migrate().map_err(|Fault(error)| error)
}

/// A file's schema version, changing nothing. [`StoreError::NotFound`] where there is no file.
///
/// ```
/// use rescind::store::StoreError;
/// use rescind_sqlite::{LATEST, migrate, schema_version};
///
/// # let dir = tempfile::tempdir()?;
/// let path = dir.path().join("rescind.db");
/// assert_eq!(schema_version(&path), Err(StoreError::NotFound));
/// migrate(&path)?;
/// assert_eq!(schema_version(&path), Ok(LATEST));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn schema_version(path: &Path) -> Result<u32, StoreError> {
    if !path.exists() {
        return Err(StoreError::NotFound);
    }
    let read = || {
        let conn = Connection::open_with_flags(path, rusqlite::OpenFlags::SQLITE_OPEN_READ_ONLY)?;
        let id: i32 = conn.query_row("PRAGMA application_id", (), |row| row.get(0))?;
        match version(&conn)? {
            0 => Ok(0),
            _ if id != APPLICATION_ID => Err(corrupt("it is not a database of Rescind's")),
            version => Ok(version),
        }
    };
    read().map_err(|Fault(error)| error)
}

/// Runs what is missing in one transaction that keeps every other process out.
pub(crate) fn run_migrations(conn: &Connection) -> Outcome<Migrated> {
    let from = known_version(conn)?;
    if from == LATEST {
        return Ok(Migrated { from, to: from });
    }
    conn.execute_batch("BEGIN EXCLUSIVE")?;
    let outcome = run_steps(conn).and_then(|migrated| {
        conn.execute_batch("COMMIT")?;
        Ok(migrated)
    });
    if outcome.is_err() && !conn.is_autocommit() {
        let _ = conn.execute_batch("ROLLBACK");
    }
    outcome
}

/// Reads the version again: another process may have been first.
fn run_steps(conn: &Connection) -> Outcome<Migrated> {
    let from = known_version(conn)?;
    for step in STEPS.iter().skip(from as usize) {
        conn.execute_batch(step)?;
    }
    conn.pragma_update(None, "application_id", APPLICATION_ID)?;
    conn.pragma_update(None, "user_version", LATEST)?;
    Ok(Migrated { from, to: LATEST })
}

fn known_version(conn: &Connection) -> Outcome<u32> {
    let found = version(conn)?;
    if found > LATEST {
        return Err(StoreError::TooNew { found, known: LATEST }.into());
    }
    Ok(found)
}

fn version(conn: &Connection) -> Outcome<u32> {
    Ok(conn.query_row("PRAGMA user_version", (), |row| row.get(0))?)
}
