//! How a server is to be started.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use tokio::process::Command;

use super::server::Server;
use crate::postgres::TestDatabase;

/// The first operator's password in every fixture that does not ask for a random one. No real account has it.
pub(super) const ADMIN_PASSWORD: &str = "fixture-operator-8c1f0e7d2b";

/// What a command beside a server needs to be told to find the data that the server has.
const WHERE_THE_DATA_IS: [&str; 3] =
    ["RESCIND_DATABASE_URL", "RESCIND_MASTER_KEY", "RESCIND_MASTER_KEY_FILE"];

/// How to start a server: the binary and the settings that differ from the defaults.
#[derive(Clone, Debug)]
pub struct Options {
    pub(super) binary: PathBuf,
    pub(super) settings: Vec<(String, String)>,
    pub(super) data: Option<PathBuf>,
    pub(super) port: Option<u16>,
    /// Dropped with the last server that uses it.
    pub(super) database: Option<Arc<TestDatabase>>,
}

impl Options {
    /// Starts `binary` with defaults, a fresh data directory, a free port and a known first password.
    ///
    /// A test of `rescind-cli` passes `env!("CARGO_BIN_EXE_rescind")`.
    pub fn new(binary: impl Into<PathBuf>) -> Self {
        let settings = vec![("RESCIND_ADMIN_PASSWORD".to_owned(), ADMIN_PASSWORD.to_owned())];
        Self { binary: binary.into(), settings, data: None, port: None, database: None }
    }

    /// Sets an environment variable of the server; the last call for a name counts.
    #[must_use]
    pub fn env(mut self, name: &str, value: impl Into<String>) -> Self {
        self = self.without(name);
        self.settings.push((name.to_owned(), value.into()));
        self
    }

    /// What a variable was set to.
    pub(super) fn get(&self, name: &str) -> Option<&str> {
        self.settings.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }

    /// Leaves a variable unset. Without `RESCIND_ADMIN_PASSWORD` the server makes a password up and prints it, and
    /// [`Server::admin_password`] reads it from there.
    #[must_use]
    pub fn without(mut self, name: &str) -> Self {
        self.settings.retain(|(known, _)| known != name);
        self
    }

    /// Uses a directory of the caller's instead of a temporary one; it is left in place.
    #[must_use]
    pub fn data_dir(mut self, path: impl Into<PathBuf>) -> Self {
        self.data = Some(path.into());
        self
    }

    /// Keeps the data in this database instead of a file. The master key is `master.key` in the data directory, where it
    /// is with a file.
    #[must_use]
    pub fn database(mut self, database: TestDatabase) -> Self {
        self = self.env("RESCIND_DATABASE_URL", database.url());
        self.database = Some(Arc::new(database));
        self
    }

    /// Listens on this port of the loopback address.
    #[must_use]
    pub fn port(mut self, port: u16) -> Self {
        self.port = Some(port);
        self
    }

    /// The settings without which a command does not find the server's data.
    pub(super) fn where_the_data_is(&self) -> impl Iterator<Item = (&str, &str)> {
        let told = self.settings.iter().filter(|(name, _)| WHERE_THE_DATA_IS.contains(&name.as_str()));
        told.map(|(name, value)| (name.as_str(), value.as_str()))
    }

    /// [`Server::start`] with these options.
    pub async fn start(self) -> Server {
        Server::start(self).await
    }
}

/// The binary with `data` as its data directory and nothing else of Rescind's in its environment, nor of OpenTelemetry's: for the
/// administration commands beside a running server.
///
/// An unknown `RESCIND_` variable stops the binary, and the tests are told things by variables of that prefix, so none
/// is inherited.
pub fn command(binary: impl AsRef<Path>, data: impl AsRef<Path>) -> Command {
    let mut command = Command::new(binary.as_ref());
    for (name, _) in std::env::vars_os() {
        if ["RESCIND_", "OTEL_"].iter().any(|prefix| name.to_string_lossy().starts_with(prefix)) {
            command.env_remove(name);
        }
    }
    command.env("RESCIND_DATA_DIR", data.as_ref()).kill_on_drop(true);
    command
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_value_of_a_setting_counts() {
        let options = Options::new("rescind").env("RESCIND_LOG", "info").env("RESCIND_LOG", "debug");
        let logs: Vec<_> = options.settings.iter().filter(|(name, _)| name == "RESCIND_LOG").collect();
        assert_eq!(logs, [&("RESCIND_LOG".to_owned(), "debug".to_owned())]);
    }
}
