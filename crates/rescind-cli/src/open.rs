//! Putting the authority together: the one place that picks a store.

use std::path::Path;
use std::sync::Arc;

use rescind::authority::{Authority, AuthoritySettings, Operator, Ports};
use rescind::directory::{DirectoryStore as _, SYSTEM_TENANT};
use rescind::keys::{KeyRecord, KeyState, KeyStore as _, KeyUse};
use rescind::store::{Store, StoreError};
use rescind::system::{SystemClock, SystemEntropy};
use rescind_sqlite::{LATEST, Options, SqliteStore, schema_version};

use crate::data_dir::Lock;
use crate::failure::Failure;
use crate::master_key::MasterKeys;
use crate::offload::OwnThread;
use crate::rewrap;
use crate::settings::Settings;

/// A store that is open, and what opens its keys.
pub(crate) struct Opened {
    /// The store.
    pub(crate) store: Arc<SqliteStore>,
    /// Where the master key is.
    pub(crate) master_keys: Arc<MasterKeys>,
    _lock: Lock,
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
    let place = settings.place();
    place.create()?;
    let lock = place.share()?;
    let store = open_store(place.database())?;
    let (records, _) = store.keys().await?;
    let master_keys = settings.master_keys();
    master_keys.ensure(&records, &SystemEntropy)?;
    master_keys.opening(&records)?;
    rewrap::settle(&master_keys, &*store).await?;
    master_keys.warn_if_readable();
    Ok(Opened { store, master_keys: Arc::new(master_keys), _lock: lock })
}

/// Opens the store that is there, as it is, for a command.
pub(crate) async fn existing(settings: &Settings) -> Result<Opened, Failure> {
    let place = settings.place();
    let database = place.database().to_owned();
    if !database.try_exists().map_err(|why| Failure::DataDir { path: place.path().to_owned(), why })? {
        return Err(Failure::NotStarted(place.path().to_owned()));
    }
    let lock = place.share()?;
    // A command must not change the schema under a server that is older than it is.
    match schema_version(&database)? {
        LATEST => {}
        found if found < LATEST => return Err(Failure::SchemaOld { found, needed: LATEST }),
        found => return Err(Failure::SchemaTooNew { found, known: LATEST }),
    }
    let store = open_store(&database)?;
    match store.tenant_by_slug(SYSTEM_TENANT).await {
        Ok(_) => {}
        Err(StoreError::NotFound) => return Err(Failure::NotStarted(place.path().to_owned())),
        Err(other) => return Err(other.into()),
    }
    let master_keys = Arc::new(settings.master_keys());
    Ok(Opened { store, master_keys, _lock: lock })
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
fn open_store(database: &Path) -> Result<Arc<SqliteStore>, Failure> {
    Ok(SqliteStore::open(database, &Options::new(Arc::new(SystemEntropy)))?)
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
