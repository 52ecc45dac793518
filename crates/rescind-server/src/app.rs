//! What every endpoint is handed.

use std::sync::Arc;

use rescind::authority::Authority;

use crate::feed::Feed;
use crate::telemetry::Counters;

/// What every endpoint is handed; cheap to clone.
#[derive(Clone, Debug)]
pub struct App {
    /// The authority.
    pub authority: Arc<Authority>,
    /// What is known of the feed's readers.
    pub feed: Arc<Feed>,
    /// What is counted.
    pub counters: Counters,
    /// How many sessions there are.
    pub(crate) tally: crate::site::Tally,
    /// The OpenAPI document, as JSON.
    pub openapi: Arc<str>,
    /// The reference page made from it.
    pub reference: Arc<str>,
}
