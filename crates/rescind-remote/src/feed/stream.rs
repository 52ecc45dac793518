//! One connection to the events.

use std::sync::atomic::Ordering;
use std::time::Duration;

use rescind::clock::Timestamp;
use rescind::ledger::{Cursor, Mark};
use tokio::time::{Instant, sleep_until};

use super::event::{Order, Said};
use super::room::Room;
use super::sse::Reader;
use super::{Ended, Feeder, is_of_use};
use crate::status::With;
use crate::trouble::Trouble;

/// Between two connections that were given up for a fresh check.
const BETWEEN_NUDGES: Duration = Duration::from_secs(1);

/// What one connection has come to.
struct Connection {
    reader: Reader,
    order: Order,
    room: Room,
    /// A mark came that this version does not understand. From there on it takes up marks, but does not know what it misses.
    blind: bool,
    /// By when something of use must come.
    silent_at: Instant,
    /// When to connect anew, for a fresh check.
    nudge_at: Option<Instant>,
}

impl Feeder<'_> {
    /// Reads events after `place` until one side ends it.
    pub(super) async fn read_on(&mut self, place: Cursor) -> Result<Ended, Trouble> {
        let shared = self.shared;
        let mut answer = self.http.events(place).await?;
        shared.check_tenant(answer.tenant()?)?;
        let _connected = shared.counts.connect();
        let began = Instant::now();
        let mut connection = Connection {
            reader: Reader::default(),
            order: Order::after(place),
            room: Room::default(),
            blind: false,
            silent_at: began + shared.timing.silence,
            nudge_at: None,
        };
        loop {
            let nudge_at = connection.nudge_at;
            tokio::select! {
                biased;
                () = shared.reload.notified() => {
                    if self.must_reload() {
                        return Err(Trouble::ClockSteppedBack);
                    }
                }
                () = shared.replica.wanted() => {
                    let soon = Instant::now() + shared.timing.nudge;
                    connection.nudge_at = Some(soon.max(began + BETWEEN_NUDGES));
                }
                () = sleep_until(nudge_at.unwrap_or(began)), if nudge_at.is_some() => return Ok(Ended::ToAskAnew),
                () = sleep_until(connection.silent_at) => return Err(Trouble::Silent),
                piece = answer.piece() => match piece? {
                    Some(piece) => self.take_piece(&piece, &mut connection)?,
                    None => return Ok(Ended::ByAuthority),
                },
            }
        }
    }

    fn take_piece(&mut self, piece: &[u8], connection: &mut Connection) -> Result<(), Trouble> {
        let Connection { reader, order, room, blind, silent_at, nudge_at } = connection;
        let mut of_use = false;
        let mut arrived = false;
        let taken = reader.feed(piece, |event| {
            let said = order.read(event)?;
            of_use |= said != Said::Nothing;
            match said {
                Said::Revoked(cursor, mark) => {
                    room.took(&mark);
                    self.take_mark(cursor, &mark, *blind);
                    room.check(self.shared)?;
                }
                Said::Unknown(_) => {
                    *blind = true;
                    self.shared.counts.add(&self.shared.counts.unknown_kinds);
                    self.shared.counts.trouble(With::Feed, Trouble::UnknownKind);
                }
                Said::Beat(cursor, as_of) if !*blind => self.take_beat(cursor, as_of),
                Said::Beat(..) | Said::Nothing => {}
            }
            arrived |= self.shared.replica.cursor().seq >= self.shared.asked.load(Ordering::Acquire);
            Ok(())
        });
        if of_use {
            *silent_at = Instant::now() + self.shared.timing.silence;
        }
        if arrived {
            *nudge_at = None;
        }
        taken
    }

    fn take_mark(&mut self, cursor: Cursor, mark: &Mark, blind: bool) {
        let shared = self.shared;
        if is_of_use(mark) {
            shared.replica.apply(mark, shared.now());
            shared.counts.taken.fetch_add(1, Ordering::Release);
        }
        shared.counts.add(&shared.counts.events);
        if !blind {
            self.move_to(cursor);
        }
    }

    /// Everything up to there was taken up; how fresh that is, only a heartbeat says.
    fn move_to(&mut self, cursor: Cursor) {
        self.place = Some(cursor);
        if self.loader.is_none()
            && let Some(as_of) = self.shared.replica.as_of()
        {
            self.shared.replica.advance(cursor, as_of);
        }
    }

    fn take_beat(&mut self, cursor: Cursor, as_of: Timestamp) {
        let shared = self.shared;
        let now = shared.now();
        if as_of > now.plus(shared.leeway) {
            // Whom to believe is not known. The place is the same by any clock.
            self.move_to(cursor);
            shared.counts.trouble(With::Feed, Trouble::ClockSkew);
            return;
        }
        self.place = Some(cursor);
        // Nobody is fresher than now.
        let as_of = as_of.min(now);
        match self.loader.take() {
            Some(loader) => {
                loader.finish(cursor, as_of);
                shared.save.notify_one();
            }
            None => shared.replica.advance(cursor, as_of),
        }
        self.backoff.reset();
        shared.counts.fine(With::Feed);
        shared.pulse.send_replace(());
    }
}
