//! A filter of atomics that answers "surely not there" with one load.

use std::cell::Cell;
use std::sync::Arc;

use crate::replica::seed::Hash;
use crate::sync::atomic::{AtomicU64, Ordering};
use crate::sync::thread_local;

/// A blocked Bloom filter whose blocks are single words: four bits of one word for each key. It errs only by saying
/// "perhaps": about one absent key in a hundred goes on to the exact tables for nothing. All of it lies in one piece, since in
/// scattered pieces the processor spends longer on finding the page than on reading it.
pub(super) struct Filter {
    words: Box<[AtomicU64]>,
    /// Unlike that of any other filter in this process.
    generation: u64,
}

impl Filter {
    const BITS_PER_MARK: usize = 12;

    /// An empty one, right for so many marks.
    pub(super) fn for_marks(marks: usize) -> Self {
        static NEXT: std::sync::atomic::AtomicU64 = std::sync::atomic::AtomicU64::new(1);
        let words = (marks * Self::BITS_PER_MARK).div_ceil(64).max(1);
        Self {
            words: (0..words).map(|_| AtomicU64::new(0)).collect(),
            generation: NEXT.fetch_add(1, Ordering::Relaxed),
        }
    }

    #[inline]
    pub(super) fn may_hold(&self, hash: Hash) -> bool {
        let bits = bits(hash);
        self.words[hash.within(self.words.len())].load(Ordering::Relaxed) & bits == bits
    }

    pub(super) fn insert(&self, hash: Hash) {
        self.words[hash.within(self.words.len())].fetch_or(bits(hash), Ordering::Relaxed);
    }

    /// How many marks it is right for. More are no harm but to speed.
    pub(super) fn room(&self) -> usize {
        self.words.len() * 64 / Self::BITS_PER_MARK
    }

    pub(super) fn generation(&self) -> u64 {
        self.generation
    }

    pub(super) fn bytes(&self) -> usize {
        size_of_val(&*self.words)
    }
}

/// Asks the filter of the generation that counts: the one that this thread used last, or else what `load` brings.
///
/// Every thread keeps hold of that filter, so that a probe needs no guard, which would cost as much as the rest of it. A
/// thread that never asks again holds on to a filter that nobody else needs: a twentieth of the replica at most.
#[inline]
pub(super) fn with_filter<T>(
    current: u64,
    load: impl FnOnce() -> Arc<Filter>,
    ask: impl FnOnce(&Filter) -> T,
) -> T {
    // Taken out and put back, so that asking within asking does no harm; a thread at its end has no place to keep it.
    let last = LAST.try_with(Cell::take).ok().flatten();
    let filter = last.filter(|filter| filter.generation == current).unwrap_or_else(load);
    let answer = ask(&filter);
    let _ = LAST.try_with(|last| last.set(Some(filter)));
    answer
}

thread_local! {
    static LAST: Cell<Option<Arc<Filter>>> = const { Cell::new(None) };
}

impl Hash {
    /// A place among `count`, from the 32 bits that neither the shard nor the filter's bits are taken from.
    #[inline]
    pub(crate) fn within(self, count: usize) -> usize {
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
