//! Where Redis is, from a URL. What is said about a bad one never repeats it: it may hold a password.

use std::fmt;
use std::path::PathBuf;
use std::str::FromStr;

use percent_encoding::percent_decode_str;
use secrecy::SecretString;

/// Where Redis is, and how to get in.
///
/// - `redis://[[user]:password@]host[:port][/db]`, with `rediss://` over TLS;
/// - `redis+sentinel://[[user]:password@]host[:port],host[:port],…/master[/db]`, with `rediss+sentinel://` over TLS to
///   both, sentinels and servers. The credentials are those of the servers; the parameters
///   `sentinel_user` and `sentinel_password` are those of the sentinels.
///
/// Over TLS, `sslrootcert` names a PEM file of the authorities to trust instead of the system's. User, password and the values of
/// parameters are percent-encoded where they hold anything special.
///
/// ```
/// use rescind_redis::Address;
///
/// let url = "rediss+sentinel://:secret@one.example,two.example:26380/main?sslrootcert=/etc/rescind/ca.pem";
/// let address: Address = url.parse()?;
/// assert!(!format!("{address:?}").contains(":secret@"), "the password is not printed");
/// # Ok::<(), rescind_redis::InvalidUrl>(())
/// ```
#[derive(Clone, Debug)]
pub struct Address {
    pub(crate) place: Place,
    pub(crate) credentials: Credentials,
    pub(crate) db: i64,
    pub(crate) tls: bool,
    pub(crate) roots: Option<PathBuf>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Host {
    pub(crate) name: String,
    pub(crate) port: u16,
}

/// As a URL has it.
impl fmt::Display for Host {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.name.contains(':') {
            true => write!(f, "[{}]:{}", self.name, self.port),
            false => write!(f, "{}:{}", self.name, self.port),
        }
    }
}

#[derive(Clone, Debug)]
pub(crate) enum Place {
    Server(Host),
    Sentinels { hosts: Vec<Host>, master: String, credentials: Credentials },
}

#[derive(Clone, Debug, Default)]
pub(crate) struct Credentials {
    pub(crate) user: Option<String>,
    pub(crate) password: Option<SecretString>,
}

/// What is wrong with a URL.
///
/// ```
/// use rescind_redis::{Address, InvalidUrl};
///
/// let wrong = |url: &str| url.parse::<Address>().err();
/// assert_eq!(wrong("redis://one.example,two.example"), Some(InvalidUrl::Hosts));
/// assert_eq!(wrong("redis+sentinel://one.example,two.example"), Some(InvalidUrl::Master));
/// assert_eq!(wrong("redis://one.example/main"), Some(InvalidUrl::Path));
/// assert_eq!(wrong("redis://one.example/0"), None);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum InvalidUrl {
    /// Its scheme.
    #[error("it must be a redis://, rediss://, redis+sentinel:// or rediss+sentinel:// URL")]
    Scheme,
    /// A host or its port.
    #[error("its host is not a name or address, perhaps with a port")]
    Host,
    /// More than one host, without sentinels.
    #[error("it names several hosts: that is for redis+sentinel://")]
    Hosts,
    /// What follows the hosts.
    #[error(
        "what follows its host must be the number of a database (after the master's name, with sentinels)"
    )]
    Path,
    /// With sentinels, the master's name.
    #[error("it does not name the master that the sentinels know")]
    Master,
    /// A parameter that there is not, or not here, or twice.
    #[error(
        "of parameters it may have sslrootcert over TLS, and sentinel_user and sentinel_password with sentinels"
    )]
    Parameter,
    /// Something percent-encoded that is not text.
    #[error("what is percent-encoded in it is not UTF-8")]
    Encoding,
}

impl FromStr for Address {
    type Err = InvalidUrl;

    fn from_str(url: &str) -> Result<Self, InvalidUrl> {
        let (scheme, rest) = url.split_once("://").ok_or(InvalidUrl::Scheme)?;
        let (tls, sentinels, port) = match scheme {
            "redis" => (false, false, 6379),
            "rediss" => (true, false, 6379),
            "redis+sentinel" => (false, true, 26379),
            "rediss+sentinel" => (true, true, 26379),
            _ => return Err(InvalidUrl::Scheme),
        };
        let (rest, query) = rest.split_once('?').unwrap_or((rest, ""));
        let (authority, path) = rest.split_once('/').unwrap_or((rest, ""));
        let (userinfo, hosts) =
            authority.rsplit_once('@').map_or((None, authority), |(user, hosts)| (Some(user), hosts));
        let hosts = hosts.split(',').map(|text| host(text, port)).collect::<Result<Vec<_>, _>>()?;
        let mut parameters = Parameters::read(query)?;
        let (place, db) = if sentinels {
            let (master, db) = path.split_once('/').unwrap_or((path, ""));
            let master = Some(decoded(master)?).filter(|name| !name.is_empty()).ok_or(InvalidUrl::Master)?;
            (Place::Sentinels { hosts, master, credentials: parameters.credentials() }, db)
        } else {
            let [host] = <[Host; 1]>::try_from(hosts).map_err(|_| InvalidUrl::Hosts)?;
            (Place::Server(host), path)
        };
        let roots = if tls { parameters.roots.take().map(PathBuf::from) } else { None };
        if !parameters.all_taken() {
            return Err(InvalidUrl::Parameter);
        }
        let credentials = userinfo.map(credentials).transpose()?.unwrap_or_default();
        Ok(Self { place, credentials, db: database(db)?, tls, roots })
    }
}

fn host(text: &str, default: u16) -> Result<Host, InvalidUrl> {
    let (name, port) = match text.strip_prefix('[') {
        Some(rest) => {
            let (name, after) = rest.split_once(']').ok_or(InvalidUrl::Host)?;
            match after {
                "" => (name, None),
                after => (name, Some(after.strip_prefix(':').ok_or(InvalidUrl::Host)?)),
            }
        }
        None => text.split_once(':').map_or((text, None), |(name, port)| (name, Some(port))),
    };
    let port = port.map_or(Ok(default), str::parse).map_err(|_| InvalidUrl::Host)?;
    let odd = |c: char| c.is_whitespace() || c.is_control() || matches!(c, '@' | '%' | '[' | ']');
    if name.is_empty() || port == 0 || name.contains(odd) {
        return Err(InvalidUrl::Host);
    }
    Ok(Host { name: name.to_owned(), port })
}

fn database(text: &str) -> Result<i64, InvalidUrl> {
    match text {
        "" => Ok(0),
        text if text.bytes().all(|byte| byte.is_ascii_digit()) => text.parse().map_err(|_| InvalidUrl::Path),
        _ => Err(InvalidUrl::Path),
    }
}

fn credentials(userinfo: &str) -> Result<Credentials, InvalidUrl> {
    let (user, password) =
        userinfo.split_once(':').map_or((userinfo, None), |(user, password)| (user, Some(password)));
    let user = Some(decoded(user)?).filter(|user| !user.is_empty());
    let password = password.map(decoded).transpose()?.filter(|password| !password.is_empty());
    Ok(Credentials { user, password: password.map(SecretString::from) })
}

fn decoded(text: &str) -> Result<String, InvalidUrl> {
    let text = percent_decode_str(text).decode_utf8().map_err(|_| InvalidUrl::Encoding)?;
    Ok(text.into_owned())
}

/// What follows the question mark, taken out by whom it concerns.
#[derive(Default)]
struct Parameters {
    roots: Option<String>,
    sentinel_user: Option<String>,
    sentinel_password: Option<String>,
}

impl Parameters {
    fn read(query: &str) -> Result<Self, InvalidUrl> {
        let mut parameters = Self::default();
        for pair in query.split('&').filter(|pair| !pair.is_empty()) {
            let (name, value) = pair.split_once('=').ok_or(InvalidUrl::Parameter)?;
            let slot = match name {
                "sslrootcert" => &mut parameters.roots,
                "sentinel_user" => &mut parameters.sentinel_user,
                "sentinel_password" => &mut parameters.sentinel_password,
                _ => return Err(InvalidUrl::Parameter),
            };
            if slot.replace(decoded(value)?).is_some() {
                return Err(InvalidUrl::Parameter);
            }
        }
        Ok(parameters)
    }

    fn credentials(&mut self) -> Credentials {
        let password = self.sentinel_password.take().map(SecretString::from);
        Credentials { user: self.sentinel_user.take(), password }
    }

    fn all_taken(&self) -> bool {
        self.roots.is_none() && self.sentinel_user.is_none() && self.sentinel_password.is_none()
    }
}

#[cfg(test)]
mod tests {
    use secrecy::ExposeSecret as _;

    use super::*;

    fn server(url: &str) -> (Host, Address) {
        let address: Address = url.parse().unwrap_or_else(|error| panic!("{url}: {error}"));
        let Place::Server(host) = address.place.clone() else { panic!("{url} leads to sentinels") };
        (host, address)
    }

    fn password(credentials: &Credentials) -> Option<&str> {
        credentials.password.as_ref().map(|password| password.expose_secret())
    }

    #[test]
    fn a_server_is_found_by_its_url() {
        for (url, name, port, db, tls) in [
            ("redis://cache", "cache", 6379, 0, false),
            ("redis://cache:7000/", "cache", 7000, 0, false),
            ("rediss://cache.example/3", "cache.example", 6379, 3, true),
            ("redis://[::1]:7000/15", "::1", 7000, 15, false),
            ("redis://[::1]", "::1", 6379, 0, false),
        ] {
            let (host, address) = server(url);
            assert_eq!(host, Host { name: name.to_owned(), port }, "{url}");
            assert_eq!((address.db, address.tls), (db, tls), "{url}");
        }
    }

    #[test]
    fn credentials_are_decoded_and_never_shown() {
        for (url, user, secret) in [
            ("redis://cache", None, None),
            ("redis://:hunter2@cache", None, Some("hunter2")),
            ("redis://me:hun%40ter%2F2@cache", Some("me"), Some("hun@ter/2")),
            ("redis://me:hun:ter2@cache", Some("me"), Some("hun:ter2")),
            ("redis://me@cache", Some("me"), None),
        ] {
            let (_, address) = server(url);
            assert_eq!(address.credentials.user.as_deref(), user, "{url}");
            assert_eq!(password(&address.credentials), secret, "{url}");
            assert!(!format!("{address:?}").contains("hun"), "{address:?}");
        }
    }

    #[test]
    fn sentinels_are_found_by_their_url() {
        let url = "rediss+sentinel://me:a@s1,s2:7000/main/2?sentinel_password=b&sentinel_user=c&sslrootcert=/ca.pem";
        let address: Address = url.parse().unwrap();
        let Place::Sentinels { hosts, master, credentials } = &address.place else { panic!() };
        let host = |name: &str, port| Host { name: name.to_owned(), port };
        assert_eq!(*hosts, [host("s1", 26379), host("s2", 7000)]);
        assert_eq!((master.as_str(), address.db, address.tls), ("main", 2, true));
        assert_eq!((credentials.user.as_deref(), password(credentials)), (Some("c"), Some("b")));
        assert_eq!(password(&address.credentials), Some("a"));
        assert_eq!(address.roots, Some(PathBuf::from("/ca.pem")));
    }

    #[test]
    fn other_urls_are_refused_and_never_repeated() {
        for (url, expected) in [
            ("", InvalidUrl::Scheme),
            ("cache:6379", InvalidUrl::Scheme),
            ("http://u:hunter2@cache", InvalidUrl::Scheme),
            ("REDIS://cache", InvalidUrl::Scheme),
            ("redis://", InvalidUrl::Host),
            ("redis://u:hunter2@", InvalidUrl::Host),
            ("redis://cache:hunter2", InvalidUrl::Host),
            ("redis://cache:0", InvalidUrl::Host),
            ("redis://[::1", InvalidUrl::Host),
            ("redis://[::1]7000", InvalidUrl::Host),
            ("redis://a,b", InvalidUrl::Hosts),
            ("redis://cache/x", InvalidUrl::Path),
            ("redis://cache/-1", InvalidUrl::Path),
            ("redis://cache/1/2", InvalidUrl::Path),
            ("redis+sentinel://a,b", InvalidUrl::Master),
            ("redis+sentinel://a,/main", InvalidUrl::Host),
            ("redis+sentinel://a/main/x", InvalidUrl::Path),
            ("redis://cache?hunter2", InvalidUrl::Parameter),
            ("redis://cache?timeout=hunter2", InvalidUrl::Parameter),
            ("redis://cache?sslrootcert=/ca.pem", InvalidUrl::Parameter),
            ("rediss://cache?sslrootcert=a&sslrootcert=b", InvalidUrl::Parameter),
            ("redis://cache?sentinel_password=hunter2", InvalidUrl::Parameter),
            ("redis://:%ff@cache", InvalidUrl::Encoding),
        ] {
            let error = url.parse::<Address>().unwrap_err();
            assert_eq!(error, expected, "{url}");
            assert!(!error.to_string().contains("hunter2"));
        }
    }
}
