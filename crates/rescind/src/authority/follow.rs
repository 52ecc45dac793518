//! Following the ledger: how this node learns what others wrote, and how fresh it is.

use std::pin::Pin;
use std::sync::atomic::Ordering;
use std::time::Duration;

use crate::authority::Authority;
use crate::authority::error::{Error, Result};
use crate::clock::Timestamp;
use crate::ledger::{Cursor, Entry, Follow, Head};
use crate::replica::{Expired, Loader};

/// How many entries one read of the ledger brings.
const PAGE: u32 = 10_000;

/// How long to wait after keys could not be loaded.
const KEYS_PAUSE: Duration = Duration::from_secs(1);

/// How far this node's clock may be off its store's (design: beyond it the node is not ready).
const LARGEST_SKEW_MS: u64 = 2_000;

/// What a step of following found.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Followed {
    /// How many entries were read.
    pub entries: u64,
    /// Whether the ledger was of another history, or the clock stepped back, and it was loaded anew.
    pub reloaded: bool,
    /// How many revocations were written back that another history lacked.
    pub reinstated: u64,
    /// Whether the keys were loaded anew.
    pub keys_reloaded: bool,
}

impl Authority {
    /// Reads the ledger to its end, and the keys where they have changed. Its success makes the replica fresh as of its
    /// beginning. To be called by one task, whenever the ledger may have [changed](Self::changed), and every few milliseconds where the store
    /// cannot tell.
    pub async fn follow(&self) -> Result<Followed> {
        let own = self.history.last_unread();
        let began = self.now();
        let mut followed = Followed::default();
        let head = self.store.head().await?;
        followed.keys_reloaded = self.follow_keys(&head, began).await;
        if let Some(skew) = excessive_skew(&head, began) {
            tracing::error!(skew_ms = skew, "this clock is too far off the store's: not fresh");
            return Ok(followed);
        }
        let lost = self.history.is_lost() || head.cursor.seq < own;
        // The clock is asked again: cuts that came while the head was read have moved the replica's own.
        let stepped_back = !lost && self.replica.expire(self.now()) == Expired::ClockSteppedBack;
        if lost || !self.read_on(self.replica.cursor(), head.cursor, began, &mut followed).await? {
            self.go_over(&mut followed).await?;
        } else if stepped_back {
            tracing::warn!("the clock stepped back: the ledger is loaded anew");
            let loader = self.replica.load(0);
            let cursor = self.load_into(&loader, began, &mut followed).await?;
            loader.finish(cursor, began);
        }
        Ok(followed)
    }

    /// Resolves when the ledger may have grown, where the store can tell: see [`crate::ledger::LedgerStore::changed`].
    pub fn changed(&self) -> Option<Pin<Box<dyn Future<Output = ()> + Send + '_>>> {
        self.store.changed()
    }

    /// Whether this is the node that purges and cares for the keys.
    pub fn leads(&self) -> bool {
        self.store.leads()
    }

    /// Whether this node may serve: it has read the ledger to its end, and not too long ago.
    pub fn is_ready(&self) -> bool {
        self.replica.staleness(self.now()).is_some_and(|age| age <= self.settings.max_staleness)
    }

    /// That the store answers, and that its clock and ours agree.
    pub async fn reach_store(&self) -> Result<()> {
        let began = self.now();
        let head = self.store.head().await?;
        match excessive_skew(&head, began) {
            Some(_) => Err(Error::Unavailable),
            None => Ok(()),
        }
    }

    /// Loads the keys if they have changed. Where that fails, revocations are followed all the same (a key that was cut has its
    /// mark in the ledger), and it is tried again a second later.
    async fn follow_keys(&self, head: &Head, now: Timestamp) -> bool {
        if head.keys_version == self.keyring.load().version() {
            return false;
        }
        let failed_at = Timestamp::from_millis(self.keys_failed_at.load(Ordering::Relaxed));
        if now.since(failed_at) < KEYS_PAUSE {
            return false;
        }
        match self.reload_keys().await {
            Ok(()) => true,
            Err(error) => {
                self.keys_failed_at.store(now.as_millis(), Ordering::Relaxed);
                tracing::error!(%error, ?error, "the keys have changed and cannot be loaded");
                false
            }
        }
    }

    /// Loads everything anew, and returns the place that was reached. What is known to be revoked stays refused meanwhile, and
    /// until it expires.
    pub(super) async fn load_into(
        &self,
        loader: &Loader<'_>,
        began: Timestamp,
        followed: &mut Followed,
    ) -> Result<Cursor> {
        followed.reloaded = true;
        let mut cursor = Cursor::default();
        loop {
            let Follow::Entries(entries, next) = self.store.entries_after(cursor, PAGE).await? else {
                return Err(Error::internal("the ledger changed its history while it was loaded"));
            };
            for entry in &entries {
                loader.apply(&entry.mark, began);
            }
            self.history.read(&entries, next.seq);
            followed.entries += entries.len() as u64;
            cursor = next;
            if is_last(&entries) {
                return Ok(cursor);
            }
        }
    }

    /// Reads from `cursor` to `end`; false where that is of another history, or lacks what this node wrote.
    async fn read_on(
        &self,
        mut cursor: Cursor,
        end: Cursor,
        began: Timestamp,
        followed: &mut Followed,
    ) -> Result<bool> {
        while cursor != end {
            let Follow::Entries(entries, next) = self.store.entries_after(cursor, PAGE).await? else {
                return Ok(false);
            };
            for entry in &entries {
                self.replica.apply(&entry.mark, began);
            }
            self.history.read(&entries, next.seq);
            followed.entries += entries.len() as u64;
            cursor = next;
            if is_last(&entries) {
                break;
            }
        }
        if self.history.misses_own() {
            return Ok(false);
        }
        self.replica.advance(cursor, began);
        Ok(true)
    }
}

fn is_last(entries: &[Entry]) -> bool {
    entries.len() < PAGE as usize
}

fn excessive_skew(head: &Head, now: Timestamp) -> Option<u64> {
    let store_time = head.store_time?;
    let skew = store_time.as_millis().abs_diff(now.as_millis());
    (skew > LARGEST_SKEW_MS).then_some(skew)
}
