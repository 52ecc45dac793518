//! Opening the file.

use std::fs;
use std::io::Read as _;
use std::os::unix::fs::{OpenOptionsExt as _, PermissionsExt as _};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::AtomicU64;
use std::time::{Duration, Instant};

use rescind::entropy::Entropy;
use rescind::store::StoreError;
use rusqlite::config::DbConfig;
use rusqlite::{Connection, ErrorCode, OpenFlags};

use crate::SqliteStore;
use crate::error::{Fault, Outcome, corrupt};
use crate::migrate::run_migrations;
use crate::reader::Readers;
use crate::writer::Writer;

/// Written into the file's header, so that no other program's file is taken for ours: "Rscd".
pub(crate) const APPLICATION_ID: i32 = 0x5273_6364;

/// How a store is opened.
///
/// ```
/// use std::sync::Arc;
/// use std::time::Duration;
/// use rescind::system::SystemEntropy;
/// use rescind_sqlite::Options;
///
/// // Much is read, and nobody waits long.
/// let usual = Options::new(Arc::new(SystemEntropy));
/// let options = Options { readers: 8, busy_timeout: Duration::from_millis(500), ..usual };
/// assert_eq!(options.queue, 4096);
/// ```
#[derive(Clone)]
pub struct Options {
    /// Where tags and ids come from.
    pub entropy: Arc<dyn Entropy>,
    /// How many threads read.
    pub readers: usize,
    /// The most writes, and the most reads, that may wait: beyond that, [`StoreError::Overloaded`].
    pub queue: usize,
    /// How long to wait for another process that is writing.
    pub busy_timeout: Duration,
}

impl Options {
    /// Three readers, 4096 waiting, five seconds.
    ///
    /// ```
    /// use std::sync::Arc;
    /// use rescind::system::SystemEntropy;
    /// use rescind_sqlite::Options;
    ///
    /// let options = Options::new(Arc::new(SystemEntropy));
    /// assert_eq!((options.readers, options.queue, options.busy_timeout.as_secs()), (3, 4096, 5));
    /// ```
    pub fn new(entropy: Arc<dyn Entropy>) -> Self {
        Self { entropy, readers: 3, queue: 4096, busy_timeout: Duration::from_secs(5) }
    }
}

impl std::fmt::Debug for Options {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Options")
            .field("readers", &self.readers)
            .field("queue", &self.queue)
            .field("busy_timeout", &self.busy_timeout)
            .finish_non_exhaustive()
    }
}

impl SqliteStore {
    /// Opens the file, made with mode 0600 if it is not there, and brings its schema up to date. Blocks meanwhile.
    ///
    /// [`StoreError::Unavailable`] where the file cannot be read or written, [`StoreError::Corrupt`] where it is no
    /// database of Rescind's, [`StoreError::TooNew`] where a newer program wrote it.
    ///
    /// ```
    /// use std::sync::Arc;
    /// use rescind::system::SystemEntropy;
    /// use rescind_sqlite::{Options, SqliteStore};
    ///
    /// let dir = tempfile::tempdir().unwrap();
    /// let store = SqliteStore::open(&dir.path().join("rescind.db"), &Options::new(Arc::new(SystemEntropy))).unwrap();
    /// store.close();
    /// ```
    pub fn open(path: &Path, options: &Options) -> Result<Arc<Self>, StoreError> {
        open(path, options).map(Arc::new).map_err(|Fault(error)| error)
    }
}

fn open(path: &Path, options: &Options) -> Outcome<SqliteStore> {
    make_private(path)?;
    let conn = connect(path, options.busy_timeout)?;
    run_migrations(&conn)?;
    let readers = (0..options.readers.max(1))
        .map(|_| read_only(path, options.busy_timeout))
        .collect::<Outcome<Vec<_>>>()?;
    Ok(SqliteStore {
        writer: Writer::start(conn, Arc::clone(&options.entropy), options.queue.max(1))?,
        readers: Readers::start(readers, options.queue.max(1))?,
        refused_writes: AtomicU64::new(0),
    })
}

/// Makes the file readable by its owner only; SQLite gives the files beside it the same mode. What is not ours stays as it is: it is refused
/// when it is opened.
pub(crate) fn make_private(path: &Path) -> Outcome<()> {
    let made = fs::OpenOptions::new().write(true).create_new(true).mode(0o600).open(path);
    match made {
        Ok(_) => return Ok(()),
        Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists => {}
        Err(error) => return Err(error.into()),
    }
    let metadata = fs::metadata(path)?;
    if !metadata.is_file() {
        return Err(Fault(StoreError::Unavailable(format!("{} is no file", path.display()))));
    }
    let mut permissions = metadata.permissions();
    if permissions.mode() & 0o077 != 0 && is_ours(path)? {
        permissions.set_mode(0o600);
        fs::set_permissions(path, permissions)?;
    }
    Ok(())
}

/// By the header, which SQLite keeps at the beginning of a file (<https://www.sqlite.org/fileformat.html> §1.3); or there is nothing yet.
fn is_ours(path: &Path) -> std::io::Result<bool> {
    let mut header = Vec::new();
    fs::File::open(path)?.take(100).read_to_end(&mut header)?;
    Ok(header.is_empty() || header.get(68..72) == Some(&APPLICATION_ID.to_be_bytes()))
}

/// A connection that may write, with everything set that must hold before the first statement.
pub(crate) fn connect(path: &Path, busy_timeout: Duration) -> Outcome<Connection> {
    let conn = open_prepared(path, busy_timeout)?;
    use_wal(&conn, busy_timeout)?;
    conn.execute_batch(
        "PRAGMA synchronous = FULL;
         PRAGMA foreign_keys = ON;
         PRAGMA temp_store = MEMORY;
         PRAGMA cache_size = -16384;
         PRAGMA wal_autocheckpoint = 2000;
         PRAGMA journal_size_limit = 67108864;",
    )?;
    Ok(conn)
}

/// SQLite does not wait where two change the mode of a new file at once: it says "busy" at once, so the waiting is ours.
fn use_wal(conn: &Connection, busy_timeout: Duration) -> Outcome<()> {
    let until = Instant::now() + busy_timeout;
    let mode: String = loop {
        match conn.query_row("PRAGMA journal_mode = WAL", (), |row| row.get(0)) {
            Err(error)
                if error.sqlite_error_code() == Some(ErrorCode::DatabaseBusy) && Instant::now() < until =>
            {
                std::thread::sleep(Duration::from_millis(10));
            }
            mode => break mode?,
        }
    };
    if mode == "wal" {
        return Ok(());
    }
    Err(Fault(StoreError::Unavailable(format!("the journal mode is {mode}, not WAL"))))
}

fn read_only(path: &Path, busy_timeout: Duration) -> Outcome<Connection> {
    let conn = open_prepared(path, busy_timeout)?;
    conn.execute_batch("PRAGMA query_only = ON; PRAGMA temp_store = MEMORY;")?;
    Ok(conn)
}

fn open_prepared(path: &Path, busy_timeout: Duration) -> Outcome<Connection> {
    // Each connection stays on its own thread. The file was made before.
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let conn = Connection::open_with_flags(path, flags)?;
    #[cfg(test)]
    let conn = crate::plans::watched(conn);
    prepare(&conn, busy_timeout)?;
    Ok(conn)
}

/// Refuses a file that is not ours before anything in it is changed.
fn prepare(conn: &Connection, busy_timeout: Duration) -> Outcome<()> {
    conn.busy_timeout(busy_timeout)?;
    conn.set_prepared_statement_cache_capacity(256);
    // Without this, SQLite plans many a statement anew with each value that is bound.
    conn.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_QPSG, true)?;
    // In one transaction: between two, another process may have made the schema.
    let reading = conn.unchecked_transaction()?;
    let id: i32 = reading.query_row("PRAGMA application_id", (), |row| row.get(0))?;
    let empty: bool = reading.query_row("SELECT count(*) = 0 FROM sqlite_schema", (), |row| row.get(0))?;
    reading.finish()?;
    if id == APPLICATION_ID || (id == 0 && empty) {
        return Ok(());
    }
    Err(corrupt("it is not a database of Rescind's"))
}
