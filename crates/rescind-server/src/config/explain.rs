//! What holds, and where it comes from.

use std::fmt;

use super::catalog::{Secrecy, Setting};

/// Where a value comes from.
///
/// ```
/// use rescind_server::config::{Origin, Settings, Sources};
///
/// let settings = Settings::load(&Sources {
///     flags: vec![("access-ttl".into(), "5m".into())],
///     environment: vec![("RESCIND_ACCESS_TTL".into(), "10m".into())],
///     file: None,
///     read_file: &|path| std::fs::read_to_string(path),
/// })?;
/// // A flag wins over the environment.
/// let ttl = settings.explain().iter().find(|row| row.name == "RESCIND_ACCESS_TTL");
/// assert_eq!(ttl.map(|row| (row.origin, row.value.as_str())), Some((Origin::Flag, "5m")));
/// # Ok::<(), rescind_server::config::SettingsError>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Origin {
    /// The command line.
    Flag,
    /// The environment.
    Environment,
    /// `rescind.toml`.
    File,
    /// Nobody said.
    Default,
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Flag => "flag",
            Self::Environment => "environment",
            Self::File => "file",
            Self::Default => "default",
        })
    }
}

/// One setting as it holds.
///
/// ```
/// # use rescind_server::config::{Explained, Origin, Settings, Sources};
/// # let settings = Settings::load(&Sources {
/// #     flags: vec![],
/// #     environment: vec![("RESCIND_REDIS_URL".into(), "redis://:hunter2@cache".into())],
/// #     file: None,
/// #     read_file: &|path| std::fs::read_to_string(path),
/// # })?;
/// let redis = settings.explain().iter().find(|row| row.name == "RESCIND_REDIS_URL");
/// // It may hold a password.
/// let (value, origin) = ("(set, not shown)".into(), Origin::Environment);
/// assert_eq!(redis, Some(&Explained { name: "RESCIND_REDIS_URL", value, origin }));
/// # Ok::<(), rescind_server::config::SettingsError>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Explained {
    /// The environment variable.
    pub name: &'static str,
    /// Its value, as far as it may be shown.
    pub value: String,
    /// Where it comes from.
    pub origin: Origin,
}

impl Explained {
    pub(super) fn given(setting: &Setting, value: &str, origin: Origin) -> Self {
        Self { name: setting.name, value: shown(setting.secrecy, value), origin }
    }

    pub(super) fn by_default(setting: &Setting) -> Self {
        Self { name: setting.name, value: setting.default.text().replace('`', ""), origin: Origin::Default }
    }
}

fn shown(secrecy: Secrecy, value: &str) -> String {
    match secrecy {
        Secrecy::Open => value.to_owned(),
        Secrecy::Secret => "(set, not shown)".to_owned(),
        Secrecy::Url => without_userinfo(value),
    }
}

/// A URL without what stands before the host, and without its query, where some put a password too.
fn without_userinfo(url: &str) -> String {
    let without_query = |url: &str| url.split_once('?').map_or(url, |(url, _)| url).to_owned();
    let Some((scheme, rest)) = url.split_once("://") else { return without_query(url) };
    match rest.rsplit_once('@') {
        None => without_query(url),
        // A password with a question mark in it, which clients take, or a query with an @: nobody can tell.
        Some((before, _)) if before.contains('?') => format!("{scheme}://…"),
        Some((_, host)) => format!("{scheme}://…@{}", without_query(host)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_url_is_shown_without_its_password() {
        for (url, expected) in [
            ("sqlite:a/b.db", "sqlite:a/b.db"),
            ("https://host/path", "https://host/path"),
            ("https://user:hunter2@host/path?key=hunter2", "https://…@host/path"),
            ("https://user:hun@ter2@host", "https://…@host"),
            ("redis://user:hun?ter2@host/0", "redis://…"),
            ("redis://host/0?password=hun@ter2", "redis://…"),
        ] {
            assert_eq!(without_userinfo(url), expected);
        }
    }
}
