//! Stores in schemas of their own.
#![allow(dead_code, reason = "each test uses some of it")]

use std::sync::Arc;

use rescind::store::Store;
use rescind::system::SystemEntropy;
use rescind_postgres::{Options, PostgresStore};
use rescind_testkit::conformance::Backend;
use rescind_testkit::postgres::shared_database;

/// How every test opens a store: with few connections, since there are many tests.
pub(crate) fn options(url: &str) -> Options {
    Options { connections: 6, ..Options::new(url, Arc::new(SystemEntropy)) }
}

/// A store at this URL.
pub(crate) async fn open(url: &str) -> Arc<PostgresStore> {
    PostgresStore::open(&options(url)).await.unwrap()
}

/// An empty store in a schema of its own.
pub(crate) async fn backend() -> Backend {
    let database = shared_database().await;
    let url = database.url().to_owned();
    Backend {
        store: open(&url).await,
        reopen: Box::new(move |old: Arc<dyn Store>| {
            drop(old);
            let url = url.clone();
            Box::pin(async move { open(&url).await as Arc<dyn Store> })
        }),
        keep: Box::new(database),
    }
}
