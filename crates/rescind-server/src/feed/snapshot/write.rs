//! Writing a snapshot from the store to a reader: never more than a page of it in memory.

use rescind::authority::{Error, FeedReader};
use rescind::ledger::snapshot::Unencodable;
use rescind::ledger::{Cursor, Follow};

use super::form::Form;
use super::packing::{PIECE, Packing};
use crate::feed::body::{Gone, Outlet};

/// How many marks one read of the store brings.
const PAGE: u32 = 1000;

/// Writes what the ledger holds up to `head`. Where that fails midway, the answer breaks off.
pub(super) async fn write(feed: FeedReader, head: Cursor, form: Form, packing: Packing, outlet: Outlet) {
    match write_all(&feed, head, form, packing, outlet).await {
        Ok(()) => {}
        Err(Failure::Gone) => tracing::debug!("a reader did not take its snapshot to the end"),
        Err(failure) => tracing::warn!(%failure, "a snapshot breaks off"),
    }
}

#[derive(Debug, thiserror::Error)]
enum Failure {
    #[error("the reader has gone, or takes nothing")]
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
    mut form: Form,
    mut packing: Packing,
    outlet: Outlet,
) -> Result<(), Failure> {
    let mut bytes = Vec::new();
    form.begin(&mut bytes);
    let mut at = Cursor::default();
    while at.seq < head.seq {
        let Follow::Entries(marks, reached) = feed.marks_after(at, PAGE).await? else {
            return Err(Failure::OtherHistory);
        };
        let wanted = marks.iter().take_while(|placed| placed.cursor.seq <= head.seq);
        for placed in wanted.filter(|placed| feed.takes(&placed.mark)) {
            form.mark(placed, &mut bytes)?;
            if bytes.len() >= PIECE {
                packing.take(&mut bytes)?;
                if let Some(piece) = packing.piece() {
                    outlet.send(piece.into()).await?;
                }
            }
        }
        at = reached;
    }
    // The first page was read from the beginning of whatever history there was then.
    if feed.marks_after(head, 1).await? == Follow::OtherHistory {
        return Err(Failure::OtherHistory);
    }
    form.finish(&mut bytes);
    packing.take(&mut bytes)?;
    outlet.send(packing.finish()?.into()).await?;
    outlet.finish().await?;
    Ok(())
}
