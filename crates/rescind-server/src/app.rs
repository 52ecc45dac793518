//! What every endpoint is handed.

use std::sync::Arc;

use rescind::authority::Authority;

use crate::feed::Feed;
use crate::telemetry::Counters;

/// What every endpoint is handed; cheap to clone.
#[derive(Clone, Debug)]
pub(crate) struct App {
    /// The authority.
    pub(crate) authority: Arc<Authority>,
    /// What is known of the feed's readers.
    pub(crate) feed: Arc<Feed>,
    /// What is counted.
    pub(crate) counters: Counters,
    /// How many sessions there are.
    pub(crate) tally: crate::site::Tally,
    /// What happened in each of the last minutes.
    pub(crate) pulse: Arc<crate::tasks::Pulse>,
    /// The OpenAPI document, as JSON.
    pub(crate) openapi: Arc<str>,
    /// The reference page made from it.
    pub(crate) reference: Arc<str>,
}
