//! What two nodes share their revocations by: the one has a Redis behind sentinels, the other a plain one.

use std::time::Duration;

use rescind_testkit::redis::{Redis, Sentinel};

use crate::support::{Desk, jti, new_user};

/// Longer than anything here takes on the slowest machine.
const LIMIT: Duration = Duration::from_secs(60);
/// Between two looks at what has no event to wait for from outside.
const LOOK_AGAIN: Duration = Duration::from_millis(10);

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

    /// Waits until what is revoked at a node is written to its Redis; and, where it looks up, until Redis says so to it.
    pub(crate) async fn is_used(&self, node: usize, desk: &Desk, looks_up: bool) {
        let using =
            async { while !(self.is_written(node, desk).await && (!looks_up || is_believed(desk).await)) {} };
        let waited = tokio::time::timeout(LIMIT, using).await;
        assert!(waited.is_ok(), "node {node} does not use its Redis");
    }

    /// Whether Redis has a new revocation, which nobody has looked up yet.
    async fn is_written(&self, node: usize, desk: &Desk) -> bool {
        let access = revoked(desk).await;
        let key = format!("rescind:token:{}:{}", desk.tenant, jti(&access));
        let redis = if node == 0 { self.sentinel.master().await } else { &self.plain };
        // It is written after it is acknowledged; what came too early for a connection is not written at all.
        tokio::time::sleep(LOOK_AGAIN).await;
        redis.command(&["GET", &key]).await == "1"
    }
}

/// Whether Redis said of a new revocation that it is one, and not the ledger.
async fn is_believed(desk: &Desk) -> bool {
    let access = revoked(desk).await;
    let before = hits(desk).await;
    tokio::time::sleep(LOOK_AGAIN).await;
    desk.api.me(&access).await.refuses(401, "token_revoked");
    hits(desk).await > before
}

/// An access token that was revoked just now.
async fn revoked(desk: &Desk) -> String {
    let pair = desk.open(&new_user()).await;
    desk.order(&format!("/api/v1/auth/sessions/revoke/{}", jti(&pair.access))).await.expect(200);
    pair.access
}

async fn hits(desk: &Desk) -> u64 {
    let name = r#"rescind_cache_lookups_total{outcome="hit"}"#;
    let metrics = desk.api.get("/metrics", desk.caller()).await.expect(200);
    let value = metrics.body.lines().find_map(|line| line.strip_prefix(name)?.trim().parse().ok());
    value.unwrap_or_else(|| panic!("no {name}"))
}
