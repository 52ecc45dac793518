//! All shards: what is replaced when the size of one changes.

use crate::replica::flat::{IdKey, Meta, SHARDS, Shard};
use crate::replica::seed::Seed;

/// The tables, as they are between two changes of size.
#[derive(Clone)]
pub(super) struct Tables([Shard; SHARDS]);

impl Tables {
    pub(super) fn empty() -> Self {
        let shard = Shard::with_room(0, 0);
        Self(std::array::from_fn(|_| shard.clone()))
    }

    #[inline]
    pub(super) fn shard(&self, number: u8) -> &Shard {
        &self.0[usize::from(number)]
    }

    /// The same with some shards rebuilt: of each of `shards`, the room for so many marks, and what `keep` keeps.
    pub(super) fn rebuilt(
        &self,
        shards: impl IntoIterator<Item = (u8, usize)>,
        keep: impl Fn(Meta) -> bool,
        seed: &Seed,
    ) -> Self {
        let mut new = self.clone();
        for (number, room) in shards {
            let shard = Shard::with_room(room, number);
            for (id, meta) in self.shard(number).marks().filter(|&(_, meta)| keep(meta)) {
                shard.insert(IdKey::new(seed, meta.kind(), id), meta);
            }
            new.0[usize::from(number)] = shard;
        }
        new
    }

    pub(super) fn bytes(&self) -> usize {
        size_of::<Self>() + self.0.iter().map(Shard::bytes).sum::<usize>()
    }
}
