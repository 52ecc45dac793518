//! Checks that are to be fresh: how long they may wait for this node to catch up.

use std::time::Duration;

/// Some hundred times what it takes where nothing is wrong, and less than most proxies wait for.
const PATIENCE: Duration = Duration::from_secs(2);

/// Resolves when a fresh check has waited long enough.
pub(crate) fn give_up() -> impl Future<Output = ()> {
    tokio::time::sleep(PATIENCE)
}
