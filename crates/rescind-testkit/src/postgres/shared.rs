//! One server for many tests, and a place on it for each.

use std::str::FromStr as _;
use std::time::Duration;

use tokio::sync::OnceCell;
use tokio_postgres::{Client, Config};

use super::options::PostgresOptions;
use super::server::{Postgres, connect};
use crate::daemon::random_word;

/// The variable with the URL of a server that tests may share, as a superuser of it: `cargo xtask test` sets it.
/// Without it each process of tests starts a server of its own.
pub const SHARED: &str = "RESCIND_TEST_POSTGRES";

/// What keeps a drop from waiting for ever for somebody who still holds a table.
const LOCK_LIMIT: &str = "2s";
const DROP_LIMIT: Duration = Duration::from_secs(10);

/// An empty schema in a database that other tests use too, so made and gone in milliseconds; dropped with this value.
///
/// Tables, types and functions are the test's own. What PostgreSQL keeps per database is not: advisory locks, channels
/// of `NOTIFY`, extensions; nor what it keeps per server: transaction ids, and the oldest snapshot still in use. A
/// test that needs the former takes [`own_database`], the latter a [`Postgres`] of its own.
///
/// # Panics
/// If the server that [`SHARED`] names is not there, or none can be started.
pub async fn shared_database() -> TestDatabase {
    let server = server_url().await;
    let name = format!("test_{}", random_word());
    execute(&server, &format!("CREATE SCHEMA {name}")).await;
    let separator = if server.contains('?') { '&' } else { '?' };
    let url = format!("{server}{separator}options=-csearch_path%3D{name}");
    TestDatabase { url, drop: format!("DROP SCHEMA {name} CASCADE"), server, name }
}

/// An empty database on the shared server, dropped with this value. Slower to make than a schema.
///
/// # Panics
/// As [`shared_database`].
pub async fn own_database() -> TestDatabase {
    let server = server_url().await;
    let name = format!("test_{}", random_word());
    execute(&server, &format!("CREATE DATABASE {name}")).await;
    let (address, parameters) = server.split_once('?').map_or((&*server, None), |(a, p)| (a, Some(p)));
    let (address, _) = address.rsplit_once('/').expect("a URL that names a database");
    let parameters = parameters.map(|parameters| format!("?{parameters}")).unwrap_or_default();
    let url = format!("{address}/{name}{parameters}");
    TestDatabase { url, drop: format!("DROP DATABASE {name} WITH (FORCE)"), server, name }
}

/// A test's own place on a shared server.
#[derive(Debug)]
pub struct TestDatabase {
    server: String,
    name: String,
    url: String,
    drop: String,
}

impl TestDatabase {
    /// The URL that leads to this place; everything without a schema in its name is there.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// The name of the schema, or of the database.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// A connection for the test's own look at it.
    ///
    /// # Panics
    /// If the server does not take it.
    pub async fn connect(&self) -> Client {
        open(&self.url).await
    }
}

impl Drop for TestDatabase {
    fn drop(&mut self) {
        let (server, statement) = (self.server.clone(), self.drop.clone());
        // On a thread of its own, as this one may be busy with a runtime.
        let dropping = std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
            runtime.expect("a runtime").block_on(async {
                let dropping = async {
                    let client = open(&server).await;
                    client.batch_execute(&format!("SET lock_timeout = '{LOCK_LIMIT}'")).await?;
                    client.batch_execute(&statement).await
                };
                tokio::time::timeout(DROP_LIMIT, dropping).await
            })
        });
        // Whatever stays goes with the server.
        drop(dropping.join());
    }
}

async fn server_url() -> String {
    static PRIVATE: OnceCell<Postgres> = OnceCell::const_new();
    if let Ok(url) = std::env::var(SHARED) {
        return url;
    }
    let start = || PostgresOptions::default().without_fsync().set("max_connections", "300").start();
    PRIVATE.get_or_init(start).await.url("postgres")
}

async fn execute(server: &str, statement: &str) {
    let done = open(server).await.batch_execute(statement).await;
    done.unwrap_or_else(|error| panic!("{statement}: {error}"));
}

async fn open(url: &str) -> Client {
    let config = Config::from_str(url).expect("a URL of PostgreSQL");
    connect(&config).await.unwrap_or_else(|error| panic!("no connection to the tests' PostgreSQL: {error}"))
}
