//! Parts of the replica by themselves, where this crate is compiled to try out interleavings, and nowhere else.

use crate::clock::Timestamp;
use crate::ledger::CutKind;
use crate::replica::Replica;
use crate::replica::expiry::Expiry;
use crate::replica::flat::{IdKey, IdKind, Meta, Shard};
use crate::replica::seed::Hash;

/// A flat table in which every key has the same home, so that whoever looks for one meets the others.
pub struct Table(Shard);

impl Table {
    /// An empty one with room for so many marks.
    pub fn with_room(marks: usize) -> Self {
        Self(Shard::with_room(marks, 0))
    }

    /// Adds a mark that is not there yet.
    pub fn insert(&self, id: u128, expires_at: Timestamp) {
        self.0.insert(key(id), meta(expires_at));
    }

    /// Changes when the mark expires that was the first to come, in the place that is home to all.
    pub fn prolong_first(&self, expires_at: Timestamp) {
        self.0.replace(0, meta(expires_at));
    }

    /// When the mark expires, if it is there.
    pub fn expiry(&self, id: u128) -> Option<Timestamp> {
        self.0.find(key(id), |_| true).map(|(_, meta)| meta.expiry().timestamp())
    }
}

impl std::fmt::Debug for Table {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Table").finish_non_exhaustive()
    }
}

/// In which shard a token's mark is.
pub fn shard_of(replica: &Replica, id: u128) -> u8 {
    IdKey { hash: replica.seed.id(CutKind::Token, id), kind: IdKind::Token, id }.shard()
}

fn key(id: u128) -> IdKey {
    IdKey { hash: Hash(0), kind: IdKind::Token, id }
}

fn meta(expires_at: Timestamp) -> Meta {
    Meta::new(IdKind::Token, 0, Expiry::at(expires_at))
}
