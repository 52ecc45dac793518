//! The feed: how revocations reach verifiers in other processes. A snapshot, then changes in order.
//!
//! One task of the node reads the ledger and leaves what it has read in the [`Hub`], rendered once for everybody. A connection is
//! a place in the ledger, and no queue: one that is behind what the hub holds reads the store, a page at a time.
//! `docs/feed.md` tells consumers what to expect.

mod body;
mod events;
mod head;
mod hub;
mod places;
mod snapshot;

use http::{HeaderMap, HeaderName, HeaderValue};
use rescind::authority::{Authority, FeedReader};
use rescind::ledger::TENANT_FIELD;
use tokio::sync::Semaphore;
use tokio_util::sync::CancellationToken;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::app::App;

pub(crate) use hub::Hub;
use places::{Limit, Snapshots};

/// The most readers of events, where there is room for so many connections.
const READERS: usize = 20_000;

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
    snapshots: Snapshots,
    store: Semaphore,
    closing: CancellationToken,
}

impl Feed {
    /// For a server with room for so many connections: a third of them is kept for everybody else.
    pub(crate) fn new(authority: &Authority, connections: usize) -> Self {
        Self {
            hub: Hub::new(authority.replica().cursor()),
            readers: Limit::new(READERS.min(connections / 3 * 2)),
            snapshots: Snapshots::default(),
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
