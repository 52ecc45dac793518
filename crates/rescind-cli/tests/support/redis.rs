//! Whether a server makes use of its Redis.

use std::time::Duration;

use rescind_testkit::redis::Redis;

use super::{Desk, jti, new_user, until};

/// Between two looks at what has no event to wait for from outside.
const LOOK_AGAIN: Duration = Duration::from_millis(10);

/// How a server checks access tokens.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Check {
    /// By what it has in memory: its Redis is for others.
    Replica,
    /// By asking Redis, and the ledger.
    Lookup,
}

impl Check {
    /// The value of `RESCIND_CHECK`.
    pub(crate) fn setting(self) -> &'static str {
        match self {
            Self::Replica => "replica",
            Self::Lookup => "lookup",
        }
    }

    /// The other one.
    pub(crate) fn other(self) -> Self {
        match self {
            Self::Replica => Self::Lookup,
            Self::Lookup => Self::Replica,
        }
    }
}

/// Waits until what is revoked at a server is written to its Redis; and, where it looks up, until Redis says so to it.
pub(crate) async fn until_used(desk: &Desk, check: Check, redis: &Redis) {
    until("Redis is used", async || {
        is_written(desk, redis).await && (check == Check::Replica || is_believed(desk).await)
    })
    .await;
}

/// Whether Redis has a new revocation, which nobody has looked up yet.
async fn is_written(desk: &Desk, redis: &Redis) -> bool {
    let access = revoked(desk).await;
    let key = format!("rescind:token:{}:{}", desk.tenant, jti(&access));
    // It is written after it is acknowledged; what came too early for a connection is not written at all.
    tokio::time::sleep(LOOK_AGAIN).await;
    redis.command(&["GET", &key]).await == "1"
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

/// How often Redis said *revoked*.
pub(crate) async fn hits(desk: &Desk) -> f64 {
    desk.metric(r#"rescind_cache_lookups_total{outcome="hit"}"#).await
}
