//! Care for the keys: made, rotated, cut, sealed anew.

use std::time::Duration;

use crate::audit::action;
use crate::authority::error::{Error, Result};
use crate::authority::{Authority, AuthoritySettings, Caller, KEY_OVERLAP};
use crate::clock::Timestamp;
use crate::directory::Scope;
use crate::entropy::Entropy;
use crate::keys::{
    KeyChange, KeyPlan, KeyPolicy, KeyRecord, KeyState, KeyUse, Keyring, KeyringError, MasterKey, NewKey,
    Rewrap, SealError,
};
use crate::store::{Store, StoreError, traced};
use crate::token::{Algorithm, JwkSet, SigningKey};

/// Where the master key is kept. Asked again when the keys in the store do not open: somebody may have changed it.
///
/// ```
/// use rescind::authority::MasterKeySource;
/// use rescind::keys::{MasterKey, SealError};
///
/// /// While the master key is being changed, both are kept.
/// struct Files(Vec<String>);
///
/// impl MasterKeySource for Files {
///     fn candidates(&self) -> Result<Vec<MasterKey>, SealError> {
///         self.0.iter().map(|text| MasterKey::from_base64(text)).collect()
///     }
/// }
/// # let text = || MasterKey::generate(&rescind::system::SystemEntropy).to_base64().to_string();
/// # assert_eq!(Files(vec![text(), text()]).candidates()?.len(), 2);
/// # Ok::<(), SealError>(())
/// ```
pub trait MasterKeySource: Send + Sync {
    /// The master keys that may be the right one, the likeliest first.
    ///
    /// ```
    /// use rescind::authority::MasterKeySource as _;
    /// use rescind::keys::MasterKey;
    /// use rescind::system::SystemEntropy;
    ///
    /// // A key by itself is a place to keep it: in an example.
    /// let key = MasterKey::generate(&SystemEntropy);
    /// let candidates = key.candidates()?;
    /// assert_eq!(*candidates[0].to_base64(), *key.to_base64());
    /// # Ok::<(), rescind::keys::SealError>(())
    /// ```
    fn candidates(&self) -> std::result::Result<Vec<MasterKey>, SealError>;
}

impl MasterKeySource for MasterKey {
    fn candidates(&self) -> std::result::Result<Vec<MasterKey>, SealError> {
        Ok(vec![self.clone()])
    }
}

/// A key as it is shown.
///
/// ```
/// # rescind_examples::run(async |rescind_examples::World { authority, operator, .. }| {
/// use rescind::keys::KeyState;
///
/// let keys = authority.keys(&operator).await?;
/// let next = keys.iter().find(|key| key.state == KeyState::Next).ok_or("it is made ahead")?;
/// assert_eq!((next.active_from, next.retired_at), (None, None));
/// # Ok(())
/// # });
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeyView {
    /// Its id.
    pub kid: String,
    /// What it signs.
    pub usage: KeyUse,
    /// Its JOSE algorithm.
    pub alg: String,
    /// Where it stands in its life.
    pub state: KeyState,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it began to sign, or is to begin.
    pub active_from: Option<Timestamp>,
    /// When it ceased to sign.
    pub retired_at: Option<Timestamp>,
    /// When it was revoked.
    pub revoked_at: Option<Timestamp>,
}

/// The longest access lifetime that settings allow: nothing that a key signed lives longer.
pub(super) const LONGEST_ACCESS_TTL: Duration = Duration::from_secs(86_400);

/// For how long a key of refresh tokens is kept at the least, since the session lifetime may have been longer once.
const LONGEST_SESSION_TTL: Duration = Duration::from_secs(366 * 86_400);

impl Authority {
    /// The keys that verifiers need (RFC 7517 §5): next, active and retired.
    ///
    /// ```
    /// # rescind_examples::run(async |rescind_examples::World { authority, .. }| {
    /// let published = authority.jwks();
    /// // The one that signs, and the next, so that every verifier has it before it does.
    /// assert_eq!(published.keys.len(), 2);
    /// # Ok(())
    /// # });
    /// ```
    pub fn jwks(&self) -> JwkSet {
        self.access_keys.to_jwks()
    }

    /// All keys.
    ///
    /// ```
    /// # rescind_examples::run(async |rescind_examples::World { authority, operator, .. }| {
    /// use rescind::keys::{KeyState, KeyUse};
    ///
    /// let keys = authority.keys(&operator).await?;
    /// for usage in [KeyUse::Access, KeyUse::Refresh] {
    ///     let of_it = |state| keys.iter().filter(|key| key.usage == usage && key.state == state).count();
    ///     assert_eq!((of_it(KeyState::Active), of_it(KeyState::Next)), (1, 1));
    /// }
    /// # Ok(())
    /// # });
    /// ```
    pub async fn keys(&self, caller: &Caller) -> Result<Vec<KeyView>> {
        caller.must_be_unbound(Scope::KeysWrite, self.system_tenant)?;
        let (records, _) = self.store.keys().await?;
        Ok(records.into_iter().map(view).collect())
    }

    /// Has the next key sign from now on; or, where verifiers may not have it yet, as soon as every cache has: it then shows
    /// `active_from` in the future.
    ///
    /// ```
    /// # rescind_examples::run(async |rescind_examples::World { authority, operator, pair, clock, .. }| {
    /// use rescind::keys::{KeyState, KeyUse};
    /// use rescind::token::Expected;
    /// use secrecy::ExposeSecret as _;
    ///
    /// # clock.forward(std::time::Duration::from_secs(60));
    /// let keys = authority.rotate_keys(&operator).await?;
    /// let retired = keys.iter().filter(|key| key.usage == KeyUse::Access && key.state == KeyState::Retired);
    /// assert_eq!(retired.count(), 1);
    /// // What it has signed is good until it expires.
    /// assert!(authority.check(pair.access_token.expose_secret(), Expected::Configured).await.is_ok());
    ///
    /// // The key that came next has only just been published: a second time it has to wait.
    /// let keys = authority.rotate_keys(&operator).await?;
    /// let next = keys.iter().find(|key| key.usage == KeyUse::Access && key.state == KeyState::Next);
    /// assert!(next.and_then(|key| key.active_from) > Some(authority.now()));
    /// # Ok(())
    /// # });
    /// ```
    pub async fn rotate_keys(&self, caller: &Caller) -> Result<Vec<KeyView>> {
        caller.must_be_unbound(Scope::KeysWrite, self.system_tenant)?;
        for _ in 0..5 {
            let now = self.now();
            let (records, version) = self.store.keys().await?;
            let policy = key_policy(&self.settings);
            let mut change = change(version, action::KEY_ROTATED, caller, now);
            let of = |state| records.iter().find(|key| key.usage == KeyUse::Access && key.state == state);
            let (Some(active), Some(next)) = (of(KeyState::Active), of(KeyState::Next)) else {
                self.maintain_keys().await?;
                continue;
            };
            let from = policy.earliest_promotion(active, next);
            if from <= now {
                change.retire.push(active.kid.clone());
                change.promote.push(next.kid.clone());
                change.add.push(self.new_key(&records, policy.alg(KeyUse::Access), KeyUse::Access, false)?);
            } else {
                change.schedule = Some((next.kid.clone(), from));
            }
            match self.apply_key_change(change).await {
                Err(StoreError::Conflict) => continue,
                Err(other) => return Err(other.into()),
                Ok(()) => return self.keys(caller).await,
            }
        }
        Err(Error::Overloaded)
    }

    /// Revokes a key: every token that it signed is dead. The next one takes its place in the same transaction.
    ///
    /// ```
    /// # rescind_examples::run(async |rescind_examples::World { authority, operator, pair, .. }| {
    /// use rescind::keys::{KeyState, KeyUse};
    /// use rescind::token::Expected;
    /// use secrecy::ExposeSecret as _;
    ///
    /// let keys = authority.keys(&operator).await?;
    /// let signs = keys.iter().find(|key| key.usage == KeyUse::Access && key.state == KeyState::Active);
    /// let kid = &signs.ok_or("one of them signs")?.kid;
    /// let revoked = authority.revoke_key(&operator, kid, Some("its machine was stolen".into())).await?;
    /// assert_eq!(revoked.state, KeyState::Revoked);
    ///
    /// // Whatever it has signed is dead, and another signs in its place.
    /// assert!(authority.check(pair.access_token.expose_secret(), Expected::Configured).await.is_err());
    /// # Ok(())
    /// # });
    /// ```
    pub async fn revoke_key(&self, caller: &Caller, kid: &str, reason: Option<String>) -> Result<KeyView> {
        caller.must_be_unbound(Scope::KeysWrite, self.system_tenant)?;
        super::revoke::check_reason(reason.as_deref())?;
        for _ in 0..5 {
            let now = self.now();
            let (records, version) = self.store.keys().await?;
            let key = records.iter().find(|key| key.kid == kid).ok_or(Error::NotFound)?;
            if key.state == KeyState::Revoked {
                return Ok(view(key.clone()));
            }
            let change = self.revocation_of_key(key, &records, version, caller, reason.clone(), now)?;
            match self.apply_key_change(change).await {
                Err(StoreError::Conflict) => continue,
                Err(other) => return Err(other.into()),
                Ok(()) => {
                    let (records, _) = self.store.keys().await?;
                    return records.into_iter().find(|key| key.kid == kid).map(view).ok_or(Error::NotFound);
                }
            }
        }
        Err(Error::Overloaded)
    }

    /// Does what is due for the keys: on schedule, and after a changed setting. Run every now and then.
    ///
    /// ```
    /// # rescind_examples::run(async |rescind_examples::World { authority, operator, clock, .. }| {
    /// use rescind::authority::Result;
    /// use rescind::keys::{KeyState, KeyUse};
    ///
    /// let signs = async || -> Result<Option<String>> {
    ///     let mut keys = authority.keys(&operator).await?.into_iter();
    ///     let active = keys.find(|key| key.usage == KeyUse::Access && key.state == KeyState::Active);
    ///     Ok(active.map(|key| key.kid))
    /// };
    /// let before = signs().await?;
    /// authority.maintain_keys().await?;
    /// assert_eq!(signs().await?, before, "nothing is due yet");
    ///
    /// clock.forward(authority.settings().key_rotation);
    /// authority.maintain_keys().await?;
    /// assert_ne!(signs().await?, before);
    /// # Ok(())
    /// # });
    /// ```
    pub async fn maintain_keys(&self) -> Result<()> {
        care(&*self.store, &self.settings, &*self.entropy, &*self.master_keys, self.now()).await?;
        let (_, version) = self.store.keys().await?;
        if version == self.keyring.load().version() { Ok(()) } else { self.reload_keys().await }
    }

    /// Seals every key with another master key. The caller keeps that key in a safe place *before* it calls.
    ///
    /// ```
    /// # rescind_examples::run(async |rescind_examples::World { authority, ports, operator, .. }| {
    /// use rescind::authority::{Authority, AuthoritySettings, StartError};
    /// use rescind::keys::MasterKey;
    ///
    /// let new = MasterKey::generate(&*ports.entropy);
    /// // Kept in a safe place first: from now on it alone opens the keys.
    /// assert_eq!(authority.rewrap_keys(&operator, &new).await?, 4);
    ///
    /// let settings = AuthoritySettings::new("https://auth.example");
    /// let started = Authority::start(ports, settings, || unreachable!("it was started before")).await;
    /// assert!(matches!(started, Err(StartError::MasterKey(_))));
    /// # Ok(())
    /// # });
    /// ```
    pub async fn rewrap_keys(&self, caller: &Caller, new: &MasterKey) -> Result<u64> {
        caller.must_be_operator(self.system_tenant)?;
        let (records, version) = self.store.keys().await?;
        let old = master_for(&records, &*self.master_keys)?;
        let mut sealed = Vec::with_capacity(records.len());
        for record in &records {
            let secret = old.open(&record.kid, &record.sealed)?;
            sealed.push((record.kid.clone(), new.seal(&record.kid, &secret, &*self.entropy)?));
        }
        let count = sealed.len() as u64;
        let by = caller.provenance(self.now());
        self.store.rewrap_keys(Rewrap { seen_version: version, sealed, by }).await?;
        Ok(count)
    }

    /// Loads the keys anew, after they were changed here or elsewhere.
    pub(super) async fn reload_keys(&self) -> Result<()> {
        // One at a time: what was read last is published last.
        let _turn = self.reloading.lock().await;
        let ring = load_ring(&*self.store, &*self.master_keys).await?;
        self.access_keys.replace(ring.published().to_vec())?;
        self.refresh_keys.replace(ring.refresh_verifying())?;
        self.keyring.store(std::sync::Arc::new(ring));
        Ok(())
    }

    async fn apply_key_change(&self, change: KeyChange) -> std::result::Result<(), StoreError> {
        let now = change.by.at;
        let entries = traced("change_keys", self.store.change_keys(change)).await?;
        self.wrote(&entries, now);
        if let Err(error) = self.reload_keys().await {
            // It is done in the store; following the ledger will load them.
            tracing::error!(%error, "keys could not be loaded after a change");
        }
        Ok(())
    }

    fn revocation_of_key(
        &self,
        key: &KeyRecord,
        records: &[KeyRecord],
        version: i64,
        caller: &Caller,
        reason: Option<String>,
        now: Timestamp,
    ) -> Result<KeyChange> {
        let policy = key_policy(&self.settings);
        let mut change = change(version, action::KEY_REVOKED, caller, now);
        change.reason = reason;
        change.revoke.push(key.kid.clone());
        let alg = policy.alg(key.usage);
        let next = records.iter().find(|other| other.usage == key.usage && other.state == KeyState::Next);
        match (key.state, next) {
            (KeyState::Active, Some(next)) => {
                change.promote.push(next.kid.clone());
                change.add.push(self.new_key(records, alg, key.usage, false)?);
            }
            (KeyState::Active, None) => {
                change.add.push(self.new_key(records, alg, key.usage, true)?);
                change.add.push(self.new_key(records, alg, key.usage, false)?);
            }
            (KeyState::Next, _) => change.add.push(self.new_key(records, alg, key.usage, false)?),
            (KeyState::Retired | KeyState::Revoked, _) => {}
        }
        Ok(change)
    }

    /// Sealed by the master key of those records that the change is based on, not of those that this process has loaded.
    fn new_key(&self, records: &[KeyRecord], alg: &str, usage: KeyUse, active: bool) -> Result<NewKey> {
        let master = master_for(records, &*self.master_keys)?;
        make_key(alg, usage, active, &master, &*self.entropy)
    }
}

/// Does what is due for the keys of a store, and makes them where there are none.
pub(super) async fn care(
    store: &dyn Store,
    settings: &AuthoritySettings,
    entropy: &dyn Entropy,
    masters: &dyn MasterKeySource,
    now: Timestamp,
) -> Result<()> {
    for _ in 0..5 {
        let (records, version) = store.keys().await?;
        let Some(change) = due(&records, version, settings, entropy, masters, now)? else { return Ok(()) };
        match store.change_keys(change).await {
            Ok(_) => return Ok(()),
            // Another node was quicker.
            Err(StoreError::Conflict) => {}
            Err(other) => return Err(other.into()),
        }
    }
    Err(Error::Overloaded)
}

pub(super) async fn load_ring(store: &dyn Store, masters: &dyn MasterKeySource) -> Result<Keyring> {
    let (records, version) = store.keys().await?;
    let master = master_for(&records, masters)?;
    Keyring::open(&records, version, &master).map_err(|error| match error {
        KeyringError::Seal(seal) => seal.into(),
        other => Error::internal(other),
    })
}

/// The master key that opens these keys.
pub(super) fn master_for(
    records: &[KeyRecord],
    masters: &dyn MasterKeySource,
) -> std::result::Result<MasterKey, SealError> {
    let candidates = masters.candidates()?;
    let opens = |master: &MasterKey| records.iter().all(|key| master.open(&key.kid, &key.sealed).is_ok());
    candidates.into_iter().find(opens).ok_or(SealError::WrongMasterKey)
}

fn due(
    records: &[KeyRecord],
    version: i64,
    settings: &AuthoritySettings,
    entropy: &dyn Entropy,
    masters: &dyn MasterKeySource,
    now: Timestamp,
) -> Result<Option<KeyChange>> {
    let policy = key_policy(settings);
    let plans = [KeyUse::Access, KeyUse::Refresh].map(|usage| (usage, policy.plan(records, usage, now)));
    if plans.iter().all(|(_, plan)| plan.is_empty()) {
        return Ok(None);
    }
    let rotates = plans.iter().any(|(_, plan)| plan.promote.is_some());
    let action = if rotates { action::KEY_ROTATED } else { action::KEY_CREATED };
    let mut change = change(version, action, &Caller::system(), now);
    let master = master_for(records, masters)?;
    for (usage, plan) in plans {
        let KeyPlan { retire, promote, make_active, make_next, forget } = plan;
        change.retire.extend(retire);
        change.promote.extend(promote);
        change.forget.extend(forget);
        for (wanted, active) in [(make_active, true), (make_next, false)] {
            if wanted {
                change.add.push(make_key(policy.alg(usage), usage, active, &master, entropy)?);
            }
        }
    }
    Ok(Some(change))
}

fn make_key(
    alg: &str,
    usage: KeyUse,
    active: bool,
    master: &MasterKey,
    entropy: &dyn Entropy,
) -> Result<NewKey> {
    let algorithm: Algorithm = alg.parse().map_err(Error::internal)?;
    let key = SigningKey::generate(algorithm, entropy)?;
    let sealed = master.seal(key.kid(), &key.secret_bytes(), entropy)?;
    Ok(NewKey { kid: key.kid().to_owned(), usage, alg: alg.to_owned(), sealed, active })
}

fn key_policy(settings: &AuthoritySettings) -> KeyPolicy {
    KeyPolicy {
        access_alg: settings.algorithm.to_string(),
        rotation: settings.key_rotation,
        overlap: KEY_OVERLAP,
        access_linger: LONGEST_ACCESS_TTL + settings.leeway,
        refresh_linger: settings.session_ttl.max(LONGEST_SESSION_TTL) + settings.leeway,
    }
}

fn change(seen_version: i64, action: &'static str, caller: &Caller, now: Timestamp) -> KeyChange {
    KeyChange {
        seen_version,
        revoke: Vec::new(),
        retire: Vec::new(),
        promote: Vec::new(),
        schedule: None,
        add: Vec::new(),
        forget: Vec::new(),
        reason: None,
        action,
        by: caller.provenance(now),
    }
}

fn view(record: KeyRecord) -> KeyView {
    KeyView {
        kid: record.kid,
        usage: record.usage,
        alg: record.alg,
        state: record.state,
        created_at: record.created_at,
        active_from: record.active_from,
        retired_at: record.retired_at,
        revoked_at: record.revoked_at,
    }
}
