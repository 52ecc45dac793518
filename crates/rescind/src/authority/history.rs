//! Another history: the store was restored from an older backup, or lost its last commits in a failover.
//!
//! What this node knows to be revoked it goes on refusing, and writes back into the ledger before it serves on.

use std::collections::{BTreeMap, VecDeque};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

use crate::authority::error::{Error, Result};
use crate::authority::{Authority, Caller, FollowListener, Followed, key_care};
use crate::ledger::{Entry, Follow, Mark, Reinstate};
use crate::replica::TokenFacts;
use crate::session::{Chain, Session};

/// What tells that the ledger has lost something, beside the cursor.
#[derive(Default)]
pub(super) struct History {
    /// The ledger is of another history, and not everything has been written back yet.
    lost: AtomicBool,
    own: Mutex<Own>,
    changes: AtomicU64,
    written_back: AtomicU64,
}

/// What came of other histories since the start.
///
/// ```
/// # rescind_examples::run(async |rescind_examples::World { authority, .. }| {
/// let counts = authority.histories();
/// // No backup was restored under this node, and no failover lost a commit.
/// assert_eq!((counts.changes, counts.written_back), (0, 0));
/// # Ok(())
/// # });
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct HistoryCounts {
    /// How often the ledger turned out to be of another history than what this node had read.
    pub changes: u64,
    /// How many marks this node wrote back into a ledger that lacked them.
    pub written_back: u64,
}

/// What this node wrote itself. It was acknowledged before it was read, so the cursor does not vouch for it: a failover may have
/// lost just that.
#[derive(Default)]
struct Own {
    unread: BTreeMap<i64, Mark>,
    /// The last `seq` that was read.
    read_to: i64,
    /// What was read last, for those who hear of their own commit only after it was read.
    recent: VecDeque<(i64, Mark)>,
    /// Something was written that was not read where it should have been.
    missed: bool,
}

/// So many are remembered at the most, the last ones: whoever loses commits loses those first.
const MOST_UNREAD: usize = 65_536;

/// So many of the last that were read: more than are written between a commit and its writer's hearing of it.
const MOST_RECENT: usize = 8_192;

impl History {
    /// Whether a loss was noticed that has not been made good.
    pub(super) fn is_lost(&self) -> bool {
        self.lost.load(Ordering::Acquire)
    }

    /// This node wrote these, and was told that they are durable.
    pub(super) fn wrote(&self, entries: &[Entry]) {
        let mut own = self.own();
        for entry in entries {
            if entry.seq > own.read_to {
                own.unread.insert(entry.seq, entry.mark.clone());
                if own.unread.len() > MOST_UNREAD {
                    own.unread.pop_first();
                }
            } else if own.should_have_been_read(entry) {
                // Committed in a history that was lost before this was heard of, and another has come as far.
                own.missed = true;
            }
        }
    }

    /// The last `seq` that this node was told is durable, and has not read; 0: none.
    pub(super) fn last_unread(&self) -> i64 {
        self.own().unread.last_key_value().map_or(0, |(seq, _)| *seq)
    }

    /// These were read, and with them everything up to `seq`.
    pub(super) fn read<'m>(&self, marks: impl Iterator<Item = (i64, &'m Mark)>, seq: i64) {
        let mut own = self.own();
        own.read_to = own.read_to.max(seq);
        for (seq, mark) in marks {
            if own.unread.get(&seq) == Some(mark) {
                own.unread.remove(&seq);
            }
            own.note(seq, mark);
        }
    }

    /// Whether something should have been read by now that this node wrote, and was not.
    pub(super) fn misses_own(&self) -> bool {
        let own = self.own();
        own.missed || own.unread.first_key_value().is_some_and(|(seq, _)| *seq <= own.read_to)
    }

    /// What was written is in the replica, whose marks are all written back.
    fn begin(&self) {
        if !self.lost.swap(true, Ordering::AcqRel) {
            self.changes.fetch_add(1, Ordering::Relaxed);
        }
        *self.own() = Own::default();
    }

    /// So many marks were written back.
    fn wrote_back(&self, marks: u64) {
        self.written_back.fetch_add(marks, Ordering::Relaxed);
    }

    pub(super) fn counts(&self) -> HistoryCounts {
        HistoryCounts {
            changes: self.changes.load(Ordering::Relaxed),
            written_back: self.written_back.load(Ordering::Relaxed),
        }
    }

    fn end(&self) {
        self.lost.store(false, Ordering::Release);
    }

    fn own(&self) -> MutexGuard<'_, Own> {
        self.own.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Own {
    /// Whether it is of a place that was read lately, and was not there. What stood long before is not asked about: a
    /// repeated cut is answered with it.
    fn should_have_been_read(&self, entry: &Entry) -> bool {
        let lately = self.recent.front().is_some_and(|(first, _)| *first <= entry.seq);
        let read = || {
            let at = self.recent.binary_search_by_key(&entry.seq, |(seq, _)| *seq).ok()?;
            self.recent.get(at).map(|(_, mark)| mark)
        };
        lately && read() != Some(&entry.mark)
    }

    /// Remembers what was read, in the order of the ledger. What is read once more, after a reading that failed midway, leaves
    /// what stands after it.
    fn note(&mut self, seq: i64, mark: &Mark) {
        match self.recent.binary_search_by_key(&seq, |(seq, _)| *seq) {
            Ok(at) => self.recent[at].1 = mark.clone(),
            Err(at) => self.recent.insert(at, (seq, mark.clone())),
        }
        if self.recent.len() > MOST_RECENT {
            self.recent.pop_front();
        }
    }
}

impl Authority {
    /// Goes over to the history that the ledger now is of: writes back what it has lost, and loads it anew. Until that is done this
    /// node is not ready. Where it fails, nothing is forgotten, and the next step of following does it again.
    pub(super) async fn go_over(&self, listener: &dyn FollowListener, followed: &mut Followed) -> Result<()> {
        if !self.history.is_lost() {
            tracing::warn!(
                "the ledger is of another history: what it lacks is written back, then it is loaded anew"
            );
        }
        self.history.begin();
        listener.lost();
        self.replica.doubt();
        let anchor = self.store.head().await?.cursor;
        followed.reinstated = self.reinstate().await?;
        followed.keys_reloaded |= self.go_over_to_keys().await;
        let own = self.history.last_unread();
        let began = self.now();
        let loader = self.replica.load(0);
        let cursor = self.load_into(&loader, began, followed).await?;
        let anchored = self.store.entries_after(anchor, 1).await? != Follow::OtherHistory;
        if !anchored || cursor.seq < own || self.history.misses_own() {
            // It is yet another one, and may lack what stood in the one before or was written back to it.
            return Err(Error::Unavailable);
        }
        listener.found(cursor);
        loader.finish(cursor, began);
        self.history.end();
        tracing::warn!(reinstated = followed.reinstated, "the ledger has what this node knew to be revoked");
        Ok(())
    }

    /// Writes every mark back that the ledger does not have; returns how many those were.
    async fn reinstate(&self) -> Result<u64> {
        let mut held = self.replica.marks_held();
        let mut reinstated = 0;
        loop {
            let marks: Vec<Mark> = held.by_ref().take(Reinstate::MOST).collect();
            if marks.is_empty() {
                return Ok(reinstated);
            }
            let now = self.now();
            let by = Caller::system().provenance(now);
            let batch = Reinstate { marks, access_exp: self.access_exp(now), by };
            let written = self.store.reinstate(batch).await?;
            self.history.wrote(&written);
            self.history.wrote_back(written.len() as u64);
            reinstated += written.len() as u64;
        }
    }

    /// Loads the keys, whatever their version says: two histories number them alike. Where a key was revoked again that signed,
    /// another takes its place.
    async fn go_over_to_keys(&self) -> bool {
        let cared =
            key_care::care(&*self.store, &self.settings, &*self.entropy, &*self.master_keys, self.now())
                .await;
        match cared.and(self.reload_keys().await) {
            Ok(()) => true,
            Err(error) => {
                // Revocations are followed all the same, as ever.
                tracing::error!(%error, ?error, "the keys of the restored store cannot be loaded");
                false
            }
        }
    }

    /// Whether this node knows that a session was ended, or its client deleted, although the store says that it is active.
    pub(super) fn knows_ended(&self, session: &Session) -> bool {
        let facts = TokenFacts {
            session: Some(session.id),
            tenant: Some(session.tenant),
            // The session does not tell what its tokens carry.
            tenant_token_version: Some(i64::MAX),
            client: session.client,
            ..TokenFacts::default()
        };
        self.replica.evaluate(&facts).is_some()
    }

    /// Whether this node knows that a session or its user is revoked beyond what the store says of it: the store has lost
    /// something, or a cut has come since it was asked.
    pub(super) fn knows_better(&self, chain: &Chain) -> bool {
        let facts = TokenFacts {
            session: Some(chain.session),
            user: Some(chain.user),
            tenant: Some(chain.tenant),
            token_version: Some(chain.standing.token_version),
            tenant_token_version: Some(chain.standing.tenant_token_version),
            client: chain.client,
            ..TokenFacts::default()
        };
        self.replica.evaluate(&facts).is_some()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::audit::Actor;
    use crate::clock::Timestamp;
    use crate::ledger::{MarkKey, TokenKey};

    fn entry(seq: i64, jti: &str) -> Entry {
        let key = MarkKey::Token(TokenKey::new(jti));
        let at = Timestamp::from_secs(1_700_000_000);
        Entry {
            seq,
            mark: Mark { tenant: None, key, min_version: None, expires_at: at },
            user: None,
            revoked_at: at,
            reason: None,
            revoked_by: Actor::System,
        }
    }

    fn read(history: &History, entries: &[Entry], seq: i64) {
        history.read(entries.iter().map(|entry| (entry.seq, &entry.mark)), seq);
    }

    #[test]
    fn a_page_that_is_read_once_more_takes_away_none_of_those_after_it() {
        let history = History::default();
        let entries: Vec<Entry> = (1..=4).map(|seq| entry(seq, "a")).collect();
        read(&history, &entries, 4);
        read(&history, &entries[..2], 2);
        history.wrote(&entries[3..]);
        assert!(!history.misses_own(), "it was read before it was heard of");
    }

    #[test]
    fn what_is_read_as_it_was_written_is_not_missed() {
        let history = History::default();
        history.wrote(&[entry(3, "a"), entry(5, "b")]);
        assert_eq!(history.last_unread(), 5);
        read(&history, &[entry(3, "a"), entry(4, "another's")], 4);
        assert!(!history.misses_own());
        read(&history, &[entry(5, "b")], 5);
        assert!(!history.misses_own());
        assert_eq!(history.last_unread(), 0);
    }

    #[test]
    fn what_is_acknowledged_only_after_it_was_read_is_not_missed() {
        let history = History::default();
        read(&history, &[entry(3, "a")], 3);
        history.wrote(&[entry(3, "a")]);
        assert_eq!((history.last_unread(), history.misses_own()), (0, false));
    }

    #[test]
    fn what_was_committed_in_a_lost_history_and_heard_of_later_is_missed() {
        let history = History::default();
        read(&history, &[entry(3, "another's"), entry(4, "c")], 4);
        history.wrote(&[entry(4, "c")]);
        history.wrote(&[entry(1, "repeated")]);
        assert!(!history.misses_own());
        history.wrote(&[entry(3, "a")]);
        assert!(history.misses_own());
    }

    #[test]
    fn another_entry_in_its_place_is_noticed_and_so_is_none() {
        for there in [vec![entry(3, "another's")], vec![]] {
            let history = History::default();
            history.wrote(&[entry(3, "a")]);
            read(&history, &there, 4);
            assert!(history.misses_own());
            history.begin();
            assert!(history.is_lost() && !history.misses_own());
            history.begin();
            assert_eq!(history.counts().changes, 1, "it is tried again, and is the same loss");
        }
    }

    #[test]
    fn the_last_are_remembered() {
        let history = History::default();
        let most = MOST_UNREAD as i64;
        let entries: Vec<_> = (1..=most + 10).map(|seq| entry(seq, "a")).collect();
        history.wrote(&entries);
        assert_eq!((history.last_unread(), history.own().unread.len()), (most + 10, MOST_UNREAD));
    }
}
