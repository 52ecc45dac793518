//! What runs beside the requests: following the ledger, purging it, caring for the keys, writing down what happened in each minute.

mod follow;
mod keys;
mod offload;
mod pulse;
mod purge;

use std::sync::Arc;
use std::time::Duration;

use rescind::authority::Authority;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use crate::feed::Feed;

pub(crate) use offload::Hashing;
pub(crate) use pulse::{Minute, Pulse};

/// Starts every task; they end soon after `stop` is cancelled.
pub(crate) fn start(
    authority: &Arc<Authority>,
    feed: &Arc<Feed>,
    pulse: &Arc<Pulse>,
    purge_interval: Duration,
    stop: &CancellationToken,
) -> JoinSet<()> {
    let mut tasks = JoinSet::new();
    let until = |stop: &CancellationToken| stop.clone().cancelled_owned();
    spawn(&mut tasks, follow::follow(Arc::clone(authority), Arc::clone(feed)), until(stop));
    spawn(&mut tasks, keys::care(Arc::clone(authority)), until(stop));
    spawn(&mut tasks, pulse::feel(Arc::clone(authority), Arc::clone(pulse)), until(stop));
    if !purge_interval.is_zero() {
        spawn(&mut tasks, purge::purge(Arc::clone(authority), purge_interval), until(stop));
    }
    tasks
}

fn spawn(
    tasks: &mut JoinSet<()>,
    task: impl Future<Output = ()> + Send + 'static,
    stop: impl Future<Output = ()> + Send + 'static,
) {
    tasks.spawn(async move {
        tokio::select! {
            () = task => {}
            () = stop => {}
        }
    });
}
