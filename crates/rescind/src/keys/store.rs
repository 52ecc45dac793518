//! What keys ask of a store.

use crate::clock::Timestamp;
use crate::keys::{KeyRecord, KeyUse, Sealed};
use crate::ledger::Entry;
use crate::store::{Answer, Provenance};

/// Keys, kept. Every change raises [`crate::ledger::Head::keys_version`].
pub trait KeyStore: Send + Sync {
    /// All keys, oldest first, and the [`crate::ledger::Head::keys_version`] that they are of.
    fn keys(&self) -> Answer<'_, (Vec<KeyRecord>, i64)>;
    /// Changes keys in one transaction, provided that nothing has changed since `change.seen_version`
    /// ([`crate::store::StoreError::Conflict`] otherwise). Answers with the ledger entries that it wrote.
    fn change_keys(&self, change: KeyChange) -> Answer<'_, Vec<Entry>>;
    /// Replaces what seals the keys, all or none, provided that nothing has changed since `rewrap.seen_version`.
    fn rewrap_keys(&self, rewrap: Rewrap) -> Answer<'_, ()>;
}

/// One step of the keys' life, decided in the domain. Applied in this order: revoke, retire, promote, add, forget.
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
#[derive(Clone, Debug)]
pub struct Rewrap {
    /// What was read.
    pub seen_version: i64,
    /// Each key's id and its private part under the new master key.
    pub sealed: Vec<(String, Sealed)>,
    /// By whom.
    pub by: Provenance,
}
