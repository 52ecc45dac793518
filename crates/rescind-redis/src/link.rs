//! The one connection: whoever needs it takes it if it is there, and one task sees to it that it is.

use std::fmt::Display;
use std::sync::Arc;
use std::time::Duration;

use arc_swap::ArcSwapOption;
use backon::{BackoffBuilder as _, ExponentialBuilder};
use redis::aio::MultiplexedConnection;
use tokio::sync::{Notify, watch};

use crate::dial::{Dialed, Dialer};

/// The connection, when there is one.
#[derive(Default)]
pub(crate) struct Link {
    live: ArcSwapOption<Live>,
    up: watch::Sender<bool>,
}

/// A connection that works as far as is known.
pub(crate) struct Live {
    dialed: Dialed,
    given_up: Notify,
}

impl Live {
    /// A handle on it.
    pub(crate) fn connection(&self) -> MultiplexedConnection {
        self.dialed.connection.clone()
    }

    /// Resolves when it broke, or somebody gave it up.
    async fn ended(&self) {
        tokio::select! {
            () = self.dialed.broken() => {}
            () = self.given_up.notified() => {}
        }
    }
}

impl Link {
    /// The connection, if there is one now.
    pub(crate) fn live(&self) -> Option<Arc<Live>> {
        self.live.load_full()
    }

    /// Nobody is to use it any more.
    pub(crate) fn give_up(&self, live: &Arc<Live>, why: &dyn Display) {
        let replaced = self.live.compare_and_swap(live, None);
        if replaced.as_ref().is_some_and(|current| Arc::ptr_eq(current, live)) {
            tracing::warn!(%why, "Redis is not used until it answers again; checks ask the ledger");
        }
        live.given_up.notify_one();
    }

    /// Resolves when there is a connection, or none.
    pub(crate) async fn until(&self, up: bool) {
        // It holds the sender: there is no error.
        let _ = self.up.subscribe().wait_for(|is_up| *is_up == up).await;
    }
}

/// Sees to it, for ever, that there is a connection.
pub(crate) async fn keep(link: Arc<Link>, dialer: Dialer, pause: Duration) {
    loop {
        let live = Arc::new(Live { dialed: dial(&dialer).await, given_up: Notify::new() });
        link.live.store(Some(Arc::clone(&live)));
        link.up.send_replace(true);
        tracing::info!("Redis is connected");
        live.ended().await;
        link.live.store(None);
        link.up.send_replace(false);
        tokio::time::sleep(pause).await;
    }
}

/// Tries until it succeeds.
async fn dial(dialer: &Dialer) -> Dialed {
    let mut pauses = backoff();
    let mut told = false;
    loop {
        match dialer.dial().await {
            Ok(dialed) => return dialed,
            Err(error) if told => tracing::debug!(%error, "Redis cannot be reached"),
            Err(error) => {
                tracing::warn!(%error, "Redis cannot be reached; checks ask the ledger");
                told = true;
            }
        }
        let pause = pauses.next().unwrap_or(LONGEST_PAUSE);
        tokio::time::sleep(pause).await;
    }
}

const LONGEST_PAUSE: Duration = Duration::from_secs(2);

fn backoff() -> impl Iterator<Item = Duration> {
    ExponentialBuilder::default()
        .with_min_delay(Duration::from_millis(50))
        .with_max_delay(LONGEST_PAUSE)
        .with_jitter()
        .without_max_times()
        .build()
}
