//! The signature algorithms that tokens may name.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// A JWS signature algorithm (RFC 7518 §3.1, RFC 8037 §3.1). A key is bound to exactly one.
///
/// ```
/// use rescind::token::Algorithm;
///
/// let configured: Algorithm = "Ed25519".parse().unwrap();
/// assert_eq!(configured, Algorithm::EdDsa);
/// assert_eq!(configured.to_string(), "EdDSA");
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Algorithm {
    /// `EdDSA` with Ed25519: what this authority signs with unless told otherwise. RFC 9864 renames it to
    /// `Ed25519`; the older name, which every client knows, goes into our headers.
    EdDsa,
    /// `ES256`: ECDSA over P-256 with SHA-256.
    Es256,
    /// `RS256`: RSASSA-PKCS1-v1_5 with SHA-256.
    Rs256,
    /// `PS256`: RSASSA-PSS with SHA-256.
    Ps256,
    /// `HS256`: HMAC with SHA-256. Its key is a secret and is never published.
    Hs256,
}

impl Algorithm {
    /// All that an authority may publish a key for: everything but HS256.
    ///
    /// ```
    /// use rescind::token::Algorithm;
    ///
    /// assert!(Algorithm::ASYMMETRIC.contains(&Algorithm::EdDsa));
    /// assert!(!Algorithm::ASYMMETRIC.contains(&Algorithm::Hs256), "its key is nobody else's business");
    /// ```
    pub const ASYMMETRIC: [Self; 4] = [Self::EdDsa, Self::Es256, Self::Rs256, Self::Ps256];

    /// The JOSE name that goes into a header.
    ///
    /// ```
    /// use rescind::token::Algorithm;
    ///
    /// assert_eq!(Algorithm::EdDsa.name(), "EdDSA");
    /// ```
    pub const fn name(self) -> &'static str {
        match self {
            Self::EdDsa => "EdDSA",
            Self::Es256 => "ES256",
            Self::Rs256 => "RS256",
            Self::Ps256 => "PS256",
            Self::Hs256 => "HS256",
        }
    }

    /// Whether the key is a shared secret.
    ///
    /// ```
    /// use rescind::token::Algorithm;
    ///
    /// assert!(Algorithm::Hs256.is_symmetric());
    /// assert!(!Algorithm::ASYMMETRIC.iter().any(|algorithm| algorithm.is_symmetric()));
    /// ```
    pub const fn is_symmetric(self) -> bool {
        matches!(self, Self::Hs256)
    }
}

impl fmt::Display for Algorithm {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for Algorithm {
    type Err = UnknownAlgorithm;

    /// JOSE names are case-sensitive (RFC 7515 §4.1.1). `Ed25519` (RFC 9864 §2.2) is the same algorithm as
    /// `EdDSA` with an Ed25519 key, and Ed25519 is the only curve that we know, so both names are taken.
    fn from_str(s: &str) -> Result<Self, Self::Err> {
        Ok(match s {
            "EdDSA" | "Ed25519" => Self::EdDsa,
            "ES256" => Self::Es256,
            "RS256" => Self::Rs256,
            "PS256" => Self::Ps256,
            "HS256" => Self::Hs256,
            _ => return Err(UnknownAlgorithm),
        })
    }
}

impl Serialize for Algorithm {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.name())
    }
}

impl<'de> Deserialize<'de> for Algorithm {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let name = <std::borrow::Cow<'de, str>>::deserialize(deserializer)?;
        name.parse().map_err(serde::de::Error::custom)
    }
}

/// The name is not that of an algorithm in [`Algorithm`].
///
/// ```
/// use rescind::token::{Algorithm, UnknownAlgorithm};
///
/// // There are no tokens without a signature (RFC 8725 §3.1).
/// assert_eq!("none".parse::<Algorithm>(), Err(UnknownAlgorithm));
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("unknown signature algorithm; known are EdDSA (Ed25519), ES256, RS256, PS256 and HS256")]
pub struct UnknownAlgorithm;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_case_sensitive_and_none_is_unknown() {
        for name in ["none", "noNE", "eddsa", "es256", "HS256 ", " HS256", "", "HS512", "ES384"] {
            assert_eq!(name.parse::<Algorithm>(), Err(UnknownAlgorithm), "{name:?}");
        }
    }
}
