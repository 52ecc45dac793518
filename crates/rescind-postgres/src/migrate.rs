//! The schema, brought up to date step by step. Steps are only ever appended; they have the versions and names of SQLite's.

use std::time::Duration;

use rescind::store::StoreError;
use tokio_postgres::error::SqlState;
use tokio_postgres::{Client, Transaction};

use crate::OpenError;
use crate::connect::Address;
use crate::error::{Fault, Outcome, corrupt};
use crate::tx::{TRIES, told};

/// The steps, in order: the first leads to version 1.
const STEPS: [Step; 3] = [
    Step { name: "0001_initial", sql: include_str!("../migrations/0001_initial.sql"), serves: 1 },
    Step { name: "0002_search", sql: include_str!("../migrations/0002_search.sql"), serves: 1 },
    Step {
        name: "0003_bounded_search",
        sql: include_str!("../migrations/0003_bounded_search.sql"),
        serves: 1,
    },
];

/// One step.
///
/// ```
/// use rescind_postgres::{LATEST, Step};
///
/// let next = Step { name: "0002_more", sql: "ALTER TABLE tenants ADD note text", serves: LATEST as i32 };
/// assert!(next.serves > 0, "programs of today go on beside it");
/// ```
#[doc(hidden)]
#[derive(Clone, Copy, Debug)]
pub struct Step {
    /// The name of its file.
    pub name: &'static str,
    /// What it does.
    pub sql: &'static str,
    /// The lowest version whose programs may go on with what this step leaves: nodes of the release before serve beside new ones,
    /// and start again beside them. Itself, where the step takes something away that they need.
    pub serves: i32,
}

/// The schema version that this program knows.
pub const LATEST: u32 = STEPS.len() as u32;

/// Between two attempts to have the tables for ourselves.
const PAUSE: Duration = Duration::from_secs(3);

/// Of each step that was done: the version that it led to, and which programs that serves.
const TABLE: &str = "CREATE TABLE IF NOT EXISTS rescind_schema (
                         version integer PRIMARY KEY, name text NOT NULL, at timestamptz NOT NULL DEFAULT now());
                     ALTER TABLE rescind_schema ADD COLUMN IF NOT EXISTS serves integer";

/// The last of them. A step that does not say serves programs of its own version alone.
const NEWEST: &str = "SELECT version, coalesce((to_jsonb(step)->>'serves')::integer, version)
                        FROM rescind_schema AS step ORDER BY version DESC LIMIT 1";

/// What [`migrate`] did.
///
/// ```no_run
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// use rescind_postgres::{LATEST, Migrated, migrate};
///
/// let url = "postgres://rescind:secret@db.example/rescind";
/// match migrate(url).await? {
///     Migrated { from: LATEST, .. } => println!("there was nothing to do"),
///     Migrated { from, to } => println!("from {from} to {to}"),
/// }
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Migrated {
    /// The version that was found; 0 for an empty database.
    pub from: u32,
    /// The version that it has now.
    pub to: u32,
}

/// Brings a database's schema up to date, without opening it as a store. Nodes that start at once wait for each other.
///
/// ```no_run
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// use rescind_postgres::{LATEST, migrate};
///
/// // Before the nodes of a new release start.
/// let migrated = migrate("postgres://rescind:secret@db.example/rescind").await?;
/// assert_eq!(migrated.to, LATEST);
/// # Ok(())
/// # }
/// ```
///
/// # Errors
/// As [`crate::PostgresStore::open`].
pub async fn migrate(url: &str) -> Result<Migrated, OpenError> {
    migrate_by(url, &STEPS).await
}

/// The same with one step more, as the next release may bring it: for the test of programs that do not know it.
///
/// ```no_run
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// use rescind_postgres::{LATEST, Step, migrate_further};
///
/// let step = Step { name: "0002_more", sql: "SELECT 1", serves: LATEST as i32 };
/// assert_eq!(migrate_further("postgres://rescind:secret@db.example/rescind", step).await?.to, LATEST + 1);
/// # Ok(())
/// # }
/// ```
#[doc(hidden)]
pub async fn migrate_further(url: &str, step: Step) -> Result<Migrated, OpenError> {
    migrate_by(url, &[&STEPS[..], &[step]].concat()).await
}

/// A database's schema version, changing nothing; 0 where it has none of our tables. A newer schema that serves this
/// program too is of the latest version that this program knows.
///
/// ```no_run
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// use rescind_postgres::{LATEST, schema_version};
///
/// if schema_version("postgres://rescind:secret@db.example/rescind").await? < LATEST {
///     println!("`rescind migrate` is to be run");
/// }
/// # Ok(())
/// # }
/// ```
///
/// # Errors
/// As [`crate::PostgresStore::open`].
pub async fn schema_version(url: &str) -> Result<u32, OpenError> {
    with_client(url, async |client| version(client, &STEPS).await).await
}

/// What a server says of itself.
///
/// ```
/// use rescind_postgres::{LATEST, Server};
///
/// fn complaints(server: &Server) -> Vec<&'static str> {
///     let no_fsync = (!server.fsync).then_some("it acknowledges what it may forget");
///     let old = (server.version_number < 130_000).then_some("it is older than 13");
///     no_fsync.into_iter().chain(old).collect()
/// }
///
/// let good = Server { version: "15.18".into(), version_number: 150_018, fsync: true, schema: LATEST };
/// assert!(complaints(&good).is_empty());
/// assert_eq!(complaints(&Server { fsync: false, ..good }).len(), 1);
/// ```
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
/// ```no_run
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// use rescind_postgres::look;
///
/// let server = look("postgres://rescind:secret@db.example/rescind").await?;
/// println!("PostgreSQL {}, schema {}", server.version, server.schema);
/// assert!(server.fsync, "or it acknowledges what it may forget");
/// # Ok(())
/// # }
/// ```
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
        let schema = version(client, &STEPS).await?;
        Ok(Server { version: row.get(0), version_number: row.get(1), fsync: row.get(2), schema })
    })
    .await
}

async fn migrate_by(url: &str, steps: &[Step]) -> Result<Migrated, OpenError> {
    with_client(url, async |client| {
        let mut tries = TRIES;
        loop {
            tries -= 1;
            match run(client, steps).await {
                // A statement that only reads holds no lock before, but takes those of its tables one after the other.
                Err(Fault::Again) if tries > 0 => {}
                Err(fault) => return Err(fault),
                Ok(Some(done)) => return Ok(done),
                Ok(None) => {
                    tracing::warn!(
                        "the schema cannot grow yet: a dump, or somebody's open transaction, holds the tables"
                    );
                    tries = TRIES;
                    tokio::time::sleep(PAUSE).await;
                }
            }
        }
    })
    .await
}

/// None: somebody is at the tables and does not end. Whoever wants them waits behind us, so we do not wait for long.
async fn run(client: &mut Client, steps: &[Step]) -> Outcome<Option<Migrated>> {
    // Most starts find nothing to do, and need not wait for one that does something.
    let (from, to) = (known_version(client, steps).await?, steps.len() as u32);
    if from == to {
        return Ok(Some(Migrated { from, to }));
    }
    let tx = client.transaction().await?;
    // A migration may take longer than a statement should otherwise.
    tx.batch_execute("SET LOCAL statement_timeout = 0; SET LOCAL lock_timeout = 0").await?;
    tx.batch_execute(
        "SELECT pg_advisory_xact_lock(1919251302, hashtext(current_schema())); SET LOCAL client_min_messages = warning",
    )
    .await?;
    let from = match run_steps(&tx, steps).await {
        Ok(from) => from,
        Err(StepError::Held) => return Ok(None),
        Err(StepError::Fault(fault)) => return Err(fault),
    };
    tx.commit().await?;
    Ok(Some(Migrated { from, to }))
}

/// Why the steps were not run.
enum StepError {
    /// Somebody holds the tables.
    Held,
    Fault(Fault),
}

impl<E: Into<Fault>> From<E> for StepError {
    fn from(error: E) -> Self {
        Self::Fault(error.into())
    }
}

/// Reads the version again: another node may have been first.
async fn run_steps(tx: &Transaction<'_>, steps: &[Step]) -> Result<u32, StepError> {
    tx.batch_execute(TABLE).await?;
    let from = known_version(tx.client(), steps).await?;
    if from > 0 {
        // What has begun ends first, and what is new waits: see [`crate::tx::BEGIN`].
        let locked =
            tx.batch_execute("SET LOCAL lock_timeout = '1s'; LOCK TABLE head IN ACCESS EXCLUSIVE MODE").await;
        if locked.as_ref().is_err_and(|error| error.code() == Some(&SqlState::LOCK_NOT_AVAILABLE)) {
            return Err(StepError::Held);
        }
        locked?;
        tx.batch_execute("SET LOCAL lock_timeout = 0").await?;
    }
    for (version, step) in (1_i32..).zip(steps).skip(from as usize) {
        tx.batch_execute(step.sql).await?;
        let done = "INSERT INTO rescind_schema (version, name, serves) VALUES ($1, $2, $3)";
        tx.execute(done, &[&version, &step.name, &step.serves]).await?;
    }
    Ok(from)
}

async fn known_version(client: &Client, steps: &[Step]) -> Outcome<u32> {
    let (found, known) = (version(client, steps).await?, steps.len() as u32);
    if found > known {
        return Err(StoreError::TooNew { found, known }.into());
    }
    Ok(found)
}

async fn version(client: &Client, steps: &[Step]) -> Outcome<u32> {
    let known = steps.len() as u32;
    if client.query_one("SELECT to_regclass('rescind_schema') IS NULL", &[]).await?.get(0) {
        return Ok(0);
    }
    let Some(newest) = client.query_opt(NEWEST, &[]).await? else { return Ok(0) };
    let number =
        |at| u32::try_from(newest.get::<_, i32>(at)).map_err(|_| corrupt("a schema version below zero"));
    let (version, serves) = (number(0)?, number(1)?);
    Ok(if serves <= known { version.min(known) } else { version })
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
