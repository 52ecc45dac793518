//! What keys ask of a store.

use crate::clock::Timestamp;
use crate::keys::{KeyRecord, KeyUse, Sealed};
use crate::ledger::Entry;
use crate::store::{Answer, Provenance};

/// Keys, kept. Every change raises [`crate::ledger::Head::keys_version`].
///
/// ```
/// # rescind_examples::run(async |rescind_examples::World { ports, authority, operator, .. }| {
/// use rescind::keys::KeyState;
///
/// let (keys, version) = ports.store.keys().await?;
/// assert_eq!(ports.store.head().await?.keys_version, version);
/// let next = keys.iter().find(|key| key.state == KeyState::Next).ok_or("it is made ahead")?;
/// authority.revoke_key(&operator, &next.kid, None).await?;
/// // By that other nodes know that they have to load them again.
/// assert!(ports.store.head().await?.keys_version > version);
/// # Ok(())
/// # });
/// ```
pub trait KeyStore: Send + Sync {
    /// All keys, oldest first, and the [`crate::ledger::Head::keys_version`] that they are of.
    ///
    /// ```
    /// # rescind_examples::run(async |rescind_examples::World { ports, .. }| {
    /// use rescind::keys::KeyUse;
    ///
    /// let (keys, version) = ports.store.keys().await?;
    /// let of = |usage| keys.iter().filter(|key| key.usage == usage).count();
    /// assert_eq!((of(KeyUse::Access), of(KeyUse::Refresh)), (2, 2), "one that signs, and the next");
    /// assert!(version > 0);
    /// # Ok(())
    /// # });
    /// ```
    fn keys(&self) -> Answer<'_, (Vec<KeyRecord>, i64)>;
    /// Changes keys in one transaction, provided that nothing has changed since `change.seen_version`
    /// ([`crate::store::StoreError::Conflict`] otherwise). Answers with the ledger entries that it wrote.
    ///
    /// ```
    /// # rescind_examples::run(async |rescind_examples::World { ports, authority, operator, .. }| {
    /// use rescind::keys::KeyState;
    /// use rescind::ledger::CutKind;
    /// use rescind::store::StoreError;
    /// # use rescind::audit::action;
    /// # use rescind::keys::KeyChange;
    /// # let (keys, seen_version) = ports.store.keys().await?;
    /// # let change = KeyChange {
    /// #     seen_version,
    /// #     revoke: Vec::new(),
    /// #     retire: Vec::new(),
    /// #     promote: Vec::new(),
    /// #     schedule: None,
    /// #     add: Vec::new(),
    /// #     forget: Vec::new(),
    /// #     reason: None,
    /// #     action: action::KEY_ROTATED,
    /// #     by: operator.provenance(authority.now()),
    /// # };
    ///
    /// let next = keys.into_iter().find(|key| key.state == KeyState::Next).ok_or("it is made ahead")?;
    /// let change = KeyChange { revoke: vec![next.kid], ..change };
    /// let entries = ports.store.change_keys(change.clone()).await?;
    /// assert_eq!(entries[0].mark.kind(), CutKind::Key);
    /// // The keys are not what they were when this was decided.
    /// assert_eq!(ports.store.change_keys(change).await, Err(StoreError::Conflict));
    /// # Ok(())
    /// # });
    /// ```
    fn change_keys(&self, change: KeyChange) -> Answer<'_, Vec<Entry>>;
    /// Replaces what seals the keys, all or none, provided that nothing has changed since `rewrap.seen_version`.
    ///
    /// ```
    /// # rescind_examples::run(async |rescind_examples::World { ports, authority, operator, .. }| {
    /// use rescind::keys::{MasterKey, Rewrap};
    /// # let [old, new] = [(), ()].map(|()| MasterKey::generate(&*ports.entropy));
    /// # let old = ports.master_keys.candidates()?.remove(0);
    ///
    /// let (keys, seen_version) = ports.store.keys().await?;
    /// let mut sealed = Vec::new();
    /// for key in &keys {
    ///     let secret = old.open(&key.kid, &key.sealed)?;
    ///     sealed.push((key.kid.clone(), new.seal(&key.kid, &secret, &*ports.entropy)?));
    /// }
    /// let by = operator.provenance(authority.now());
    /// ports.store.rewrap_keys(Rewrap { seen_version, sealed, by }).await?;
    /// let (keys, _) = ports.store.keys().await?;
    /// assert!(keys.iter().all(|key| new.open(&key.kid, &key.sealed).is_ok()));
    /// # Ok(())
    /// # });
    /// ```
    fn rewrap_keys(&self, rewrap: Rewrap) -> Answer<'_, ()>;
    /// Notes in the audit trail ([`ISSUER_SET`](crate::audit::action::ISSUER_SET)) that what these keys sign names `issuer` from here
    /// on, unless it was noted last. Answers with the one that was, where it is another.
    ///
    /// ```
    /// # rescind_examples::run(async |rescind_examples::World { ports, authority, operator, .. }| {
    /// let by = || operator.provenance(authority.now());
    /// let note = async |issuer| ports.store.note_issuer(issuer, by()).await;
    /// assert_eq!(note("https://auth.example").await?, None, "it is the first");
    /// assert_eq!(note("https://auth.example").await?, None, "it is still the same");
    /// assert_eq!(note("https://id.example").await?.as_deref(), Some("https://auth.example"));
    /// # Ok(())
    /// # });
    /// ```
    fn note_issuer<'a>(&'a self, issuer: &'a str, by: Provenance) -> Answer<'a, Option<String>>;
}

/// One step of the keys' life, decided in the domain. Applied in this order: revoke, retire, promote, add, forget.
///
/// ```
/// # rescind_examples::run(async |rescind_examples::World { ports, authority, operator, .. }| {
/// use std::time::Duration;
///
/// use rescind::keys::KeyState;
/// # use rescind::audit::action;
/// # use rescind::keys::KeyChange;
/// # let (keys, seen_version) = ports.store.keys().await?;
/// # let change = KeyChange {
/// #     seen_version,
/// #     revoke: Vec::new(),
/// #     retire: Vec::new(),
/// #     promote: Vec::new(),
/// #     schedule: None,
/// #     add: Vec::new(),
/// #     forget: Vec::new(),
/// #     reason: None,
/// #     action: action::KEY_ROTATED,
/// #     by: operator.provenance(authority.now()),
/// # };
///
/// // The next key is to begin an hour from now.
/// let next = keys.iter().find(|key| key.state == KeyState::Next).ok_or("it is made ahead")?;
/// let from = authority.now().plus(Duration::from_secs(3600));
/// let change = KeyChange { schedule: Some((next.kid.clone(), from)), ..change };
/// ports.store.change_keys(change).await?;
/// let (keys, _) = ports.store.keys().await?;
/// assert!(keys.iter().any(|key| key.state == KeyState::Next && key.active_from == Some(from)));
/// # Ok(())
/// # });
/// ```
#[derive(Clone, Debug)]
pub struct KeyChange {
    /// What the decision was based on; 0 where there were no keys at all.
    pub seen_version: i64,
    /// Keys that are revoked, each leaving a mark that never expires.
    pub revoke: Vec<String>,
    /// Keys that cease to sign.
    pub retire: Vec<String>,
    /// Keys that begin to sign.
    pub promote: Vec<String>,
    /// When a next key is to begin to sign, on demand.
    pub schedule: Option<(String, Timestamp)>,
    /// Keys that are made.
    pub add: Vec<NewKey>,
    /// Retired keys that nothing alive was signed with: their private part is erased, the record goes.
    pub forget: Vec<String>,
    /// The reason for the ledger and the audit trail.
    pub reason: Option<String>,
    /// The audit entry's action.
    pub action: &'static str,
    /// By whom.
    pub by: Provenance,
}

impl KeyChange {
    /// The keys that it is about: those of its weightiest step.
    ///
    /// ```
    /// # rescind_examples::run(async |rescind_examples::World { ports, authority, operator, .. }| {
    /// # use rescind::audit::action;
    /// # use rescind::keys::KeyChange;
    /// # let (keys, seen_version) = ports.store.keys().await?;
    /// # let change = KeyChange {
    /// #     seen_version,
    /// #     revoke: Vec::new(),
    /// #     retire: Vec::new(),
    /// #     promote: Vec::new(),
    /// #     schedule: None,
    /// #     add: Vec::new(),
    /// #     forget: Vec::new(),
    /// #     reason: None,
    /// #     action: action::KEY_ROTATED,
    /// #     by: operator.provenance(authority.now()),
    /// # };
    ///
    /// let (retire, promote) = (vec!["old".to_owned()], vec!["new".to_owned()]);
    /// let rotation = KeyChange { retire, promote, ..change };
    /// assert_eq!(rotation.principals(), ["new"], "what retires makes room for it");
    /// # Ok(())
    /// # });
    /// ```
    pub fn principals(&self) -> Vec<&str> {
        let scheduled: Vec<&str> = self.schedule.iter().map(|(kid, _)| kid.as_str()).collect();
        let added: Vec<&str> = self.add.iter().map(|key| key.kid.as_str()).collect();
        let (revoked, promoted) = (names(&self.revoke), names(&self.promote));
        let (retired, forgotten) = (names(&self.retire), names(&self.forget));
        [revoked, promoted, scheduled, added, retired, forgotten]
            .into_iter()
            .find(|kids| !kids.is_empty())
            .unwrap_or_default()
    }
}

fn names(kids: &[String]) -> Vec<&str> {
    kids.iter().map(String::as_str).collect()
}

/// A key to be kept.
///
/// ```
/// # rescind_examples::run(async |rescind_examples::World { ports, authority, operator, .. }| {
/// use rescind::keys::{KeyState, KeyUse, NewKey};
/// use rescind::token::{Algorithm, SigningKey};
/// # use rescind::audit::action;
/// # use rescind::keys::KeyChange;
/// # let (keys, seen_version) = ports.store.keys().await?;
/// # let change = KeyChange {
/// #     seen_version,
/// #     revoke: Vec::new(),
/// #     retire: Vec::new(),
/// #     promote: Vec::new(),
/// #     schedule: None,
/// #     add: Vec::new(),
/// #     forget: Vec::new(),
/// #     reason: None,
/// #     action: action::KEY_ROTATED,
/// #     by: operator.provenance(authority.now()),
/// # };
///
/// # let master = ports.master_keys.candidates()?.remove(0);
/// let key = SigningKey::generate(Algorithm::Es256, &*ports.entropy)?;
/// let (kid, alg) = (key.kid().to_owned(), key.algorithm().to_string());
/// let sealed = master.seal(&kid, &key.secret_bytes(), &*ports.entropy)?;
/// # let next = keys.iter().find(|key| key.usage == KeyUse::Access && key.state == KeyState::Next);
/// # let change = KeyChange { retire: next.map(|key| key.kid.clone()).into_iter().collect(), ..change };
/// let next = NewKey { kid: kid.clone(), usage: KeyUse::Access, alg, sealed, active: false };
/// ports.store.change_keys(KeyChange { add: vec![next], ..change }).await?;
/// let (keys, _) = ports.store.keys().await?;
/// assert!(keys.iter().any(|key| key.kid == kid && key.state == KeyState::Next));
/// # Ok(())
/// # });
/// ```
#[derive(Clone, Debug)]
pub struct NewKey {
    /// Its id.
    pub kid: String,
    /// What it is to sign.
    pub usage: KeyUse,
    /// Its JOSE algorithm.
    pub alg: String,
    /// Its private part, sealed.
    pub sealed: Sealed,
    /// Whether it signs at once (else it is the next one).
    pub active: bool,
}

/// The keys, sealed anew.
///
/// ```
/// # rescind_examples::run(async |rescind_examples::World { ports, authority, operator, .. }| {
/// use rescind::keys::Rewrap;
/// use rescind::store::StoreError;
///
/// let (keys, seen_version) = ports.store.keys().await?;
/// authority.rotate_keys(&operator).await?;
/// let sealed = keys.into_iter().map(|key| (key.kid, key.sealed)).collect();
/// // There are other keys by now, which it would leave under the old master key.
/// let late = Rewrap { seen_version, sealed, by: operator.provenance(authority.now()) };
/// assert_eq!(ports.store.rewrap_keys(late).await, Err(StoreError::Conflict));
/// # Ok(())
/// # });
/// ```
#[derive(Clone, Debug)]
pub struct Rewrap {
    /// What was read.
    pub seen_version: i64,
    /// Each key's id and its private part under the new master key.
    pub sealed: Vec<(String, Sealed)>,
    /// By whom.
    pub by: Provenance,
}
