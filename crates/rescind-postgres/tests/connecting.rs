//! How a database is reached, and what is not taken for one.
#![allow(clippy::unwrap_used, reason = "a failed unwrap fails the test")]

mod common;

use std::collections::BTreeSet;
use std::path::Path;

use common::{open, options};
use rescind::ledger::LedgerStore as _;
use rescind::store::StoreError;
use rescind_postgres::{
    LATEST, Migrated, OpenError, PostgresStore, Step, migrate, migrate_further, schema_version,
};
use rescind_testkit::postgres::{PostgresOptions, own_database, shared_database};
use tokio::task::JoinSet;

/// Both stores know the same steps by the same names.
#[test]
fn migrations_have_the_versions_and_names_of_the_other_store() {
    let names = |folder: &str| -> BTreeSet<String> {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join(folder);
        let files = std::fs::read_dir(folder).unwrap();
        files.map(|file| file.unwrap().file_name().into_string().unwrap()).collect()
    };
    assert_eq!(names("migrations"), names("../rescind-sqlite/migrations"));
    assert_eq!(names("migrations").len(), LATEST as usize);
}

/// One does it, and the others wait for it.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn many_that_migrate_at_once_do_it_once() {
    let database = own_database().await;
    assert_eq!(schema_version(database.url()).await, Ok(0));
    let mut all = JoinSet::new();
    for _ in 0..8 {
        let url = database.url().to_owned();
        all.spawn(async move { migrate(&url).await.unwrap() });
    }
    let done = all.join_all().await;
    assert_eq!(done.iter().filter(|done| **done == Migrated { from: 0, to: LATEST }).count(), 1, "{done:?}");
    assert_eq!(schema_version(database.url()).await, Ok(LATEST));
}

/// It is left as it is.
#[tokio::test]
async fn a_database_of_a_newer_program_is_refused() {
    let database = shared_database().await;
    migrate(database.url()).await.unwrap();
    let newer = LATEST + 1;
    let sql = format!("INSERT INTO rescind_schema (version, name) VALUES ({newer}, 'of the future')");
    database.connect().await.batch_execute(&sql).await.unwrap();
    let refused = PostgresStore::open(&options(database.url())).await.unwrap_err();
    assert_eq!(refused, OpenError::Store(StoreError::TooNew { found: newer, known: LATEST }));
    assert!(!refused.may_pass());
}

/// A step that says so serves the programs of the release before: they start beside newer ones.
#[tokio::test]
async fn a_database_of_a_newer_program_is_taken_where_it_serves_this_one() {
    let database = shared_database().await;
    migrate(database.url()).await.unwrap();
    let step = |version: u32, serves: u32| {
        format!(
            "INSERT INTO rescind_schema (version, name, serves) VALUES ({version}, 'v{version}', {serves})"
        )
    };
    let client = database.connect().await;
    client.batch_execute(&step(LATEST + 1, LATEST)).await.unwrap();
    assert_eq!(schema_version(database.url()).await, Ok(LATEST));
    assert_eq!(migrate(database.url()).await, Ok(Migrated { from: LATEST, to: LATEST }));
    let store = open(database.url()).await;
    assert_eq!(store.head().await.unwrap().cursor.seq, 0);
    client.batch_execute(&step(LATEST + 2, LATEST + 1)).await.unwrap();
    let refused = PostgresStore::open(&options(database.url())).await.unwrap_err();
    assert_eq!(refused, OpenError::Store(StoreError::TooNew { found: LATEST + 2, known: LATEST }));
}

/// A dump holds every table for as long as it runs: the migration steps back for the nodes that serve meanwhile.
#[tokio::test(flavor = "multi_thread")]
async fn a_migration_that_has_to_wait_lets_others_go_first() {
    let database = shared_database().await;
    let store = open(database.url()).await;
    let dump = database.connect().await;
    dump.batch_execute("BEGIN; LOCK TABLE head IN ACCESS SHARE MODE").await.unwrap();
    let url = database.url().to_owned();
    let next = Step { name: "next", sql: "ALTER TABLE head ADD COLUMN epoch bigint", serves: 1 };
    let migrated = tokio::spawn(async move { migrate_further(&url, next).await });
    let waits = "SELECT count(*) FROM pg_locks WHERE relation = 'head'::regclass AND NOT granted";
    let watch = database.connect().await;
    for _ in 0..2 {
        while watch.query_one(waits, &[]).await.unwrap().get::<_, i64>(0) == 0 {
            tokio::task::yield_now().await;
        }
        store.head().await.expect("it waits a second at the most");
    }
    assert!(!migrated.is_finished());
    dump.batch_execute("COMMIT").await.unwrap();
    assert_eq!(migrated.await.unwrap(), Ok(Migrated { from: LATEST, to: LATEST + 1 }));
}

/// The certificate is checked, and what is not TLS is not taken for it.
#[tokio::test]
async fn tls_is_checked_against_the_roots_that_are_named() {
    let server = PostgresOptions::default().without_fsync().tls().start().await;
    let url = server.create_database().await;
    let roots = format!("sslrootcert={}", server.ca().display());
    let store = open(&format!("{url}?sslmode=verify-full&{roots}")).await;
    assert_eq!(store.head().await.unwrap().cursor.seq, 0);
    // The certificate is for that name and this address.
    open(&format!("{}?sslmode=require&{roots}", url.replace("127.0.0.1", "localhost"))).await;
    for other in [format!("{url}?sslmode=verify-full"), format!("{url}?sslmode=disable"), url.clone()] {
        let refused = PostgresStore::open(&options(&other)).await.unwrap_err();
        assert!(!refused.may_pass(), "{other}: {refused}");
    }
}

/// Whoever cannot be written to is a standby, whose ledger lags.
#[tokio::test]
async fn a_server_that_takes_no_writes_is_not_taken() {
    let database = own_database().await;
    open(database.url()).await;
    let sql = format!("ALTER DATABASE {} SET default_transaction_read_only = on", database.name());
    database.connect().await.batch_execute(&sql).await.unwrap();
    let refused = PostgresStore::open(&options(database.url())).await.unwrap_err();
    assert!(refused.may_pass(), "it may be promoted: {refused}");
}
