//! The data directory: the database, the master key, and who may touch them when.

use std::fs::{DirBuilder, File, OpenOptions, TryLockError};
use std::io::{self, Write as _};
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};

use crate::failure::Failure;

/// The data directory, and the database, which may be elsewhere.
#[derive(Clone, Debug)]
pub(crate) struct DataDir {
    path: PathBuf,
    database: PathBuf,
}

/// Held while the database is in use: shared by a server and by commands, exclusive while the file is replaced. A server holds
/// another one, which is its alone.
#[derive(Debug)]
pub(crate) struct Lock {
    _file: File,
}

impl DataDir {
    pub(crate) fn new(path: &Path, database: &Path) -> Self {
        Self { path: path.to_owned(), database: database.to_owned() }
    }

    /// With the database under the name that it has itself: whoever replaces it replaces the file, and not a link that leads there.
    pub(crate) fn by_one_name(self) -> Self {
        Self { database: one_name(&self.database), ..self }
    }

    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// The SQLite file.
    pub(crate) fn database(&self) -> &Path {
        &self.database
    }

    /// The master key, where none is given from outside.
    pub(crate) fn master_key(&self) -> PathBuf {
        self.path.join("master.key")
    }

    /// The next master key, while the keys are sealed anew.
    pub(crate) fn next_master_key(&self) -> PathBuf {
        self.path.join("master.key.new")
    }

    /// Makes the directory, for its owner only, if it is not there.
    pub(crate) fn create(&self) -> Result<(), Failure> {
        DirBuilder::new().recursive(true).mode(0o700).create(&self.path).map_err(|why| self.unusable(why))
    }

    /// Takes part in using the database.
    pub(crate) fn share(&self) -> Result<Lock, Failure> {
        let file = self.lock_file("lock")?;
        match file.try_lock_shared() {
            Ok(()) => Ok(Lock { _file: file }),
            Err(TryLockError::WouldBlock) => Err(Failure::InUse(self.database.clone())),
            Err(TryLockError::Error(why)) => Err(self.unusable(why)),
        }
    }

    /// Keeps everybody else from using the database.
    pub(crate) fn exclude_others(&self) -> Result<Lock, Failure> {
        self.alone("lock", Failure::InUse)
    }

    /// Keeps other servers, and no commands, from the database. The system frees it with the process, however that ends.
    pub(crate) fn exclude_servers(&self) -> Result<Lock, Failure> {
        self.alone("serving", Failure::AlreadyServed)
    }

    /// Waits until nobody else is making or changing the master key.
    pub(crate) fn lock_master_key(&self) -> Result<Lock, Failure> {
        let directory = File::open(&self.path).map_err(|why| self.unusable(why))?;
        directory.lock().map_err(|why| self.unusable(why))?;
        Ok(Lock { _file: directory })
    }

    /// Makes the names of files in the directory last, not only their contents.
    pub(crate) fn sync(&self) -> Result<(), Failure> {
        File::open(&self.path).and_then(|directory| directory.sync_all()).map_err(|why| self.unusable(why))
    }

    fn alone(&self, suffix: &str, taken: fn(PathBuf) -> Failure) -> Result<Lock, Failure> {
        let file = self.lock_file(suffix)?;
        match file.try_lock() {
            Ok(()) => Ok(Lock { _file: file }),
            Err(TryLockError::WouldBlock) => Err(taken(self.database.clone())),
            Err(TryLockError::Error(why)) => Err(self.unusable(why)),
        }
    }

    fn lock_file(&self, suffix: &str) -> Result<File, Failure> {
        if std::fs::metadata(&self.database).is_ok_and(|found| !found.is_file()) {
            return Err(Failure::NoFile(self.database.clone()));
        }
        let path = beside(&one_name(&self.database), suffix);
        OpenOptions::new()
            .write(true)
            .create(true)
            .truncate(false)
            .mode(0o600)
            .open(path)
            .map_err(|why| self.unusable(why))
    }

    fn unusable(&self, why: io::Error) -> Failure {
        Failure::DataDir { path: self.path.clone(), why }
    }
}

/// The same for whoever means the same file, by whichever links: also where it is not there yet.
fn one_name(path: &Path) -> PathBuf {
    let by_its_directory = || {
        let directory =
            path.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."));
        Some(directory.canonicalize().ok()?.join(path.file_name()?))
    };
    path.canonicalize().ok().or_else(by_its_directory).unwrap_or_else(|| path.to_owned())
}

/// The path of a file beside `path`: its name, a dot, and `suffix`.
pub(crate) fn beside(path: &Path, suffix: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(".");
    name.push(suffix);
    name.into()
}

/// Writes a new file that only its owner reads, and makes it last. It must not be there.
pub(crate) fn write_private(path: &Path, content: &str) -> Result<(), Failure> {
    let write = || {
        let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(path)?;
        file.write_all(content.as_bytes())?;
        file.sync_all()
    };
    write().map_err(Failure::file(path))
}
