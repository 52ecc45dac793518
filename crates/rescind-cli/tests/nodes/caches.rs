//! What two nodes share their revocations by: the one has a Redis behind sentinels, the other a plain one.

use rescind_testkit::redis::{Redis, Sentinel};

use crate::support::Desk;
use crate::support::redis::{Check, until_used};

/// The caches of two nodes.
pub(crate) struct Caches {
    pub(crate) sentinel: Sentinel,
    pub(crate) plain: Redis,
}

impl Caches {
    pub(crate) async fn start() -> Self {
        Self { sentinel: Sentinel::start().await, plain: Redis::start().await }
    }

    /// The URL that each node is given.
    pub(crate) fn urls(&self) -> [String; 2] {
        [self.sentinel.url(), self.plain.url()]
    }

    /// Waits until a node uses its own.
    pub(crate) async fn until_used(&self, node: usize, desk: &Desk, check: Check) {
        let redis = if node == 0 { self.sentinel.master().await } else { &self.plain };
        until_used(desk, check, redis).await;
    }
}
