//! The keys of a running authority: opened, and ready to sign and to check.

use std::collections::HashMap;

use crate::keys::{KeyRecord, KeyState, KeyUse, MasterKey, SealError};
use crate::token::{Algorithm, KeyError, SigningKey, VerifyingKey};

/// The keys of a running authority, of one [`crate::ledger::Head::keys_version`].
///
/// ```
/// use rescind::keys::{KeyRecord, KeyState, KeyUse, Keyring, KeyringError, MasterKey, SealError};
/// use rescind::system::SystemEntropy;
/// use rescind::token::{Algorithm, SigningKey};
/// # use rescind::clock::Timestamp;
///
/// let master = MasterKey::generate(&SystemEntropy);
/// let record = |usage, algorithm, state| -> Result<KeyRecord, KeyringError> {
///     let key = SigningKey::generate(algorithm, &SystemEntropy)?;
///     let sealed = master.seal(key.kid(), &key.secret_bytes(), &SystemEntropy)?;
/// #     let (created_at, active_from, retired_at, revoked_at) = (Timestamp::from_secs(0), None, None, None);
/// #     let (kid, alg) = (key.kid().to_owned(), algorithm.to_string());
///     // …
/// #     Ok(KeyRecord { kid, usage, alg, state, sealed, created_at, active_from, retired_at, revoked_at })
/// };
/// let records = vec![
///     record(KeyUse::Access, Algorithm::EdDsa, KeyState::Revoked)?,
///     record(KeyUse::Access, Algorithm::EdDsa, KeyState::Active)?,
///     record(KeyUse::Access, Algorithm::EdDsa, KeyState::Next)?,
///     record(KeyUse::Refresh, Algorithm::Hs256, KeyState::Active)?,
/// ];
///
/// // The next key is published before it signs; the revoked one and the secret of refresh tokens are not.
/// let ring = Keyring::open(records.clone(), 1, &master)?;
/// let published: Vec<_> = ring.published().iter().map(|key| key.kid()).collect();
/// assert_eq!(published, [&records[1].kid, &records[2].kid]);
/// assert_eq!(ring.access().kid(), records[1].kid);
///
/// let another = MasterKey::generate(&SystemEntropy);
/// let refused = Keyring::open(records, 1, &another).unwrap_err();
/// assert_eq!(refused, KeyringError::Seal(SealError::WrongMasterKey));
/// # Ok::<(), KeyringError>(())
/// ```
#[derive(Debug)]
pub struct Keyring {
    version: i64,
    records: Vec<KeyRecord>,
    access: SigningKey,
    refresh: HashMap<String, SigningKey>,
    refresh_kid: String,
    published: Vec<VerifyingKey>,
}

/// Why the keys in the store cannot be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum KeyringError {
    /// They do not open.
    #[error(transparent)]
    Seal(#[from] SealError),
    /// One that opened is no key.
    #[error(transparent)]
    Key(#[from] KeyError),
    /// There is none that signs.
    #[error("no active key for {0} tokens")]
    NoActiveKey(&'static str),
    /// Its algorithm is unknown to this program.
    #[error("a key has the unknown algorithm {0}")]
    UnknownAlgorithm(String),
}

impl Keyring {
    /// Opens the keys that are in use with the master key.
    pub fn open(records: Vec<KeyRecord>, version: i64, master: &MasterKey) -> Result<Self, KeyringError> {
        let mut access = None;
        let mut refresh = HashMap::new();
        let mut refresh_kid = None;
        let mut published = Vec::new();
        for record in records.iter().filter(|record| record.state != KeyState::Revoked) {
            let key = open(record, master)?;
            let active = record.state == KeyState::Active;
            match record.usage {
                KeyUse::Access => {
                    published.push(verifying(record, &key));
                    access = if active { Some(key) } else { access };
                }
                KeyUse::Refresh => {
                    refresh_kid = if active { Some(record.kid.clone()) } else { refresh_kid };
                    refresh.insert(record.kid.clone(), key);
                }
            }
        }
        Ok(Self {
            version,
            records,
            access: access.ok_or(KeyringError::NoActiveKey("access"))?,
            refresh,
            refresh_kid: refresh_kid.ok_or(KeyringError::NoActiveKey("refresh"))?,
            published,
        })
    }

    /// Which version of the keys this is.
    pub const fn version(&self) -> i64 {
        self.version
    }

    /// The keys' records.
    pub fn records(&self) -> &[KeyRecord] {
        &self.records
    }

    /// The key that signs access tokens.
    pub const fn access(&self) -> &SigningKey {
        &self.access
    }

    /// The `kid` of the key that signs new refresh tokens.
    pub fn refresh_kid(&self) -> &str {
        &self.refresh_kid
    }

    /// A key for refresh tokens that is still good.
    pub fn refresh(&self, kid: &str) -> Option<&SigningKey> {
        self.refresh.get(kid)
    }

    /// The keys that check refresh tokens.
    pub fn refresh_verifying(&self) -> Vec<VerifyingKey> {
        self.refresh.values().map(SigningKey::verifying_key).collect()
    }

    /// The keys that check access tokens, as they are published: next, active and retired.
    pub fn published(&self) -> &[VerifyingKey] {
        &self.published
    }
}

fn open(record: &KeyRecord, master: &MasterKey) -> Result<SigningKey, KeyringError> {
    let algorithm: Algorithm =
        record.alg.parse().map_err(|_| KeyringError::UnknownAlgorithm(record.alg.clone()))?;
    let secret = master.open(&record.kid, &record.sealed)?;
    Ok(SigningKey::from_secret_bytes(algorithm, &secret)?)
}

fn verifying(record: &KeyRecord, key: &SigningKey) -> VerifyingKey {
    match record.retired_at {
        Some(at) => key.verifying_key().with_retired_at(at),
        None => key.verifying_key(),
    }
}
