//! The feed: how revocations reach verifiers in other processes. A snapshot, then changes in order.
//!
//! One task of the node reads the ledger and leaves what it has read in the [`Hub`], rendered once for everybody. A connection is
//! a place in the ledger, and no queue: one that is behind what the hub holds reads the store, a page at a time.
//! `docs/feed.md` tells consumers what to expect.

mod body;
mod events;
mod head;
mod hub;
mod snapshot;

use std::sync::Arc;

use http::{HeaderMap, HeaderName, HeaderValue};
use rescind::authority::{Authority, FeedReader};
use rescind::ledger::TENANT_FIELD;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio_util::sync::CancellationToken;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::app::App;
use crate::http::{Code, Problem};

pub(crate) use hub::Hub;

/// The most readers of events, where there is room for so many connections.
const READERS: usize = 20_000;

/// The most snapshots under way at once: each reads the whole ledger.
const SNAPSHOTS: usize = 4;

/// The most readers of events that read the store at once. The others wait for their turn.
const STORE_READS: usize = 8;

/// Every route under `/api/v1/feed`.
pub(crate) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(head::head))
        .routes(routes!(snapshot::snapshot))
        .routes(routes!(events::events))
}

/// What the readers of the feed share.
#[derive(Debug)]
pub(crate) struct Feed {
    hub: Hub,
    readers: Limit,
    snapshots: Limit,
    store: Semaphore,
    closing: CancellationToken,
}

impl Feed {
    /// For a server with room for so many connections: a third of them is kept for everybody else.
    pub(crate) fn new(authority: &Authority, connections: usize) -> Self {
        Self {
            hub: Hub::new(authority.replica().cursor()),
            readers: Limit::new(READERS.min(connections / 3 * 2)),
            snapshots: Limit::new(SNAPSHOTS),
            store: Semaphore::new(STORE_READS),
            closing: CancellationToken::new(),
        }
    }

    /// What was read of the ledger lately.
    pub(crate) const fn hub(&self) -> &Hub {
        &self.hub
    }

    /// How many readers of events are connected.
    pub(crate) fn connections(&self) -> usize {
        self.readers.taken()
    }

    /// Ends every stream of events, for good.
    pub(crate) fn close(&self) {
        self.closing.cancel();
    }
}

/// Says whose marks an answer has: whoever checks other tenants' tokens by those of one would let the dead pass.
fn tell_tenant(feed: &FeedReader, headers: &mut HeaderMap) {
    let value = match feed.tenant() {
        // A UUID has nothing that a field could not have; without the field nobody checks anything by the answer.
        Some(tenant) => HeaderValue::from_str(&tenant.to_string()).ok(),
        None => Some(HeaderValue::from_static("*")),
    };
    if let Some(value) = value {
        headers.insert(HeaderName::from_static(TENANT_FIELD), value);
    }
}

/// A bounded number of places.
#[derive(Debug)]
struct Limit {
    places: usize,
    free: Arc<Semaphore>,
}

/// For how long whoever finds no place is asked to stay away.
const COME_BACK: std::time::Duration = std::time::Duration::from_secs(5);

impl Limit {
    fn new(places: usize) -> Self {
        Self { places, free: Arc::new(Semaphore::new(places)) }
    }

    fn taken(&self) -> usize {
        self.places.saturating_sub(self.free.available_permits())
    }

    /// A place, given back when it is dropped.
    fn take(&self) -> Result<OwnedSemaphorePermit, Problem> {
        let overloaded = || Problem::new(Code::Overloaded).retry_after(COME_BACK);
        Arc::clone(&self.free).try_acquire_owned().map_err(|_| overloaded())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whoever_finds_no_place_is_told_when_to_come_back() {
        let limit = Limit::new(2);
        let places = [limit.take().unwrap(), limit.take().unwrap()];
        assert_eq!(limit.taken(), 2);
        let refused = limit.take().unwrap_err();
        assert_eq!((refused.code(), refused.wait()), (Code::Overloaded, Some(COME_BACK)));
        drop(places);
        assert_eq!(limit.taken(), 0);
        assert!(limit.take().is_ok());
    }
}
