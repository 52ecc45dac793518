//! The keys of a running authority: opened, and ready to sign and to check.

use std::collections::HashMap;

use crate::clock::Timestamp;
use crate::keys::{KeyRecord, KeyState, KeyUse, MasterKey, SealError};
use crate::token::{Algorithm, KeyError, SigningKey, VerifyingKey};

/// The keys of a running authority, of one [`crate::ledger::Head::keys_version`].
#[derive(Debug)]
pub(crate) struct Keyring {
    version: i64,
    access: SigningKey,
    signs_since: Timestamp,
    refresh: HashMap<String, SigningKey>,
    refresh_kid: String,
    published: Vec<VerifyingKey>,
}

/// Why the keys in the store cannot be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum KeyringError {
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
    pub(crate) fn open(
        records: &[KeyRecord],
        version: i64,
        master: &MasterKey,
    ) -> Result<Self, KeyringError> {
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
                    let since = record.active_from.unwrap_or(record.created_at);
                    access = if active { Some((key, since)) } else { access };
                }
                KeyUse::Refresh => {
                    refresh_kid = if active { Some(record.kid.clone()) } else { refresh_kid };
                    refresh.insert(record.kid.clone(), key);
                }
            }
        }
        let (access, signs_since) = access.ok_or(KeyringError::NoActiveKey("access"))?;
        Ok(Self {
            version,
            access,
            signs_since,
            refresh,
            refresh_kid: refresh_kid.ok_or(KeyringError::NoActiveKey("refresh"))?,
            published,
        })
    }

    /// Which version of the keys this is.
    pub(crate) const fn version(&self) -> i64 {
        self.version
    }

    /// The key that signs access tokens.
    pub(crate) const fn access(&self) -> &SigningKey {
        &self.access
    }

    /// Since when it has done so.
    pub(crate) const fn signs_since(&self) -> Timestamp {
        self.signs_since
    }

    /// The `kid` of the key that signs new refresh tokens.
    pub(crate) fn refresh_kid(&self) -> &str {
        &self.refresh_kid
    }

    /// A key for refresh tokens that is still good.
    pub(crate) fn refresh(&self, kid: &str) -> Option<&SigningKey> {
        self.refresh.get(kid)
    }

    /// The keys that check refresh tokens.
    pub(crate) fn refresh_verifying(&self) -> Vec<VerifyingKey> {
        self.refresh.values().map(SigningKey::verifying_key).collect()
    }

    /// The keys that check access tokens, as they are published: next, active and retired.
    pub(crate) fn published(&self) -> &[VerifyingKey] {
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::system::SystemEntropy;

    fn record(usage: KeyUse, state: KeyState, master: &MasterKey) -> KeyRecord {
        let algorithm = match usage {
            KeyUse::Access => Algorithm::EdDsa,
            KeyUse::Refresh => Algorithm::Hs256,
        };
        let key = SigningKey::generate(algorithm, &SystemEntropy).unwrap();
        KeyRecord {
            kid: key.kid().to_owned(),
            usage,
            alg: algorithm.to_string(),
            state,
            sealed: master.seal(key.kid(), &key.secret_bytes(), &SystemEntropy).unwrap(),
            created_at: Timestamp::from_secs(0),
            active_from: None,
            retired_at: None,
            revoked_at: None,
        }
    }

    fn records(master: &MasterKey) -> [KeyRecord; 4] {
        [
            record(KeyUse::Access, KeyState::Revoked, master),
            record(KeyUse::Access, KeyState::Active, master),
            record(KeyUse::Access, KeyState::Next, master),
            record(KeyUse::Refresh, KeyState::Active, master),
        ]
    }

    #[test]
    fn the_next_key_is_published_before_it_signs_and_no_revoked_one_nor_secret_ever() {
        let master = MasterKey::generate(&SystemEntropy);
        let records = records(&master);
        let ring = Keyring::open(&records, 1, &master).unwrap();
        let published: Vec<_> = ring.published().iter().map(VerifyingKey::kid).collect();
        assert_eq!(published, [&records[1].kid, &records[2].kid]);
        assert_eq!(ring.access().kid(), records[1].kid);
        assert_eq!(ring.refresh_kid(), records[3].kid);
    }

    #[test]
    fn another_master_key_opens_none() {
        let records = records(&MasterKey::generate(&SystemEntropy));
        let refused = Keyring::open(&records, 1, &MasterKey::generate(&SystemEntropy)).unwrap_err();
        assert_eq!(refused, KeyringError::Seal(SealError::WrongMasterKey));
    }

    #[test]
    fn without_a_key_that_signs_there_is_no_ring() {
        let master = MasterKey::generate(&SystemEntropy);
        let refused = Keyring::open(&records(&master)[..3], 1, &master).unwrap_err();
        assert_eq!(refused, KeyringError::NoActiveKey("refresh"));
    }
}
