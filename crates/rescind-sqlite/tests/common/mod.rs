//! Stores in directories of their own.
#![allow(dead_code, reason = "each test uses some of it")]

use std::path::Path;
use std::sync::Arc;

use rescind::store::Store;
use rescind::system::SystemEntropy;
use rescind_sqlite::{Options, SqliteStore};
use rescind_testkit::conformance::Backend;

/// How every test opens a store.
pub(crate) fn options() -> Options {
    Options::new(Arc::new(SystemEntropy))
}

/// A store on this file.
pub(crate) fn open(path: &Path) -> Arc<SqliteStore> {
    SqliteStore::open(path, &options()).unwrap()
}

/// An empty store in a directory of its own.
pub(crate) async fn backend() -> Backend {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("rescind.db");
    Backend {
        store: open(&path),
        reopen: Box::new(move |old: Arc<dyn Store>| {
            drop(old);
            Box::pin(std::future::ready(open(&path) as Arc<dyn Store>))
        }),
        keep: Box::new(dir),
    }
}
