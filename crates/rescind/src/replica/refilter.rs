//! How the filter is made anew: when it has taken up more marks than it is right for, or most of those are gone.
//!
//! That is done bit by bit, a shard at each mark that comes, so that none waits for all. Until it is done the old filter
//! serves, which lets a few more absent keys pass.

use std::sync::Arc;

use crate::replica::Replica;
use crate::replica::filter::Filter;
use crate::replica::flat::{IdKey, SHARDS};
use crate::replica::seed::Hash;
use crate::replica::write::Writer;
use crate::sync::atomic::Ordering;

/// The state of the filter, for writers.
#[derive(Default)]
pub(super) struct Refilter {
    /// How many marks the filter has taken up, those that left since among them.
    taken: usize,
    next: Option<Next>,
}

/// A filter in the making.
struct Next {
    filter: Filter,
    /// How many marks it has taken up.
    taken: usize,
    /// How many shards are in it.
    shards: usize,
}

impl Replica {
    /// Takes a mark up into the filter, and into the next one.
    pub(super) fn admit(&self, writer: &mut Writer, hash: Hash) {
        let filter = self.filter.load();
        filter.insert(hash);
        let state = &mut writer.refilter;
        state.taken += 1;
        match &mut state.next {
            Some(next) => {
                next.filter.insert(hash);
                next.taken += 1;
            }
            None if state.taken > filter.room() => self.begin_refilter(state, (self.len() + 1) * 5 / 4),
            None => return,
        }
        self.refilter_some(state);
    }

    /// Makes room for so many marks at once.
    pub(super) fn refilter_for(&self, writer: &mut Writer, marks: usize) {
        if marks <= self.filter.load().room() {
            return;
        }
        self.begin_refilter(&mut writer.refilter, marks.max(self.len()));
        while writer.refilter.next.is_some() {
            self.refilter_some(&mut writer.refilter);
        }
    }

    fn begin_refilter(&self, state: &mut Refilter, room: usize) {
        let filter = Filter::for_marks(room);
        let mut taken = 0;
        self.odd.for_each_hash(|hash| {
            filter.insert(hash);
            taken += 1;
        });
        state.next = Some(Next { filter, taken, shards: 0 });
    }

    fn refilter_some(&self, state: &mut Refilter) {
        const ENOUGH: usize = 1000;
        let Some(mut next) = state.next.take() else { return };
        let tables = self.tables.load();
        let goal = next.taken + ENOUGH;
        while next.taken < goal && next.shards < SHARDS {
            for (id, meta) in tables.shard(next.shards as u8).marks() {
                next.filter.insert(IdKey::new(&self.seed, meta.kind(), id).hash);
                next.taken += 1;
            }
            next.shards += 1;
        }
        if next.shards < SHARDS {
            state.next = Some(next);
        } else {
            state.taken = next.taken;
            let generation = next.filter.generation();
            self.filter.store(Arc::new(next.filter));
            // Last, so that whoever sees it finds the filter.
            self.generation.store(generation, Ordering::Release);
        }
    }
}

impl Writer {
    pub(super) fn next_filter_bytes(&self) -> usize {
        self.refilter.next.as_ref().map_or(0, |next| next.filter.bytes())
    }
}
