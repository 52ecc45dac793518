//! Writing a snapshot from the store to a reader: never more than two pages of it in memory.

use std::time::Duration;

use rescind::authority::{Error, FeedReader};
use rescind::ledger::snapshot::Unencodable;
use rescind::ledger::{Cursor, Follow, PlacedMark};

use super::form::Form;
use super::packing::{PIECE, Packing};
use crate::feed::body::{Gone, Outlet};

/// How many marks one read of the store brings. Two such pages are in memory.
const PAGE: u32 = 2000;

/// For how long a reader may keep its place. Ours give up after that too.
const LONGEST: Duration = Duration::from_secs(10 * 60);

/// Writes what the ledger holds up to `head`. Where that fails midway, the answer breaks off.
pub(super) async fn write(feed: FeedReader, head: Cursor, form: Form, packing: Packing, outlet: Outlet) {
    let written = tokio::time::timeout(LONGEST, write_all(&feed, head, form, packing, outlet)).await;
    match written.unwrap_or(Err(Failure::Gone)) {
        Ok(()) => {}
        Err(Failure::Gone) => tracing::debug!("a reader did not take its snapshot to the end"),
        Err(failure) => tracing::warn!(%failure, "a snapshot breaks off"),
    }
}

#[derive(Debug, thiserror::Error)]
enum Failure {
    #[error("the reader has gone, or takes nothing, or too long")]
    Gone,
    #[error("the ledger changed its history, or was purged past where the snapshot stood")]
    OtherHistory,
    #[error(transparent)]
    Store(#[from] Error),
    #[error(transparent)]
    Mark(#[from] Unencodable),
    #[error(transparent)]
    Packing(#[from] std::io::Error),
}

impl From<Gone> for Failure {
    fn from(_: Gone) -> Self {
        Self::Gone
    }
}

async fn write_all(
    feed: &FeedReader,
    head: Cursor,
    form: Form,
    packing: Packing,
    outlet: Outlet,
) -> Result<(), Failure> {
    let mut writer = Writer { feed, head, form, packing, outlet, bytes: Vec::new() };
    writer.form.begin(&mut writer.bytes);
    let mut page = page(feed, Cursor::default(), head).await?;
    while let Some(read) = page {
        let Follow::Entries(marks, reached) = read else {
            return Err(Failure::OtherHistory);
        };
        // The store reads the next one while this one is written.
        let (following, written) = tokio::join!(self::page(feed, reached, head), writer.write(&marks));
        written?;
        page = following?;
    }
    // The first page was read from the beginning of whatever history there was then.
    if feed.marks_after(head, 1).await? == Follow::OtherHistory {
        return Err(Failure::OtherHistory);
    }
    writer.finish().await
}

/// What stands after `at`, as long as that is not all.
async fn page(feed: &FeedReader, at: Cursor, head: Cursor) -> Result<Option<Follow<PlacedMark>>, Error> {
    if at.seq < head.seq { feed.marks_after(at, PAGE).await.map(Some) } else { Ok(None) }
}

struct Writer<'a> {
    feed: &'a FeedReader,
    head: Cursor,
    form: Form,
    packing: Packing,
    outlet: Outlet,
    bytes: Vec<u8>,
}

impl Writer<'_> {
    async fn write(&mut self, marks: &[PlacedMark]) -> Result<(), Failure> {
        let wanted = marks.iter().take_while(|placed| placed.cursor.seq <= self.head.seq);
        for placed in wanted.filter(|placed| self.feed.takes(&placed.mark)) {
            self.form.mark(placed, &mut self.bytes)?;
            if self.bytes.len() >= PIECE {
                self.packing.take(&mut self.bytes)?;
                if let Some(piece) = self.packing.piece() {
                    self.outlet.send(piece.into()).await?;
                }
            }
        }
        Ok(())
    }

    async fn finish(mut self) -> Result<(), Failure> {
        self.form.finish(&mut self.bytes);
        self.packing.take(&mut self.bytes)?;
        self.outlet.send(self.packing.finish()?.into()).await?;
        self.outlet.finish().await?;
        Ok(())
    }
}
