//! How a server is to be started.

use super::server::Postgres;

/// What differs from the defaults of PostgreSQL. The default differs in nothing: durable, no TLS.
#[derive(Clone, Debug)]
pub struct PostgresOptions {
    /// Whether a commit waits for the disk. Off only where nothing is to survive: it is much faster.
    pub fsync: bool,
    /// Whether the server takes connections over TLS, and over TCP no others.
    pub tls: bool,
    /// Further settings, by the names of `postgresql.conf`; the last value for a name counts.
    pub settings: Vec<(String, String)>,
}

impl Default for PostgresOptions {
    fn default() -> Self {
        Self { fsync: true, tls: false, settings: Vec::new() }
    }
}

impl PostgresOptions {
    /// Gives up durability for speed.
    #[must_use]
    pub fn without_fsync(mut self) -> Self {
        self.fsync = false;
        self
    }

    /// Takes connections over TLS only, with a certificate of an authority of its own: [`Postgres::ca`].
    #[must_use]
    pub fn tls(mut self) -> Self {
        self.tls = true;
        self
    }

    /// Sets a parameter of `postgresql.conf`.
    #[must_use]
    pub fn set(mut self, name: &str, value: impl Into<String>) -> Self {
        self.settings.push((name.to_owned(), value.into()));
        self
    }

    /// [`Postgres::start_with`] these options.
    pub async fn start(self) -> Postgres {
        Postgres::start_with(self).await
    }

    /// Arguments for `postgres`. On the command line, not in a file: so they hold for data of another time, too.
    pub(super) fn arguments(&self) -> Vec<String> {
        let mut arguments = vec![
            "listen_addresses=127.0.0.1".to_owned(),
            // Files, not the system's shared memory, which a killed server would leave behind.
            "dynamic_shared_memory_type=mmap".to_owned(),
        ];
        if !self.fsync {
            arguments.extend(["fsync=off", "full_page_writes=off"].map(str::to_owned));
        }
        arguments.extend(self.settings.iter().map(|(name, value)| format!("{name}={value}")));
        arguments.into_iter().flat_map(|setting| ["-c".to_owned(), setting]).collect()
    }
}
