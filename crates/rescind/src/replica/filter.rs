//! A filter of atomics that answers "surely not there" with one load.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use crate::replica::seed::Hash;

/// A blocked Bloom filter whose blocks are single words: four bits of one word for each key. It errs only by saying
/// "perhaps": about one absent key in a hundred goes on to the exact table for nothing.
#[derive(Clone)]
pub(super) struct Filter(Arc<[AtomicU64]>);

impl Filter {
    const BITS_PER_MARK: usize = 12;

    /// An empty one, right for so many marks.
    pub(super) fn for_marks(marks: usize) -> Self {
        let words = (marks * Self::BITS_PER_MARK).div_ceil(64).max(1);
        Self((0..words).map(|_| AtomicU64::new(0)).collect())
    }

    #[inline]
    pub(super) fn may_hold(&self, hash: Hash) -> bool {
        let bits = bits(hash);
        self.0[hash.within(self.0.len())].load(Ordering::Relaxed) & bits == bits
    }

    pub(super) fn insert(&self, hash: Hash) {
        self.0[hash.within(self.0.len())].fetch_or(bits(hash), Ordering::Relaxed);
    }

    /// How many marks it is right for.
    pub(super) fn room(&self) -> usize {
        self.0.len() * 64 / Self::BITS_PER_MARK
    }

    pub(super) fn bytes(&self) -> usize {
        size_of_val(&*self.0)
    }
}

impl Hash {
    /// A place among `count`, from the 32 bits that neither the shard nor the filter's bits are taken from.
    #[inline]
    pub(super) fn within(self, count: usize) -> usize {
        ((u64::from((self.0 >> 24) as u32) * count as u64) >> 32) as usize
    }
}

#[inline]
fn bits(hash: Hash) -> u64 {
    let bit = |shift: u32| 1_u64 << ((hash.0 >> shift) & 63);
    bit(0) | bit(6) | bit(12) | bit(18)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ledger::CutKind;
    use crate::replica::seed::Seed;
    use crate::system::SystemEntropy;

    #[test]
    fn it_never_denies_what_it_holds_and_seldom_suspects_what_it_does_not() {
        let seed = Seed::new(&SystemEntropy);
        let filter = Filter::for_marks(10_000);
        let hash = |id| seed.id(CutKind::Token, id);
        (0..10_000).for_each(|id| filter.insert(hash(id)));
        assert!((0..10_000).all(|id| filter.may_hold(hash(id))));
        let suspected = (10_000..110_000).filter(|&id| filter.may_hold(hash(id))).count();
        assert!(suspected < 3_000, "{suspected} of 100,000");
    }
}
