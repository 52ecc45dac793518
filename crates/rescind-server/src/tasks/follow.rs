//! Follows the ledger.

use std::sync::Arc;
use std::time::Duration;

use rescind::authority::Authority;

use crate::feed::Feed;

/// How often the ledger's head is read where the store cannot tell that it has changed. A file says nothing by itself when
/// another process has written to it; reading a single row of it costs some 10 µs, and so a revocation at the command line
/// holds here within this time.
const INTERVAL: Duration = Duration::from_millis(5);

/// How often it is read where the store can tell, and did not.
const QUIET: Duration = Duration::from_millis(100);

/// How long to wait after a failure.
const PAUSE: Duration = Duration::from_millis(250);

/// Follows the ledger for ever, and tells `feed` what it reads. A failure makes the replica stale, and is tried again.
pub(crate) async fn follow(authority: Arc<Authority>, feed: Arc<Feed>) {
    let mut failing = false;
    loop {
        match authority.follow_for(feed.hub()).await {
            Ok(_) if failing => {
                tracing::info!("the ledger can be read again");
                failing = false;
            }
            Ok(_) => {}
            Err(error) => {
                if !failing {
                    tracing::error!(%error, "the ledger cannot be read; what is known to be revoked stays refused");
                }
                failing = true;
                tokio::time::sleep(PAUSE).await;
            }
        }
        tokio::select! {
            () = due(&authority) => {}
            // A check that is to be fresh waits for what has not been read.
            () = authority.replica().wanted() => {}
        }
    }
}

/// Resolves when the ledger is to be read again.
async fn due(authority: &Authority) {
    match authority.changed() {
        Some(changed) => drop(tokio::time::timeout(QUIET, changed).await),
        None => tokio::time::sleep(INTERVAL).await,
    }
}
