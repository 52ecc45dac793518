//! How marks come into the replica, and how they leave it.

use std::sync::Arc;
use std::time::Duration;

use uuid::Uuid;

use crate::clock::Timestamp;
use crate::id::{ClientId, SessionId, TenantId};
use crate::ledger::{Cursor, CutKind, Mark, MarkKey, TokenKey};
use crate::replica::expiry::{Bucket, Calendar, Expiry};
use crate::replica::flat::{IdKey, IdKind, Meta, SHARDS};
use crate::replica::odd::{OddKey, Scoped};
use crate::replica::refilter::Refilter;
use crate::replica::tenants::TenantNumbers;
use crate::replica::{NEVER, Replica};
use crate::sync::atomic::Ordering;

/// What [`Replica::expire`] did.
///
/// ```
/// use rescind::clock::Timestamp;
/// use rescind::ledger::Cursor;
/// use rescind::replica::{Expired, Replica};
///
/// let replica = Replica::new(&rescind::system::SystemEntropy, Default::default());
/// replica.load(0).finish(Cursor::default(), Timestamp::from_secs(1_700_000_000));
/// match replica.expire(Timestamp::from_secs(1_700_000_060)) {
///     Expired::Dropped(marks) => assert_eq!(marks, 0, "there were none"),
///     Expired::ClockSteppedBack => unreachable!("a minute has passed"),
/// }
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[must_use = "after a step back of the clock the replica must be loaded anew"]
pub enum Expired {
    /// So many marks left.
    Dropped(usize),
    /// The clock is earlier than it was: marks of tokens that are alive again may have been dropped. The replica counts as
    /// never synced, and this is the answer (also after [`Replica::doubt`]), until it is loaded anew ([`Replica::load`]).
    ClockSteppedBack,
}

impl Replica {
    /// Adds a mark; returns whether it says anything new. Repeating one changes nothing; a version is never lowered, and of
    /// two expiries the later one counts. A mark that has expired by `now` is not taken up.
    ///
    /// The cursor does not move: a node applies what it wrote itself at once, in whatever order.
    ///
    /// ```
    /// use std::time::Duration;
    /// use rescind::ledger::{CutKind, Mark, MarkKey};
    /// use rescind::replica::{Replica, TokenFacts};
    /// # use rescind::clock::Timestamp;
    /// # use rescind::id::{TenantId, UserId};
    /// # let (tenant, user) = (TenantId(uuid::Uuid::from_u128(1)), UserId(uuid::Uuid::from_u128(2)));
    /// # let replica = Replica::new(&rescind::system::SystemEntropy, Duration::from_secs(30));
    /// # let now = Timestamp::from_secs(1_700_000_000);
    ///
    /// let below = |version| Mark {
    ///     tenant: Some(tenant),
    ///     key: MarkKey::User(user),
    ///     min_version: Some(version),
    ///     expires_at: now.plus(Duration::from_secs(900)),
    /// };
    /// assert!(replica.apply(&below(7), now));
    /// assert!(!replica.apply(&below(7), now), "nothing new");
    /// assert!(!replica.apply(&below(5), now), "a version is never lowered");
    ///
    /// let token = TokenFacts { tenant: Some(tenant), user: Some(user), ..TokenFacts::default() };
    /// let version_6 = TokenFacts { token_version: Some(6), ..token };
    /// assert_eq!(replica.evaluate(&version_6), Some(CutKind::User));
    /// ```
    pub fn apply(&self, mark: &Mark, now: Timestamp) -> bool {
        let changed = self.take(mark, now);
        if changed {
            self.tick();
        }
        changed
    }

    /// Says that everything up to `cursor` has been applied, by reading in order, in a read that began at `read_began`.
    /// Neither the cursor nor the freshness moves back.
    ///
    /// ```
    /// use rescind::clock::Timestamp;
    /// use rescind::ledger::Cursor;
    /// use rescind::replica::Replica;
    /// # let replica = Replica::new(&rescind::system::SystemEntropy, std::time::Duration::from_secs(30));
    /// # let (earlier, later) = (Timestamp::from_secs(1_700_000_000), Timestamp::from_secs(1_700_000_001));
    ///
    /// let cursor = |seq| Cursor { seq, tag: [0xa7; 16] };
    /// replica.advance(cursor(2), later);
    /// replica.advance(cursor(1), earlier);
    /// assert_eq!((replica.cursor(), replica.as_of()), (cursor(2), Some(later)));
    /// ```
    pub fn advance(&self, cursor: Cursor, read_began: Timestamp) {
        self.advance_past(std::iter::empty(), cursor, read_began);
    }

    /// As [`Replica::advance`], naming the places that were come past on the way, in order: so that whoever was told that the
    /// ledger ends at one of them, while it grew on, sees that it was [reached](Replica::reached).
    ///
    /// ```
    /// use rescind::clock::Timestamp;
    /// use rescind::ledger::Cursor;
    /// use rescind::replica::Replica;
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() {
    /// let replica = Replica::new(&rescind::system::SystemEntropy, Default::default());
    /// let place = |seq| Cursor { seq, tag: [0xa7; 16] };
    /// replica.advance_past([place(1), place(2)], place(3), Timestamp::from_secs(1_700_000_000));
    /// // Who was told that the ledger ends at 2 need not wait.
    /// assert!(replica.reached(place(2)).await);
    /// # }
    /// ```
    pub fn advance_past(
        &self,
        places: impl IntoIterator<Item = Cursor>,
        cursor: Cursor,
        read_began: Timestamp,
    ) {
        let writer = self.writer();
        if !writer.must_load {
            self.as_of.fetch_max(read_began.as_millis(), Ordering::AcqRel);
        }
        self.changes.send_if_modified(|current| {
            let ahead = cursor.seq > current.seq;
            if ahead {
                let mut path = self.path();
                places.into_iter().filter(|place| place.seq < cursor.seq).for_each(|place| path.go_on(place));
                path.go_on(cursor);
                *current = cursor;
            }
            ahead
        });
    }

    /// Begins to load everything anew, from a snapshot of about `expected` marks: at the start, when the
    /// cursor turned out to be of another history, or after the clock stepped back. What is held stays held until it
    /// expires, and new marks count at once.
    ///
    /// ```
    /// # use std::time::Duration;
    /// use rescind::clock::Timestamp;
    /// use rescind::ledger::{Cursor, Mark, MarkKey};
    /// use rescind::replica::{Replica, TokenFacts};
    /// # use rescind::id::SessionId;
    /// # let [held, read] = [1, 2].map(|n| SessionId(uuid::Uuid::from_u128(n)));
    /// # let replica = Replica::new(&rescind::system::SystemEntropy, Duration::from_secs(30));
    /// # let now = Timestamp::from_secs(1_700_000_000);
    /// # let ended = |id| Mark {
    /// #     tenant: None,
    /// #     key: MarkKey::Session(id),
    /// #     min_version: None,
    /// #     expires_at: now.plus(Duration::from_secs(900)),
    /// # };
    /// let is_dead = |id| {
    ///     let token = TokenFacts { session: Some(id), ..TokenFacts::default() };
    ///     replica.evaluate(&token).is_some()
    /// };
    ///
    /// replica.apply(&ended(held), now);
    /// let loader = replica.load(1);
    /// loader.apply(&ended(read), now);
    /// assert!(is_dead(held) && is_dead(read));
    /// assert_eq!(replica.as_of(), None, "not all has been read yet");
    ///
    /// loader.finish(Cursor { seq: 1, tag: [0xa7; 16] }, now);
    /// assert!(is_dead(held), "though the new history does not know it");
    /// assert_eq!(replica.as_of(), Some(now));
    /// ```
    pub fn load(&self, expected: usize) -> Loader<'_> {
        if expected > 0 {
            self.reserve(expected);
        }
        Loader { replica: self, doubts: self.writer().doubts }
    }

    /// Goes on with loading, where at most `rest` marks are yet to come: [`Replica::load`] for whoever cannot tell how many there are, and
    /// calls this for each part. Room is made for as many again as there are, and not for all at once: most of what a ledger has
    /// numbered may be long gone.
    ///
    /// ```
    /// use rescind::clock::Timestamp;
    /// use rescind::ledger::{Cursor, CutKind, Mark, MarkKey};
    /// use rescind::replica::Replica;
    ///
    /// let replica = Replica::new(&rescind::system::SystemEntropy, Default::default());
    /// let now = Timestamp::from_secs(1_700_000_000);
    /// let cut = |kid: &str| {
    ///     let key = MarkKey::Key(kid.into());
    ///     Mark { tenant: None, key, min_version: None, expires_at: Timestamp::MAX }
    /// };
    ///
    /// // Page by page; at most one entry is left after the first.
    /// replica.load_more(2).apply(&cut("k1"), now);
    /// let last = replica.load_more(1);
    /// last.apply(&cut("k2"), now);
    /// last.finish(Cursor { seq: 2, tag: [0xa7; 16] }, now);
    /// assert_eq!(replica.count(CutKind::Key), 2);
    /// ```
    pub fn load_more(&self, rest: usize) -> Loader<'_> {
        let held = self.len();
        let more = rest.min(held.max(LEAST_GROWTH));
        if self.filter.load().room() < held + more.min(LEAST_GROWTH) {
            self.reserve(held + more);
        }
        self.load(0)
    }

    /// Counts as never synced until everything is loaded anew: the ledger is of another history, and who knows what was revoked in
    /// it. What is held stays held.
    ///
    /// ```
    /// use rescind::clock::Timestamp;
    /// use rescind::ledger::Cursor;
    /// use rescind::replica::Replica;
    ///
    /// let replica = Replica::new(&rescind::system::SystemEntropy, std::time::Duration::from_secs(30));
    /// let now = Timestamp::from_secs(1_700_000_000);
    /// replica.load(0).finish(Cursor::default(), now);
    /// replica.doubt();
    /// replica.advance(Cursor { seq: 1, tag: [0xa7; 16] }, now);
    /// assert_eq!(replica.as_of(), None, "reading on is not enough");
    /// replica.load(0).finish(Cursor { seq: 1, tag: [0xa7; 16] }, now);
    /// assert_eq!(replica.as_of(), Some(now));
    /// ```
    pub fn doubt(&self) {
        self.writer().doubt();
        self.as_of.store(NEVER, Ordering::Release);
    }

    /// Loads a whole new history in one go: see [`Replica::load`].
    ///
    /// ```
    /// use rescind::clock::Timestamp;
    /// use rescind::ledger::{Cursor, Mark, MarkKey};
    /// use rescind::replica::Replica;
    ///
    /// let replica = Replica::new(&rescind::system::SystemEntropy, Default::default());
    /// let (now, end) = (Timestamp::from_secs(1_700_000_000), Cursor { seq: 9, tag: [0xa7; 16] });
    /// let cut = Mark { tenant: None, key: MarkKey::Key("k1".into()), min_version: None, expires_at: Timestamp::MAX };
    /// replica.replace_with([cut], end, now, now);
    /// assert_eq!((replica.len(), replica.cursor()), (1, end));
    /// ```
    pub fn replace_with(
        &self,
        marks: impl IntoIterator<Item = Mark>,
        cursor: Cursor,
        read_began: Timestamp,
        now: Timestamp,
    ) {
        let marks = marks.into_iter();
        let loader = self.load(marks.size_hint().0);
        marks.for_each(|mark| loader.apply(&mark, now));
        loader.finish(cursor, read_began);
    }

    /// Drops the marks whose expiry plus leeway has passed, a minute's worth at a time. To be called every few seconds.
    ///
    /// ```
    /// use std::time::Duration;
    /// use rescind::clock::Timestamp;
    /// use rescind::ledger::{Cursor, Mark, MarkKey, TokenKey};
    /// use rescind::replica::{Expired, Replica};
    ///
    /// let replica = Replica::new(&rescind::system::SystemEntropy, Duration::from_secs(30));
    /// let start = Timestamp::from_secs(1_700_000_000);
    /// let after = |seconds| start.plus(Duration::from_secs(seconds));
    /// replica.load(0).finish(Cursor::default(), start);
    /// let key = MarkKey::Token(TokenKey::new("01900000-0000-7000-8000-000000000001"));
    /// replica.apply(&Mark { tenant: None, key, min_version: None, expires_at: after(900) }, start);
    ///
    /// // A verifier that grants leeway still takes the token when it has just expired.
    /// assert_eq!(replica.expire(after(910)), Expired::Dropped(0));
    /// assert_eq!(replica.expire(after(1100)), Expired::Dropped(1));
    ///
    /// // By a clock that says so, the token is alive again and its mark gone: no verifier may rely on that.
    /// assert_eq!(replica.expire(after(800)), Expired::ClockSteppedBack);
    /// assert_eq!(replica.as_of(), None);
    /// ```
    pub fn expire(&self, now: Timestamp) -> Expired {
        let last = {
            let mut writer = self.writer();
            if now.plus(TOLERATED_STEP) < writer.newest {
                writer.restart_at(now, self.slack());
                self.as_of.store(NEVER, Ordering::Release);
            }
            if writer.must_load {
                return Expired::ClockSteppedBack;
            }
            writer.observe(now, self.slack());
            if !writer.calendar.any_until(writer.gone) {
                return Expired::Dropped(0);
            }
            writer.gone
        };
        // Shard by shard, so that nobody's cut waits for the whole sweep.
        let of_ids: usize = (0..=u8::MAX).map(|shard| self.sweep(shard, last)).sum();
        Expired::Dropped(of_ids + self.sweep_odd(last))
    }

    fn take(&self, mark: &Mark, now: Timestamp) -> bool {
        let expiry = Expiry::at(mark.expires_at);
        let mut writer = self.writer();
        writer.observe(now, self.slack());
        if expiry.bucket() <= writer.gone {
            return false;
        }
        match (self.id_key(&mark.key), OddKey::of(&mark.key)) {
            (Some(key), _) => self.take_id(&mut writer, key, mark.tenant, expiry),
            (None, Some(key)) => self.take_odd(&mut writer, key, mark, expiry),
            (None, None) => false,
        }
    }

    fn take_id(&self, writer: &mut Writer, key: IdKey, tenant: Option<TenantId>, expiry: Expiry) -> bool {
        let tenant = writer.tenants.of(tenant, &self.tenants);
        let meta = Meta::new(key.kind, tenant, expiry);
        let tables = self.tables.load();
        let shard = tables.shard(key.shard());
        let known = self.filter.load().may_hold(key.hash);
        let stood = if known { shard.find(key, |m| m.tenant() == tenant) } else { None };
        if let Some((at, stood)) = stood {
            let later = expiry > stood.expiry();
            if later {
                shard.replace(at, meta);
                writer.calendar.leave(stood.expiry());
                writer.calendar.enter(expiry);
            }
            return later;
        }
        let held = &mut writer.held[usize::from(key.shard())];
        *held += 1;
        if *held <= shard.room() {
            shard.insert(key, meta);
        } else {
            let roomier = tables.rebuilt([(key.shard(), *held)], |_| true, &self.seed);
            roomier.shard(key.shard()).insert(key, meta);
            self.tables.store(Arc::new(roomier));
        }
        self.admit(writer, key.hash);
        self.enter(writer, key.kind.cut(), expiry);
        true
    }

    fn take_odd(&self, writer: &mut Writer, key: OddKey<'_>, mark: &Mark, expiry: Expiry) -> bool {
        let hash = key.hash(&self.seed);
        let min_version = match mark.kind() {
            CutKind::User | CutKind::Tenant => mark.min_version.unwrap_or(i64::MAX),
            _ => i64::MAX,
        };
        let scoped = Scoped { tenant: mark.tenant, min_version, expiry };
        let (stood, stands) = self.odd.apply(&mark.key, hash, scoped);
        if let Some(stood) = stood {
            writer.calendar.leave(stood.expiry);
            writer.calendar.enter(stands.expiry);
            return stands != stood;
        }
        self.admit(writer, hash);
        self.enter(writer, mark.kind(), expiry);
        if mark.kind() == CutKind::Key {
            self.key_cuts.fetch_add(1, Ordering::AcqRel);
        }
        true
    }

    fn enter(&self, writer: &mut Writer, kind: CutKind, expiry: Expiry) {
        writer.calendar.enter(expiry);
        self.counts[kind as usize].fetch_add(1, Ordering::Release);
    }

    fn leave(&self, writer: &mut Writer, kind: CutKind, expiry: Expiry) {
        writer.calendar.leave(expiry);
        self.counts[kind as usize].fetch_sub(1, Ordering::Release);
    }

    fn sweep(&self, shard: u8, last: Bucket) -> usize {
        let mut writer = self.writer();
        let tables = self.tables.load();
        let gone = |meta: Meta| meta.expiry().bucket() <= last;
        let leaving: Vec<Meta> =
            tables.shard(shard).marks().map(|(_, meta)| meta).filter(|&meta| gone(meta)).collect();
        if leaving.is_empty() {
            return 0;
        }
        let held = &mut writer.held[usize::from(shard)];
        *held -= leaving.len();
        self.tables.store(Arc::new(tables.rebuilt([(shard, *held)], |meta| !gone(meta), &self.seed)));
        leaving.iter().for_each(|meta| self.leave(&mut writer, meta.kind().cut(), meta.expiry()));
        leaving.len()
    }

    fn sweep_odd(&self, last: Bucket) -> usize {
        let mut writer = self.writer();
        let mut leaving = Vec::new();
        self.odd.drop_where(|key, mark| {
            let gone = mark.expiry.bucket() <= last;
            if gone {
                leaving.push((key.kind(), mark.expiry));
            }
            gone
        });
        leaving.iter().for_each(|&(kind, expiry)| self.leave(&mut writer, kind, expiry));
        leaving.len()
    }

    fn reserve(&self, expected: usize) {
        let mut writer = self.writer();
        // Shards fill unevenly: four standard deviations more than an even share.
        let share = expected.div_ceil(SHARDS);
        let share = share + 4 * share.isqrt();
        let tables = self.tables.load();
        let tight = (0..=u8::MAX).filter(|&number| tables.shard(number).room() < share);
        let rooms = tight.map(|number| (number, writer.held[usize::from(number)].max(share)));
        self.tables.store(Arc::new(tables.rebuilt(rooms, |_| true, &self.seed)));
        self.refilter_for(&mut writer, expected);
    }

    fn id_key(&self, key: &MarkKey) -> Option<IdKey> {
        let (kind, id) = match key {
            MarkKey::Token(TokenKey::Uuid(id)) => (IdKind::Token, id.as_u128()),
            MarkKey::Session(id) => (IdKind::Session, id.0.as_u128()),
            MarkKey::Client(id) => (IdKind::Client, id.0.as_u128()),
            _ => return None,
        };
        Some(IdKey::new(&self.seed, kind, id))
    }

    fn tick(&self) {
        self.changes.send_modify(|_| ());
    }

    /// A step back of the clock that goes unnoticed must not bring tokens to life whose marks are gone.
    fn slack(&self) -> Duration {
        self.leeway + TOLERATED_STEP
    }
}

/// Loads a snapshot. Dropped before [`Loader::finish`], it leaves marks that are right, and freshness as it was.
///
/// ```
/// use rescind::clock::Timestamp;
/// use rescind::ledger::Cursor;
/// use rescind::replica::Replica;
///
/// let replica = Replica::new(&rescind::system::SystemEntropy, Default::default());
/// // The snapshot broke off: nothing counts as read.
/// drop(replica.load(1000));
/// assert_eq!(replica.as_of(), None);
///
/// let now = Timestamp::from_secs(1_700_000_000);
/// replica.load(1000).finish(Cursor::default(), now);
/// assert_eq!(replica.as_of(), Some(now));
/// ```
#[must_use = "nothing counts as loaded before `finish`"]
#[derive(Debug)]
pub struct Loader<'a> {
    replica: &'a Replica,
    doubts: u64,
}

impl Loader<'_> {
    /// Adds a mark: see [`Replica::apply`].
    ///
    /// ```
    /// use rescind::clock::Timestamp;
    /// use rescind::ledger::{Cursor, Mark, MarkKey};
    /// use rescind::replica::Replica;
    ///
    /// let replica = Replica::new(&rescind::system::SystemEntropy, Default::default());
    /// let now = Timestamp::from_secs(1_700_000_000);
    /// let cut = Mark { tenant: None, key: MarkKey::Key("k1".into()), min_version: None, expires_at: Timestamp::MAX };
    /// let loader = replica.load(1);
    /// loader.apply(&cut, now);
    /// assert_eq!(replica.len(), 1, "it holds from now on, whatever comes of the loading");
    /// # loader.finish(Cursor::default(), now);
    /// ```
    pub fn apply(&self, mark: &Mark, now: Timestamp) {
        self.replica.take(mark, now);
    }

    /// Everything has been applied: the snapshot ends at `cursor`, whatever the cursor was before, and the read of it began
    /// at `read_began`. Where the clock stepped back since the loading began, or it was [doubted](Replica::doubt), it has to be
    /// done again.
    ///
    /// ```
    /// use rescind::clock::Timestamp;
    /// use rescind::ledger::Cursor;
    /// use rescind::replica::Replica;
    ///
    /// let replica = Replica::new(&rescind::system::SystemEntropy, Default::default());
    /// let (now, end) = (Timestamp::from_secs(1_700_000_000), Cursor { seq: 9, tag: [0xa7; 16] });
    /// let loader = replica.load(0);
    /// // While it was read, the ledger turned out to be of another history.
    /// replica.doubt();
    /// loader.finish(end, now);
    /// assert_eq!(replica.as_of(), None, "it has to be read once more");
    /// ```
    pub fn finish(self, cursor: Cursor, read_began: Timestamp) {
        let mut writer = self.replica.writer();
        if self.doubts == writer.doubts {
            writer.must_load = false;
            self.replica.as_of.fetch_max(read_began.as_millis(), Ordering::AcqRel);
        }
        self.replica.path().begin_at(cursor);
        self.replica.changes.send_replace(cursor);
    }
}

/// What only writers touch.
pub(super) struct Writer {
    /// The newest moment seen.
    newest: Timestamp,
    /// The last bucket whose marks are gone by then.
    gone: Bucket,
    calendar: Calendar,
    tenants: TenantNumbers,
    held: [usize; SHARDS],
    pub(super) refilter: Refilter,
    /// Marks may be missing, and nothing has been loaded since.
    must_load: bool,
    /// How often that came to be so.
    doubts: u64,
}

impl Default for Writer {
    fn default() -> Self {
        let newest = Timestamp::default();
        Self {
            newest,
            gone: Bucket::gone_at(newest, Duration::ZERO),
            calendar: Calendar::default(),
            tenants: TenantNumbers::default(),
            held: [0; SHARDS],
            refilter: Refilter::default(),
            must_load: false,
            doubts: 0,
        }
    }
}

impl Writer {
    fn observe(&mut self, now: Timestamp, slack: Duration) {
        if now > self.newest {
            self.newest = now;
            self.gone = Bucket::gone_at(now, slack);
        }
    }

    fn restart_at(&mut self, now: Timestamp, slack: Duration) {
        self.newest = now;
        self.gone = Bucket::gone_at(now, slack);
        self.doubt();
    }

    fn doubt(&mut self) {
        self.must_load = true;
        self.doubts += 1;
    }
}

pub(super) fn id_mark(id: u128, meta: Meta, tenant: Option<TenantId>) -> Mark {
    let key = id_mark_key(meta.kind(), id);
    Mark { tenant, key, min_version: None, expires_at: meta.expiry().timestamp() }
}

pub(super) fn id_mark_key(kind: IdKind, id: u128) -> MarkKey {
    let id = Uuid::from_u128(id);
    match kind {
        IdKind::Token => MarkKey::Token(TokenKey::Uuid(id)),
        IdKind::Session => MarkKey::Session(SessionId(id)),
        IdKind::Client => MarkKey::Client(ClientId(id)),
    }
}

pub(super) fn odd_mark(key: &MarkKey, mark: &Scoped) -> Mark {
    let versioned = matches!(key.kind(), CutKind::User | CutKind::Tenant);
    Mark {
        tenant: mark.tenant,
        key: key.clone(),
        min_version: versioned.then_some(mark.min_version),
        expires_at: mark.expiry.timestamp(),
    }
}

/// Loading makes room for so many marks at least, where so many may come.
const LEAST_GROWTH: usize = 20_000;

/// Clocks are corrected by a little now and then: not worth loading everything anew.
const TOLERATED_STEP: Duration = Duration::from_secs(1);
