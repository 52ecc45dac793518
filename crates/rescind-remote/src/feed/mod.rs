//! Follows the feed: a snapshot, then events, for ever.
//!
//! What an authority says can only ever revoke. It counts as fresh by heartbeats alone, and only as long as everything before
//! them was understood.

pub(crate) mod event;
mod room;
mod snapshot;
pub(crate) mod sse;
mod stream;

use std::sync::Arc;
use std::time::Duration;

use rescind::ledger::Cursor;
use rescind::replica::{Expired, Loader};

use crate::http::Http;
use crate::pace::{Backoff, jittered};
use crate::shared::Shared;
use crate::status::With;
use crate::trouble::Trouble;

pub(crate) use event::is_of_use;

/// Follows the feed for ever, from where the state on disk ends, if it counts.
pub(crate) async fn follow(shared: Arc<Shared>, http: Arc<Http>, from: Option<Cursor>) {
    let backoff = Backoff::new(shared.timing.first_pause, shared.timing.longest_pause);
    let mut feeder = Feeder { shared: &shared, http: &http, place: from, loader: None, backoff };
    loop {
        let pause = match feeder.step().await {
            Ok(ended) => feeder.after(ended),
            Err(trouble) => feeder.after_trouble(trouble),
        };
        tokio::time::sleep(pause).await;
    }
}

/// How a stream of events ended, where nothing is wrong with that.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Ended {
    /// The authority ended it.
    ByAuthority,
    /// A check that is to be fresh waits: whoever connects anew gets a heartbeat at once.
    ToAskAnew,
}

struct Feeder<'a> {
    shared: &'a Shared,
    http: &'a Http,
    /// Where the events go on; none: a snapshot comes first.
    place: Option<Cursor>,
    /// A snapshot that was loaded, and that no heartbeat has confirmed yet: until then nobody knows how fresh it is.
    loader: Option<Loader<'a>>,
    backoff: Backoff,
}

impl Feeder<'_> {
    /// Goes on until something ends it.
    async fn step(&mut self) -> Result<Ended, Trouble> {
        self.shared.check_memory()?;
        if self.must_reload() {
            self.place = None;
        }
        let place = match self.place {
            Some(place) => place,
            None => self.load().await?,
        };
        self.read_on(place).await
    }

    /// Whether marks may be missing, because the clock stepped back.
    fn must_reload(&self) -> bool {
        self.loader.is_none() && self.shared.replica.expire(self.shared.now()) == Expired::ClockSteppedBack
    }

    fn after(&mut self, ended: Ended) -> Duration {
        match ended {
            Ended::ToAskAnew => Duration::ZERO,
            Ended::ByAuthority => self.pause(),
        }
    }

    fn after_trouble(&mut self, trouble: Trouble) -> Duration {
        self.shared.counts.trouble(With::Feed, trouble);
        match trouble {
            // What is wrong with the client, somebody has to mend.
            Trouble::Unauthorized | Trouble::Forbidden | Trouble::OtherTenants => {
                self.jittered(self.shared.timing.longest_pause)
            }
            Trouble::CursorGone | Trouble::ClockSteppedBack => {
                self.place = None;
                let at_once = self.backoff.is_fresh();
                let pause = self.pause();
                if at_once { Duration::ZERO } else { pause }
            }
            Trouble::Busy(asked) => self.pause().max(self.jittered(asked * 2)),
            _ => self.pause(),
        }
    }

    fn pause(&mut self) -> Duration {
        let pause = self.backoff.next();
        self.jittered(pause)
    }

    fn jittered(&self, pause: Duration) -> Duration {
        jittered(pause, &*self.shared.entropy)
    }
}
