//! What this node read of the ledger lately, rendered once for all readers.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use axum::body::Bytes;
use rescind::authority::FollowListener;
use rescind::ledger::{Cursor, PlacedMark};
use tokio::sync::watch;

use super::events::text;

/// How many events are held at most, and of how many bytes. Whoever is further behind reads the store.
const EVENTS: usize = 8192;
const BYTES: usize = 4 * 1024 * 1024;

/// How many events are rendered as one piece.
const SLAB: usize = 64;

/// What was read lately, without a gap. Filled by the one task that follows the ledger.
#[derive(Debug)]
pub(crate) struct Hub {
    ring: Mutex<Ring>,
    changed: watch::Sender<()>,
}

/// The events after `start`, up to `reached`.
#[derive(Debug)]
struct Ring {
    /// Another number with every loss: what was handed out before does not lead on to what comes.
    epoch: u64,
    start: i64,
    /// None while all is being loaded anew.
    reached: Option<Cursor>,
    slabs: VecDeque<Arc<Slab>>,
    events: usize,
    bytes: usize,
}

/// Some events that follow each other.
#[derive(Debug)]
pub(super) struct Slab {
    /// What they follow on.
    after: i64,
    pub(super) marks: Vec<PlacedMark>,
    /// All of them, as text.
    pub(super) text: Bytes,
    /// Where the text of each ends.
    ends: Vec<usize>,
}

/// What comes after a place.
#[derive(Clone, Debug)]
pub(super) enum Next {
    /// The hub does not hold it: it is in the store.
    Behind,
    /// These events, of which those up to the place are to be passed over.
    Slab(Arc<Slab>),
    /// Nothing yet: the node has come to here itself.
    CaughtUp(Cursor),
    /// The place is not known to be of this history.
    Lost,
}

impl Hub {
    /// On a node that has read the ledger up to `reached`.
    pub(crate) fn new(reached: Cursor) -> Self {
        let ring = Ring {
            epoch: 0,
            start: reached.seq,
            reached: Some(reached),
            slabs: VecDeque::new(),
            events: 0,
            bytes: 0,
        };
        Self { ring: Mutex::new(ring), changed: watch::Sender::new(()) }
    }

    /// To be taken before a reader's place is looked up in the store, and shown with every question.
    pub(super) fn epoch(&self) -> u64 {
        self.ring().epoch
    }

    /// Ticks when there may be something new. Events are held only while somebody listens.
    pub(super) fn changes(&self) -> watch::Receiver<()> {
        self.changed.subscribe()
    }

    /// What comes after `seq`, for a reader that came in `epoch`.
    pub(super) fn next(&self, epoch: u64, seq: i64) -> Next {
        let ring = self.ring();
        match ring.reached {
            Some(reached) if ring.epoch == epoch => ring.after(seq, reached),
            _ => Next::Lost,
        }
    }

    fn ring(&self) -> MutexGuard<'_, Ring> {
        self.ring.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl FollowListener for Hub {
    fn read(&self, marks: &[PlacedMark], reached: Cursor) {
        let Some(before) = self.ring().reached else { return };
        // After a reading that failed midway some come again.
        let news = &marks[marks.partition_point(|placed| placed.cursor.seq <= before.seq)..];
        let slabs = match self.changed.receiver_count() {
            0 => None,
            _ => Some(slabs_of(news, before.seq)),
        };
        {
            let mut ring = self.ring();
            if reached.seq > before.seq {
                ring.reached = Some(reached);
            }
            match slabs {
                Some(slabs) => slabs.into_iter().for_each(|slab| ring.push(slab)),
                None => ring.forget(reached.seq.max(before.seq)),
            }
        }
        if !news.is_empty() {
            self.changed.send_replace(());
        }
    }

    fn lost(&self) {
        {
            let mut ring = self.ring();
            ring.epoch += 1;
            ring.reached = None;
            ring.forget(0);
        }
        self.changed.send_replace(());
    }

    fn found(&self, cursor: Cursor) {
        let mut ring = self.ring();
        ring.reached = Some(cursor);
        ring.forget(cursor.seq);
    }
}

impl Ring {
    fn after(&self, seq: i64, reached: Cursor) -> Next {
        if seq < self.start {
            return Next::Behind;
        }
        let at = self.slabs.partition_point(|slab| slab.last() <= seq);
        match self.slabs.get(at) {
            Some(slab) => Next::Slab(Arc::clone(slab)),
            None => Next::CaughtUp(reached),
        }
    }

    fn push(&mut self, slab: Slab) {
        let held = self.slabs.back().map_or(self.start, |slab| slab.last());
        if slab.after != held {
            // What stands between was not rendered: whoever is before it finds it in the store.
            self.forget(slab.after);
        }
        self.events += slab.marks.len();
        self.bytes += slab.text.len();
        self.slabs.push_back(Arc::new(slab));
        while self.events > EVENTS || self.bytes > BYTES {
            let Some(oldest) = self.slabs.pop_front() else { break };
            self.events -= oldest.marks.len();
            self.bytes -= oldest.text.len();
            self.start = oldest.last();
        }
    }

    /// Holds nothing, and says so to whoever stands before `start`.
    fn forget(&mut self, start: i64) {
        self.start = start;
        self.slabs = VecDeque::new();
        self.events = 0;
        self.bytes = 0;
    }
}

impl Slab {
    fn new(after: i64, marks: &[PlacedMark]) -> Self {
        let (mut bytes, mut ends) = (Vec::new(), Vec::with_capacity(marks.len()));
        for placed in marks {
            text::revocation(placed, &mut bytes);
            ends.push(bytes.len());
        }
        Self { after, marks: marks.to_vec(), text: bytes.into(), ends }
    }

    /// Whether none of it is known to a reader at `seq`.
    pub(super) const fn is_all_new_at(&self, seq: i64) -> bool {
        seq <= self.after
    }

    /// Each event with its text.
    pub(super) fn events(&self) -> impl Iterator<Item = (&PlacedMark, &[u8])> {
        let begins = std::iter::once(0).chain(self.ends.iter().copied());
        let texts = begins.zip(&self.ends).map(|(begin, end)| &self.text[begin..*end]);
        self.marks.iter().zip(texts)
    }

    /// The place of the last one.
    pub(super) fn end(&self) -> Cursor {
        self.marks.last().map_or(Cursor { seq: self.after, ..Cursor::default() }, |placed| placed.cursor)
    }

    fn last(&self) -> i64 {
        self.end().seq
    }
}

fn slabs_of(marks: &[PlacedMark], after: i64) -> Vec<Slab> {
    // What would be thrown out again at once is not rendered; the store has it.
    let skipped = marks.len().saturating_sub(EVENTS);
    let mut after = skipped.checked_sub(1).map_or(after, |last| marks[last].cursor.seq);
    let slab = |marks: &[PlacedMark]| {
        let slab = Slab::new(after, marks);
        after = slab.last();
        slab
    };
    marks[skipped..].chunks(SLAB).map(slab).collect()
}

#[cfg(test)]
mod tests {
    use rescind::clock::Timestamp;
    use rescind::id::SessionId;
    use rescind::ledger::{Mark, MarkKey};
    use uuid::Uuid;

    use super::*;

    fn cursor(seq: i64) -> Cursor {
        Cursor { seq, tag: [0xa7; 16] }
    }

    fn marks(seqs: impl IntoIterator<Item = i64>) -> Vec<PlacedMark> {
        let mark = |seq: i64| Mark {
            tenant: None,
            key: MarkKey::Session(SessionId(Uuid::from_u128(seq.unsigned_abs().into()))),
            min_version: None,
            expires_at: Timestamp::from_secs(seq),
        };
        seqs.into_iter().map(|seq| PlacedMark { cursor: cursor(seq), mark: mark(seq) }).collect()
    }

    /// What a reader that stands at `at` gets, in the way of the stream: by the hub, or by the store where that is behind.
    fn read_on(hub: &Hub, store: &[PlacedMark], at: i64, page: usize) -> Vec<i64> {
        let after = |placed: &&PlacedMark| placed.cursor.seq > at;
        match hub.next(0, at) {
            Next::Lost => panic!("nothing was lost"),
            Next::CaughtUp(_) => Vec::new(),
            Next::Behind => store.iter().filter(after).take(page).map(|placed| placed.cursor.seq).collect(),
            Next::Slab(slab) if slab.is_all_new_at(at) => {
                slab.marks.iter().map(|placed| placed.cursor.seq).collect()
            }
            Next::Slab(slab) => slab.marks.iter().filter(after).map(|placed| placed.cursor.seq).collect(),
        }
    }

    /// Numbers without a pattern, the same each time.
    fn numbers() -> impl FnMut(usize) -> usize {
        let mut state = 0x9e37_79b9_u64;
        move |below| {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            usize::try_from(state >> 33).unwrap() % below
        }
    }

    /// Readers at any place, with pages of any size, while the hub is told in pieces of any size, some of them twice.
    #[test]
    fn at_the_seam_between_store_and_hub_nothing_is_skipped_and_nothing_repeated() {
        let mut below = numbers();
        let hub = Hub::new(cursor(0));
        let listening = hub.changes();
        let (mut store, mut told) = (Vec::new(), 0);
        let mut readers: Vec<(i64, Vec<i64>)> = Vec::new();
        let mut last = 0;
        while store.len() < 4 * EVENTS {
            // The store grows, with gaps where something was purged before it was read.
            let size = if below(40) == 0 { EVENTS + below(EVENTS) } else { below(300) };
            let grown = (0..size).map(|_| {
                last += 1 + i64::from(below(9) == 0);
                last
            });
            store.extend(marks(grown.collect::<Vec<_>>()));
            if below(3) > 0 {
                // After a reading that failed midway, it begins where the one before began.
                let begin = told - below(told.min(200) + 1);
                hub.read(&store[begin..], cursor(last));
                told = store.len();
            }
            if readers.len() < 30 {
                let at = store.get(below(store.len() + 1)).map_or(last, |placed| placed.cursor.seq);
                readers.push((at, vec![]));
            }
            for (begin, got) in &mut readers {
                for _ in 0..below(8) {
                    let at = got.last().copied().unwrap_or(*begin);
                    got.extend(read_on(&hub, &store, at, 1 + below(500)));
                }
            }
        }
        hub.read(&store[told..], cursor(last));
        for (begin, mut got) in readers {
            loop {
                let at = got.last().copied().unwrap_or(begin);
                let more = read_on(&hub, &store, at, 256);
                if more.is_empty() {
                    break;
                }
                got.extend(more);
            }
            let all = store.iter().map(|placed| placed.cursor.seq).filter(|seq| *seq > begin);
            assert!(all.eq(got.iter().copied()), "from {begin}");
        }
        drop(listening);
    }

    #[test]
    fn what_is_held_is_bounded() {
        let hub = Hub::new(cursor(0));
        let _listening = hub.changes();
        let held = |hub: &Hub| {
            let ring = hub.ring();
            let bytes: usize = ring.slabs.iter().map(|slab| slab.text.len()).sum();
            let events: usize = ring.slabs.iter().map(|slab| slab.marks.len()).sum();
            assert_eq!((bytes, events), (ring.bytes, ring.events));
            assert!(bytes <= BYTES && events <= EVENTS);
            events
        };
        for round in 0..30 {
            let begin = round * 1000;
            hub.read(&marks(begin + 1..=begin + 1000), cursor(begin + 1000));
        }
        assert!(held(&hub) > EVENTS - SLAB);
        let long = |placed: PlacedMark| PlacedMark {
            mark: Mark { key: MarkKey::Key("k".repeat(60_000).into()), ..placed.mark },
            ..placed
        };
        hub.read(&marks(30_001..=30_200).into_iter().map(long).collect::<Vec<_>>(), cursor(30_200));
        assert!(held(&hub) < 100);
        assert!(matches!(hub.next(0, 30_000), Next::Behind));
    }

    #[test]
    fn nothing_is_held_while_nobody_listens() {
        let hub = Hub::new(cursor(0));
        hub.read(&marks(1..=5), cursor(5));
        assert!(matches!(hub.next(0, 4), Next::Behind));
        assert!(matches!(hub.next(0, 5), Next::CaughtUp(at) if at == cursor(5)));
        let listening = hub.changes();
        hub.read(&marks(6..=7), cursor(9));
        assert!(matches!(hub.next(0, 5), Next::Slab(slab) if slab.after == 5 && slab.end() == cursor(7)));
        assert!(
            matches!(hub.next(0, 7), Next::CaughtUp(at) if at == cursor(9)),
            "what was purged meanwhile is passed"
        );
        assert!(listening.has_changed().unwrap());
    }

    #[test]
    fn another_history_loses_every_reader() {
        let hub = Hub::new(cursor(0));
        let listening = hub.changes();
        hub.read(&marks(1..=5), cursor(5));
        let epoch = hub.epoch();
        hub.lost();
        assert!(listening.has_changed().unwrap(), "it is told at once");
        assert!(matches!(hub.next(epoch, 5), Next::Lost));
        assert!(matches!(hub.next(hub.epoch(), 5), Next::Lost), "nothing is known yet");
        hub.read(&marks(6..=6), cursor(6));
        hub.found(cursor(3));
        assert!(matches!(hub.next(epoch, 3), Next::Lost));
        assert!(matches!(hub.next(hub.epoch(), 2), Next::Behind));
        assert!(matches!(hub.next(hub.epoch(), 3), Next::CaughtUp(at) if at == cursor(3)));
    }
}
