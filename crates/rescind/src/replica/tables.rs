//! What readers load at once: all shards, and the filter of the odd marks.

use crate::replica::filter::Filter;
use crate::replica::flat::{IdKey, SHARDS, Shard};

/// The tables, as they are between two changes of size.
#[derive(Clone)]
pub(super) struct Tables {
    pub(super) shards: [Shard; SHARDS],
    pub(super) odd_filter: Filter,
}

impl Tables {
    pub(super) fn empty() -> Self {
        let shard = Shard::empty();
        Self { shards: std::array::from_fn(|_| shard.clone()), odd_filter: Filter::for_marks(0) }
    }

    #[inline]
    pub(super) fn shard(&self, key: IdKey) -> &Shard {
        &self.shards[usize::from(key.shard())]
    }

    pub(super) fn bytes(&self) -> usize {
        size_of::<Self>() + self.odd_filter.bytes() + self.shards.iter().map(Shard::bytes).sum::<usize>()
    }
}
