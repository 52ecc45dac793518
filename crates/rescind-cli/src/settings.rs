//! The settings of this process: its flags, its environment, its file.

use std::cell::RefCell;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use rescind::authority::AuthoritySettings;
use rescind::keys::MasterKey;
use rescind_server::config::{Database, FileText, Origin, Sources};
use zeroize::Zeroizing;

use crate::data_dir::DataDir;
use crate::failure::Failure;
use crate::master_key::MasterKeys;

/// The file that is read where none is named, if it is there.
const DEFAULT_FILE: &str = "rescind.toml";

/// The settings, and what of them only the composition needs.
#[derive(Debug)]
pub(crate) struct Settings {
    /// What the server knows of them.
    pub(crate) server: rescind_server::config::Settings,
    /// Where the master key was read from, where a file was named.
    master_key_file: Option<PathBuf>,
}

impl Settings {
    /// Reads everything there is.
    pub(crate) fn load(file: Option<&Path>, flags: Vec<(String, String)>) -> Result<Self, Failure> {
        let secrets = RefCell::new(Vec::new());
        let read_file = |path: &Path| {
            let text = fs::read_to_string(path)?;
            secrets.borrow_mut().push((path.to_owned(), Zeroizing::new(text.clone())));
            Ok(text)
        };
        let sources = Sources {
            flags,
            environment: std::env::vars_os().collect(),
            file: settings_file(file)?,
            read_file: &read_file,
        };
        let server = rescind_server::config::Settings::load(&sources)
            .map_err(|error| Failure::Setting(error.to_string()))?;
        let master_key_file = master_key_file(server.master_key.as_ref(), secrets.into_inner());
        Ok(Self { server, master_key_file })
    }

    /// The data directory and the database.
    pub(crate) fn place(&self) -> DataDir {
        let database = match &self.server.database {
            Database::Sqlite(database) => database,
            // Nothing of it is used: the database is elsewhere, and the master key is given.
            Database::Postgres(_) => Path::new("rescind.db"),
        };
        DataDir::new(&self.server.data_dir, database)
    }

    /// What the authority is told.
    pub(crate) fn authority(&self) -> AuthoritySettings {
        self.server.authority(self.server.listen)
    }

    /// Where the master key is.
    pub(crate) fn master_keys(&self) -> MasterKeys {
        match (&self.server.master_key, &self.master_key_file) {
            (_, Some(file)) => MasterKeys::File(file.clone()),
            (Some(key), None) => MasterKeys::Given(key.clone()),
            (None, None) => MasterKeys::Kept(self.place()),
        }
    }

    /// Whether somebody said what to log.
    pub(crate) fn log_is_given(&self) -> bool {
        self.server.explain().iter().any(|row| row.name == "RESCIND_LOG" && row.origin != Origin::Default)
    }
}

fn settings_file(named: Option<&Path>) -> Result<Option<FileText>, Failure> {
    let path = named.unwrap_or(Path::new(DEFAULT_FILE));
    match fs::read_to_string(path) {
        Ok(text) => Ok(Some(FileText { name: path.display().to_string(), text })),
        Err(error) if named.is_none() && error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(Failure::Setting(format!("{}: cannot be read: {error}", path.display()))),
    }
}

/// The one of these files that the master key came from: it is read again when the keys do not open, since somebody may
/// have changed the master key meanwhile.
fn master_key_file(key: Option<&MasterKey>, files: Vec<(PathBuf, Zeroizing<String>)>) -> Option<PathBuf> {
    let key = key?.to_base64();
    let holds = |text: &str| MasterKey::from_base64(text).is_ok_and(|held| *held.to_base64() == *key);
    files.into_iter().find(|(_, text)| holds(text)).map(|(path, _)| path)
}
