//! What a node tells of itself, for whoever watches over it.

use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};
use std::time::Duration;

use crate::authority::error::Result;
use crate::authority::{Authority, HistoryCounts};
use crate::clock::Timestamp;
use crate::store::Connections;

/// For so long after the store refused a write it counts as taking none: most of what is written may still find room, and who
/// looks once a minute is to see it.
const REFUSES_FOR: Duration = Duration::from_secs(120);

/// How far a node and its tasks are behind.
///
/// ```
/// # rescind_examples::run(async |rescind_examples::World { authority, ada, clock, .. }| {
/// use std::time::Duration;
///
/// use rescind::authority::Backlog;
///
/// assert_eq!(authority.backlog().await?, Backlog::default());
/// authority.revoke_all_own(&ada).await?;
/// authority.follow().await?;
/// // Nobody has purged for a day.
/// clock.forward(Duration::from_secs(86_400));
/// let behind = authority.backlog().await?;
/// assert_eq!(behind.unread, 0);
/// assert!(behind.purge_overdue > Duration::from_secs(20 * 3600));
/// # Ok(())
/// # });
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Backlog {
    /// So many places of the ledger its replica has yet to read.
    pub unread: u64,
    /// For so long the entry that expired first could have been purged; zero where there is none.
    pub purge_overdue: Duration,
}

/// When the store was last seen to refuse a write because it can only be read.
#[derive(Debug)]
pub(super) struct WriteWatch {
    seen: AtomicU64,
    /// In milliseconds; the least there is where it never did.
    at: AtomicI64,
}

impl Default for WriteWatch {
    fn default() -> Self {
        Self { seen: AtomicU64::new(0), at: AtomicI64::new(i64::MIN) }
    }
}

impl WriteWatch {
    /// It has refused so many by now.
    pub(super) fn look(&self, refused: u64, now: Timestamp) {
        let seen = self.seen.load(Ordering::Acquire);
        if seen == refused {
            return;
        }
        let known = self.refuses(now);
        // Before the number: whoever finds that known finds the moment.
        self.at.store(now.as_millis(), Ordering::Release);
        let first = self.seen.compare_exchange(seen, refused, Ordering::AcqRel, Ordering::Acquire).is_ok();
        if first && !known {
            tracing::error!("the store takes no writes; tokens are checked as ever");
        }
    }

    /// Whether it did so lately.
    fn refuses(&self, now: Timestamp) -> bool {
        let at = self.at.load(Ordering::Acquire);
        let since = now.as_millis().checked_sub(at).and_then(|millis| u64::try_from(millis).ok());
        since.is_some_and(|millis| Duration::from_millis(millis) < REFUSES_FOR)
    }
}

impl Authority {
    /// Whether the store has taken every write of late, as far as its disk and its mode go: false for two minutes after one was
    /// refused because the disk is full or the server read-only. It may be read all the same, and tokens checked.
    ///
    /// ```
    /// # rescind_examples::run(async |rescind_examples::World { authority, .. }| {
    /// // Neither is its disk full nor its server read-only.
    /// assert!(authority.takes_writes());
    /// assert_eq!(authority.refused_writes(), 0);
    /// # Ok(())
    /// # });
    /// ```
    pub fn takes_writes(&self) -> bool {
        let now = self.now();
        self.writes.look(self.store.refused_writes(), now);
        !self.writes.refuses(now)
    }

    /// How many writes the store refused for that reason since the start.
    ///
    /// ```
    /// # rescind_examples::run(async |rescind_examples::World { authority, ada, .. }| {
    /// authority.revoke_all_own(&ada).await?;
    /// assert_eq!(authority.refused_writes(), 0);
    /// # Ok(())
    /// # });
    /// ```
    pub fn refused_writes(&self) -> u64 {
        self.store.refused_writes()
    }

    /// What is in use of the connections to the store's server, or of the threads that read and write its file.
    ///
    /// ```
    /// # rescind_examples::run(async |rescind_examples::World { authority, .. }| {
    /// let connections = authority.store_connections().ok_or("it has some")?;
    /// assert!(connections.in_use <= connections.most);
    /// assert_eq!(connections.waiting, 0, "nobody asks for anything");
    /// # Ok(())
    /// # });
    /// ```
    pub fn store_connections(&self) -> Option<Connections> {
        self.store.connections()
    }

    /// What came of other histories since the start.
    ///
    /// ```
    /// # rescind_examples::run(async |rescind_examples::World { authority, .. }| {
    /// assert_eq!(authority.histories().changes, 0, "no backup was restored under this node");
    /// # Ok(())
    /// # });
    /// ```
    pub fn histories(&self) -> HistoryCounts {
        self.history.counts()
    }

    /// How far this node and its tasks are behind, asked of the store now.
    ///
    /// ```
    /// # rescind_examples::run(async |rescind_examples::World { authority, ports, ada, .. }| {
    /// use rescind::authority::{Authority, AuthoritySettings};
    ///
    /// # let settings = AuthoritySettings::new("https://auth.example");
    /// # let other_node = Authority::start(ports, settings, || unreachable!("it was started before")).await?;
    /// # let other_node = other_node.authority;
    /// authority.revoke_all_own(&ada).await?;
    /// assert_eq!(other_node.backlog().await?.unread, 1);
    /// other_node.follow().await?;
    /// assert_eq!(other_node.backlog().await?.unread, 0);
    /// # Ok(())
    /// # });
    /// ```
    pub async fn backlog(&self) -> Result<Backlog> {
        let head = self.store.head().await?.cursor;
        let first = self.store.first_expiry().await?;
        let due = self.now().minus(self.purge_margin(None));
        let unread = head.seq.saturating_sub(self.replica.cursor().seq);
        Ok(Backlog {
            unread: u64::try_from(unread).unwrap_or_default(),
            purge_overdue: first.map_or(Duration::ZERO, |first| due.since(first)),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_refusal_is_told_for_two_minutes_and_by_no_clock_of_before() {
        let watch = WriteWatch::default();
        let at = |secs: i64| Timestamp::from_secs(1_700_000_000 + secs);
        watch.look(0, at(0));
        assert!(!watch.refuses(at(0)));
        watch.look(3, at(10));
        watch.look(3, at(100));
        assert!(watch.refuses(at(10)) && watch.refuses(at(129)));
        assert!(!watch.refuses(at(130)) && !watch.refuses(at(9)));
        watch.look(4, at(200));
        assert!(watch.refuses(at(200)));
    }
}
