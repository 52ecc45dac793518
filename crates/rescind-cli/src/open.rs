//! Putting the authority together: the one place that picks a store.

use std::cmp::Ordering;
use std::path::Path;
use std::sync::Arc;

use rescind::authority::{Authority, AuthoritySettings, Operator, Ports};
use rescind::directory::SYSTEM_TENANT;
use rescind::keys::{KeyRecord, KeyState, KeyUse};
use rescind::store::{Store, StoreError};
use rescind::system::{SystemClock, SystemEntropy};
use rescind_postgres::{Options as PostgresOptions, PostgresStore};
use rescind_server::config::Database;
use rescind_sqlite::{Options as SqliteOptions, SqliteStore};
use secrecy::{ExposeSecret as _, SecretString};

use crate::data_dir::Lock;
use crate::failure::Failure;
use crate::master_key::MasterKeys;
use crate::offload::OwnThread;
use crate::rewrap;
use crate::settings::Settings;

/// A store that is open, and what opens its keys.
pub(crate) struct Opened {
    /// The store.
    pub(crate) store: Arc<dyn Store>,
    /// Where the master key is.
    pub(crate) master_keys: Arc<MasterKeys>,
    /// Which store it is, and what is held with it.
    pub(crate) kind: Kind,
}

/// Which store it is.
pub(crate) enum Kind {
    /// A file, in use by this process.
    Sqlite {
        /// The store.
        store: Arc<SqliteStore>,
        /// Held for as long as the file is in use.
        _locks: Vec<Lock>,
    },
    /// A database on a server.
    Postgres(Arc<PostgresStore>),
}

impl Opened {
    /// Finishes what is under way, and closes it.
    pub(crate) fn close(&self) {
        match &self.kind {
            Kind::Sqlite { store, .. } => store.close(),
            Kind::Postgres(store) => store.close(),
        }
    }

    fn sqlite(store: Arc<SqliteStore>, locks: Vec<Lock>, master_keys: Arc<MasterKeys>) -> Self {
        Self { store: Arc::clone(&store) as _, master_keys, kind: Kind::Sqlite { store, _locks: locks } }
    }

    fn postgres(store: Arc<PostgresStore>, master_keys: Arc<MasterKeys>) -> Self {
        Self { store: Arc::clone(&store) as _, master_keys, kind: Kind::Postgres(store) }
    }
}

/// An authority for one command.
pub(crate) struct Admin {
    /// The authority.
    pub(crate) authority: Authority,
    /// What it stands on.
    pub(crate) opened: Opened,
}

impl Admin {
    /// The store, for looking things up that have no verb.
    pub(crate) fn store(&self) -> &dyn Store {
        &*self.opened.store
    }
}

/// Opens the store for a server: what is missing is made, what is old brought up to date, what was interrupted finished.
pub(crate) async fn for_server(settings: &Settings) -> Result<Opened, Failure> {
    let opened = match &settings.server.database {
        Database::Sqlite(path) => {
            let place = settings.place();
            place.create()?;
            let locks = vec![place.share()?, place.exclude_servers()?];
            Opened::sqlite(open_file(path)?, locks, Arc::new(settings.master_keys()))
        }
        Database::Postgres(url) => {
            let store = PostgresStore::open(&postgres(url)).await?;
            Opened::postgres(store, Arc::new(settings.master_keys()))
        }
    };
    let (records, _) = opened.store.keys().await?;
    let master_keys = &opened.master_keys;
    master_keys.ensure(&records, &SystemEntropy)?;
    master_keys.opening(&records)?;
    rewrap::settle(master_keys, &*opened.store).await?;
    master_keys.warn_if_readable();
    Ok(opened)
}

/// Opens the store that is there, as it is, for a command.
pub(crate) async fn existing(settings: &Settings) -> Result<Opened, Failure> {
    let place = settings.place();
    let opened = match &settings.server.database {
        Database::Sqlite(path) => {
            if !path.try_exists().map_err(|why| Failure::DataDir { path: place.path().to_owned(), why })? {
                return Err(Failure::NotStarted(place.path().to_owned()));
            }
            let lock = place.share()?;
            require_schema(rescind_sqlite::schema_version(path)?, rescind_sqlite::LATEST)?;
            Opened::sqlite(open_file(path)?, vec![lock], Arc::new(settings.master_keys()))
        }
        Database::Postgres(url) => {
            let options = postgres(url);
            match rescind_postgres::schema_version(&options.url).await? {
                0 => return Err(Failure::EmptyDatabase),
                found => require_schema(found, rescind_postgres::LATEST)?,
            }
            let store = PostgresStore::open_as_it_is(&options)?;
            Opened::postgres(store, Arc::new(settings.master_keys()))
        }
    };
    match opened.store.tenant_by_slug(SYSTEM_TENANT).await {
        Ok(_) => Ok(opened),
        Err(StoreError::NotFound) => Err(match opened.kind {
            Kind::Sqlite { .. } => Failure::NotStarted(place.path().to_owned()),
            Kind::Postgres(_) => Failure::EmptyDatabase,
        }),
        Err(other) => Err(other.into()),
    }
}

/// A command must not change the schema under a server that is older than it is.
fn require_schema(found: u32, needed: u32) -> Result<(), Failure> {
    match found.cmp(&needed) {
        Ordering::Less => Err(Failure::SchemaOld { found, needed }),
        Ordering::Equal => Ok(()),
        Ordering::Greater => Err(Failure::SchemaTooNew { found, known: needed }),
    }
}

/// The authority over the store that is there.
pub(crate) async fn administer(settings: &Settings) -> Result<Admin, Failure> {
    let opened = existing(settings).await?;
    let (records, _) = opened.store.keys().await?;
    opened.master_keys.opening(&records)?;
    let ports = Ports {
        store: opened.store.clone(),
        clock: Arc::new(SystemClock),
        entropy: Arc::new(SystemEntropy),
        offload: Arc::new(OwnThread),
        master_keys: opened.master_keys.clone(),
        cache: None,
    };
    let nobody = || Operator { email: String::new(), password: String::new().into() };
    let started = Authority::start(ports, without_chores(settings.authority(), &records), nobody)
        .await
        .map_err(|error| Failure::start(error, &opened.master_keys.origin()))?;
    Ok(Admin { authority: started.authority, opened })
}

/// Opens the file, or says why not in terms of the file.
fn open_file(database: &Path) -> Result<Arc<SqliteStore>, Failure> {
    Ok(SqliteStore::open(database, &SqliteOptions::new(Arc::new(SystemEntropy)))?)
}

/// How a database on a server is opened.
pub(crate) fn postgres(url: &SecretString) -> PostgresOptions {
    PostgresOptions::new(url.expose_secret(), Arc::new(SystemEntropy))
}

/// Looking after the keys is the server's chore. A shell that lacks the server's settings must not, in passing, replace
/// the next key by one of another algorithm, rotate, or forget a key whose tokens live longer than it thinks.
fn without_chores(settings: AuthoritySettings, records: &[KeyRecord]) -> AuthoritySettings {
    let of = |state| records.iter().find(|key| key.usage == KeyUse::Access && key.state == state);
    let newest = of(KeyState::Next).or_else(|| of(KeyState::Active));
    AuthoritySettings {
        algorithm: newest.and_then(|key| key.alg.parse().ok()).unwrap_or(settings.algorithm),
        key_rotation: std::time::Duration::ZERO,
        session_ttl: A_CENTURY,
        ..settings
    }
}

const A_CENTURY: std::time::Duration = std::time::Duration::from_secs(100 * 365 * 86_400);
