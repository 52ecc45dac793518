//! What an API client may do.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// One thing that an API client may do (RFC 6749 §3.3).
///
/// ```
/// use rescind::directory::{InvalidScope, Scope};
///
/// assert_eq!("users:write".parse(), Ok(Scope::UsersWrite));
/// assert_eq!("users:*".parse::<Scope>(), Err(InvalidScope));
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Scope {
    /// Open sessions and end them.
    SessionsWrite,
    /// List sessions.
    SessionsRead,
    /// Revoke tokens, users and tenants.
    RevocationsWrite,
    /// List revocations.
    RevocationsRead,
    /// Ask whether a token is good (RFC 7662).
    Introspect,
    /// Follow the ledger.
    Feed,
    /// Rotate and revoke keys.
    KeysWrite,
    /// Make, change and delete users.
    UsersWrite,
    /// Read the metrics.
    Metrics,
    /// All of them.
    Admin,
}

impl Scope {
    /// Every scope there is.
    ///
    /// ```
    /// use rescind::directory::{Scope, Scopes};
    ///
    /// let all: Scopes = Scope::ALL.into_iter().collect();
    /// assert_eq!(all.iter().count(), Scope::ALL.len());
    /// ```
    pub const ALL: [Self; 10] = [
        Self::SessionsWrite,
        Self::SessionsRead,
        Self::RevocationsWrite,
        Self::RevocationsRead,
        Self::Introspect,
        Self::Feed,
        Self::KeysWrite,
        Self::UsersWrite,
        Self::Metrics,
        Self::Admin,
    ];

    /// The scope's name as it is written in requests.
    ///
    /// ```
    /// use rescind::directory::Scope;
    ///
    /// for scope in Scope::ALL {
    ///     assert_eq!(scope.as_str().parse(), Ok(scope));
    /// }
    /// ```
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::SessionsWrite => "sessions:write",
            Self::SessionsRead => "sessions:read",
            Self::RevocationsWrite => "revocations:write",
            Self::RevocationsRead => "revocations:read",
            Self::Introspect => "introspect",
            Self::Feed => "feed",
            Self::KeysWrite => "keys:write",
            Self::UsersWrite => "users:write",
            Self::Metrics => "metrics",
            Self::Admin => "admin",
        }
    }
}

impl fmt::Display for Scope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for Scope {
    type Err = InvalidScope;

    fn from_str(s: &str) -> Result<Self, Self::Err> {
        Self::ALL.into_iter().find(|scope| scope.as_str() == s).ok_or(InvalidScope)
    }
}

/// There is no scope of that name.
///
/// ```
/// use rescind::directory::{InvalidScope, Scopes};
///
/// // Of a list, too, each has to be known.
/// assert_eq!("introspect everything".parse::<Scopes>(), Err(InvalidScope));
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("no such scope")]
pub struct InvalidScope;

/// A set of scopes.
///
/// ```
/// use rescind::directory::{Scope, Scopes};
///
/// let scopes: Scopes = "introspect feed".parse().unwrap();
/// assert!(scopes.allow(Scope::Feed));
/// assert!(!scopes.allow(Scope::KeysWrite));
/// assert!("admin".parse::<Scopes>().unwrap().allow(Scope::KeysWrite));
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Scopes(u16);

impl Scopes {
    /// Whether a holder of these scopes may do what `scope` allows: it has it, or `admin`.
    ///
    /// ```
    /// use rescind::directory::{Scope, Scopes};
    ///
    /// let scopes: Scopes = [Scope::SessionsRead].into_iter().collect();
    /// assert!(scopes.allow(Scope::SessionsRead));
    /// assert!(!scopes.allow(Scope::SessionsWrite));
    /// ```
    pub const fn allow(self, scope: Scope) -> bool {
        self.0 & (bit(scope) | bit(Scope::Admin)) != 0
    }

    /// Whether each of `other` is allowed by these.
    ///
    /// ```
    /// use rescind::directory::Scopes;
    ///
    /// let (own, asked): (Scopes, Scopes) = ("introspect feed".parse()?, "feed metrics".parse()?);
    /// assert!(!own.cover(asked), "nobody hands out more than it has");
    /// # Ok::<(), rescind::directory::InvalidScope>(())
    /// ```
    pub fn cover(self, other: Self) -> bool {
        other.iter().all(|scope| self.allow(scope))
    }

    /// The scopes in the set.
    ///
    /// ```
    /// use rescind::directory::{Scope, Scopes};
    ///
    /// let scopes: Scopes = "feed introspect".parse()?;
    /// assert_eq!(scopes.iter().collect::<Vec<_>>(), [Scope::Introspect, Scope::Feed]);
    /// # Ok::<(), rescind::directory::InvalidScope>(())
    /// ```
    pub fn iter(self) -> impl Iterator<Item = Scope> {
        Scope::ALL.into_iter().filter(move |scope| self.0 & bit(*scope) != 0)
    }
}

const fn bit(scope: Scope) -> u16 {
    1 << scope as u16
}

impl FromIterator<Scope> for Scopes {
    fn from_iter<I: IntoIterator<Item = Scope>>(scopes: I) -> Self {
        Self(scopes.into_iter().fold(0, |bits, scope| bits | bit(scope)))
    }
}

/// Separated by blanks (RFC 6749 §3.3).
impl fmt::Display for Scopes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (i, scope) in self.iter().enumerate() {
            let blank = if i == 0 { "" } else { " " };
            write!(f, "{blank}{scope}")?;
        }
        Ok(())
    }
}

impl FromStr for Scopes {
    type Err = InvalidScope;

    fn from_str(s: &str) -> Result<Self, Self::Err> {
        s.split(' ').filter(|word| !word.is_empty()).map(str::parse::<Scope>).collect()
    }
}

impl Serialize for Scopes {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(self.iter().map(Scope::as_str))
    }
}

impl<'de> Deserialize<'de> for Scopes {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let names = Vec::<String>::deserialize(deserializer)?;
        names.iter().map(|name| name.parse::<Scope>().map_err(serde::de::Error::custom)).collect()
    }
}
