//! How to reach the server.

use std::path::PathBuf;
use std::str::FromStr as _;
use std::sync::Arc;
use std::time::Duration;

use deadpool_postgres::{
    Hook, HookError, Manager, ManagerConfig, Pool, QueueMode, RecyclingMethod, Runtime, Timeouts,
};
use rescind::entropy::Entropy;
use rescind::store::StoreError;
use tokio_postgres::Config;
use tokio_postgres::config::{Host, SslMode, TargetSessionAttrs};
use tokio_postgres_rustls::MakeRustlsConnect;

use crate::error::translate;
use crate::tls;

/// How a store on PostgreSQL is to be opened.
///
/// ```
/// use std::sync::Arc;
/// use std::time::Duration;
/// use rescind::system::SystemEntropy;
/// use rescind_postgres::Options;
///
/// // Another machine, whose certificate an authority of one's own has signed.
/// let url = "postgres://rescind:secret@db.example/rescind?sslmode=verify-full&sslrootcert=/etc/rescind/ca.pem";
/// let options = Options { connections: 32, ..Options::new(url, Arc::new(SystemEntropy)) };
/// assert_eq!(options.patience, Duration::from_secs(5));
/// ```
#[derive(Clone)]
pub struct Options {
    /// `postgres://user:password@host:port/database`, with what libpq takes as parameters (`sslmode`, `sslrootcert`,
    /// `options`, `application_name`, several hosts with `target_session_attrs`).
    ///
    /// Without `sslmode`, a server on another machine must speak TLS, and one on this machine is spoken to in the clear.
    /// Whenever TLS is spoken, the certificate and the name in it are checked: there is no mode that does not.
    pub url: String,
    /// Tags of batches and ids of audit entries come from here.
    pub entropy: Arc<dyn Entropy>,
    /// At most so many connections (one more waits for wake-ups).
    pub connections: usize,
    /// At most so many calls wait for a connection; beyond, [`StoreError::Overloaded`].
    pub queue: usize,
    /// How long a call may take before it is [`StoreError::Unavailable`]: a server that hangs is told by this.
    pub patience: Duration,
}

impl Options {
    /// With the defaults: 16 connections, 1,024 calls waiting, 5 seconds.
    ///
    /// ```
    /// use std::sync::Arc;
    /// use rescind::system::SystemEntropy;
    /// use rescind_postgres::Options;
    ///
    /// let options = Options::new("postgres://rescind@localhost/rescind", Arc::new(SystemEntropy));
    /// assert_eq!((options.connections, options.queue, options.patience.as_secs()), (16, 1024, 5));
    /// ```
    pub fn new(url: impl Into<String>, entropy: Arc<dyn Entropy>) -> Self {
        Self { url: url.into(), entropy, connections: 16, queue: 1024, patience: Duration::from_secs(5) }
    }
}

/// Why a store cannot be opened.
///
/// ```
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// use rescind_postgres::{OpenError, schema_version};
///
/// // What is said of a URL never repeats it: it may hold a password.
/// let refused = schema_version("postgres://db.example/rescind?password=hunter2").await.unwrap_err();
/// assert_eq!(refused, OpenError::Address("the database's URL names no user".into()));
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum OpenError {
    /// The URL makes no sense, or names what is not there.
    #[error("{0}")]
    Address(String),
    /// The server answers, and will not have us: a wrong password, no such database, a certificate that is not good.
    #[error("the server does not let us in: {0}")]
    Refused(String),
    /// [`StoreError::Unavailable`] where the server cannot be reached, and may be later; [`StoreError::TooNew`] where a newer
    /// program has written to the database.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl OpenError {
    /// Whether waiting may help.
    ///
    /// ```
    /// use rescind::store::StoreError;
    /// use rescind_postgres::OpenError;
    ///
    /// let away = OpenError::Store(StoreError::Unavailable("connection refused".into()));
    /// let refused = OpenError::Refused("password authentication failed".into());
    /// assert!(away.may_pass() && !refused.may_pass());
    /// ```
    pub fn may_pass(&self) -> bool {
        matches!(
            self,
            Self::Store(
                StoreError::Unavailable(_)
                    | StoreError::TakesNoWrites(_)
                    | StoreError::Overloaded
                    | StoreError::Conflict
            )
        )
    }

    pub(crate) fn connecting(error: &tokio_postgres::Error) -> Self {
        // 28: who we are; 3D: which database; 42: what we may do.
        let refused = error
            .code()
            .is_some_and(|code| ["28", "3D", "42"].iter().any(|class| code.code().starts_with(class)));
        match translate(error) {
            StoreError::Unavailable(why) | StoreError::Corrupt(why) if refused || is_about_tls(error) => {
                Self::Refused(why)
            }
            other => Self::Store(other),
        }
    }
}

/// A server without TLS, or with a certificate that is not good.
fn is_about_tls(error: &tokio_postgres::Error) -> bool {
    let text = error.to_string();
    text.contains("TLS") || {
        let source = std::error::Error::source(error);
        source.is_some_and(|source| source.to_string().contains("certificate"))
    }
}

/// Where the server is, and how to speak to it.
#[derive(Clone)]
pub(crate) struct Address {
    pub(crate) config: Config,
    pub(crate) tls: MakeRustlsConnect,
}

/// What every connection is told. A node that was cut off must not hold the ledger's lock for long, and nothing may
/// run for ever.
///
/// Statements are planned once for each connection, without their values: every one of them has an index that it is to use, and
/// lists as parameters would have PostgreSQL plan most of them anew each time, which takes longer than to run them. A plan
/// that was made while a table was empty must be good for a full one, so whole tables are read where nothing else is possible.
const SETTINGS: &str = "-c plan_cache_mode=force_generic_plan -c enable_seqscan=off -c jit=off -c statement_timeout=30s -c lock_timeout=4s -c idle_in_transaction_session_timeout=5s -c timezone=UTC -c default_transaction_isolation=read\\ committed";

/// The server may have been told not to wait for the disk. We acknowledge nothing that can be forgotten.
const DURABLE: &str = "SELECT set_config('synchronous_commit', 'on', false)
                        WHERE current_setting('synchronous_commit') = 'off'";

impl Address {
    pub(crate) fn parse(url: &str) -> Result<Self, OpenError> {
        let (url, told) = split_parameters(url)?;
        let mut config =
            Config::from_str(&url).map_err(|error| invalid(format!("the database's URL: {error}")))?;
        if config.get_user().is_none() {
            return Err(invalid("the database's URL names no user"));
        }
        config.ssl_mode(match told.mode {
            Some(mode) => mode,
            None if config.get_hosts().iter().all(is_local) => SslMode::Disable,
            None => SslMode::Require,
        });
        let options = format!("{} {SETTINGS}", config.get_options().unwrap_or_default());
        config.options(options.trim());
        if config.get_application_name().is_none() {
            config.application_name("rescind");
        }
        // A replica answers, lags, and takes nothing: of several hosts it is the primary that is meant, and a replica alone is none.
        config.target_session_attrs(TargetSessionAttrs::ReadWrite);
        config.connect_timeout(Duration::from_secs(3));
        config.keepalives_idle(Duration::from_secs(15));
        config.tcp_user_timeout(Duration::from_secs(15));
        Ok(Self { config, tls: tls::connector(told.roots.as_deref())? })
    }

    pub(crate) fn pool(&self, options: &Options) -> Result<Pool, StoreError> {
        let recycling = ManagerConfig { recycling_method: RecyclingMethod::Fast };
        let manager = Manager::from_config(self.config.clone(), self.tls.clone(), recycling);
        Pool::builder(manager)
            .max_size(options.connections.max(2))
            // The one that was used last: what its server process needs is still in the processor's caches.
            .queue_mode(QueueMode::Lifo)
            .runtime(Runtime::Tokio1)
            .timeouts(Timeouts {
                wait: Some(options.patience),
                create: Some(options.patience),
                recycle: Some(options.patience),
            })
            .post_create(Hook::async_fn(|client, _| {
                Box::pin(async move { client.batch_execute(DURABLE).await.map_err(HookError::Backend) })
            }))
            .build()
            .map_err(|error| StoreError::Unavailable(error.to_string()))
    }
}

/// What our URL may say beyond what the client library understands.
#[derive(Default)]
struct Told {
    mode: Option<SslMode>,
    roots: Option<PathBuf>,
}

/// Takes out `sslmode` and `sslrootcert`: the library knows neither `verify-full` nor a file of roots.
fn split_parameters(url: &str) -> Result<(String, Told), OpenError> {
    let Some((base, query)) = url.split_once('?') else { return Ok((url.to_owned(), Told::default())) };
    let mut told = Told::default();
    let mut rest = Vec::new();
    for parameter in query.split('&').filter(|parameter| !parameter.is_empty()) {
        match parameter.split_once('=') {
            Some(("sslmode", mode)) => told.mode = Some(ssl_mode(mode)?),
            Some(("sslrootcert", path)) => told.roots = Some(decode(path)?.into()),
            _ => rest.push(parameter),
        }
    }
    let url = if rest.is_empty() { base.to_owned() } else { format!("{base}?{}", rest.join("&")) };
    Ok((url, told))
}

fn ssl_mode(mode: &str) -> Result<SslMode, OpenError> {
    match mode {
        "disable" => Ok(SslMode::Disable),
        "require" | "verify-ca" | "verify-full" => Ok(SslMode::Require),
        // These fall back to the clear when somebody in between says that there is no TLS.
        "allow" | "prefer" => Err(invalid(
            "sslmode=allow and sslmode=prefer protect nothing: say sslmode=verify-full, or sslmode=disable",
        )),
        _ => Err(invalid("sslmode is disable, require, verify-ca or verify-full")),
    }
}

fn is_local(host: &Host) -> bool {
    match host {
        Host::Unix(_) => true,
        Host::Tcp(name) => {
            name == "localhost" || name.parse::<std::net::IpAddr>().is_ok_and(|ip| ip.is_loopback())
        }
    }
}

fn decode(text: &str) -> Result<String, OpenError> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let [first, tail @ ..] = rest {
        rest = match (first, tail) {
            (b'%', [high, low, tail @ ..]) => {
                let pair = [*high, *low];
                let hex = std::str::from_utf8(&pair).ok().and_then(|hex| u8::from_str_radix(hex, 16).ok());
                bytes.push(hex.ok_or_else(|| invalid("the database's URL has a broken %-escape"))?);
                tail
            }
            (byte, tail) => {
                bytes.push(*byte);
                tail
            }
        };
    }
    String::from_utf8(bytes).map_err(|_| invalid("the database's URL is not UTF-8"))
}

fn invalid(why: impl Into<String>) -> OpenError {
    OpenError::Address(why.into())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mode(url: &str) -> Result<SslMode, OpenError> {
        Address::parse(url).map(|address| address.config.get_ssl_mode())
    }

    #[test]
    fn another_machine_must_speak_tls_unless_told_otherwise() {
        for (url, expected) in [
            ("postgres://u@127.0.0.1/d", SslMode::Disable),
            ("postgres://u@localhost/d", SslMode::Disable),
            ("postgres://u@db.example/d", SslMode::Require),
            ("postgres://u@127.0.0.1,db.example/d", SslMode::Require),
            ("postgres://u@db.example/d?sslmode=disable", SslMode::Disable),
            ("postgres://u@127.0.0.1/d?sslmode=verify-full", SslMode::Require),
        ] {
            assert_eq!(mode(url), Ok(expected), "{url}");
        }
    }

    #[test]
    fn a_url_that_cannot_be_meant_is_refused() {
        for url in [
            "postgres://u@db.example/d?sslmode=prefer",
            "postgres://u@db.example/d?sslmode=maybe",
            "postgres://u@db.example/d?sslrootcert=%zz",
            "postgres://u@db.example/d?sslrootcert=/no/such/file",
            "postgres://db.example/d",
            "mysql://u@db.example/d",
        ] {
            assert!(mode(url).is_err(), "{url}");
        }
    }

    #[test]
    fn what_the_url_sets_is_kept_beside_ours() {
        let address = Address::parse("postgres://u@127.0.0.1/d?options=-csearch_path%3Dx").unwrap();
        let options = address.config.get_options().unwrap();
        assert!(options.starts_with("-csearch_path=x "), "{options}");
        assert!(options.contains("idle_in_transaction_session_timeout"), "{options}");
    }
}
