//! Purges the ledger.

use std::sync::Arc;
use std::time::Duration;

use rescind::authority::{Authority, Caller};

/// Removes what has expired, every `interval`, for ever.
pub(crate) async fn purge(authority: Arc<Authority>, interval: Duration) {
    let mut tick = tokio::time::interval(interval);
    loop {
        tick.tick().await;
        if !authority.leads() {
            continue;
        }
        match authority.purge(&Caller::system(), None, false).await {
            Ok(0) => {}
            Ok(purged) => tracing::info!(purged, "expired ledger entries were removed"),
            Err(error) => tracing::error!(%error, "the ledger could not be purged"),
        }
    }
}
