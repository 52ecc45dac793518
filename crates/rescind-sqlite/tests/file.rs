//! The file: who may read it, what is refused, what another process does to it.
#![allow(clippy::unwrap_used, reason = "a failed unwrap fails the test")]

mod common;

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

use common::{open, options};
use rescind::directory::DirectoryStore as _;
use rescind::keys::KeyStore as _;
use rescind::ledger::{Cursor, CutTarget, Follow, LedgerStore as _, TokenKey};
use rescind::session::SessionStore as _;
use rescind::store::StoreError;
use rescind_sqlite::{LATEST, Migrated, SqliteStore, migrate, schema_version};
use rescind_testkit::conformance::{Backend, World};
use rusqlite::Connection;

fn refused(path: &Path) -> StoreError {
    SqliteStore::open(path, &options()).unwrap_err()
}

#[test]
fn nobody_else_may_read_it_nor_what_lies_beside_it() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("rescind.db");
    let store = open(&path);
    let modes = || {
        let files = fs::read_dir(dir.path()).unwrap().map(|file| file.unwrap());
        files.map(|file| file.metadata().unwrap().permissions().mode() & 0o777).collect::<Vec<_>>()
    };
    assert!(modes().len() >= 2, "the log too");
    assert!(modes().iter().all(|mode| *mode == 0o600));
    store.close();
    drop(store);
    fs::set_permissions(&path, fs::Permissions::from_mode(0o644)).unwrap();
    let _store = open(&path);
    assert!(modes().iter().all(|mode| *mode == 0o600), "tightened where it was open");
}

#[test]
fn a_file_that_is_not_ours_is_corrupt_and_left_alone() {
    let dir = tempfile::tempdir().unwrap();
    let text = dir.path().join("text");
    fs::write(
        &text,
        "this is no database, and yet long enough to have a header of a hundred bytes".repeat(4),
    )
    .unwrap();
    let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
    let directory = dir.path().join("directory");
    fs::create_dir(&directory).unwrap();
    for (path, own) in [(&text, 0o644), (&directory, 0o755)] {
        fs::set_permissions(path, fs::Permissions::from_mode(own)).unwrap();
        let error = refused(path);
        assert!(matches!(error, StoreError::Corrupt(_) | StoreError::Unavailable(_)), "{error}");
        assert_eq!(mode(path), own, "{}", path.display());
    }

    let other = dir.path().join("other");
    Connection::open(&other).unwrap().execute_batch("CREATE TABLE theirs (x)").unwrap();
    let before = fs::read(&other).unwrap();
    assert!(matches!(refused(&other), StoreError::Corrupt(_)));
    assert_eq!(fs::read(&other).unwrap(), before);

    let cut = dir.path().join("cut");
    open(&cut).close();
    let bytes = fs::read(&cut).unwrap();
    fs::write(&cut, &bytes[..bytes.len() / 2]).unwrap();
    assert!(matches!(refused(&cut), StoreError::Corrupt(_)));
}

#[test]
fn a_place_that_cannot_be_written_is_unavailable() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("file");
    fs::write(&file, "").unwrap();
    for path in [dir.path().join("missing").join("db"), file.join("db"), dir.path().to_owned()] {
        let error = refused(&path);
        assert!(matches!(error, StoreError::Unavailable(_)), "{}: {error}", path.display());
    }
}

#[test]
fn a_newer_schema_is_refused_and_left_alone() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("rescind.db");
    open(&path).close();
    Connection::open(&path).unwrap().pragma_update(None, "user_version", LATEST + 1).unwrap();
    let error = StoreError::TooNew { found: LATEST + 1, known: LATEST };
    assert_eq!(refused(&path), error);
    assert_eq!(migrate(&path), Err(error));
    assert_eq!(schema_version(&path), Ok(LATEST + 1));
}

#[test]
fn migrating_is_done_once() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("rescind.db");
    assert_eq!(schema_version(&path), Err(StoreError::NotFound));
    assert_eq!(migrate(&path), Ok(Migrated { from: 0, to: LATEST }));
    assert_eq!(migrate(&path), Ok(Migrated { from: LATEST, to: LATEST }));
    assert_eq!(schema_version(&path), Ok(LATEST));
    open(&path).close();
}

#[test]
fn several_that_open_a_new_file_at_once_all_open_it() {
    for _ in 0..20 {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("rescind.db");
        std::thread::scope(|scope| {
            for _ in 0..4 {
                scope.spawn(|| open(&path).close());
            }
        });
        assert_eq!(schema_version(&path), Ok(LATEST));
    }
}

#[tokio::test]
async fn a_closed_store_is_unavailable() {
    let dir = tempfile::tempdir().unwrap();
    let store = open(&dir.path().join("rescind.db"));
    store.close();
    store.close();
    assert!(matches!(store.head().await, Err(StoreError::Unavailable(_))));
    let world = World::empty(Backend::of(store, dir));
    let started = world.store.first_start(world.first_start()).await;
    assert!(matches!(started, Err(StoreError::Unavailable(_))));
}

/// The server serves, and the command line cuts.
#[tokio::test]
async fn two_stores_on_one_file_see_each_others_writes() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("rescind.db");
    let store = open(&path);
    let world = World::new(Backend::of(store.clone(), ())).await;
    let user = world.user("jane@example.com").await;
    let session = world.open(&user).await.chain.session;
    let cursor = store.head().await.unwrap().cursor;
    let other = open(&path);
    let cut = world.cutting(CutTarget::Session { id: session, tenant: None, user: None });
    let entry = other.cut(cut).await.unwrap().entry;
    let Follow::Entries(entries, _) = store.entries_after(cursor, 10).await.unwrap() else { panic!() };
    assert_eq!(entries, [entry]);
    assert!(matches!(world.status(session).await, rescind::session::Status::Revoked(_)));

    let mut writers = tokio::task::JoinSet::new();
    for n in 0..100 {
        let store = if n % 2 == 0 { store.clone() } else { other.clone() };
        let target = CutTarget::Token { key: TokenKey::from(world.id()), tenant: None, user: None };
        let cut = world.cutting(target);
        writers.spawn(async move { store.cut(cut).await.unwrap().entry.seq });
    }
    let mut seqs = writers.join_all().await;
    seqs.sort_unstable();
    assert_eq!(seqs, (2..=101).collect::<Vec<_>>());
    assert_eq!(store.head().await.unwrap(), other.head().await.unwrap());
}

/// Each value that a row may hold and the domain may not.
#[tokio::test]
async fn a_corrupt_row_is_never_taken_for_valid() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("rescind.db");
    let store = open(&path);
    let world = World::new(Backend::of(store.clone(), ())).await;
    let user = world.user("jane@example.com").await;
    let chain = world.open(&user).await.chain;
    let held = rescind_testkit::conformance::Held::of(&chain);
    world.cut(CutTarget::Token { key: TokenKey::from(world.id()), tenant: None, user: None }).await;
    let vandal = Connection::open(&path).unwrap();
    vandal.execute_batch("PRAGMA foreign_keys = OFF; PRAGMA ignore_check_constraints = ON").unwrap();
    for (damage, repair) in [
        ("UPDATE sessions SET revoked_by = 'nobody'", "UPDATE sessions SET revoked_by = NULL"),
        (
            "UPDATE sessions SET revoked_at = -1, revoked_by = 'cli'",
            "UPDATE sessions SET revoked_at = NULL, revoked_by = NULL",
        ),
        ("UPDATE sessions SET ip = 'home'", "UPDATE sessions SET ip = NULL"),
        ("UPDATE sessions SET access_jti = x'00'", "UPDATE sessions SET access_jti = zeroblob(16)"),
    ] {
        vandal.execute(damage, ()).unwrap();
        let shown = store.session(chain.session, None, world.now()).await;
        assert!(matches!(shown, Err(StoreError::Corrupt(_))), "{damage}: {shown:?}");
        vandal.execute(repair, ()).unwrap();
    }
    for damage in [
        "UPDATE sessions SET claims = '[]'",
        "UPDATE sessions SET audience = '{'",
        "UPDATE sessions SET refresh_salt = x'00'",
    ] {
        vandal.execute(damage, ()).unwrap();
        let answer = store.rotate(world.rotation(held)).await;
        assert!(matches!(answer, Err(StoreError::Corrupt(_))), "{damage}: {answer:?}");
    }
    for damage in [
        "UPDATE ledger SET kind = 'nothing'",
        "UPDATE ledger SET kind = 'session', key = 'text'",
        "UPDATE ledger SET kind = 'digest', key = x'0011'",
        "UPDATE ledger SET expires_at = 9223372036854775807",
    ] {
        vandal.execute(damage, ()).unwrap();
        let read = store.entries_after(Cursor::default(), 10).await;
        assert!(matches!(read, Err(StoreError::Corrupt(_))), "{damage}: {read:?}");
    }
    vandal.execute("UPDATE users SET disabled = 7", ()).unwrap();
    assert!(matches!(store.user(Some(world.tenant), user.id).await, Err(StoreError::Corrupt(_))));
    vandal.execute("UPDATE keys SET state = 'lost'", ()).unwrap();
    assert!(matches!(store.keys().await, Err(StoreError::Corrupt(_))));
}
