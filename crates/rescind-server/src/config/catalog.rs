//! Every setting there is.

use super::values;

/// One setting, as it is read, checked, shown and documented.
///
/// ```
/// use rescind_server::config::catalog::{Fallback, SETTINGS, Secrecy};
///
/// let ttl = SETTINGS.iter().find(|setting| setting.name == "RESCIND_ACCESS_TTL").unwrap();
/// assert_eq!((ttl.default, ttl.secrecy), (Fallback::Value("15m"), Secrecy::Open));
/// assert_eq!(ttl.syntax, "duration, 1s to 24h");
/// ```
#[derive(Clone, Copy, Debug)]
pub struct Setting {
    /// The environment variable.
    pub name: &'static str,
    /// What it is when nobody says.
    pub default: Fallback,
    /// Which values there are.
    pub syntax: &'static str,
    /// What it does.
    pub meaning: &'static str,
    /// How much of its value may be shown.
    pub secrecy: Secrecy,
    /// Says what is wrong with a value, never repeating it.
    pub(super) check: fn(&str) -> Result<(), String>,
}

/// What a setting is when nobody says.
///
/// ```
/// use rescind_server::config::catalog::{Fallback, find};
///
/// let of = |name| find(name).map(|setting| setting.default);
/// assert_eq!(of("RESCIND_LISTEN"), Some(Fallback::Value("127.0.0.1:8080")));
/// assert_eq!(of("RESCIND_REDIS_URL"), Some(Fallback::Words("none")));
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fallback {
    /// This value.
    Value(&'static str),
    /// Something that depends on other settings, or nothing; in words.
    Words(&'static str),
}

impl Fallback {
    /// As it is shown.
    ///
    /// ```
    /// use rescind_server::config::catalog::Fallback;
    ///
    /// assert_eq!(Fallback::Value("15m").text(), "15m");
    /// assert_eq!(Fallback::Words("the issuer").text(), "the issuer");
    /// ```
    pub const fn text(self) -> &'static str {
        match self {
            Self::Value(text) | Self::Words(text) => text,
        }
    }
}

/// How much of a value may be shown.
///
/// ```
/// use rescind_server::config::catalog::{Secrecy, find};
///
/// let of = |name| find(name).map(|setting| setting.secrecy);
/// assert_eq!(of("RESCIND_MASTER_KEY"), Some(Secrecy::Secret));
/// assert_eq!(of("RESCIND_DATABASE_URL"), Some(Secrecy::Url));
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Secrecy {
    /// All of it.
    Open,
    /// A URL without its user and password.
    Url,
    /// Nothing.
    Secret,
}

impl Secrecy {
    /// Whether the setting can also be given as a file, by its name with `_FILE`.
    ///
    /// ```
    /// use rescind_server::config::catalog::Secrecy;
    ///
    /// assert!(Secrecy::Secret.may_be_a_file() && Secrecy::Url.may_be_a_file());
    /// assert!(!Secrecy::Open.may_be_a_file());
    /// ```
    pub const fn may_be_a_file(self) -> bool {
        matches!(self, Self::Secret | Self::Url)
    }
}

impl Setting {
    /// Its name in `rescind.toml`.
    ///
    /// ```
    /// use rescind_server::config::catalog::find;
    ///
    /// assert_eq!(find("RESCIND_ACCESS_TTL").map(|setting| setting.key()).as_deref(), Some("access_ttl"));
    /// ```
    pub fn key(&self) -> String {
        self.name.strip_prefix("RESCIND_").unwrap_or(self.name).to_lowercase()
    }

    /// Its name on the command line, without the dashes before it.
    ///
    /// ```
    /// use rescind_server::config::catalog::find;
    ///
    /// assert_eq!(find("RESCIND_ACCESS_TTL").map(|setting| setting.flag()).as_deref(), Some("access-ttl"));
    /// ```
    pub fn flag(&self) -> String {
        self.key().replace('_', "-")
    }
}

/// The setting called `name`.
///
/// ```
/// use rescind_server::config::catalog::find;
///
/// assert_eq!(find("RESCIND_LEEWAY").map(|setting| setting.syntax), Some("duration, 0 to 5m"));
/// assert!(find("RESCIND_COLOUR").is_none());
/// ```
pub fn find(name: &str) -> Option<&'static Setting> {
    SETTINGS.iter().find(|setting| setting.name == name)
}

macro_rules! setting {
    ($name:literal, $default:expr, $syntax:literal, $check:expr, $meaning:literal) => {
        setting!($name, $default, $syntax, $check, $meaning, Open)
    };
    ($name:literal, $default:expr, $syntax:literal, $check:expr, $meaning:literal, $secrecy:ident) => {
        Setting {
            name: $name,
            default: $default,
            syntax: $syntax,
            meaning: $meaning,
            secrecy: Secrecy::$secrecy,
            check: |text| $check(text).map(drop),
        }
    };
}

use Fallback::{Value, Words};

/// All settings, in the order in which they are documented.
pub const SETTINGS: &[Setting] = &[
    setting!(
        "RESCIND_LISTEN",
        Value("127.0.0.1:8080"),
        "address:port",
        values::listen,
        "Where the server listens. Port 0 lets the operating system choose."
    ),
    setting!(
        "RESCIND_ISSUER",
        Words("`http://` + the listen address"),
        "http(s) URL without a slash at its end",
        values::issuer,
        "The `iss` of every token (RFC 8414 §2), and the URL under which clients reach the server."
    ),
    setting!(
        "RESCIND_AUDIENCE",
        Words("the issuer"),
        "text",
        values::audience,
        "The `aud` of access tokens whose sign-in names none."
    ),
    setting!(
        "RESCIND_DATA_DIR",
        Value("./rescind-data"),
        "path",
        values::path,
        "Holds the SQLite file and the master key."
    ),
    setting!(
        "RESCIND_DATABASE_URL",
        Words("`rescind.db` in the data directory"),
        "`sqlite:` + path, or `postgres://user:password@host/database`",
        values::database,
        "Where the store is. On another machine PostgreSQL must speak TLS with a good certificate, unless the URL says \
         `sslmode=disable`; `sslrootcert` names the file of its authority.",
        Url
    ),
    setting!(
        "RESCIND_REDIS_URL",
        Words("none"),
        "`redis://`, `rediss://`, `redis+sentinel://` or `rediss+sentinel://` URL",
        values::redis,
        "A shared cache of revocations, for `RESCIND_CHECK=lookup` and for programs in other languages: see redis.md.",
        Secret
    ),
    setting!(
        "RESCIND_MASTER_KEY",
        Words("`master.key` in the data directory, made on first start"),
        "32 bytes in base64",
        values::master_key,
        "Wraps the signing keys at rest. Must be given with PostgreSQL, whose nodes share it.",
        Secret
    ),
    setting!(
        "RESCIND_SIGNING_ALG",
        Value("EdDSA"),
        "`EdDSA`, `Ed25519`, `ES256`, `RS256` or `PS256`",
        values::algorithm,
        "What new signing keys sign with. `Ed25519` is the name of RFC 9864 for `EdDSA`."
    ),
    setting!(
        "RESCIND_CHECK",
        Value("replica"),
        "`replica` or `lookup`",
        values::check,
        "What a check asks: the replica in memory, or at each check Redis (where there is one) and then the ledger."
    ),
    setting!(
        "RESCIND_ADMIN_EMAIL",
        Value("admin@localhost"),
        "e-mail address",
        values::email,
        "The operator made on first start."
    ),
    setting!(
        "RESCIND_ADMIN_PASSWORD",
        Words("random, printed once on first start"),
        "text",
        values::password,
        "The operator's first password, of 8 characters at the least.",
        Secret
    ),
    setting!(
        "RESCIND_ACCESS_TTL",
        Value("15m"),
        "duration, 1s to 24h",
        values::access_ttl,
        "How long an access token lives."
    ),
    setting!(
        "RESCIND_FOREIGN_TTL",
        Value("0"),
        "duration, 0 to 3650d",
        values::foreign_ttl,
        "How long a token of another issuer lives at the most, where verifiers hold such tokens to this ledger: whatever is revoked stays \
         revoked for at least as long. 0: there are none."
    ),
    setting!(
        "RESCIND_REFRESH_TTL",
        Value("14d"),
        "duration, 1s to 3650d",
        values::session_ttl,
        "How long a session lives without a refresh. Not below the access token's lifetime."
    ),
    setting!(
        "RESCIND_SESSION_TTL",
        Value("90d"),
        "duration, 1s to 3650d",
        values::session_ttl,
        "How long a session lives in any case. Not below the lifetime without a refresh."
    ),
    setting!(
        "RESCIND_REFRESH_GRACE",
        Value("10s"),
        "duration, 0 to 5m",
        values::grace,
        "For so long after a rotation, an older refresh token is a slow tab and no theft."
    ),
    setting!(
        "RESCIND_LOST_REPLY_WINDOW",
        Value("24h"),
        "duration, 0 to 30d",
        values::lost_reply_window,
        "For so long after a rotation, the token before it gets the same successor again."
    ),
    setting!(
        "RESCIND_REPLAY_LIMIT",
        Value("3"),
        "number, 0 to 1000",
        values::replay_limit,
        "In so many generations running, a lost reply is theft. 0: never."
    ),
    setting!(
        "RESCIND_KEY_ROTATION",
        Value("30d"),
        "duration, 1h to 3650d, or 0",
        values::key_rotation,
        "How long a signing key signs. 0: until it is rotated on demand."
    ),
    setting!(
        "RESCIND_CORS_ORIGINS",
        Words("none"),
        "origins, separated by commas",
        values::origins,
        "Web origins whose pages may call the API from a browser, each by name. `*` is refused: it would let any \
         page guess passwords from its visitors' addresses, past the throttling by address."
    ),
    setting!(
        "RESCIND_LEEWAY",
        Value("30s"),
        "duration, 0 to 5m",
        values::leeway,
        "How far the clocks of other machines may be off. Not above the safety margin of the purge."
    ),
    setting!(
        "RESCIND_MAX_SESSIONS_PER_USER",
        Value("0"),
        "number, 0 to 100000",
        values::max_sessions,
        "The most sessions that a user may have; the least recently used goes first. 0: no limit."
    ),
    setting!(
        "RESCIND_MAX_STALENESS",
        Value("5m"),
        "duration, 1s to 24h",
        values::max_staleness,
        "For so long after its last read of the ledger, a check goes on with what it knows."
    ),
    setting!(
        "RESCIND_ON_STALE",
        Value("deny"),
        "`deny` or `allow`",
        values::on_stale,
        "What a check does after that: refuse with 503, or let pass, count and log."
    ),
    setting!(
        "RESCIND_PURGE_INTERVAL",
        Value("1h"),
        "duration, 1s to 7d",
        values::purge_interval,
        "How often expired entries of the ledger are purged."
    ),
    setting!(
        "RESCIND_PURGE_SAFETY_MARGIN",
        Value("1h"),
        "duration, 0 to 30d",
        values::purge_safety_margin,
        "How long entries are kept after they have expired. Less than five minutes, the largest leeway, is taken as five minutes."
    ),
    setting!(
        "RESCIND_REGISTRATION",
        Value("closed"),
        "`closed` or `open`",
        values::registration,
        "Whether anybody may register."
    ),
    setting!(
        "RESCIND_MINIMUM_AGE",
        Value("16"),
        "number, 0 to 120",
        values::minimum_age,
        "The age in years that registration asks for. 0: none."
    ),
    setting!(
        "RESCIND_TRUSTED_PROXIES",
        Words("none"),
        "networks, separated by commas",
        values::networks,
        "`X-Forwarded-For` and `X-Forwarded-Proto` are believed from these networks only, such as `10.0.0.0/8`."
    ),
    setting!(
        "RESCIND_LOG",
        Value("info"),
        "filter, such as `info,rescind::access=debug`",
        values::log,
        "What is logged. `rescind::access=debug` has a line for every request."
    ),
    setting!(
        "RESCIND_LOG_FORMAT",
        Words("`text` on a terminal, `json` elsewhere"),
        "`text` or `json`",
        values::log_format,
        "How it is logged, to the standard error."
    ),
    setting!(
        "OTEL_EXPORTER_OTLP_ENDPOINT",
        Words("none"),
        "`http://` or `https://` URL",
        values::otlp,
        "The collector that traces are sent to: OTLP over HTTP (protobuf), at the path `/v1/traces` below it. Other variables of OpenTelemetry's SDK (`OTEL_SERVICE_NAME`, `OTEL_TRACES_SAMPLER`, …) count as well.",
        Url
    ),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_default_is_a_possible_value() {
        for setting in SETTINGS {
            if let Value(text) = setting.default {
                assert_eq!((setting.check)(text), Ok(()), "{}", setting.name);
            }
        }
    }
}
