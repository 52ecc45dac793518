//! The schema, brought up to date step by step. Steps are only ever appended; they have the versions and names of SQLite's.

use rescind::store::StoreError;
use tokio_postgres::{Client, Transaction};

use crate::OpenError;
use crate::connect::Address;
use crate::error::{Outcome, corrupt};
use crate::tx::told;

/// The steps, in order: the first leads to version 1.
const STEPS: [(&str, &str); 1] = [("0001_initial", include_str!("../migrations/0001_initial.sql"))];

/// The schema version that this program knows.
pub const LATEST: u32 = STEPS.len() as u32;

/// Of each step that was done: the version that it led to.
const TABLE: &str = "CREATE TABLE IF NOT EXISTS rescind_schema (
                         version integer PRIMARY KEY, name text NOT NULL, at timestamptz NOT NULL DEFAULT now())";

/// What [`migrate`] did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Migrated {
    /// The version that was found; 0 for an empty database.
    pub from: u32,
    /// The version that it has now.
    pub to: u32,
}

/// Brings a database's schema up to date, without opening it as a store. Nodes that start at once wait for each other.
///
/// # Errors
/// As [`crate::PostgresStore::open`].
pub async fn migrate(url: &str) -> Result<Migrated, OpenError> {
    with_client(url, async |client| {
        // Most starts find nothing to do, and need not wait for one that does something.
        let from = known_version(client).await?;
        if from == LATEST {
            return Ok(Migrated { from, to: from });
        }
        let tx = client.transaction().await?;
        // A migration may take longer than a statement should otherwise.
        tx.batch_execute("SET LOCAL statement_timeout = 0; SET LOCAL lock_timeout = 0").await?;
        tx.batch_execute(
            "SELECT pg_advisory_xact_lock(1919251302, hashtext(current_schema())); SET LOCAL client_min_messages = warning",
        )
        .await?;
        let from = run_steps(&tx).await?;
        tx.commit().await?;
        Ok(Migrated { from, to: LATEST })
    })
    .await
}

/// A database's schema version, changing nothing; 0 where it has none of our tables.
///
/// # Errors
/// As [`crate::PostgresStore::open`].
pub async fn schema_version(url: &str) -> Result<u32, OpenError> {
    with_client(url, async |client| version(client).await).await
}

/// What a server says of itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Server {
    /// Its version, as it spells it.
    pub version: String,
    /// The same as a number: 150018 for 15.18.
    pub version_number: i32,
    /// Whether it writes to its disk before it says so.
    pub fsync: bool,
    /// The version of our schema; 0 where it has none of our tables.
    pub schema: u32,
}

/// Looks at a server and a database, changing nothing.
///
/// # Errors
/// As [`crate::PostgresStore::open`].
pub async fn look(url: &str) -> Result<Server, OpenError> {
    with_client(url, async |client| {
        let row = client
            .query_one(
                "SELECT current_setting('server_version'), current_setting('server_version_num')::integer,
                        current_setting('fsync')::boolean",
                &[],
            )
            .await?;
        let schema = version(client).await?;
        Ok(Server { version: row.get(0), version_number: row.get(1), fsync: row.get(2), schema })
    })
    .await
}

/// Reads the version again: another node may have been first.
async fn run_steps(tx: &Transaction<'_>) -> Outcome<u32> {
    tx.batch_execute(TABLE).await?;
    let from = known_version(tx.client()).await?;
    for (version, (name, step)) in (1_i32..).zip(STEPS).skip(from as usize) {
        tx.batch_execute(step).await?;
        tx.execute("INSERT INTO rescind_schema (version, name) VALUES ($1, $2)", &[&version, &name]).await?;
    }
    Ok(from)
}

async fn known_version(client: &Client) -> Outcome<u32> {
    let found = version(client).await?;
    if found > LATEST {
        return Err(StoreError::TooNew { found, known: LATEST }.into());
    }
    Ok(found)
}

async fn version(client: &Client) -> Outcome<u32> {
    if client.query_one("SELECT to_regclass('rescind_schema') IS NULL", &[]).await?.get(0) {
        return Ok(0);
    }
    let row = client.query_one("SELECT coalesce(max(version), 0) FROM rescind_schema", &[]).await?;
    u32::try_from(row.get::<_, i32>(0)).map_err(|_| corrupt("a schema version below zero"))
}

async fn with_client<T>(
    url: &str,
    work: impl AsyncFnOnce(&mut Client) -> Outcome<T>,
) -> Result<T, OpenError> {
    let address = Address::parse(url)?;
    let connected = address.config.connect(address.tls.clone()).await;
    let (mut client, connection) = connected.map_err(|error| OpenError::connecting(&error))?;
    let connection = tokio::spawn(connection);
    let outcome = work(&mut client).await;
    drop(client);
    connection.abort();
    outcome.map_err(|fault| told(fault).into())
}
