//! Following the ledger: how this node learns what others wrote, and how fresh it is.

use std::future::poll_fn;
use std::pin::{Pin, pin};
use std::sync::atomic::Ordering;
use std::task::Poll;
use std::time::Duration;

use crate::authority::Authority;
use crate::authority::error::{Error, Result};
use crate::clock::Timestamp;
use crate::ledger::{Cursor, Follow, Head, PlacedMark};
use crate::replica::{Expired, Loader};
use crate::store::traced;
use crate::verifier::{HeadAnswer, HeadUnknown, LedgerHead};

/// How many entries one read of the ledger brings.
const PAGE: u32 = 10_000;

/// How long to wait after keys could not be loaded.
const KEYS_PAUSE: Duration = Duration::from_secs(1);

/// How far this node's clock may be off its store's (design: beyond it the node is not ready).
const LARGEST_SKEW_MS: u64 = 2_000;

/// What a step of following found.
///
/// ```
/// # rescind_examples::run(async |rescind_examples::World { authority, .. }| {
/// use rescind::authority::Followed;
///
/// // Nothing was written since the last step.
/// authority.follow().await?;
/// assert_eq!(authority.follow().await?, Followed::default());
/// # Ok(())
/// # });
/// ```
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

/// Hears what following reads, so that one reading of the ledger serves everybody who waits for it on this node.
///
/// ```
/// # rescind_examples::run(async |rescind_examples::World { authority, ports, ada, .. }| {
/// use std::sync::atomic::{AtomicUsize, Ordering};
///
/// use rescind::authority::{Authority, AuthoritySettings, FollowListener};
/// use rescind::ledger::{Cursor, PlacedMark};
///
/// /// Counts what passes; a server hands it on to those who read the feed.
/// #[derive(Default)]
/// struct Count(AtomicUsize);
///
/// impl FollowListener for Count {
///     fn read(&self, marks: &[PlacedMark], _: Cursor) {
///         self.0.fetch_add(marks.len(), Ordering::Relaxed);
///     }
///     fn lost(&self) {}
///     fn found(&self, _: Cursor) {}
/// }
///
/// # let settings = AuthoritySettings::new("https://auth.example");
/// # let other_node = Authority::start(ports, settings, || unreachable!("it was started before")).await?;
/// # let other_node = other_node.authority;
/// authority.revoke_all_own(&ada).await?;
/// let count = Count::default();
/// other_node.follow_for(&count).await?;
/// assert_eq!(count.0.load(Ordering::Relaxed), 1);
/// # Ok(())
/// # });
/// ```
pub trait FollowListener: Send + Sync {
    /// These marks were read, in order, up to `reached`, and nothing stands between them, or between what was told last and
    /// the first of them. After a reading that failed midway, some are told again. The node counts as fresh only afterwards.
    ///
    /// ```
    /// # rescind_examples::run(async |rescind_examples::World { authority, ports, ada, .. }| {
    /// use std::sync::Mutex;
    ///
    /// use rescind::authority::{Authority, AuthoritySettings, FollowListener};
    /// use rescind::ledger::{Cursor, PlacedMark};
    ///
    /// /// What a reader of the feed has yet to be sent.
    /// #[derive(Default)]
    /// struct Waiting(Mutex<Vec<PlacedMark>>);
    ///
    /// impl FollowListener for Waiting {
    ///     fn read(&self, marks: &[PlacedMark], reached: Cursor) {
    ///         assert_eq!(marks.last().map(|last| last.cursor), Some(reached));
    ///         self.0.lock().expect("nobody panics").extend_from_slice(marks);
    ///     }
    ///     fn lost(&self) {}
    ///     fn found(&self, _: Cursor) {}
    /// }
    /// # let settings = AuthoritySettings::new("https://auth.example");
    /// # let other_node = Authority::start(ports, settings, || unreachable!("it was started before")).await?;
    /// # let other_node = other_node.authority;
    /// authority.revoke_all_own(&ada).await?;
    /// let waiting = Waiting::default();
    /// other_node.follow_for(&waiting).await?;
    /// assert_eq!(waiting.0.lock().expect("nobody panics").len(), 1);
    /// # Ok(())
    /// # });
    /// ```
    fn read(&self, marks: &[PlacedMark], reached: Cursor);
    /// What was told does not lead on to what will be: all is about to be loaded anew.
    ///
    /// ```
    /// # rescind_examples::run(async |rescind_examples::World { authority, .. }| {
    /// use std::sync::atomic::{AtomicUsize, Ordering};
    ///
    /// use rescind::authority::FollowListener;
    /// use rescind::ledger::{Cursor, PlacedMark};
    ///
    /// /// Sends readers away, who then load everything anew.
    /// #[derive(Default)]
    /// struct SentAway(AtomicUsize);
    ///
    /// impl FollowListener for SentAway {
    ///     fn read(&self, _: &[PlacedMark], _: Cursor) {}
    ///     fn lost(&self) {
    ///         self.0.fetch_add(1, Ordering::Relaxed);
    ///     }
    ///     fn found(&self, _: Cursor) {}
    /// }
    /// let sent_away = SentAway::default();
    /// authority.follow_for(&sent_away).await?;
    /// assert_eq!(sent_away.0.load(Ordering::Relaxed), 0);
    /// // What the replica holds is not to be relied on.
    /// authority.replica().doubt();
    /// authority.follow_for(&sent_away).await?;
    /// assert_eq!(sent_away.0.load(Ordering::Relaxed), 1);
    /// # Ok(())
    /// # });
    /// ```
    fn lost(&self);
    /// All was loaded anew, up to here. What is read from now on follows it.
    ///
    /// ```
    /// # rescind_examples::run(async |rescind_examples::World { authority, ada, .. }| {
    /// use std::sync::Mutex;
    ///
    /// use rescind::authority::FollowListener;
    /// use rescind::ledger::{Cursor, PlacedMark};
    ///
    /// /// From where on it was told everything.
    /// #[derive(Default)]
    /// struct Begins(Mutex<Option<Cursor>>);
    ///
    /// impl FollowListener for Begins {
    ///     fn read(&self, _: &[PlacedMark], _: Cursor) {}
    ///     fn lost(&self) {
    ///         *self.0.lock().expect("nobody panics") = None;
    ///     }
    ///     fn found(&self, cursor: Cursor) {
    ///         *self.0.lock().expect("nobody panics") = Some(cursor);
    ///     }
    /// }
    /// authority.revoke_all_own(&ada).await?;
    /// authority.replica().doubt();
    /// let begins = Begins::default();
    /// authority.follow_for(&begins).await?;
    /// assert_eq!(*begins.0.lock().expect("nobody panics"), Some(authority.replica().cursor()));
    /// # Ok(())
    /// # });
    /// ```
    fn found(&self, cursor: Cursor);
}

/// Nobody waits.
struct Nobody;

impl FollowListener for Nobody {
    fn read(&self, _: &[PlacedMark], _: Cursor) {}
    fn lost(&self) {}
    fn found(&self, _: Cursor) {}
}

impl Authority {
    /// Reads the ledger to its end, and the keys where they have changed. Its success makes the replica fresh as of its
    /// beginning. To be called by one task, whenever the ledger may have [changed](Self::changed) or somebody
    /// [waits](crate::replica::Replica::wanted) for it, and every few milliseconds where the store cannot tell.
    ///
    /// ```
    /// # rescind_examples::run(async |rescind_examples::World { authority, ports, ada, pair, .. }| {
    /// use rescind::authority::{Authority, AuthoritySettings};
    /// use rescind::token::Expected;
    /// use secrecy::ExposeSecret as _;
    ///
    /// # let settings = AuthoritySettings::new("https://auth.example");
    /// # let other_node = Authority::start(ports, settings, || unreachable!("it was started before")).await?;
    /// # let other_node = other_node.authority;
    /// let token = pair.access_token.expose_secret();
    /// authority.revoke_all_own(&ada).await?;
    /// assert!(other_node.check(token, Expected::Configured).await.is_ok());
    ///
    /// let followed = other_node.follow().await?;
    /// assert_eq!(followed.entries, 1);
    /// assert!(other_node.check(token, Expected::Configured).await.is_err());
    /// # Ok(())
    /// # });
    /// ```
    pub async fn follow(&self) -> Result<Followed> {
        self.follow_for(&Nobody).await
    }

    /// As [`Authority::follow`], telling `listener` what is read.
    ///
    /// ```
    /// # rescind_examples::run(async |rescind_examples::World { authority, ports, ada, .. }| {
    /// use std::sync::atomic::{AtomicUsize, Ordering};
    ///
    /// use rescind::authority::{Authority, AuthoritySettings, FollowListener};
    /// use rescind::ledger::{Cursor, PlacedMark};
    ///
    /// struct Count(AtomicUsize);
    ///
    /// impl FollowListener for Count {
    ///     fn read(&self, marks: &[PlacedMark], _: Cursor) {
    ///         self.0.fetch_add(marks.len(), Ordering::Relaxed);
    ///     }
    ///     fn lost(&self) {}
    ///     fn found(&self, _: Cursor) {}
    /// }
    /// # let settings = AuthoritySettings::new("https://auth.example");
    /// # let other_node = Authority::start(ports, settings, || unreachable!("it was started before")).await?;
    /// # let other_node = other_node.authority;
    /// authority.revoke_all_own(&ada).await?;
    /// let count = Count(AtomicUsize::new(0));
    /// let followed = other_node.follow_for(&count).await?;
    /// assert_eq!((followed.entries, count.0.into_inner()), (1, 1));
    /// # Ok(())
    /// # });
    /// ```
    pub async fn follow_for(&self, listener: &dyn FollowListener) -> Result<Followed> {
        let own = self.history.last_unread();
        let began = self.now();
        let mut followed = Followed::default();
        self.writes.look(self.store.refused_writes(), began);
        let head = self.store.head().await?;
        followed.keys_reloaded = self.follow_keys(&head, began).await;
        if let Some(skew) = excessive_skew(&head, began) {
            tracing::error!(skew_ms = skew, "this clock is too far off the store's: not fresh");
            return Ok(followed);
        }
        let lost = self.history.is_lost() || head.cursor.seq < own;
        // The clock is asked again: cuts that came while the head was read have moved the replica's own.
        let stepped_back = !lost && self.replica.expire(self.now()) == Expired::ClockSteppedBack;
        if lost || !self.read_on(head.cursor, began, listener, &mut followed).await? {
            self.go_over(listener, &mut followed).await?;
        } else if stepped_back {
            tracing::warn!("the clock stepped back: the ledger is loaded anew");
            listener.lost();
            let loader = self.replica.load(0);
            let cursor = self.load_into(&loader, began, &mut followed).await?;
            listener.found(cursor);
            loader.finish(cursor, began);
        }
        Ok(followed)
    }

    /// Resolves when the ledger may have grown, where the store can tell: see [`crate::ledger::LedgerStore::changed`].
    ///
    /// ```
    /// # rescind_examples::run(async |rescind_examples::World { authority, .. }| {
    /// // On SQLite nobody tells: its head is read every few milliseconds.
    /// assert!(authority.changed().is_none());
    /// # Ok(())
    /// # });
    /// ```
    pub fn changed(&self) -> Option<Pin<Box<dyn Future<Output = ()> + Send + '_>>> {
        self.store.changed()
    }

    /// Whether this is the node that purges and cares for the keys.
    ///
    /// ```
    /// # rescind_examples::run(async |rescind_examples::World { authority, .. }| {
    /// // Of nodes on PostgreSQL one leads; a store that is one machine's has one node only.
    /// assert!(authority.leads());
    /// # Ok(())
    /// # });
    /// ```
    pub fn leads(&self) -> bool {
        self.store.leads()
    }

    /// Whether this node may serve: it has read the ledger to its end, and not too long ago.
    ///
    /// ```
    /// # rescind_examples::run(async |rescind_examples::World { authority, clock, .. }| {
    /// assert!(authority.is_ready());
    /// // It has heard nothing of the ledger for longer than it may.
    /// clock.forward(authority.settings().max_staleness * 2);
    /// assert!(!authority.is_ready());
    /// authority.follow().await?;
    /// assert!(authority.is_ready());
    /// # Ok(())
    /// # });
    /// ```
    pub fn is_ready(&self) -> bool {
        self.replica.staleness(self.now()).is_some_and(|age| age <= self.settings.max_staleness)
    }

    /// That the store answers, and that its clock and ours agree.
    ///
    /// ```
    /// # rescind_examples::run(async |rescind_examples::World { authority, .. }| {
    /// assert_eq!(authority.reach_store().await, Ok(()));
    /// # Ok(())
    /// # });
    /// ```
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
            entries.iter().for_each(|entry| loader.apply(&entry.mark, began));
            self.history.read(entries.iter().map(|entry| (entry.seq, &entry.mark)), next.seq);
            followed.entries += entries.len() as u64;
            cursor = next;
            if is_last(&entries) {
                return Ok(cursor);
            }
        }
    }

    /// Reads from where the replica is to `end`; false where that is of another history, or lacks what this node wrote.
    async fn read_on(
        &self,
        end: Cursor,
        began: Timestamp,
        listener: &dyn FollowListener,
        followed: &mut Followed,
    ) -> Result<bool> {
        let mut cursor = self.replica.cursor();
        let mut passed = Vec::new();
        let mut page = if cursor == end { None } else { Some(self.store.marks_after(cursor, PAGE).await?) };
        while let Some(read) = page {
            let Follow::Entries(marks, next) = read else { return Ok(false) };
            let more = !is_last(&marks) && next != end;
            let following =
                async { if more { self.store.marks_after(next, PAGE).await.map(Some) } else { Ok(None) } };
            let rest = end.seq.saturating_sub(cursor.seq);
            let following = self.take_up_beside(&marks, rest, began, following).await;
            self.history.read(marks.iter().map(|placed| (placed.cursor.seq, &placed.mark)), next.seq);
            listener.read(&marks, next);
            followed.entries += marks.len() as u64;
            // Of many pages the last is enough: so many places are not remembered.
            passed = marks.iter().map(|placed| placed.cursor).collect();
            cursor = next;
            page = following?;
        }
        if self.history.misses_own() {
            return Ok(false);
        }
        self.replica.advance_past(passed, cursor, began);
        Ok(true)
    }

    /// Takes up a page of marks while the following one is fetched. Of the ledger `rest` entries at most have not been taken up.
    async fn take_up_beside<T>(
        &self,
        marks: &[PlacedMark],
        rest: i64,
        began: Timestamp,
        following: impl Future<Output = T>,
    ) -> T {
        let mut marks = marks.iter().map(|placed| &placed.mark);
        if self.replica.as_of().is_some() {
            self.take_up(marks, began);
            return following.await;
        }
        // At the start everything is news here, the shared cache has had it from others, and nobody waits to hear of it.
        let loader = self.replica.load_more(usize::try_from(rest).unwrap_or(0));
        beside(following, || marks.next().map(|mark| loader.apply(mark, began))).await
    }
}

/// Asks the store: for checks that are to be fresh.
impl LedgerHead for Authority {
    fn head(&self) -> HeadAnswer<'_> {
        Box::pin(async {
            traced("head", self.store.head()).await.map(|head| head.cursor).map_err(|error| {
                // Following the ledger says so aloud, and once.
                tracing::debug!(%error, "the ledger cannot be asked where it ends");
                HeadUnknown
            })
        })
    }
}

/// What comes of `other`, once `work` has nothing left to do; both go on by turns.
async fn beside<T>(other: impl Future<Output = T>, mut work: impl FnMut() -> Option<()>) -> T {
    const AT_ONCE: usize = 500;
    let mut other = pin!(other);
    let mut outcome = None;
    poll_fn(|cx| {
        if outcome.is_none()
            && let Poll::Ready(done) = other.as_mut().poll(cx)
        {
            outcome = Some(done);
        }
        if std::iter::from_fn(&mut work).take(AT_ONCE).count() == AT_ONCE {
            cx.waker().wake_by_ref();
            return Poll::Pending;
        }
        outcome.take().map_or(Poll::Pending, Poll::Ready)
    })
    .await
}

fn is_last<T>(entries: &[T]) -> bool {
    entries.len() < PAGE as usize
}

fn excessive_skew(head: &Head, now: Timestamp) -> Option<u64> {
    let store_time = head.store_time?;
    let skew = store_time.as_millis().abs_diff(now.as_millis());
    (skew > LARGEST_SKEW_MS).then_some(skew)
}
