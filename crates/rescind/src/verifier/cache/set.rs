//! One place of the cache, for a few tokens whose hashes lead there.

use std::sync::{Arc, PoisonError};

use arc_swap::ArcSwapOption;

use super::TokenCacheCounts;
use crate::clock::Timestamp;
use crate::replica::Hash;
use crate::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use crate::sync::{Mutex, MutexGuard};
use crate::token::{Rejection, SignedToken};

/// How many tokens a set is for.
pub(super) const WAYS: usize = 8;

#[derive(Default)]
pub(super) struct Set {
    slots: [Slot; WAYS],
    /// Writers take turns.
    writer: Mutex<Writer>,
    hits: AtomicU64,
    misses: AtomicU64,
}

#[derive(Default)]
struct Slot {
    /// The hash of what it holds. A reader that sees an older or newer one than the entry's finds nothing, which is no error.
    hash: AtomicU64,
    entry: ArcSwapOption<Entry>,
}

struct Entry {
    text: Box<str>,
    token: SignedToken,
    /// It was found since room was last made among tokens that were all in use.
    used: AtomicBool,
}

#[derive(Default)]
struct Writer {
    /// What the entries take.
    bytes: usize,
    /// The slot that makes room next.
    hand: usize,
}

impl Set {
    #[inline]
    pub(super) fn find(&self, hash: Hash, text: &str) -> Option<SignedToken> {
        self.slots.iter().find_map(|slot| slot.find(hash, text))
    }

    /// Notes whether a token was found that would be looked for here first.
    #[inline]
    pub(super) fn count(&self, found: bool) {
        let count = if found { &self.hits } else { &self.misses };
        count.fetch_add(1, Ordering::Relaxed);
    }

    /// What its tokens take.
    pub(super) fn bytes(&self) -> usize {
        self.writer().bytes
    }

    /// Keeps a token, where it fits into `room` bytes at all.
    pub(super) fn keep(&self, hash: Hash, text: &str, token: &SignedToken, room: usize, now: Timestamp) {
        let entry = Entry { text: text.into(), token: token.clone(), used: AtomicBool::new(false) };
        let bytes = entry.bytes();
        if bytes > room {
            return;
        }
        let mut writer = self.writer();
        for slot in &self.slots {
            if slot.holds(|held| *held.text == *text || !held.is_of_use(now)) {
                writer.clear(slot);
            }
        }
        while writer.bytes + bytes > room || self.free().is_none() {
            let Some(slot) = self.least_used(&mut writer) else { return };
            writer.clear(slot);
        }
        if let Some(slot) = self.free() {
            slot.hash.store(hash.0, Ordering::Relaxed);
            slot.entry.store(Some(Arc::new(entry)));
            writer.bytes += bytes;
        }
    }

    pub(super) fn empty(&self) {
        let mut writer = self.writer();
        self.slots.iter().for_each(|slot| writer.clear(slot));
    }

    pub(super) fn count_into(&self, sum: &mut TokenCacheCounts) {
        sum.hits += self.hits.load(Ordering::Relaxed);
        sum.misses += self.misses.load(Ordering::Relaxed);
        sum.tokens += self.slots.iter().filter(|slot| slot.holds(|_| true)).count();
        sum.bytes += size_of::<Self>() + self.writer().bytes;
    }

    fn free(&self) -> Option<&Slot> {
        self.slots.iter().find(|slot| !slot.holds(|_| true))
    }

    /// Among those that hold something, the next that was not used; where all were, they all have to be used again.
    fn least_used(&self, writer: &mut Writer) -> Option<&Slot> {
        let next = (0..WAYS).map(|n| (writer.hand + n) % WAYS);
        let mut held = next.filter(|at| self.slots[*at].holds(|_| true));
        let first = held.clone().next()?;
        let at = held.find(|at| !self.slots[*at].holds(Entry::is_used)).unwrap_or_else(|| {
            self.slots.iter().for_each(Slot::forget_use);
            first
        });
        writer.hand = (at + 1) % WAYS;
        Some(&self.slots[at])
    }

    fn writer(&self) -> MutexGuard<'_, Writer> {
        self.writer.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Slot {
    #[inline]
    fn find(&self, hash: Hash, text: &str) -> Option<SignedToken> {
        if self.hash.load(Ordering::Relaxed) != hash.0 {
            return None;
        }
        let entry = self.entry.load();
        let entry = entry.as_deref().filter(|entry| *entry.text == *text)?;
        if !entry.token.keys_are_unchanged() {
            return None;
        }
        // Written only where it says something new: the line is shared by all who read.
        if !entry.is_used() {
            entry.used.store(true, Ordering::Relaxed);
        }
        Some(entry.token.clone())
    }

    fn holds(&self, which: impl FnOnce(&Entry) -> bool) -> bool {
        self.entry.load().as_deref().is_some_and(which)
    }

    fn forget_use(&self) {
        if let Some(entry) = self.entry.load().as_deref() {
            entry.used.store(false, Ordering::Relaxed);
        }
    }
}

impl Entry {
    /// What it takes, with the counts beside it on the heap.
    fn bytes(&self) -> usize {
        let counts = 2 * size_of::<usize>();
        counts + size_of::<Self>() + self.text.len() + counts + self.token.bytes()
    }

    fn is_used(&self) -> bool {
        self.used.load(Ordering::Relaxed)
    }

    fn is_of_use(&self, now: Timestamp) -> bool {
        self.token.keys_are_unchanged() && self.token.check_time(now) != Err(Rejection::Expired)
    }
}

impl Writer {
    fn clear(&mut self, slot: &Slot) {
        if let Some(entry) = slot.entry.swap(None) {
            self.bytes -= entry.bytes();
        }
    }
}
