//! Cares for the keys: rotation on schedule, and whatever a changed setting asks for.

use std::sync::Arc;
use std::time::Duration;

use rescind::authority::Authority;

/// How often it is looked whether something is due.
const INTERVAL: Duration = Duration::from_secs(60);

/// Cares for the keys for ever.
pub(crate) async fn care(authority: Arc<Authority>) {
    let mut tick = tokio::time::interval(INTERVAL);
    loop {
        tick.tick().await;
        if !authority.leads() {
            continue;
        }
        if let Err(error) = authority.maintain_keys().await {
            tracing::error!(%error, "the keys could not be cared for");
        }
    }
}
