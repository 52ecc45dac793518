//! Changing the master key that the data directory keeps, so that a crash at any point leaves a state that starts.
//!
//! The new key is on disk before anything is sealed with it, the old one until everything is: whichever of the two opens
//! the keys is the right one, and [`settle`] makes it the only one.

use std::fs;

use rescind::authority::{Authority, Caller};
use rescind::keys::MasterKey;
use rescind::store::Store;
use rescind::system::SystemEntropy;

use crate::data_dir::DataDir;
use crate::failure::Failure;
use crate::master_key::{MasterKeys, opens, read, write};

/// Finishes, or undoes, what a crash interrupted.
pub(crate) async fn settle(master_keys: &MasterKeys, store: &dyn Store) -> Result<(), Failure> {
    let MasterKeys::Kept(place) = master_keys else { return Ok(()) };
    if !place.next_master_key().exists() {
        return Ok(());
    }
    let _lock = place.lock_master_key()?;
    settle_locked(place, store).await
}

/// Seals every key with a fresh master key. Answers how many.
pub(crate) async fn to_fresh_key(
    place: &DataDir,
    authority: &Authority,
    store: &dyn Store,
) -> Result<u64, Failure> {
    let _lock = place.lock_master_key()?;
    settle_locked(place, store).await?;
    let new = MasterKey::generate(&SystemEntropy);
    write(&place.next_master_key(), &new)?;
    place.sync()?;
    let rewrapped = authority.rewrap_keys(&Caller::command_line(), &new).await;
    // Whether it failed before or after the commit, the store tells which key is right.
    settle_locked(place, store).await?;
    Ok(rewrapped?)
}

async fn settle_locked(place: &DataDir, store: &dyn Store) -> Result<(), Failure> {
    let (path, next_path) = (place.master_key(), place.next_master_key());
    let (records, _) = store.keys().await?;
    let open_with = |key: Option<&MasterKey>| key.is_some_and(|key| opens(key, &records));
    let kept = read(&path).unwrap_or_default();
    // One that a crash left half-written has sealed nothing.
    let next = read(&next_path).unwrap_or_default();
    if open_with(kept.as_ref()) {
        match fs::remove_file(&next_path) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
                return Err(Failure::file(&next_path)(error));
            }
            _ => {}
        }
    } else if open_with(next.as_ref()) {
        fs::rename(&next_path, &path).map_err(Failure::file(&path))?;
    } else {
        return Err(Failure::WrongMasterKey(path.display().to_string()));
    }
    place.sync()
}
