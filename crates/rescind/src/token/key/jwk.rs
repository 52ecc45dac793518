//! Public keys as JSON (RFC 7517), and their thumbprints (RFC 7638).

use std::collections::HashSet;

use aws_lc_rs::digest::{SHA256, digest};
use serde::de::IgnoredAny;
use serde::{Deserialize, Serialize};

use super::{KeyError, VerifyingKey, is_acceptable_kid};
use crate::token::Algorithm;
use crate::token::base64url;
use crate::token::json::Members;

/// A public key as a JSON Web Key. It has no place for a private member: a document that holds one is recognised,
/// and refused where it would become a key.
///
/// ```
/// use rescind::token::{Jwk, KeyError, VerifyingKey};
///
/// // The key of RFC 8037, appendix A. Without a `kid` its thumbprint names it.
/// let jwk: Jwk = serde_json::from_str(
///     r#"{ "kty": "OKP", "crv": "Ed25519", "x": "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo" }"#,
/// )?;
/// assert_eq!(VerifyingKey::from_jwk(&jwk)?.kid(), "kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k");
///
/// // With its private half, it was published by mistake.
/// let leaked: Jwk = serde_json::from_str(
///     r#"{ "kty": "OKP", "crv": "Ed25519", "x": "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo",
///          "d": "nWGxne_9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A" }"#,
/// )?;
/// assert_eq!(VerifyingKey::from_jwk(&leaked).unwrap_err(), KeyError::PrivateMembers);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct Jwk {
    /// Key type: `OKP`, `EC` or `RSA`.
    pub kty: String,
    /// Curve of an `OKP` or `EC` key.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub crv: Option<String>,
    /// Public key of an `OKP` key, X of an `EC` key; base64url.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub x: Option<String>,
    /// Y of an `EC` key, base64url.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub y: Option<String>,
    /// Modulus of an `RSA` key, base64url.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub n: Option<String>,
    /// Public exponent of an `RSA` key, base64url.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub e: Option<String>,
    /// Key id.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub kid: Option<String>,
    /// The algorithm that the key is for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub alg: Option<String>,
    /// What the key is for: `sig`.
    #[serde(default, rename = "use", skip_serializing_if = "Option::is_none")]
    pub use_: Option<String>,
    /// What may be done with the key: `verify`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub key_ops: Option<Vec<String>>,
    #[serde(default, skip_serializing, rename = "d")]
    private_d: Option<IgnoredAny>,
    #[serde(default, skip_serializing, rename = "p")]
    private_p: Option<IgnoredAny>,
    #[serde(default, skip_serializing, rename = "q")]
    private_q: Option<IgnoredAny>,
    #[serde(default, skip_serializing, rename = "k")]
    private_k: Option<IgnoredAny>,
}

impl Jwk {
    /// The thumbprint (RFC 7638 with SHA-256, base64url): a name for the key that depends on nothing but the key.
    ///
    /// ```
    /// use rescind::token::Jwk;
    ///
    /// // RFC 8037, appendix A.3.
    /// let mut jwk = Jwk::default();
    /// jwk.kty = "OKP".into();
    /// jwk.crv = Some("Ed25519".into());
    /// jwk.x = Some("11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo".into());
    /// // Whatever else it says of itself.
    /// jwk.kid = Some("k1".into());
    /// assert_eq!(jwk.thumbprint()?, "kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k");
    /// # Ok::<(), rescind::token::KeyError>(())
    /// ```
    ///
    /// # Errors
    /// [`KeyError::UnsupportedKind`], or [`KeyError::Malformed`] where members are missing or not canonical.
    pub fn thumbprint(&self) -> Result<String, KeyError> {
        PublicNumbers::from_jwk(self).map(|numbers| numbers.thumbprint())
    }

    /// The algorithm that the key is for: as it says, else the only one that its kind allows.
    pub(super) fn algorithm(&self, for_rsa: Option<Algorithm>) -> Result<Algorithm, KeyError> {
        if let Some(alg) = &self.alg {
            return alg.parse().map_err(|_| KeyError::UnsupportedAlgorithm);
        }
        match self.kty.as_str() {
            "OKP" => Ok(Algorithm::EdDsa),
            "EC" => Ok(Algorithm::Es256),
            "RSA" => for_rsa.ok_or(KeyError::MissingAlgorithm),
            _ => Err(KeyError::UnsupportedKind),
        }
    }

    pub(super) fn check_purpose(&self) -> Result<(), KeyError> {
        if self.use_.as_deref().is_some_and(|u| u != "sig")
            || self.key_ops.as_ref().is_some_and(|ops| !ops.iter().any(|op| op == "verify"))
        {
            return Err(KeyError::NotForSignatures);
        }
        let private = [&self.private_d, &self.private_p, &self.private_q, &self.private_k];
        if private.into_iter().any(Option::is_some) { Err(KeyError::PrivateMembers) } else { Ok(()) }
    }
}

/// A set of public keys (RFC 7517 §5): what an issuer publishes.
///
/// ```
/// use rescind::token::{JwkSet, KeyError};
///
/// let published = br#"{ "keys": [
///     { "kty": "OKP", "crv": "Ed25519", "kid": "a", "x": "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo" },
///     { "kty": "OKP", "crv": "X25519", "kid": "b", "x": "3p7bfXt9wbTTW2HC7OQ1Nz-DQ8hbeGdNrfx-FG-IK08" },
///     { "kind": "not a key at all" }
/// ] }"#;
/// let usable = JwkSet::from_json(published)?.usable(None)?;
/// assert_eq!(usable.keys.len(), 1);
/// assert_eq!(usable.keys[0].kid(), "a");
/// assert_eq!(usable.skipped, [(Some("b".to_owned()), KeyError::UnsupportedKind)]);
///
/// // What two readers could read differently is not read at all.
/// assert_eq!(JwkSet::from_json(br#"{ "keys": [], "keys": [] }"#).unwrap_err(), KeyError::Malformed);
/// # Ok::<(), KeyError>(())
/// ```
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct JwkSet {
    /// The keys.
    pub keys: Vec<Jwk>,
}

impl JwkSet {
    /// Reads a set as another issuer publishes it. Entries that are not keys of a form that we know are left out, as
    /// RFC 7517 §5 wants; a duplicate member anywhere refuses the whole.
    ///
    /// ```
    /// use rescind::token::{JwkSet, KeyError};
    ///
    /// // Of a kind that is yet to be invented: the others are read.
    /// let set = JwkSet::from_json(br#"{ "keys": [{ "kty": "PQ", "kid": "a" }, { "novel": true }] }"#)?;
    /// assert_eq!(set.keys.len(), 1);
    /// assert_eq!(JwkSet::from_json(b"not found").unwrap_err(), KeyError::Malformed);
    /// # Ok::<(), KeyError>(())
    /// ```
    ///
    /// # Errors
    /// [`KeyError::Malformed`].
    pub fn from_json(json: &[u8]) -> Result<Self, KeyError> {
        #[derive(Deserialize)]
        struct Loose {
            keys: Vec<serde_json::Value>,
        }
        Members::<0>::parse(json, |_| None).map_err(|_| KeyError::Malformed)?;
        let loose: Loose = serde_json::from_slice(json).map_err(|_| KeyError::Malformed)?;
        let keys = loose.keys.into_iter().filter_map(|key| serde_json::from_value(key).ok()).collect();
        Ok(Self { keys })
    }

    /// The keys of the set that can verify signatures, and those that cannot with the reason. `for_rsa` is what an RSA
    /// key without `alg` is for.
    ///
    /// ```
    /// use rescind::system::SystemEntropy;
    /// use rescind::token::{Algorithm, JwkSet, KeyError, SigningKey};
    ///
    /// let named = |kid: &str| -> Result<_, KeyError> {
    ///     let key = SigningKey::generate(Algorithm::EdDsa, &SystemEntropy)?.verifying_key().to_jwk();
    ///     Ok(key.map(|mut jwk| {
    ///         jwk.kid = Some(kid.into());
    ///         jwk
    ///     }))
    /// };
    /// let set: JwkSet = [named("a")?, named("b")?].into_iter().flatten().collect();
    /// assert_eq!(set.usable(None)?.keys.len(), 2);
    /// let set: JwkSet = [named("a")?, named("a")?].into_iter().flatten().collect();
    /// assert_eq!(set.usable(None).unwrap_err(), KeyError::DuplicateKid);
    /// # Ok::<(), KeyError>(())
    /// ```
    ///
    /// # Errors
    /// [`KeyError::DuplicateKid`] where two usable keys have one name: which one signed would be a guess, so nothing
    /// of the set is taken.
    pub fn usable(&self, for_rsa: Option<Algorithm>) -> Result<UsableKeys, KeyError> {
        let mut usable = UsableKeys::default();
        for jwk in &self.keys {
            match VerifyingKey::from_jwk_for(jwk, for_rsa) {
                Ok(key) => usable.keys.push(key),
                Err(error) => usable.skipped.push((jwk.kid.clone(), error)),
            }
        }
        let mut kids = HashSet::new();
        if usable.keys.iter().all(|key| kids.insert(key.kid())) {
            Ok(usable)
        } else {
            Err(KeyError::DuplicateKid)
        }
    }
}

impl FromIterator<Jwk> for JwkSet {
    fn from_iter<I: IntoIterator<Item = Jwk>>(keys: I) -> Self {
        Self { keys: keys.into_iter().collect() }
    }
}

/// What [`JwkSet::usable`] made of a set.
///
/// ```
/// use rescind::token::{JwkSet, KeyError};
///
/// let json = br#"{ "keys": [{ "kty": "OKP", "crv": "Ed25519", "kid": "a", "use": "enc",
///     "x": "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo" }] }"#;
/// let usable = JwkSet::from_json(json)?.usable(None)?;
/// assert!(usable.keys.is_empty());
/// assert_eq!(usable.skipped, [(Some("a".to_owned()), KeyError::NotForSignatures)]);
/// # Ok::<(), KeyError>(())
/// ```
#[derive(Debug, Default)]
pub struct UsableKeys {
    /// The keys that verify signatures.
    pub keys: Vec<VerifyingKey>,
    /// `kid` of each key left out, and why.
    pub skipped: Vec<(Option<String>, KeyError)>,
}

/// The numbers of a public key, encoded as a JWK has them before base64url: big-endian, fixed width on curves, and
/// without leading zeros for RSA.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum PublicNumbers {
    Ed25519 { x: [u8; 32] },
    P256 { x: [u8; 32], y: [u8; 32] },
    Rsa { n: Vec<u8>, e: Vec<u8> },
}

impl PublicNumbers {
    pub(super) fn from_jwk(jwk: &Jwk) -> Result<Self, KeyError> {
        match (jwk.kty.as_str(), jwk.crv.as_deref()) {
            ("OKP", Some("Ed25519")) => Ok(Self::Ed25519 { x: coordinate(&jwk.x)? }),
            ("EC", Some("P-256")) => Ok(Self::P256 { x: coordinate(&jwk.x)?, y: coordinate(&jwk.y)? }),
            ("RSA", _) => Ok(Self::Rsa { n: unsigned(&jwk.n)?, e: unsigned(&jwk.e)? }),
            _ => Err(KeyError::UnsupportedKind),
        }
    }

    pub(super) fn to_jwk(&self, kid: &str, algorithm: Algorithm) -> Jwk {
        let mut jwk = self.bare_jwk();
        jwk.kid = Some(kid.to_owned());
        jwk.alg = Some(algorithm.name().to_owned());
        jwk.use_ = Some("sig".to_owned());
        jwk
    }

    /// RFC 7638 §3: the required members, in the order of their names, without white space.
    pub(super) fn thumbprint(&self) -> String {
        let b64 = |bytes: &[u8]| base64url::encode(bytes);
        let canonical = match self {
            Self::Ed25519 { x } => format!(r#"{{"crv":"Ed25519","kty":"OKP","x":"{}"}}"#, b64(x)),
            Self::P256 { x, y } => {
                format!(r#"{{"crv":"P-256","kty":"EC","x":"{}","y":"{}"}}"#, b64(x), b64(y))
            }
            Self::Rsa { n, e } => format!(r#"{{"e":"{}","kty":"RSA","n":"{}"}}"#, b64(e), b64(n)),
        };
        base64url::encode(digest(&SHA256, canonical.as_bytes()))
    }

    fn bare_jwk(&self) -> Jwk {
        let b64 = |bytes: &[u8]| Some(base64url::encode(bytes));
        let jwk = |kty: &str, crv: Option<&str>| Jwk {
            kty: kty.to_owned(),
            crv: crv.map(str::to_owned),
            ..Jwk::default()
        };
        match self {
            Self::Ed25519 { x } => Jwk { x: b64(x), ..jwk("OKP", Some("Ed25519")) },
            Self::P256 { x, y } => Jwk { x: b64(x), y: b64(y), ..jwk("EC", Some("P-256")) },
            Self::Rsa { n, e } => Jwk { n: b64(n), e: b64(e), ..jwk("RSA", None) },
        }
    }
}

fn coordinate(member: &Option<String>) -> Result<[u8; 32], KeyError> {
    member.as_deref().and_then(base64url::decode_array).ok_or(KeyError::Malformed)
}

/// `Base64urlUInt` (RFC 7518 §2): without leading zeros.
fn unsigned(member: &Option<String>) -> Result<Vec<u8>, KeyError> {
    let bytes = member.as_deref().and_then(base64url::decode).ok_or(KeyError::Malformed)?;
    if bytes.first().is_none_or(|b| *b == 0) { Err(KeyError::Malformed) } else { Ok(bytes) }
}

/// The name of a key: its own where it has one, else its thumbprint.
pub(super) fn kid_of(jwk: &Jwk, numbers: &PublicNumbers) -> Result<String, KeyError> {
    match &jwk.kid {
        Some(kid) if is_acceptable_kid(kid) => Ok(kid.clone()),
        Some(_) => Err(KeyError::InvalidKid),
        None => Ok(numbers.thumbprint()),
    }
}
