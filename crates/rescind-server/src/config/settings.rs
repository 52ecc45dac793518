//! The settings as values.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use http::HeaderValue;
use ipnet::IpNet;
use rescind::authority::AuthoritySettings;
use rescind::directory::password;
use rescind::keys::MasterKey;
use rescind::lookup::CheckBy;
use rescind::session::RefreshPolicy;
use rescind::token::Algorithm;
use rescind::verifier::OnStale;
use secrecy::SecretString;

use super::catalog::{Setting, find};
use super::error::SettingsError;
use super::explain::Explained;
use super::layers::{Given, Sources};
use super::values;
use crate::node::Web;
use crate::telemetry::trace::Endpoint;

/// Every setting, possible by itself and together with the others.
///
/// ```
/// use rescind_server::config::{Settings, Sources};
///
/// let settings = Settings::load(&Sources {
///     flags: Vec::new(),
///     environment: vec![("RESCIND_ISSUER".into(), "https://auth.example".into())],
///     file: None,
///     read_file: &|path| std::fs::read_to_string(path),
/// })?;
/// assert_eq!(settings.given_issuer.as_deref(), Some("https://auth.example"));
/// assert_eq!(settings.listen.to_string(), "127.0.0.1:8080", "nobody said otherwise");
/// # Ok::<(), rescind_server::config::SettingsError>(())
/// ```
#[derive(Clone, Debug)]
pub struct Settings {
    /// Where the server listens.
    pub listen: SocketAddr,
    /// The issuer, where it was given; see [`Settings::issuer`].
    pub given_issuer: Option<String>,
    /// The audience, where it was given; see [`Settings::audience`].
    pub given_audience: Option<String>,
    /// Holds the SQLite file and the master key.
    pub data_dir: PathBuf,
    /// Where the store is.
    pub database: Database,
    /// Where the shared cache is, if there is one. It may hold a password.
    pub redis_url: Option<SecretString>,
    /// How access tokens are checked.
    pub check: CheckBy,
    /// The master key, where it was given; else it is `master.key` in the data directory.
    pub master_key: Option<MasterKey>,
    /// What new signing keys sign with.
    pub signing_alg: Algorithm,
    /// The operator made on first start.
    pub admin_email: String,
    /// The operator's first password; none for a random one.
    pub admin_password: Option<SecretString>,
    /// How long an access token lives.
    pub access_ttl: Duration,
    /// How long another issuer's token lives at the most; zero: none is reached.
    pub foreign_ttl: Duration,
    /// How long a session lives without a refresh.
    pub refresh_ttl: Duration,
    /// How long a session lives in any case.
    pub session_ttl: Duration,
    /// How forgiving a refresh is.
    pub refresh_policy: RefreshPolicy,
    /// How long a signing key signs; zero: until it is rotated on demand.
    pub key_rotation: Duration,
    /// Web origins whose pages may call the API.
    pub cors_origins: Vec<HeaderValue>,
    /// How far the clocks of other machines may be off.
    pub leeway: Duration,
    /// The most sessions that a user may have; 0: no limit.
    pub max_sessions_per_user: u32,
    /// For how long a check goes on with what it knows.
    pub max_staleness: Duration,
    /// What it does after that.
    pub on_stale: OnStale,
    /// How often expired entries are purged.
    pub purge_interval: Duration,
    /// How long entries are kept after they have expired.
    pub purge_safety_margin: Duration,
    /// Whether anybody may register.
    pub registration_open: bool,
    /// The age in years that registration asks for; 0: none.
    pub minimum_age: u32,
    /// The networks whose `X-Forwarded-For` is believed.
    pub trusted_proxies: Vec<IpNet>,
    /// What is logged.
    pub log: String,
    /// How it is logged; none: by what the standard error is.
    pub log_format: Option<LogFormat>,
    /// Where traces are sent, if anywhere. It may hold a password.
    pub otlp: Option<Endpoint>,
    explained: Vec<Explained>,
}

/// Where the store is.
///
/// ```
/// use rescind_server::config::{Database, Settings, Sources};
///
/// let settings = Settings::load(&Sources {
///     flags: vec![("data-dir".into(), "/var/lib/rescind".into())],
///     environment: Vec::new(),
///     file: None,
///     read_file: &|path| std::fs::read_to_string(path),
/// })?;
/// let Database::Sqlite(file) = settings.database else { panic!("PostgreSQL has to be asked for") };
/// assert_eq!(file.to_str(), Some("/var/lib/rescind/rescind.db"));
/// # Ok::<(), rescind_server::config::SettingsError>(())
/// ```
#[derive(Clone, Debug)]
pub enum Database {
    /// An SQLite file.
    Sqlite(PathBuf),
    /// A PostgreSQL database, by its URL.
    Postgres(SecretString),
}

/// How log lines look.
///
/// ```
/// use rescind_server::config::{LogFormat, Settings, Sources};
///
/// let settings = Settings::load(&Sources {
///     flags: vec![("log-format".into(), "json".into())],
///     environment: Vec::new(),
///     file: None,
///     read_file: &|path| std::fs::read_to_string(path),
/// })?;
/// assert_eq!(settings.log_format, Some(LogFormat::Json));
/// # Ok::<(), rescind_server::config::SettingsError>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LogFormat {
    /// For people.
    Text,
    /// One JSON object per line.
    Json,
}

impl Settings {
    /// Reads the settings from `sources`.
    ///
    /// ```
    /// use rescind_server::config::{Settings, Sources};
    ///
    /// let load = |flags| {
    ///     let (environment, file) = (Vec::new(), None);
    ///     Settings::load(&Sources { flags, environment, file, read_file: &|path| std::fs::read_to_string(path) })
    /// };
    /// assert_eq!(load(vec![("access-ttl".into(), "5m".into())])?.access_ttl.as_secs(), 300);
    /// // Good by itself, and not beside the others.
    /// let wrong = load(vec![("refresh-ttl".into(), "100d".into())]).unwrap_err();
    /// assert_eq!(wrong.to_string(), "RESCIND_REFRESH_TTL: it must not be above RESCIND_SESSION_TTL");
    /// # Ok::<(), rescind_server::config::SettingsError>(())
    /// ```
    ///
    /// # Errors
    /// Whatever is unknown, impossible, or contradicts another setting; all of it, each naming its setting.
    pub fn load(sources: &Sources<'_>) -> Result<Self, SettingsError> {
        let settings = Self::from_given(&Given::read(sources)?)?;
        settings.check_together()?;
        Ok(settings)
    }

    /// The issuer of a server that is bound to `bound`, which matters where the listen port is 0.
    ///
    /// ```
    /// # use rescind_server::config::{Settings, Sources};
    /// # let settings = Settings::load(&Sources {
    /// #     flags: vec![("listen".into(), "127.0.0.1:0".into())],
    /// #     environment: Vec::new(),
    /// #     file: None,
    /// #     read_file: &|path| std::fs::read_to_string(path),
    /// # })?;
    /// // The operating system chose the port.
    /// let bound = "127.0.0.1:41234".parse()?;
    /// assert_eq!(settings.issuer(bound), "http://127.0.0.1:41234");
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn issuer(&self, bound: SocketAddr) -> String {
        self.given_issuer.clone().unwrap_or_else(|| format!("http://{bound}"))
    }

    /// The audience of access tokens whose sign-in names none.
    ///
    /// ```
    /// # use rescind_server::config::{Settings, Sources};
    /// # let settings = Settings::load(&Sources {
    /// #     flags: vec![("issuer".into(), "https://auth.example".into())],
    /// #     environment: Vec::new(),
    /// #     file: None,
    /// #     read_file: &|path| std::fs::read_to_string(path),
    /// # })?;
    /// assert_eq!(settings.audience(settings.listen), "https://auth.example");
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn audience(&self, bound: SocketAddr) -> String {
        self.given_audience.clone().unwrap_or_else(|| self.issuer(bound))
    }

    /// What the authority needs to know.
    ///
    /// ```
    /// # use rescind_server::config::{Settings, Sources};
    /// # let settings = Settings::load(&Sources {
    /// #     flags: vec![("issuer".into(), "https://auth.example".into())],
    /// #     environment: Vec::new(),
    /// #     file: None,
    /// #     read_file: &|path| std::fs::read_to_string(path),
    /// # })?;
    /// use rescind::authority::AuthoritySettings;
    ///
    /// let usual = AuthoritySettings::new("https://auth.example");
    /// assert_eq!(settings.authority(settings.listen), usual, "nothing else was said");
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn authority(&self, bound: SocketAddr) -> AuthoritySettings {
        AuthoritySettings {
            issuer: self.issuer(bound),
            audience: self.audience(bound),
            algorithm: self.signing_alg,
            access_ttl: self.access_ttl,
            foreign_ttl: self.foreign_ttl,
            refresh_ttl: self.refresh_ttl,
            session_ttl: self.session_ttl,
            refresh_policy: self.refresh_policy,
            key_rotation: self.key_rotation,
            leeway: self.leeway,
            max_sessions_per_user: self.max_sessions_per_user,
            purge_safety_margin: self.purge_safety_margin,
            check: self.check,
            max_staleness: self.max_staleness,
            on_stale: self.on_stale,
            registration_open: self.registration_open,
            minimum_age: self.minimum_age,
        }
    }

    /// What the HTTP API is told of the web around it.
    ///
    /// ```
    /// # use rescind_server::config::{Settings, Sources};
    /// # let settings = Settings::load(&Sources {
    /// #     flags: vec![("cors-origins".into(), "https://app.example".into())],
    /// #     environment: Vec::new(),
    /// #     file: None,
    /// #     read_file: &|path| std::fs::read_to_string(path),
    /// # })?;
    /// assert_eq!(settings.web().cors_origins, ["https://app.example"]);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn web(&self) -> Web {
        Web { trusted_proxies: self.trusted_proxies.clone(), cors_origins: self.cors_origins.clone() }
    }

    /// Every setting, its value as far as it may be shown, and where it comes from.
    ///
    /// ```
    /// # use rescind_server::config::{Settings, Sources};
    /// # let settings = Settings::load(&Sources {
    /// #     flags: Vec::new(),
    /// #     environment: Vec::new(),
    /// #     file: None,
    /// #     read_file: &|path| std::fs::read_to_string(path),
    /// # })?;
    /// use rescind_server::config::catalog::SETTINGS;
    ///
    /// assert_eq!(settings.explain().len(), SETTINGS.len(), "each of them, in their order");
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn explain(&self) -> &[Explained] {
        &self.explained
    }

    /// What an operator should be told at the start: settings that are possible and hardly meant.
    ///
    /// ```
    /// # use rescind_server::config::{Settings, Sources};
    /// # let settings = Settings::load(&Sources {
    /// #     flags: vec![("admin-password".into(), "password".into())],
    /// #     environment: Vec::new(),
    /// #     file: None,
    /// #     read_file: &|path| std::fs::read_to_string(path),
    /// # })?;
    /// assert!(settings.notices()[0].starts_with("RESCIND_ADMIN_PASSWORD would be guessed"));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn notices(&self) -> Vec<String> {
        let weakness =
            self.admin_password.as_ref().and_then(|given| password::weakness(given, &self.admin_email));
        let weak = weakness.map(|why| format!("RESCIND_ADMIN_PASSWORD would be guessed: {why}"));
        weak.into_iter().chain(self.nowhere()).collect()
    }

    /// Tokens would name an address at which nobody reaches anybody.
    fn nowhere(&self) -> Option<String> {
        let made_up = self.given_issuer.is_none() && self.listen.ip().is_unspecified();
        made_up.then(|| {
            let issuer = self.issuer(self.listen);
            format!("RESCIND_ISSUER should be set to the URL that clients use: without it tokens name {issuer} as their issuer")
        })
    }

    fn from_given(given: &Given) -> Result<Self, SettingsError> {
        let data_dir = need(given, "RESCIND_DATA_DIR", values::path)?;
        Ok(Self {
            listen: need(given, "RESCIND_LISTEN", values::listen)?,
            given_issuer: ask(given, "RESCIND_ISSUER", values::issuer)?,
            given_audience: ask(given, "RESCIND_AUDIENCE", values::audience)?,
            database: ask(given, "RESCIND_DATABASE_URL", values::database)?
                .unwrap_or_else(|| Database::Sqlite(data_dir.join("rescind.db"))),
            data_dir,
            redis_url: ask(given, "RESCIND_REDIS_URL", values::redis)?,
            check: need(given, "RESCIND_CHECK", values::check)?,
            master_key: ask(given, "RESCIND_MASTER_KEY", values::master_key)?,
            signing_alg: need(given, "RESCIND_SIGNING_ALG", values::algorithm)?,
            admin_email: need(given, "RESCIND_ADMIN_EMAIL", values::email)?,
            admin_password: ask(given, "RESCIND_ADMIN_PASSWORD", values::password)?,
            access_ttl: need(given, "RESCIND_ACCESS_TTL", values::access_ttl)?,
            foreign_ttl: need(given, "RESCIND_FOREIGN_TTL", values::foreign_ttl)?,
            refresh_ttl: need(given, "RESCIND_REFRESH_TTL", values::session_ttl)?,
            session_ttl: need(given, "RESCIND_SESSION_TTL", values::session_ttl)?,
            refresh_policy: RefreshPolicy {
                grace: need(given, "RESCIND_REFRESH_GRACE", values::grace)?,
                lost_reply_window: need(given, "RESCIND_LOST_REPLY_WINDOW", values::lost_reply_window)?,
                replay_limit: need(given, "RESCIND_REPLAY_LIMIT", values::replay_limit)?,
            },
            key_rotation: need(given, "RESCIND_KEY_ROTATION", values::key_rotation)?,
            cors_origins: ask(given, "RESCIND_CORS_ORIGINS", values::origins)?.unwrap_or_default(),
            leeway: need(given, "RESCIND_LEEWAY", values::leeway)?,
            max_sessions_per_user: need(given, "RESCIND_MAX_SESSIONS_PER_USER", values::max_sessions)?,
            max_staleness: need(given, "RESCIND_MAX_STALENESS", values::max_staleness)?,
            on_stale: need(given, "RESCIND_ON_STALE", values::on_stale)?,
            purge_interval: need(given, "RESCIND_PURGE_INTERVAL", values::purge_interval)?,
            purge_safety_margin: need(given, "RESCIND_PURGE_SAFETY_MARGIN", values::purge_safety_margin)?,
            registration_open: need(given, "RESCIND_REGISTRATION", values::registration)?,
            minimum_age: need(given, "RESCIND_MINIMUM_AGE", values::minimum_age)?,
            trusted_proxies: ask(given, "RESCIND_TRUSTED_PROXIES", values::networks)?.unwrap_or_default(),
            log: need(given, "RESCIND_LOG", values::log)?,
            log_format: ask(given, "RESCIND_LOG_FORMAT", values::log_format)?,
            otlp: ask(given, "OTEL_EXPORTER_OTLP_ENDPOINT", values::otlp)?,
            explained: given.explain(),
        })
    }

    /// What no single value shows.
    fn check_together(&self) -> Result<(), SettingsError> {
        if self.audience(self.listen) == format!("{}/admin", self.issuer(self.listen)) {
            let why = "the issuer + /admin is the audience of administration, and of nothing else";
            return Err(SettingsError::one("RESCIND_AUDIENCE", why));
        }
        if matches!(self.database, Database::Postgres(_)) && self.master_key.is_none() {
            let why = "it must be given with PostgreSQL: the nodes share it, and none makes it up (`openssl rand -base64 32`)";
            return Err(SettingsError::one("RESCIND_MASTER_KEY", why));
        }
        if self.access_ttl > self.refresh_ttl {
            let why = "an access token must not outlive RESCIND_REFRESH_TTL";
            return Err(SettingsError::one("RESCIND_ACCESS_TTL", why));
        }
        if self.refresh_ttl > self.session_ttl {
            let why = "it must not be above RESCIND_SESSION_TTL";
            return Err(SettingsError::one("RESCIND_REFRESH_TTL", why));
        }
        if self.leeway > self.purge_safety_margin {
            let why = "it must not be above RESCIND_PURGE_SAFETY_MARGIN, or a revoked token could come back";
            return Err(SettingsError::one("RESCIND_LEEWAY", why));
        }
        Ok(())
    }
}

/// The value of a setting that has a default.
fn need<T>(given: &Given, name: &str, parse: fn(&str) -> Result<T, String>) -> Result<T, SettingsError> {
    ask(given, name, parse)?.ok_or_else(|| SettingsError::one(name, "it has no value"))
}

/// The value of a setting, if there is one.
fn ask<T>(
    given: &Given,
    name: &str,
    parse: fn(&str) -> Result<T, String>,
) -> Result<Option<T>, SettingsError> {
    let text = find(name).and_then(|setting: &Setting| given.text(setting));
    text.map(parse).transpose().map_err(|why| SettingsError::one(name, why))
}
