//! Backups: a consistent copy while the store is serving, and what it takes to go on from one.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use rescind::audit::{Record, Target, action};
use rescind::clock::Timestamp;
use rescind::entropy::{Entropy, random_bytes};
use rescind::id::TenantId;
use rescind::ledger::{Draft, MarkKey};
use rescind::store::{Provenance, StoreError};
use rusqlite::backup::{Backup, StepResult};
use rusqlite::{Connection, OpenFlags};

use crate::SqliteStore;
use crate::audit::record;
use crate::directory::{Cause, raise_tenant};
use crate::error::{Fault, Outcome, corrupt};
use crate::ledger::append;
use crate::migrate::run_migrations;
use crate::open::{connect, make_private};
use crate::row::Cells;
use crate::writer::{Tx, seal_batch};

/// What SQLite puts beside a file.
const LOGS: [&str; 3] = ["-wal", "-shm", "-journal"];

/// How long to wait for another process that is writing.
const PATIENCE: Duration = Duration::from_secs(5);

/// How to go on from a backup.
///
/// ```
/// use std::sync::Arc;
/// use std::time::Duration;
/// use rescind::audit::Actor;
/// use rescind::clock::Clock as _;
/// use rescind::store::Provenance;
/// use rescind::system::{SystemClock, SystemEntropy};
/// use rescind_sqlite::{Restore, restore};
///
/// # let dir = tempfile::tempdir()?;
/// # let (copy, file) = (dir.path().join("copy.db"), dir.path().join("rescind.db"));
/// # rescind_sqlite::migrate(&copy)?;
/// let now = SystemClock.now();
/// let by = Provenance { actor: Actor::CommandLine, ip: None, request_id: None, at: now };
/// // By settings that have access tokens live for a quarter of an hour.
/// let access_exp = now.plus(Duration::from_secs(15 * 60));
/// let how = Restore { keep_sessions: false, access_exp, entropy: Arc::new(SystemEntropy), by };
/// restore(&copy, &file, &how)?;
/// assert!(file.exists());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct Restore {
    /// Leaves sessions and tokens alive that were cut after the backup was taken. Without it every tenant is cut.
    pub keep_sessions: bool,
    /// When the last access token minted before the loss expires: the longest access lifetime from now.
    pub access_exp: Timestamp,
    /// Where the new history's tag comes from.
    pub entropy: Arc<dyn Entropy>,
    /// By whom, and when.
    pub by: Provenance,
}

/// Copies a store into a new file, while others may be using it. [`StoreError::Taken`] where `to` is there already.
///
/// ```
/// use rescind::store::StoreError;
/// use rescind_sqlite::{backup, migrate, schema_version};
///
/// # let dir = tempfile::tempdir()?;
/// let (file, copy) = (dir.path().join("rescind.db"), dir.path().join("copy.db"));
/// migrate(&file)?;
/// backup(&file, &copy)?;
/// assert_eq!(schema_version(&copy)?, schema_version(&file)?);
/// assert_eq!(backup(&file, &copy), Err(StoreError::Taken("the file")), "nothing is written over");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn backup(from: &Path, to: &Path) -> Result<(), StoreError> {
    let copy = || {
        let source = Connection::open_with_flags(from, OpenFlags::SQLITE_OPEN_READ_ONLY)?;
        source.busy_timeout(PATIENCE)?;
        copy_to(&source, to)
    };
    copy().map_err(|Fault(error)| error)
}

/// Makes a store out of a backup, with whatever must change so that nothing revoked since comes alive again, and so
/// that everyone who followed the lost history notices. [`StoreError::Taken`] where `to` is there already. The file
/// appears whole or not at all.
///
/// ```
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # use std::sync::Arc;
/// # use std::time::Duration;
/// # use rescind::audit::Actor;
/// # use rescind::clock::Clock as _;
/// # use rescind::store::Provenance;
/// # use rescind::system::{SystemClock, SystemEntropy};
/// use rescind::ledger::{Cursor, CutKind, Follow, LedgerStore as _};
/// use rescind_sqlite::{Options, Restore, SqliteStore, restore};
///
/// # let dir = tempfile::tempdir()?;
/// # let options = Options::new(Arc::new(SystemEntropy));
/// # let store = SqliteStore::open(&dir.path().join("rescind.db"), &options)?;
/// # let ports = rescind::authority::Ports {
/// #     store: store.clone(),
/// #     clock: Arc::new(rescind::system::SystemClock),
/// #     entropy: Arc::new(SystemEntropy),
/// #     offload: Arc::new(rescind_examples::OwnThread),
/// #     master_keys: Arc::new(rescind::keys::MasterKey::generate(&SystemEntropy)),
/// #     cache: None,
/// # };
/// # let settings = rescind::authority::AuthoritySettings::new("https://auth.example");
/// # let (email, password) = ("ada@example.com".into(), "correct horse battery staple".into());
/// # let operator = || rescind::authority::Operator { email, password };
/// # rescind::authority::Authority::start(ports, settings, operator).await?;
/// # let now = SystemClock.now();
/// # let by = Provenance { actor: Actor::CommandLine, ip: None, request_id: None, at: now };
/// # let access_exp = now.plus(Duration::from_secs(15 * 60));
/// let (copy, file) = (dir.path().join("copy.db"), dir.path().join("restored.db"));
/// store.backup_to(copy.clone()).await?;
/// # let entropy = Arc::new(SystemEntropy);
/// restore(&copy, &file, &Restore { keep_sessions: false, access_exp, entropy, by })?;
///
/// // Nobody knows what was revoked since the backup: everybody signs in again.
/// let store = SqliteStore::open(&file, &options)?;
/// let Follow::Entries(entries, _) = store.entries_after(Cursor::default(), 100).await? else { panic!() };
/// assert!(entries.iter().any(|entry| entry.mark.kind() == CutKind::Tenant));
/// # Ok(())
/// # }
/// ```
pub fn restore(backup: &Path, to: &Path, restore: &Restore) -> Result<(), StoreError> {
    restore_to(backup, to, restore).map_err(|Fault(error)| error)
}

impl SqliteStore {
    /// Copies the store into a new file, consistently, while it goes on serving.
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// use std::sync::Arc;
    /// use rescind::ledger::LedgerStore as _;
    /// use rescind::system::SystemEntropy;
    /// use rescind_sqlite::{Options, SqliteStore};
    ///
    /// # let dir = tempfile::tempdir()?;
    /// # let options = Options::new(Arc::new(SystemEntropy));
    /// # let store = SqliteStore::open(&dir.path().join("rescind.db"), &options)?;
    /// let copy = dir.path().join("copy.db");
    /// store.backup_to(copy.clone()).await?;
    /// // It is a whole store.
    /// let copy = SqliteStore::open(&copy, &options)?;
    /// assert_eq!(copy.head().await?, store.head().await?);
    /// # Ok(())
    /// # }
    /// ```
    pub async fn backup_to(&self, to: PathBuf) -> Result<(), StoreError> {
        self.read(move |conn| copy_to(conn, &to)).await
    }
}

fn restore_to(backup: &Path, to: &Path, restore: &Restore) -> Outcome<()> {
    refuse_existing(to)?;
    let source = Connection::open_with_flags(backup, OpenFlags::SQLITE_OPEN_READ_ONLY)?;
    check(&source)?;
    let unfinished = beside(to, ".restoring");
    remove_all(&unfinished);
    let prepared = copy_to(&source, &unfinished).and_then(|()| prepare(&unfinished, restore));
    if prepared.is_err() {
        remove_all(&unfinished);
    }
    prepared?;
    fs::rename(&unfinished, to)?;
    sync_parent(to)
}

fn prepare(path: &Path, restore: &Restore) -> Outcome<()> {
    let conn = connect(path, PATIENCE)?;
    run_migrations(&conn)?;
    begin_new_history(&conn, restore)?;
    // One file again: what is in the log goes into it, and the log goes.
    conn.query_row("PRAGMA journal_mode = DELETE", (), |_| Ok(()))?;
    Ok(conn.close().map_err(|(_, error)| error)?)
}

/// Nobody but this process knows the file yet.
fn begin_new_history(conn: &Connection, restore: &Restore) -> Outcome<()> {
    let transaction = conn.unchecked_transaction()?;
    let tx = Tx::new(&transaction, &*restore.entropy);
    retag(&tx)?;
    if !restore.keep_sessions {
        let before = crate::writer::last_seq(&tx)?;
        cut_all_tenants(&tx, restore)?;
        cut_all_keys(&tx, restore)?;
        seal_batch(&tx, before)?;
    }
    tx.execute("UPDATE head SET keys_version = keys_version + 1 WHERE id = 1", ())?;
    let target = Target { kind: "ledger", id: None };
    let act = Record { action: action::RESTORED, target, tenant: None, user: None, reason: None };
    record(&tx, &restore.by, &act)?;
    Ok(transaction.commit()?)
}

/// The last batch gets another tag, so that a cursor at the head, or beyond it, no longer fits.
fn retag(tx: &Tx<'_>) -> Outcome<()> {
    let tag: [u8; 16] = random_bytes(tx.entropy());
    tx.execute("UPDATE batches SET tag = ?1 WHERE last_seq = (SELECT seq FROM head WHERE id = 1)", (tag,))?;
    tx.execute("UPDATE head SET tag = ?1 WHERE id = 1 AND seq > 0", (tag,))?;
    Ok(())
}

/// A key that was revoked since the backup must not sign again, and nobody remembers which. Whoever starts the store next makes
/// new ones.
fn cut_all_keys(tx: &Tx<'_>, restore: &Restore) -> Outcome<()> {
    let at = restore.by.at;
    let kids: Vec<String> = {
        let mut statement = tx.prepare(
            "UPDATE keys SET state = 'revoked', revoked_at = ?1 WHERE state <> 'revoked' RETURNING kid",
        )?;
        let kids = statement.query_map((at.as_millis(),), |row| row.get(0))?;
        kids.collect::<Result<_, _>>()?
    };
    for kid in kids {
        let entry = Draft {
            key: MarkKey::Key(kid.into()),
            tenant: None,
            min_version: None,
            least: restore.access_exp,
            user: None,
            at,
            reason: Some(action::RESTORED),
            by: restore.by.actor,
        };
        append(tx, entry)?;
    }
    Ok(())
}

fn cut_all_tenants(tx: &Tx<'_>, restore: &Restore) -> Outcome<()> {
    let mut tenants = Vec::new();
    {
        let mut statement = tx.prepare("SELECT id FROM tenants")?;
        let mut rows = statement.query(())?;
        while let Some(row) = rows.next()? {
            tenants.push(Cells::new(row).id(TenantId)?);
        }
    }
    for tenant in tenants {
        let cause = Cause { least: restore.access_exp, reason: Some(action::RESTORED), by: &restore.by };
        raise_tenant(tx, tenant, &cause)?;
    }
    Ok(())
}

/// Copies everything in one step: a reader's snapshot, which no writer waits for, and which no writer disturbs.
fn copy_to(source: &Connection, to: &Path) -> Outcome<()> {
    refuse_existing(to)?;
    make_private(to)?;
    let copied = copy_pages(source, to);
    if copied.is_err() {
        remove_all(to);
    }
    copied
}

fn copy_pages(source: &Connection, to: &Path) -> Outcome<()> {
    let mut target = Connection::open_with_flags(to, OpenFlags::SQLITE_OPEN_READ_WRITE)?;
    {
        let copy = Backup::new(source, &mut target)?;
        match copy.step(-1)? {
            StepResult::Done => {}
            _ => return Err(Fault(StoreError::Unavailable("the database is busy".to_owned()))),
        }
    }
    // A backup is one file, whatever reads it.
    target.query_row("PRAGMA journal_mode = DELETE", (), |_| Ok(()))?;
    target.close().map_err(|(_, error)| error)?;
    File::open(to).and_then(|file| file.sync_all())?;
    sync_parent(to)
}

fn check(source: &Connection) -> Outcome<()> {
    let id: i32 = source.query_row("PRAGMA application_id", (), |row| row.get(0))?;
    if id != crate::open::APPLICATION_ID {
        return Err(corrupt("it is not a database of Rescind's"));
    }
    let verdict: String = source.query_row("PRAGMA integrity_check(1)", (), |row| row.get(0))?;
    if verdict == "ok" { Ok(()) } else { Err(corrupt(verdict)) }
}

/// Nor may the log of a file that has gone be there: SQLite would take what is in it for the new file's.
fn refuse_existing(path: &Path) -> Outcome<()> {
    if path.exists() {
        return Err(StoreError::Taken("the file").into());
    }
    if LOGS.iter().any(|suffix| beside(path, suffix).exists()) {
        return Err(StoreError::Taken("the log beside the file").into());
    }
    Ok(())
}

fn remove_all(path: &Path) {
    let _ = fs::remove_file(path);
    for suffix in LOGS {
        let _ = fs::remove_file(beside(path, suffix));
    }
}

fn beside(path: &Path, suffix: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(suffix);
    PathBuf::from(name)
}

/// Makes the file's name last, not only its content.
fn sync_parent(path: &Path) -> Outcome<()> {
    let parent = match path.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent,
        _ => Path::new("."),
    };
    Ok(File::open(parent).and_then(|dir| dir.sync_all())?)
}
