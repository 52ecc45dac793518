//! What a server answers while it waits for its store.

use std::sync::Arc;

use axum::Router;
use axum::routing::{any, get};
use rescind::clock::Clock;
use rescind::system::SystemEntropy;

use crate::http::layers::{self, Edge};
use crate::http::{Code, Problem};
use crate::proxy;
use crate::telemetry::Counters;

/// It is alive, and not ready for anything.
pub(crate) fn router(clock: &Arc<dyn Clock>) -> Router {
    let edge = Edge::new(Arc::clone(clock), Arc::new(SystemEntropy), Counters::new().http());
    let router = Router::new()
        .route("/healthz", get(proxy::healthz))
        .route("/", any(not_yet))
        .route("/{*path}", any(not_yet));
    layers::dress(router, edge)
}

async fn not_yet() -> Problem {
    Problem::new(Code::Unavailable).detail("the store cannot be reached yet")
}
