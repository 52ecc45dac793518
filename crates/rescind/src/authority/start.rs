//! Making an authority: the first start's tenants, operator and keys, then the replica, then service.

use std::sync::Arc;
use std::sync::atomic::AtomicI64;

use arc_swap::ArcSwap;
use secrecy::SecretString;

use crate::authority::error::{Error, Result};
use crate::authority::history::History;
use crate::authority::sign_in::{Offload, found};
use crate::authority::throttle::Throttle;
use crate::authority::{Authority, AuthoritySettings, Caller, MasterKeySource, key_care};
use crate::clock::{Clock, Timestamp};
use crate::directory::{ADMIN_ROLE, DEFAULT_TENANT, FirstStart, NewTenant, NewUser, SYSTEM_TENANT, password};
use crate::entropy::{Entropy, uuid_v7};
use crate::id::{TenantId, UserId};
use crate::keys::SealError;
use crate::ledger::LedgerStore;
use crate::lookup::{Lookup, MarkCache};
use crate::replica::Replica;
use crate::store::Store;
use crate::token::{Issuer, KeySet, RefreshValidator, Validator};
use crate::verifier::{FreshnessPolicy, TokenCache, Verifier};

/// Everything outside that an authority needs.
///
/// ```
/// # rescind_examples::run(async |rescind_examples::World { ports, clock, .. }| {
/// use std::sync::Arc;
/// use std::time::Duration;
///
/// use rescind::authority::{Authority, AuthoritySettings, Ports};
/// use rescind::clock::Clock as _;
///
/// // Another node on the same store, whose clock is an hour ahead.
/// let ahead = Arc::new(rescind_examples::HandClock::default());
/// ahead.forward(Duration::from_secs(3600));
/// let ports = Ports { clock: ahead, ..ports };
/// let settings = AuthoritySettings::new("https://auth.example");
/// # let started = Authority::start(ports, settings, || unreachable!("it was started before")).await?;
/// # let other_node = started.authority;
/// assert_eq!(other_node.now().since(clock.now()), Duration::from_secs(3600));
/// # Ok(())
/// # });
/// ```
#[derive(Clone)]
pub struct Ports {
    /// The store.
    pub store: Arc<dyn Store>,
    /// The clock.
    pub clock: Arc<dyn Clock>,
    /// The randomness.
    pub entropy: Arc<dyn Entropy>,
    /// Where password hashing runs.
    pub offload: Arc<dyn Offload>,
    /// Where the master key is kept.
    pub master_keys: Arc<dyn MasterKeySource>,
    /// The shared cache of marks, where there is one.
    pub cache: Option<Arc<dyn MarkCache>>,
}

/// The operator that a first start makes.
///
/// ```
/// # rescind_examples::run(async |rescind_examples::World { authority, .. }| {
/// # let (email, password) = (rescind_examples::OPERATOR_EMAIL, rescind_examples::OPERATOR_PASSWORD);
/// use rescind::authority::{Caller, Operator, SignIn};
///
/// // Who may do everything from the first start on.
/// let operator = Operator { email: email.into(), password: password.into() };
/// let sign_in = SignIn {
///     email: operator.email,
///     password: operator.password,
///     tenant: None,
///     audience: Some(authority.settings().admin_audience()),
///     device: Default::default(),
/// };
/// assert!(authority.sign_in(&Caller::command_line(), sign_in).await.is_ok());
/// # Ok(())
/// # });
/// ```
#[derive(Clone, Debug)]
pub struct Operator {
    /// Its email.
    pub email: String,
    /// Its password.
    pub password: SecretString,
}

/// An authority that was made.
///
/// ```
/// # rescind_examples::run(async |rescind_examples::World { ports, .. }| {
/// use rescind::authority::{Authority, AuthoritySettings, Started};
///
/// let settings = AuthoritySettings::new("https://auth.example");
/// let again = Authority::start(ports, settings, || unreachable!("it was started before")).await?;
/// let Started { authority, first } = again;
/// assert!(!first, "nobody has to be told an operator's password");
/// assert!(authority.is_ready());
/// # Ok(())
/// # });
/// ```
#[derive(Debug)]
pub struct Started {
    /// The authority.
    pub authority: Authority,
    /// Whether this was the first start: the operator was made, with the password that was given.
    pub first: bool,
}

/// Why an authority cannot be made.
///
/// ```
/// # rescind_examples::run(async |rescind_examples::World { ports, .. }| {
/// use std::sync::Arc;
///
/// use rescind::authority::{Authority, AuthoritySettings, Ports, StartError};
/// use rescind::keys::{MasterKey, SealError};
///
/// // Somebody has made another master key, and lost the one that sealed the keys.
/// let another = Arc::new(MasterKey::generate(&*ports.entropy));
/// let ports = Ports { master_keys: another, ..ports };
/// let settings = AuthoritySettings::new("https://auth.example");
/// let failed = Authority::start(ports, settings, || unreachable!("it was started before")).await;
/// assert_eq!(failed.unwrap_err(), StartError::MasterKey(SealError::WrongMasterKey));
/// # Ok(())
/// # });
/// ```
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum StartError {
    /// The keys do not open with the master key.
    #[error(transparent)]
    MasterKey(#[from] SealError),
    /// Something else.
    #[error(transparent)]
    Other(#[from] Error),
}

impl Authority {
    /// Makes an authority over a store: on the first start with the reserved tenants, the operator and the keys. It
    /// has read the ledger to its end when this returns.
    ///
    /// ```
    /// # rescind_examples::run(async |rescind_examples::World { ports, authority, ada, pair, .. }| {
    /// use rescind::authority::{Authority, AuthoritySettings};
    /// use rescind::token::Expected;
    /// use secrecy::ExposeSecret as _;
    ///
    /// authority.revoke_all_own(&ada).await?;
    ///
    /// // Another node on the same store: there is an operator, and what was revoked stays revoked.
    /// let settings = AuthoritySettings::new("https://auth.example");
    /// let started = Authority::start(ports, settings, || unreachable!("it was started before")).await?;
    /// assert!(!started.first);
    /// let refused = started.authority.check(pair.access_token.expose_secret(), Expected::Configured).await;
    /// assert_eq!(refused.unwrap_err().code(), "token_revoked");
    /// # Ok(())
    /// # });
    /// ```
    ///
    /// # Errors
    /// Among others [`Error::PasswordTooWeak`], where the first start's operator would have such a password.
    pub async fn start(
        ports: Ports,
        settings: AuthoritySettings,
        operator: impl FnOnce() -> Operator,
    ) -> std::result::Result<Started, StartError> {
        let now = ports.clock.now();
        let first = first_start(&ports, operator, now).await?;
        let (records, _) = ports.store.keys().await.map_err(Error::from)?;
        if !records.is_empty() {
            key_care::master_for(&records, &*ports.master_keys)?;
        }
        key_care::care(&*ports.store, &settings, &*ports.entropy, &*ports.master_keys, now).await?;
        let authority = assemble(ports, settings).await?;
        authority.follow().await?;
        Ok(Started { authority, first })
    }
}

async fn first_start(ports: &Ports, operator: impl FnOnce() -> Operator, now: Timestamp) -> Result<bool> {
    if found(ports.store.tenant_by_slug(SYSTEM_TENANT).await)?.is_some() {
        return Ok(false);
    }
    let operator = operator();
    if let Some(why) = password::weakness(&operator.password, &operator.email) {
        return Err(Error::PasswordTooWeak(why));
    }
    let tenant = |slug: &str, name: &str| NewTenant {
        id: TenantId(uuid_v7(now, &*ports.entropy)),
        slug: slug.to_owned(),
        name: name.to_owned(),
    };
    let system = tenant(SYSTEM_TENANT, "Operators");
    let hash = password::hash(&operator.password, &*ports.entropy)
        .ok_or_else(|| Error::internal("the operator's password could not be hashed"))?;
    let operator = NewUser {
        id: UserId(uuid_v7(now, &*ports.entropy)),
        tenant: system.id,
        email: operator.email,
        role: ADMIN_ROLE.to_owned(),
        password: Some(hash),
    };
    let default = tenant(DEFAULT_TENANT, "Default");
    let by = Caller::system().provenance(now);
    Ok(ports.store.first_start(FirstStart { system, default, operator, by }).await?)
}

async fn assemble(ports: Ports, settings: AuthoritySettings) -> Result<Authority> {
    let Ports { store, clock, entropy, offload, master_keys, cache } = ports;
    let ring = key_care::load_ring(&*store, &*master_keys).await?;
    let access_keys = KeySet::new(ring.published().to_vec())?;
    let refresh_keys = KeySet::new(ring.refresh_verifying())?;
    let replica = Arc::new(Replica::new(&*entropy, settings.leeway));
    let verifier = Verifier::new(
        validator(&settings, &access_keys)?,
        Arc::clone(&replica),
        FreshnessPolicy { max_staleness: settings.max_staleness, on_stale: settings.on_stale },
        Arc::clone(&clock),
    )
    .with_cache(TokenCache::new(&*entropy, TokenCache::USUAL_BYTES));
    let ledger: Arc<dyn LedgerStore> = store.clone();
    let lookup = Lookup::new(cache, ledger, settings.leeway);
    let system_tenant = store.tenant_by_slug(SYSTEM_TENANT).await?.id;
    Ok(Authority {
        refresh_validator: RefreshValidator::new(
            settings.issuer.clone(),
            refresh_keys.clone(),
            settings.leeway,
        ),
        throttle: Throttle::default(),
        reloading: tokio::sync::Mutex::default(),
        keys_failed_at: AtomicI64::new(0),
        history: History::default(),
        writes: super::watch::WriteWatch::default(),
        acts: super::activity::Acts::default(),
        keyring: ArcSwap::from_pointee(ring),
        access_keys,
        refresh_keys,
        verifier: Arc::new(verifier),
        lookup,
        replica,
        system_tenant,
        store,
        clock,
        entropy,
        offload,
        master_keys,
        settings,
    })
}

/// Takes this authority's own access tokens, meant for it unless the caller expects another audience.
fn validator(settings: &AuthoritySettings, keys: &KeySet) -> Result<Validator> {
    let issuer = Issuer::ours(settings.issuer.clone(), keys.clone())
        .with_audiences([settings.audience.clone(), settings.issuer.clone()])
        .with_max_lifetime(key_care::LONGEST_ACCESS_TTL)
        .with_leeway(settings.leeway);
    Validator::new(vec![issuer]).map_err(Error::internal)
}
