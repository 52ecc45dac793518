//! Marks that are about an id: flat tables of 24 bytes a slot.
//!
//! A shard is open-addressed and only ever filled: a key's slots are written once, before the meta word that makes
//! them visible, and meta words change only from one true state to another, so that readers need no lock. Growth and
//! expiry build the shard anew and swap it in whole. Shards grow at different moments, so that the
//! spare room of all of them together is always about the same, and no writer ever waits for a copy of everything.

use std::sync::Arc;

use crate::ledger::CutKind;
use crate::replica::expiry::Expiry;
use crate::replica::seed::{Hash, Seed};
use crate::sync::atomic::{AtomicU64, Ordering};

/// How many shards there are. The first byte of a hash names one.
pub(super) const SHARDS: usize = 256;

/// What is known about a mark beside its key: kind, tenant and expiry in one word, never zero.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Meta(u64);

impl Meta {
    const TENANT_BITS: u32 = 64 - 2 - Expiry::BITS;
    /// The highest number that a tenant may have; 0 stands for none.
    pub(super) const MAX_TENANT: u32 = (1 << Self::TENANT_BITS) - 1;

    pub(super) fn new(kind: IdKind, tenant: u32, expiry: Expiry) -> Self {
        Self((kind as u64) << 62 | u64::from(tenant) << Expiry::BITS | expiry.0)
    }

    pub(super) fn kind(self) -> IdKind {
        match self.0 >> 62 {
            1 => IdKind::Token,
            2 => IdKind::Session,
            _ => IdKind::Client,
        }
    }

    pub(super) fn tenant(self) -> u32 {
        (self.0 >> Expiry::BITS) as u32 & Self::MAX_TENANT
    }

    pub(super) fn expiry(self) -> Expiry {
        Expiry(self.0 & ((1 << Expiry::BITS) - 1))
    }
}

/// The kinds whose keys are plain ids.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum IdKind {
    Token = 1,
    Session = 2,
    Client = 3,
}

impl IdKind {
    pub(super) fn cut(self) -> CutKind {
        match self {
            Self::Token => CutKind::Token,
            Self::Session => CutKind::Session,
            Self::Client => CutKind::Client,
        }
    }
}

/// An id of some kind, with its hash.
#[derive(Clone, Copy)]
pub(super) struct IdKey {
    pub(super) hash: Hash,
    pub(super) kind: IdKind,
    pub(super) id: u128,
}

impl IdKey {
    #[inline]
    pub(super) fn new(seed: &Seed, kind: IdKind, id: u128) -> Self {
        Self { hash: seed.id(kind.cut(), id), kind, id }
    }

    pub(super) fn shard(self) -> u8 {
        (self.hash.0 >> 56) as u8
    }
}

/// A share of the marks.
#[derive(Clone)]
pub(super) struct Shard(Arc<[Slot]>);

impl Shard {
    /// An empty one with room for `marks`; `phase` is the shard's number.
    pub(super) fn with_room(marks: usize, phase: u8) -> Self {
        Self((0..slots_for(marks, phase)).map(|_| Slot::default()).collect())
    }

    /// How many marks fit.
    pub(super) fn room(&self) -> usize {
        limit(self.0.len())
    }

    /// The place of the first mark of the key that `wanted` accepts.
    pub(super) fn find(&self, key: IdKey, wanted: impl Fn(Meta) -> bool) -> Option<(usize, Meta)> {
        self.places(key.hash)
            .map_while(|at| self.0[at].meta().map(|meta| (at, meta)))
            .find(|&(at, meta)| meta.kind() == key.kind && self.0[at].id() == key.id && wanted(meta))
    }

    /// Adds a mark that is not there yet. There must be room.
    pub(super) fn insert(&self, key: IdKey, meta: Meta) {
        if let Some(at) = self.places(key.hash).find(|&at| self.0[at].meta().is_none()) {
            self.0[at].fill(key.id, meta);
        }
    }

    /// Changes the meta of a mark that is there.
    pub(super) fn replace(&self, at: usize, meta: Meta) {
        self.0[at].meta.store(meta.0, Ordering::Release);
    }

    /// Every mark.
    pub(super) fn marks(&self) -> impl Iterator<Item = (u128, Meta)> + use<> {
        let slots = Arc::clone(&self.0);
        (0..slots.len()).filter_map(move |at| slots[at].meta().map(|meta| (slots[at].id(), meta)))
    }

    pub(super) fn bytes(&self) -> usize {
        size_of_val(&*self.0)
    }

    /// Every slot once, from the key's own on.
    fn places(&self, hash: Hash) -> impl Iterator<Item = usize> + use<> {
        let slots = self.0.len();
        let home = hash.within(slots);
        (home..slots).chain(0..home)
    }
}

#[derive(Default)]
struct Slot {
    low: AtomicU64,
    high: AtomicU64,
    meta: AtomicU64,
}

impl Slot {
    fn meta(&self) -> Option<Meta> {
        match self.meta.load(Ordering::Acquire) {
            0 => None,
            meta => Some(Meta(meta)),
        }
    }

    fn id(&self) -> u128 {
        let (low, high) = (self.low.load(Ordering::Relaxed), self.high.load(Ordering::Relaxed));
        u128::from(high) << 64 | u128::from(low)
    }

    fn fill(&self, id: u128, meta: Meta) {
        self.low.store(id as u64, Ordering::Relaxed);
        self.high.store((id >> 64) as u64, Ordering::Relaxed);
        self.meta.store(meta.0, Ordering::Release);
    }
}

/// Nine slots of ten may be taken: the filter keeps nearly all absent keys away, and those that
/// are there are few slots from home.
fn limit(slots: usize) -> usize {
    slots * 9 / 10
}

/// Sizes step by a tenth, each shard at sizes of its own.
fn slots_for(marks: usize, phase: u8) -> usize {
    const STEP: f64 = 1.1;
    if marks == 0 {
        return 0;
    }
    let mut slots = 8.0 * STEP.powf(f64::from(phase) / SHARDS as f64);
    while limit(slots as usize) < marks {
        slots *= STEP;
    }
    slots as usize
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn meta_holds_what_was_put_in() {
        for kind in [IdKind::Token, IdKind::Session, IdKind::Client] {
            for tenant in [0, 1, Meta::MAX_TENANT] {
                for expiry in [Expiry(0), Expiry(1), Expiry((1 << Expiry::BITS) - 1)] {
                    let meta = Meta::new(kind, tenant, expiry);
                    assert_eq!((meta.kind(), meta.tenant(), meta.expiry()), (kind, tenant, expiry));
                    assert_ne!(meta.0, 0);
                }
            }
        }
    }

    #[test]
    fn a_table_always_has_an_empty_slot_and_room_for_what_it_was_made_for() {
        for phase in [0, 1, 128, 255] {
            for marks in (0..200).chain([1000, 39_062, 1_000_000]) {
                let slots = slots_for(marks, phase);
                assert!(limit(slots) >= marks && (slots == 0 || limit(slots) < slots), "{marks}");
            }
        }
    }
}
