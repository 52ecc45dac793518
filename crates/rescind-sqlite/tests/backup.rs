//! Backups, taken while the store serves, and going on from one.
#![allow(clippy::unwrap_used, reason = "a failed unwrap fails the test")]

mod common;

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::sync::Arc;

use common::open;
use rescind::audit::action;
use rescind::keys::{KeyState, KeyStore as _};
use rescind::ledger::{Cursor, CutTarget, Follow, LedgerStore as _, TokenKey};
use rescind::session::{Rotated, Status};
use rescind::store::StoreError;
use rescind::system::SystemEntropy;
use rescind_sqlite::{LATEST, Restore, SqliteStore, backup, restore};
use rescind_testkit::conformance::{Backend, Held, World};
use rusqlite::Connection;

struct Site {
    dir: tempfile::TempDir,
    store: Arc<SqliteStore>,
    world: World,
}

async fn site() -> Site {
    let dir = tempfile::tempdir().unwrap();
    let store = open(&dir.path().join("rescind.db"));
    let world = World::new(on(&store)).await;
    Site { dir, store, world }
}

fn on(store: &Arc<SqliteStore>) -> Backend {
    Backend::of(store.clone(), ())
}

impl Site {
    fn restore(&self, from: &Path, to: &Path, keep_sessions: bool) -> Result<(), StoreError> {
        let options = Restore {
            keep_sessions,
            access_exp: self.world.access_exp(),
            entropy: Arc::new(SystemEntropy),
            by: self.world.by(),
        };
        restore(from, to, &options)
    }

    /// The same world, with its clock and its ids, on another store.
    async fn at(self, store: &Arc<SqliteStore>) -> World {
        let mut world = self.world;
        world.store = store.clone();
        world
    }
}

fn token(world: &World) -> CutTarget {
    CutTarget::Token { key: TokenKey::from(world.id()), tenant: None, user: None }
}

#[tokio::test]
async fn a_backup_is_a_whole_store_of_its_moment() {
    let site = site().await;
    let user = site.world.user("jane@example.com").await;
    let held = Held::of(&site.world.open(&user).await.chain);
    let copy = site.dir.path().join("copy.db");
    site.store.backup_to(copy.clone()).await.unwrap();
    site.world.cut_session(held.session).await;
    assert_eq!(fs::metadata(&copy).unwrap().permissions().mode() & 0o777, 0o600);
    assert_eq!(site.store.backup_to(copy.clone()).await, Err(StoreError::Taken("the file")));
    assert_eq!(backup(&site.dir.path().join("rescind.db"), &copy), Err(StoreError::Taken("the file")));

    let offline = site.dir.path().join("offline.db");
    backup(&site.dir.path().join("rescind.db"), &offline).unwrap();
    let (copy, offline) = (open(&copy), open(&offline));
    let now = site.world.now();
    use rescind::session::SessionStore as _;
    assert_eq!(copy.session(held.session, None, now).await.unwrap().status, Status::Active);
    assert!(matches!(offline.session(held.session, None, now).await.unwrap().status, Status::Revoked(_)));
}

/// Consistent, however much is written meanwhile: the head agrees with the entries.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_backup_under_writes_is_consistent() {
    let site = site().await;
    let writing = {
        let store = site.store.clone();
        let cuts: Vec<_> = (0..300).map(|_| site.world.cutting(token(&site.world))).collect();
        tokio::spawn(async move {
            for cut in cuts {
                store.cut(cut).await.unwrap();
            }
        })
    };
    for n in 0..5 {
        let copy = site.dir.path().join(format!("copy{n}.db"));
        site.store.backup_to(copy.clone()).await.unwrap();
        let copy = open(&copy);
        let head = copy.head().await.unwrap().cursor;
        let Follow::Entries(entries, cursor) = copy.entries_after(Cursor::default(), 1000).await.unwrap()
        else {
            panic!()
        };
        assert_eq!((entries.len() as i64, cursor), (head.seq, head));
    }
    writing.await.unwrap();
}

#[tokio::test]
async fn what_was_revoked_after_the_backup_stays_dead() {
    let site = site().await;
    let user = site.world.user("jane@example.com").await;
    let held = Held::of(&site.world.open(&user).await.chain);
    site.world.cut(token(&site.world)).await;
    let copy = site.dir.path().join("copy.db");
    site.store.backup_to(copy.clone()).await.unwrap();
    let before = site.store.head().await.unwrap();
    site.world.cut_session(held.session).await;
    let lost = site.world.cut_user(&user).await;
    let ahead = site.store.head().await.unwrap().cursor;
    site.world.pass_secs(60);

    let restored = site.dir.path().join("restored.db");
    site.restore(&copy, &restored, false).unwrap();
    assert_eq!(site.restore(&copy, &restored, false), Err(StoreError::Taken("the file")));
    assert_eq!(fs::metadata(&restored).unwrap().permissions().mode() & 0o777, 0o600);
    let store = open(&restored);
    let world = site.at(&store).await;
    assert!(matches!(world.refresh(held).await, Rotated::Revoked));
    let head = store.head().await.unwrap();
    assert_ne!(head.keys_version, before.keys_version, "keys are to be loaded again");
    assert_eq!(head.cursor.seq, before.cursor.seq + 4, "one entry for each tenant, and for each key");
    let keys = store.keys().await.unwrap().0;
    assert!(keys.iter().all(|key| key.state == KeyState::Revoked), "{keys:?}");
    for cursor in [before.cursor, ahead] {
        assert_eq!(store.entries_after(cursor, 10).await, Ok(Follow::OtherHistory));
    }
    assert_eq!(world.audit().await[0].action, action::RESTORED);
    assert!(world.cut_user(&user).await.standing.token_version > lost.standing.token_version);
}

#[tokio::test]
async fn sessions_may_be_kept_and_cursors_notice_all_the_same() {
    let site = site().await;
    let user = site.world.user("jane@example.com").await;
    let held = Held::of(&site.world.open(&user).await.chain);
    site.world.cut(token(&site.world)).await;
    let copy = site.dir.path().join("copy.db");
    site.store.backup_to(copy.clone()).await.unwrap();
    let before = site.store.head().await.unwrap().cursor;
    let restored = site.dir.path().join("restored.db");
    site.restore(&copy, &restored, true).unwrap();
    let store = open(&restored);
    let head = store.head().await.unwrap().cursor;
    assert_eq!(head.seq, before.seq);
    assert_eq!(store.entries_after(before, 10).await, Ok(Follow::OtherHistory));
    assert_eq!(store.entries_after(head, 10).await, Ok(Follow::Entries(Vec::new(), head)));
    site.at(&store).await.rotate(held).await;
}

/// By hand, without going on from it properly: the history of the copy goes on as another, and past the old one's end.
#[tokio::test]
async fn cursors_notice_a_copy_that_was_put_back_and_has_grown_past_them() {
    let site = site().await;
    site.world.cut(token(&site.world)).await;
    let copy = site.dir.path().join("copy.db");
    site.store.backup_to(copy.clone()).await.unwrap();
    let common = site.store.head().await.unwrap().cursor;
    let mut lost = Vec::new();
    for _ in 0..3 {
        site.world.cut(token(&site.world)).await;
        lost.push(site.store.head().await.unwrap().cursor);
    }
    let store = open(&copy);
    let world = site.at(&store).await;
    for grown in 0..5 {
        for cursor in &lost {
            assert_eq!(store.entries_after(*cursor, 10).await, Ok(Follow::OtherHistory), "{grown} {cursor}");
        }
        world.cut(token(&world)).await;
    }
    let Follow::Entries(since, _) = store.entries_after(common, 10).await.unwrap() else { panic!() };
    assert_eq!(since.len(), 5, "whoever stood at the copy's end goes on");
}

#[tokio::test]
async fn a_broken_backup_is_refused_and_leaves_nothing() {
    let site = site().await;
    let copy = site.dir.path().join("copy.db");
    site.store.backup_to(copy.clone()).await.unwrap();
    let mut bytes = fs::read(&copy).unwrap();
    let middle = bytes.len() / 2;
    bytes[middle..].fill(0xff);
    fs::write(&copy, bytes).unwrap();
    let text = site.dir.path().join("text");
    fs::write(&text, "no database at all".repeat(20)).unwrap();
    let restored = site.dir.path().join("restored.db");
    for broken in [&copy, &text] {
        let error = site.restore(broken, &restored, false).unwrap_err();
        assert!(matches!(error, StoreError::Corrupt(_)), "{error}");
        assert!(!restored.exists());
    }
    let newer = site.dir.path().join("newer.db");
    site.store.backup_to(newer.clone()).await.unwrap();
    Connection::open(&newer).unwrap().pragma_update(None, "user_version", LATEST + 1).unwrap();
    let before = fs::read_dir(site.dir.path()).unwrap().count();
    let error = site.restore(&newer, &restored, false).unwrap_err();
    assert_eq!(error, StoreError::TooNew { found: LATEST + 1, known: LATEST });
    assert_eq!(fs::read_dir(site.dir.path()).unwrap().count(), before, "not even what was unfinished");
    let missing = site.dir.path().join("missing");
    assert!(matches!(site.restore(&missing, &restored, false), Err(StoreError::Unavailable(_))));
    assert!(!missing.exists());
}

/// SQLite would replay it into the new file.
#[tokio::test]
async fn the_log_of_a_file_that_has_gone_is_not_taken_for_the_new_ones() {
    let site = site().await;
    let copy = site.dir.path().join("copy.db");
    site.store.backup_to(copy.clone()).await.unwrap();
    let restored = site.dir.path().join("restored.db");
    fs::write(site.dir.path().join("restored.db-wal"), "of another file").unwrap();
    let error = StoreError::Taken("the log beside the file");
    assert_eq!(site.restore(&copy, &restored, false), Err(error.clone()));
    assert_eq!(site.store.backup_to(restored.clone()).await, Err(error));
    assert!(!restored.exists());
}
