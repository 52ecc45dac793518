//! `rescind restore`.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use clap::Args;
use rescind::audit::Actor;
use rescind::clock::{Clock as _, Timestamp};
use rescind::directory::DirectoryStore as _;
use rescind::keys::KeyStore as _;
use rescind::ledger::{CutTarget, LedgerStore as _};
use rescind::store::{PageRequest, Provenance, StoreError};
use rescind::system::{SystemClock, SystemEntropy};
use rescind_server::config::Database;
use rescind_sqlite::{Options, Restore as How, SqliteStore};
use serde_json::json;

use crate::confirm::{Sure, sessions};
use crate::data_dir::{DataDir, beside};
use crate::failure::Failure;
use crate::output::{Format, note};
use crate::settings::Settings;

/// Go on from a backup: ends every session, since what was revoked after the backup is forgotten
#[derive(Args, Debug)]
pub(crate) struct Restore {
    /// The backup
    file: PathBuf,
    /// Let sessions live, and with them those that were revoked after the backup
    #[arg(long)]
    keep_sessions: bool,
    /// Put the backup in the place of the database that is there; that one is kept beside it
    #[arg(long)]
    replace: bool,
    #[command(flatten)]
    sure: Sure,
    #[command(flatten)]
    format: Format,
}

pub(crate) async fn run(args: Restore, settings: &Settings) -> Result<(), Failure> {
    if matches!(settings.server.database, Database::Postgres(_)) {
        return Err(Failure::OtherStore(
            "this puts back a copy of an SQLite file; a PostgreSQL database is restored with its own tools, and \
             running nodes then write back what they know to be revoked",
        ));
    }
    let place = settings.place().by_one_name();
    let now = SystemClock.now();
    fs::metadata(&args.file).map_err(Failure::file(&args.file))?;
    place.create()?;
    let _lock = place.exclude_others()?;
    let there = place.database().try_exists().map_err(Failure::file(place.database()))?;
    if there && !args.replace {
        return Err(Failure::DatabaseExists(place.database().to_owned()));
    }
    let active = preview(&args, settings, &place, now).await?;
    let ended = if args.keep_sessions { 0 } else { active };
    let done = json!({ "dry_run": args.sure.dry_run, "revoked": ended, "replaced": there });
    if args.sure.dry_run {
        let sentence = format!("would restore {} and end {}", args.file.display(), sessions(ended));
        return args.format.done(&done, &sentence);
    }
    if there || !args.keep_sessions {
        let what = if there { "replaces the database" } else { "restores the database" };
        args.sure.confirm(&format!("{what} and ends {}", sessions(ended)))?;
    }
    let ready = beside(place.database(), "restored");
    remove(&ready)?;
    rescind_sqlite::restore(&args.file, &ready, &how(args.keep_sessions, settings, now))?;
    if there {
        let kept = keep_old(&place, now)?;
        note(&format!("the database that was there is kept as {}", kept.display()))?;
    }
    fs::rename(&ready, place.database()).map_err(Failure::file(place.database()))?;
    sync_parent(place.database())?;
    args.format.done(&done, &format!("restored {}, ended {}", args.file.display(), sessions(ended)))
}

/// Restores into a file that is thrown away, to see that it works, that the keys open, and how many sessions there are.
async fn preview(
    args: &Restore,
    settings: &Settings,
    place: &DataDir,
    now: Timestamp,
) -> Result<u64, Failure> {
    let trial = beside(place.database(), "trial");
    remove(&trial)?;
    let looked = look(args, settings, &trial, now).await;
    remove(&trial)?;
    looked
}

async fn look(args: &Restore, settings: &Settings, trial: &Path, now: Timestamp) -> Result<u64, Failure> {
    rescind_sqlite::restore(&args.file, trial, &how(true, settings, now)).map_err(|error| match error {
        StoreError::Corrupt(why) => Failure::Corrupt(format!("{} is no backup: {why}", args.file.display())),
        other => other.into(),
    })?;
    let store = SqliteStore::open(trial, &Options::new(Arc::new(SystemEntropy)))?;
    let (records, _) = store.keys().await?;
    settings.master_keys().opening(&records)?;
    let active = count_sessions(&store, now).await;
    store.close();
    Ok(active?)
}

async fn count_sessions(store: &SqliteStore, now: Timestamp) -> Result<u64, StoreError> {
    let mut page = PageRequest { limit: 500, cursor: None };
    let mut active = 0;
    loop {
        let tenants = store.tenants(&page).await?;
        for tenant in tenants.items {
            active += store.count_reach(&CutTarget::Tenant { tenant: tenant.id }, now).await?;
        }
        match tenants.next_cursor {
            Some(cursor) => page.cursor = Some(cursor),
            None => return Ok(active),
        }
    }
}

fn how(keep_sessions: bool, settings: &Settings, now: Timestamp) -> How {
    How {
        keep_sessions,
        access_exp: now.plus(settings.server.access_ttl.max(settings.server.foreign_ttl)),
        entropy: Arc::new(SystemEntropy),
        by: Provenance { actor: Actor::CommandLine, ip: None, request_id: None, at: now },
    }
}

/// Keeps the old database under another name, its log with it: SQLite would apply that to whatever bears its name.
fn keep_old(place: &DataDir, now: Timestamp) -> Result<PathBuf, Failure> {
    let kept = beside(place.database(), &format!("before-{}", now.as_millis()));
    // So that a crash between the steps below leaves a whole database under its own name. One that cannot be read any more
    // may be why it is being replaced: then its log moves along as it is.
    let _ = write_log_back(place.database());
    fs::hard_link(place.database(), &kept).map_err(Failure::file(&kept))?;
    for suffix in ["-wal", "-shm"] {
        let (from, to) = (with_suffix(place.database(), suffix), with_suffix(&kept, suffix));
        match fs::rename(&from, &to) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
                return Err(Failure::file(&from)(error));
            }
            _ => {}
        }
    }
    sync_parent(&kept)?;
    Ok(kept)
}

/// Takes what is only in the log into the database itself.
fn write_log_back(database: &Path) -> rusqlite::Result<()> {
    let open = rusqlite::OpenFlags::SQLITE_OPEN_READ_WRITE;
    let conn = rusqlite::Connection::open_with_flags(database, open)?;
    conn.query_row("PRAGMA wal_checkpoint(TRUNCATE)", (), |_| Ok(()))
}

/// Removes a file of SQLite's and what is beside it, where they are.
fn remove(path: &Path) -> Result<(), Failure> {
    for path in [path.to_owned(), with_suffix(path, "-wal"), with_suffix(path, "-shm")] {
        match fs::remove_file(&path) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
                return Err(Failure::file(&path)(error));
            }
            _ => {}
        }
    }
    Ok(())
}

fn with_suffix(path: &Path, suffix: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(suffix);
    name.into()
}

fn sync_parent(path: &Path) -> Result<(), Failure> {
    let parent = path.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."));
    fs::File::open(parent).and_then(|directory| directory.sync_all()).map_err(Failure::file(parent))
}
