//! Where the master key is kept, and how it comes to be.

use std::fs;
use std::io;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

use rescind::authority::MasterKeySource;
use rescind::entropy::Entropy;
use rescind::keys::{KeyRecord, MasterKey, SealError};
use zeroize::Zeroizing;

use crate::data_dir::{DataDir, write_private};
use crate::failure::Failure;

/// Where the master key is kept.
#[derive(Clone, Debug)]
pub(crate) enum MasterKeys {
    /// It was given as text: by `RESCIND_MASTER_KEY`.
    Given(MasterKey),
    /// It is in a file that somebody else looks after: `RESCIND_MASTER_KEY_FILE`.
    File(PathBuf),
    /// It is in the data directory, which looks after it itself.
    Kept(DataDir),
}

impl MasterKeys {
    /// In words, for messages.
    pub(crate) fn origin(&self) -> String {
        match self {
            Self::Given(_) => "RESCIND_MASTER_KEY".to_owned(),
            Self::File(path) => path.display().to_string(),
            Self::Kept(place) => place.master_key().display().to_string(),
        }
    }

    /// Makes the master key where it is ours to make and nothing was sealed yet. It is never made anew for a database
    /// that has keys, and never overwritten.
    pub(crate) fn ensure(&self, records: &[KeyRecord], entropy: &dyn Entropy) -> Result<(), Failure> {
        let Self::Kept(place) = self else { return Ok(()) };
        let _lock = place.lock_master_key()?;
        let path = place.master_key();
        if exists(&path)? || exists(&place.next_master_key())? {
            return Ok(());
        }
        if !records.is_empty() {
            return Err(Failure::MasterKeyGone(path));
        }
        // Written beside and renamed, so that a crash leaves the whole key or none.
        let unfinished = place.path().join("master.key.making");
        let _ = fs::remove_file(&unfinished);
        write(&unfinished, &MasterKey::generate(entropy))?;
        fs::rename(&unfinished, &path).map_err(Failure::file(&path))?;
        place.sync()
    }

    /// That one of the candidates opens every one of these keys; answers with it.
    pub(crate) fn opening(&self, records: &[KeyRecord]) -> Result<MasterKey, Failure> {
        if let Self::Kept(place) = self
            && !exists(&place.master_key())?
            && !exists(&place.next_master_key())?
        {
            return Err(Failure::MasterKeyGone(place.master_key()));
        }
        if let Self::File(path) = self {
            fs::metadata(path).map_err(Failure::file(path))?;
        }
        let candidates = self.candidates().map_err(|error| Failure::seal(error, &self.origin()))?;
        candidates
            .into_iter()
            .find(|master| opens(master, records))
            .ok_or_else(|| Failure::WrongMasterKey(self.origin()))
    }

    /// Says on standard error when others may read the key.
    pub(crate) fn warn_if_readable(&self) {
        let path = match self {
            Self::Given(_) => return,
            Self::File(path) => path.clone(),
            Self::Kept(place) => place.master_key(),
        };
        if let Some(mode) = readable_by_others(&path) {
            tracing::warn!(
                path = %path.display(),
                mode = format!("{mode:o}"),
                "others may read the master key: chmod 600 it"
            );
        }
    }
}

impl MasterKeySource for MasterKeys {
    fn candidates(&self) -> Result<Vec<MasterKey>, SealError> {
        match self {
            Self::Given(key) => Ok(vec![key.clone()]),
            Self::File(path) => Ok(read(path)?.into_iter().collect()),
            Self::Kept(place) => {
                let kept = [read(&place.master_key()), read(&place.next_master_key())];
                // One that cannot be read must not hide one that can.
                let readable: Vec<_> = kept.iter().flatten().flatten().cloned().collect();
                match kept.into_iter().find_map(Result::err) {
                    Some(error) if readable.is_empty() => Err(error),
                    _ => Ok(readable),
                }
            }
        }
    }
}

/// Whether `master` opens every one of these keys.
pub(crate) fn opens(master: &MasterKey, records: &[KeyRecord]) -> bool {
    records.iter().all(|key| master.open(&key.kid, &key.sealed).is_ok())
}

/// Writes a master key to a new file and makes it last.
pub(crate) fn write(path: &Path, key: &MasterKey) -> Result<(), Failure> {
    let line = Zeroizing::new(format!("{}\n", *key.to_base64()));
    write_private(path, &line)
}

/// The master key in a file; none where there is no such file.
pub(crate) fn read(path: &Path) -> Result<Option<MasterKey>, SealError> {
    match fs::read_to_string(path).map(Zeroizing::new) {
        Ok(text) => MasterKey::from_base64(&text).map(Some),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => {
            tracing::error!(path = %path.display(), %error, "the master key cannot be read");
            Err(SealError::InvalidMasterKey)
        }
    }
}

/// The mode of a file that others than its owner may read.
pub(crate) fn readable_by_others(path: &Path) -> Option<u32> {
    let mode = fs::metadata(path).ok()?.permissions().mode() & 0o777;
    (mode & 0o077 != 0).then_some(mode)
}

fn exists(path: &Path) -> Result<bool, Failure> {
    path.try_exists().map_err(Failure::file(path))
}
