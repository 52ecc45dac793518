//! What the store tells of itself.
#![allow(clippy::unwrap_used, reason = "a failed unwrap fails the test")]

mod common;

use common::open;
use rescind::ledger::{CutTarget, LedgerStore as _, TokenKey};
use rescind::store::{Connections, StoreError, Watched as _};
use rescind_testkit::conformance::{Backend, World};
use rescind_testkit::postgres::shared_database;

/// What PostgreSQL says where a file cannot grow, said here by a trigger.
const FULL: &str = "
    CREATE FUNCTION full_disk() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN RAISE EXCEPTION 'could not extend file: No space left on device' USING ERRCODE = '53100'; END $$;
    CREATE TRIGGER full_disk BEFORE INSERT ON ledger EXECUTE FUNCTION full_disk()";

/// By itself and in company; and it is counted, whoever asks.
#[tokio::test]
async fn a_full_disk_is_told_from_a_server_that_is_away() {
    let database = shared_database().await;
    let (client, store) = (database.connect().await, open(database.url()).await);
    let world = World::new(Backend::of(store.clone(), database)).await;
    let user = world.user("jane@example.com").await;
    let by_itself = world.cutting(CutTarget::User { tenant: user.tenant, user: user.id, spare: None });
    let in_company =
        world.cutting(CutTarget::Token { key: TokenKey::from(world.id()), tenant: None, user: None });
    client.batch_execute(FULL).await.unwrap();
    for cut in [&by_itself, &in_company] {
        let refused = store.cut(cut.clone()).await.unwrap_err();
        assert!(matches!(refused, StoreError::TakesNoWrites(_)), "{refused}");
    }
    assert_eq!(store.refused_writes(), 2);
    assert_eq!(store.commits().failed, 2);
    assert_eq!(store.connections().unwrap().idle, 1, "a server that takes no writes lets nobody in anew");
    assert_eq!(store.head().await.unwrap().cursor.seq, 0, "it can be read");
    client.batch_execute("DROP TRIGGER full_disk ON ledger").await.unwrap();
    for cut in [by_itself, in_company] {
        store.cut(cut).await.unwrap();
    }
    assert_eq!(store.refused_writes(), 2);
}

#[tokio::test]
async fn connections_are_counted_as_they_come_and_go() {
    let database = shared_database().await;
    let store = open(database.url()).await;
    let told = || store.connections().unwrap();
    assert_eq!(told(), Connections { most: 6, in_use: 0, idle: 0, waiting: 0 });
    store.head().await.unwrap();
    assert_eq!(told(), Connections { most: 6, in_use: 0, idle: 1, waiting: 0 });
    store.close();
    store.head().await.unwrap_err();
    assert_eq!((told().in_use, told().waiting), (0, 0));
}
