//! Loading a snapshot: in bounded memory and time, whatever is sent.

use std::sync::atomic::Ordering;

use rescind::ledger::Cursor;
use rescind::ledger::snapshot::Decoder;
use tokio::time::{Instant, timeout_at};

use super::room::Room;
use super::{Feeder, is_of_use};
use crate::trouble::Trouble;

impl Feeder<'_> {
    /// Loads everything. Its marks count at once, since they only ever revoke; where the events go on is known when its end was
    /// checked, and how fresh it is when a heartbeat has come.
    pub(super) async fn load(&mut self) -> Result<Cursor, Trouble> {
        self.loader = None;
        let shared = self.shared;
        let until = Instant::now() + shared.timing.snapshot;
        let mut answer = self.http.snapshot().await?;
        shared.check_tenant(answer.tenant()?)?;
        let loader = shared.replica.load(0);
        let (mut decoder, mut room) = (Decoder::new(), Room::default());
        loop {
            let silent = (Instant::now() + shared.timing.silence).min(until);
            let Some(piece) = timeout_at(silent, answer.piece()).await.map_err(|_| Trouble::Late)?? else {
                break;
            };
            let now = shared.now();
            decoder.feed(&piece, |_, mark| {
                room.took(&mark);
                if is_of_use(&mark) {
                    loader.apply(&mark, now);
                    shared.counts.taken.fetch_add(1, Ordering::Release);
                }
            })?;
            room.check(shared)?;
            // Marks that say the same again and again take no room, but time.
            if usize::try_from(decoder.marks()).unwrap_or(usize::MAX) > shared.max_marks {
                return Err(Trouble::TooManyMarks);
            }
        }
        let cursor = decoder.finish()?;
        shared.counts.add(&shared.counts.snapshots);
        tracing::info!(marks = shared.replica.len(), seq = cursor.seq, "a snapshot was loaded");
        self.place = Some(cursor);
        self.loader = Some(loader);
        Ok(cursor)
    }
}
