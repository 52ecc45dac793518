//! One reader of the events: a place in the ledger, moved forwards.

use std::pin::pin;
use std::time::Duration;

use axum::body::Bytes;
use rescind::authority::Identity;
use rescind::authority::{Error, FeedReader};
use rescind::clock::Timestamp;
use rescind::ledger::{Cursor, Follow, Mark, MarkKey, PlacedMark};
use tokio::sync::watch;
use tokio::time::Instant;

use super::text;
use crate::app::App;
use crate::caller::Lasting;
use crate::feed::body::Outlet;
use crate::feed::hub::{Next, Slab};
use crate::http::{Code, Problem};

/// Between two heartbeats; as often it is looked whether the reader still may.
const BEAT: Duration = Duration::from_secs(5);

/// How many marks one read of the store brings.
const PAGE: u32 = 256;

/// Of how many bytes a piece is at least, unless it is the last.
const PIECE: usize = 16 * 1024;

/// How long to wait after the store could not be read.
const PAUSE: Duration = Duration::from_millis(250);

/// A reader that may, and whose place is of this history.
pub(super) struct Stream {
    app: App,
    feed: FeedReader,
    reader: Lasting,
    epoch: u64,
    changes: watch::Receiver<()>,
    /// Everything up to here was sent, or is not the reader's business.
    at: Cursor,
    look_again: Instant,
    beat_due: bool,
}

/// Why a stream is over.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Over {
    /// It ends by itself: the reader may come again, and is then told what is the matter.
    Ends,
    /// The reader has gone, or takes nothing.
    Gone,
}

impl From<crate::feed::body::Gone> for Over {
    fn from(_: crate::feed::body::Gone) -> Self {
        Self::Gone
    }
}

impl Stream {
    /// Begins after `after`, or with what comes from now on.
    pub(super) async fn begin(
        app: App,
        feed: FeedReader,
        reader: Lasting,
        after: Option<Cursor>,
    ) -> Result<Self, Problem> {
        // In this order: a history that changes from now on is noticed.
        let changes = app.feed.hub().changes();
        let epoch = app.feed.hub().epoch();
        let at = match after {
            None => feed.head().await?,
            Some(after) => {
                is_known(&app, &feed, after).await?;
                after
            }
        };
        let look_again = Instant::now() + BEAT;
        Ok(Self { app, feed, reader, epoch, changes, at, look_again, beat_due: true })
    }

    /// Sends what there is and what comes, until one side ends it.
    pub(super) async fn run(mut self, outlet: Outlet) {
        let app = self.app.clone();
        let over = tokio::select! {
            biased;
            () = app.feed.closing.cancelled() => Over::Ends,
            () = outlet.closed() => Over::Gone,
            over = self.go_on(&outlet) => over,
        };
        if over == Over::Ends {
            // Whether it still hears that is its own affair.
            let _ = outlet.finish().await;
        }
    }

    async fn go_on(&mut self, outlet: &Outlet) -> Over {
        loop {
            if let Err(over) = self.step(outlet).await {
                return over;
            }
        }
    }

    async fn step(&mut self, outlet: &Outlet) -> Result<(), Over> {
        self.changes.mark_unchanged();
        // Asked before the hub is: what was read by then, the hub has.
        let as_of = self.as_of();
        match self.app.feed.hub().next(self.epoch, self.at.seq) {
            Next::Lost => return Err(Over::Ends),
            Next::Behind => self.read_store(outlet).await?,
            Next::Slab(slab) => self.pass_on(&slab, outlet).await?,
            Next::CaughtUp(reached) => {
                if reached.seq > self.at.seq {
                    self.at = reached;
                }
                // What the reader has from the store already, the node has yet to come to.
                let level = reached.seq >= self.at.seq;
                if level && std::mem::take(&mut self.beat_due) {
                    outlet.send(self.beat(as_of)).await?;
                }
                self.wait().await?;
            }
        }
        if Instant::now() >= self.look_again {
            self.check().await?;
            self.look_again = Instant::now() + BEAT;
            if std::mem::replace(&mut self.beat_due, true) {
                // It has not caught up since the last time, and its node does not call it fresh.
                outlet.send(text::comment()).await?;
            }
        }
        Ok(())
    }

    /// Waits for something to do.
    async fn wait(&mut self) -> Result<(), Over> {
        let cut = self.reader.until_cut(&self.app);
        tokio::select! {
            biased;
            () = pin!(cut) => Err(Over::Ends),
            changed = self.changes.changed() => changed.map_err(|_| Over::Ends),
            () = tokio::time::sleep_until(self.look_again) => Ok(()),
        }
    }

    /// How fresh this node is; none where it does not know.
    fn as_of(&self) -> Option<Timestamp> {
        let replica = self.app.authority.replica();
        let as_of = replica.as_of();
        replica.staleness(self.app.authority.now()).and(as_of)
    }

    fn beat(&self, as_of: Option<Timestamp>) -> Bytes {
        as_of.map_or_else(text::comment, |as_of| text::heartbeat(self.at, as_of))
    }

    /// Sends what the hub holds.
    async fn pass_on(&mut self, slab: &Slab, outlet: &Outlet) -> Result<(), Over> {
        self.look_out(slab.marks.iter()).await?;
        if self.feed.tenant().is_none() && slab.is_all_new_at(self.at.seq) {
            outlet.send(slab.text.clone()).await?;
        } else {
            let mut bytes = Vec::new();
            let wanted =
                |placed: &PlacedMark| placed.cursor.seq > self.at.seq && self.feed.takes(&placed.mark);
            for (_, text) in slab.events().filter(|(placed, _)| wanted(placed)) {
                bytes.extend_from_slice(text);
            }
            if !bytes.is_empty() {
                outlet.send(bytes.into()).await?;
            }
        }
        self.at = slab.end();
        Ok(())
    }

    /// Sends a page of what the hub holds no more.
    async fn read_store(&mut self, outlet: &Outlet) -> Result<(), Over> {
        let (marks, reached) = match page(&self.app, &self.feed, self.at).await {
            Ok(Follow::Entries(marks, reached)) => (marks, reached),
            Ok(Follow::OtherHistory) => return Err(Over::Ends),
            Err(error) => {
                tracing::warn!(%error, "a reader of the feed has to wait: the store cannot be read");
                tokio::time::sleep(PAUSE).await;
                return Ok(());
            }
        };
        self.look_out(marks.iter()).await?;
        let mut bytes = Vec::new();
        for placed in marks.iter().filter(|placed| self.feed.takes(&placed.mark)) {
            text::revocation(placed, &mut bytes);
            if bytes.len() >= PIECE {
                outlet.send(std::mem::take(&mut bytes).into()).await?;
            }
        }
        if !bytes.is_empty() {
            outlet.send(bytes.into()).await?;
        }
        self.at = reached;
        Ok(())
    }

    /// Looks whether the reader still may before these marks are sent, where one of them may be about it.
    async fn look_out(&self, mut marks: impl Iterator<Item = &PlacedMark>) -> Result<(), Over> {
        if self.reader.is_cut(&self.app) {
            return Err(Over::Ends);
        }
        if marks.any(|placed| self.is_about_reader(&placed.mark)) { self.check().await } else { Ok(()) }
    }

    fn is_about_reader(&self, mark: &Mark) -> bool {
        match (&mark.key, &self.reader.caller.identity) {
            (MarkKey::Client(id), Identity::Client(client)) => *id == client.id,
            (MarkKey::Tenant(id), Identity::Client(client)) => client.tenant == Some(*id),
            // Of a user, the replica knows.
            _ => false,
        }
    }

    /// That the reader may read, and no less than before. A store that cannot be asked harms nobody: there is nothing to send then.
    async fn check(&self) -> Result<(), Over> {
        let now = self.reader.again(&self.app).await.and_then(|caller| self.app.authority.feed(&caller));
        match now {
            Ok(feed) if feed.tenant() == self.feed.tenant() => Ok(()),
            Err(Error::Unavailable | Error::Overloaded | Error::NotFresh(_)) => Ok(()),
            Ok(_) | Err(_) => Err(Over::Ends),
        }
    }
}

/// That the feed can go on from `after`.
async fn is_known(app: &App, feed: &FeedReader, after: Cursor) -> Result<(), Problem> {
    let _turn = app.feed.store.acquire().await;
    match feed.marks_after(after, 1).await? {
        Follow::Entries(..) => Ok(()),
        Follow::OtherHistory => Err(Problem::new(Code::CursorGone)),
    }
}

async fn page(app: &App, feed: &FeedReader, after: Cursor) -> Result<Follow<PlacedMark>, Error> {
    let _turn = app.feed.store.acquire().await;
    feed.marks_after(after, PAGE).await
}
