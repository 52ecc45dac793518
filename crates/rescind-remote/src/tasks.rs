//! What runs beside: letting go of what has expired, and writing the state down.

use std::sync::Arc;

use rescind::replica::Expired;
use tokio::time::timeout;

use crate::disk::Disk;
use crate::shared::Shared;

/// Lets go of what has expired, for ever, and notices a clock that stepped back.
pub(crate) async fn expire(shared: Arc<Shared>) {
    loop {
        tokio::time::sleep(shared.timing.tick).await;
        if shared.replica.expire(shared.now()) == Expired::ClockSteppedBack {
            shared.reload.notify_one();
        }
    }
}

/// Writes the state down, for ever: after a snapshot, and every so often.
pub(crate) async fn save(shared: Arc<Shared>, disk: Arc<Disk>) {
    let mut failing = false;
    loop {
        // Either is a reason.
        let _ = timeout(shared.timing.save, shared.save.notified()).await;
        match save_once(&shared, &disk).await {
            Ok(()) => failing = false,
            Err(error) if !std::mem::replace(&mut failing, true) => {
                tracing::warn!(%error, "the state cannot be written to disk");
            }
            Err(_) => {}
        }
    }
}

/// Writes the state down, where it keeps nobody waiting.
pub(crate) async fn save_once(shared: &Arc<Shared>, disk: &Arc<Disk>) -> std::io::Result<()> {
    let (shared, disk) = (Arc::clone(shared), Arc::clone(disk));
    tokio::task::spawn_blocking(move || disk.save(&shared)).await.map_err(std::io::Error::other)?
}
