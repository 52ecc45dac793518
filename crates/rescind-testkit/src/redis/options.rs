//! How a server is to be started.

use super::server::Redis;

/// What differs from a server that keeps nothing on disk, asks for no password and speaks no TLS.
#[derive(Clone, Debug, Default)]
pub struct RedisOptions {
    /// The password of the default user.
    pub password: Option<String>,
    /// Whether the server takes connections over TLS, and over TCP no others.
    pub tls: bool,
    /// Further lines of `redis.conf`, as name and value; the last value for a name counts.
    pub settings: Vec<(String, String)>,
}

impl RedisOptions {
    /// Asks every client for a password.
    #[must_use]
    pub fn password(mut self, password: impl Into<String>) -> Self {
        self.password = Some(password.into());
        self
    }

    /// Takes connections over TLS only, with a certificate of an authority of its own: [`Redis::ca`].
    #[must_use]
    pub fn tls(mut self) -> Self {
        self.tls = true;
        self
    }

    /// Keeps at most this many bytes, and does what `policy` says when they are full: `noeviction`, `allkeys-lru`, …
    #[must_use]
    pub fn max_memory(self, bytes: u64, policy: &str) -> Self {
        self.set("maxmemory", bytes.to_string()).set("maxmemory-policy", policy)
    }

    /// Sets a parameter of `redis.conf`.
    #[must_use]
    pub fn set(mut self, name: &str, value: impl Into<String>) -> Self {
        self.settings.push((name.to_owned(), value.into()));
        self
    }

    /// [`Redis::start_with`] these options.
    pub async fn start(self) -> Redis {
        Redis::start_with(self).await
    }
}
