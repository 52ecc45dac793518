//! The half of a key that checks signatures.

use std::fmt;
use std::sync::Arc;

use aws_lc_rs::encoding::AsDer;
use aws_lc_rs::hmac;
use aws_lc_rs::rsa::PublicKey as RsaPublicKey;
use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_FIXED, ED25519, ParsedPublicKey, RSA_PKCS1_2048_8192_SHA256, RSA_PSS_2048_8192_SHA256,
    RsaPublicKeyComponents, VerificationAlgorithm,
};

use super::jwk::{PublicNumbers, kid_of};
use super::{Jwk, KeyError, der, is_acceptable_kid, pem};
use crate::clock::Timestamp;
use crate::token::Algorithm;
use crate::token::jws::{ACCESS_TYP, REFRESH_TYP, encode_header};

/// A key that checks signatures of one algorithm. Parsed and vetted once; a clone is cheap.
///
/// ```
/// use rescind::system::SystemEntropy;
/// use rescind::token::{Algorithm, SigningKey, VerifyingKey};
///
/// let signing = SigningKey::generate(Algorithm::EdDsa, &SystemEntropy)?;
/// let published = signing.verifying_key().to_jwk().expect("an asymmetric key has a public half");
/// let fetched = VerifyingKey::from_jwk(&published)?;
/// assert_eq!(fetched.kid(), signing.kid());
/// # Ok::<(), rescind::token::KeyError>(())
/// ```
#[derive(Clone)]
pub struct VerifyingKey {
    inner: Arc<Inner>,
    retired_at: Option<Timestamp>,
}

struct Inner {
    kid: Box<str>,
    algorithm: Algorithm,
    material: Material,
    access_header: Box<str>,
    refresh_header: Box<str>,
}

enum Material {
    Public { parsed: ParsedPublicKey, numbers: PublicNumbers },
    Secret(Box<hmac::Key>),
}

impl VerifyingKey {
    /// From a JWK that says, or whose kind says, what algorithm it is for. Where it has no `kid` its thumbprint is its
    /// name.
    ///
    /// ```
    /// use rescind::system::SystemEntropy;
    /// use rescind::token::{Algorithm, KeyError, SigningKey, VerifyingKey};
    ///
    /// let key = SigningKey::generate(Algorithm::Es256, &SystemEntropy)?.verifying_key();
    /// let mut published = key.to_jwk().expect("it has a public half");
    /// assert_eq!(VerifyingKey::from_jwk(&published)?.algorithm(), Algorithm::Es256);
    /// // One key, one algorithm: it cannot be told to check another's signatures.
    /// published.alg = Some("EdDSA".into());
    /// assert_eq!(VerifyingKey::from_jwk(&published).unwrap_err(), KeyError::WrongAlgorithm);
    /// # Ok::<(), KeyError>(())
    /// ```
    ///
    /// # Errors
    /// A [`KeyError`] that says what is wrong with the key.
    pub fn from_jwk(jwk: &Jwk) -> Result<Self, KeyError> {
        Self::from_jwk_for(jwk, None)
    }

    /// As [`VerifyingKey::from_jwk`]; an RSA key without `alg` is taken to be for `for_rsa`.
    ///
    /// ```
    /// use rescind::system::SystemEntropy;
    /// use rescind::token::{Algorithm, KeyError, SigningKey, VerifyingKey};
    ///
    /// let key = SigningKey::generate(Algorithm::Rs256, &SystemEntropy)?.verifying_key();
    /// let mut silent = key.to_jwk().expect("it has a public half");
    /// silent.alg = None;
    /// assert_eq!(VerifyingKey::from_jwk(&silent).unwrap_err(), KeyError::MissingAlgorithm);
    /// let read = VerifyingKey::from_jwk_for(&silent, Some(Algorithm::Ps256))?;
    /// assert_eq!(read.algorithm(), Algorithm::Ps256);
    /// # Ok::<(), KeyError>(())
    /// ```
    ///
    /// # Errors
    /// A [`KeyError`] that says what is wrong with the key.
    pub fn from_jwk_for(jwk: &Jwk, for_rsa: Option<Algorithm>) -> Result<Self, KeyError> {
        let numbers = PublicNumbers::from_jwk(jwk)?;
        jwk.check_purpose()?;
        let kid = kid_of(jwk, &numbers)?;
        Self::from_numbers(&kid, jwk.algorithm(for_rsa)?, numbers)
    }

    /// From a `SubjectPublicKeyInfo` in PEM (`-----BEGIN PUBLIC KEY-----`).
    ///
    /// ```
    /// use rescind::system::SystemEntropy;
    /// use rescind::token::{Algorithm, SigningKey, VerifyingKey};
    ///
    /// let key = SigningKey::generate(Algorithm::EdDsa, &SystemEntropy)?.verifying_key();
    /// let pem = key.to_pem().expect("it has a public half");
    /// assert_eq!(VerifyingKey::from_pem("k1", Algorithm::EdDsa, &pem)?.kid(), "k1");
    /// # Ok::<(), rescind::token::KeyError>(())
    /// ```
    ///
    /// # Errors
    /// A [`KeyError`] that says what is wrong with the key.
    pub fn from_pem(kid: &str, algorithm: Algorithm, pem: &str) -> Result<Self, KeyError> {
        let der = pem::decode(pem)?;
        let numbers = match algorithm {
            Algorithm::EdDsa => PublicNumbers::Ed25519 { x: after(&der, &der::ED25519_SPKI)? },
            Algorithm::Es256 => {
                let point: [u8; 64] = after(&der, &der::P256_SPKI)?;
                let (x, y) = point.split_at(32);
                PublicNumbers::P256 { x: fixed(x)?, y: fixed(y)? }
            }
            Algorithm::Rs256 | Algorithm::Ps256 => rsa_from_spki(&der)?,
            Algorithm::Hs256 => return Err(KeyError::WrongAlgorithm),
        };
        Self::from_numbers(kid, algorithm, numbers)
    }

    /// An HS256 key shared with another issuer.
    ///
    /// ```
    /// use rescind::token::{Algorithm, VerifyingKey};
    ///
    /// let shared = VerifyingKey::from_secret("k1", &[7; 32])?;
    /// assert_eq!(shared.algorithm(), Algorithm::Hs256);
    /// assert!(shared.to_jwk().is_none(), "it is not for publishing");
    /// # Ok::<(), rescind::token::KeyError>(())
    /// ```
    ///
    /// # Errors
    /// [`KeyError::SecretTooShort`] below 32 bytes, [`KeyError::SecretIsPublicKey`], [`KeyError::InvalidKid`].
    pub fn from_secret(kid: &str, secret: &[u8]) -> Result<Self, KeyError> {
        check_secret(secret)?;
        Self::new(
            kid,
            Algorithm::Hs256,
            Material::Secret(Box::new(hmac::Key::new(hmac::HMAC_SHA256, secret))),
        )
    }

    /// This key from when it signs no more: a token that says it was issued later (and more than the leeway later) is
    /// refused.
    ///
    /// ```
    /// use rescind::clock::Timestamp;
    /// use rescind::token::VerifyingKey;
    ///
    /// let at = Timestamp::from_secs(1_767_323_045);
    /// assert_eq!(VerifyingKey::from_secret("k1", &[7; 32])?.with_retired_at(at).retired_at(), Some(at));
    /// # Ok::<(), rescind::token::KeyError>(())
    /// ```
    #[must_use]
    pub fn with_retired_at(mut self, at: Timestamp) -> Self {
        self.retired_at = Some(at);
        self
    }

    /// The name of the key, as in a header's `kid`.
    ///
    /// ```
    /// use rescind::token::VerifyingKey;
    ///
    /// assert_eq!(VerifyingKey::from_secret("k1", &[7; 32])?.kid(), "k1");
    /// # Ok::<(), rescind::token::KeyError>(())
    /// ```
    pub fn kid(&self) -> &str {
        &self.inner.kid
    }

    /// The one algorithm of the key.
    ///
    /// ```
    /// use rescind::token::{Algorithm, VerifyingKey};
    ///
    /// assert_eq!(VerifyingKey::from_secret("k1", &[7; 32])?.algorithm(), Algorithm::Hs256);
    /// # Ok::<(), rescind::token::KeyError>(())
    /// ```
    pub fn algorithm(&self) -> Algorithm {
        self.inner.algorithm
    }

    /// When the key stopped to sign.
    ///
    /// ```
    /// use rescind::clock::Timestamp;
    /// use rescind::token::VerifyingKey;
    ///
    /// let signs = VerifyingKey::from_secret("k1", &[7; 32])?;
    /// assert_eq!(signs.retired_at(), None);
    /// let at = Timestamp::from_secs(1_767_323_045);
    /// assert_eq!(signs.with_retired_at(at).retired_at(), Some(at));
    /// # Ok::<(), rescind::token::KeyError>(())
    /// ```
    pub fn retired_at(&self) -> Option<Timestamp> {
        self.retired_at
    }

    /// Whether the two are one key in every respect. Secrets are not compared: they are the same only where one is a clone of the
    /// other.
    pub(super) fn is_same(&self, other: &Self) -> bool {
        let same_material = match (&self.inner.material, &other.inner.material) {
            (Material::Public { numbers, .. }, Material::Public { numbers: others, .. }) => numbers == others,
            _ => Arc::ptr_eq(&self.inner, &other.inner),
        };
        let same_name = self.kid() == other.kid() && self.algorithm() == other.algorithm();
        same_name && same_material && self.retired_at == other.retired_at
    }

    /// The key as a JWK to publish; nothing for HS256.
    ///
    /// ```
    /// use rescind::system::SystemEntropy;
    /// use rescind::token::{Algorithm, SigningKey};
    ///
    /// let key = SigningKey::generate(Algorithm::EdDsa, &SystemEntropy)?.verifying_key();
    /// let jwk = key.to_jwk().expect("it has a public half");
    /// assert_eq!((jwk.alg.as_deref(), jwk.use_.as_deref()), (Some("EdDSA"), Some("sig")));
    /// assert_eq!(jwk.kid.as_deref(), Some(key.kid()));
    /// # Ok::<(), rescind::token::KeyError>(())
    /// ```
    pub fn to_jwk(&self) -> Option<Jwk> {
        match &self.inner.material {
            Material::Public { numbers, .. } => Some(numbers.to_jwk(self.kid(), self.algorithm())),
            Material::Secret(_) => None,
        }
    }

    /// The key as a `SubjectPublicKeyInfo` in PEM; nothing for HS256.
    ///
    /// ```
    /// use rescind::system::SystemEntropy;
    /// use rescind::token::{Algorithm, SigningKey, VerifyingKey};
    ///
    /// let key = SigningKey::generate(Algorithm::EdDsa, &SystemEntropy)?.verifying_key();
    /// assert!(key.to_pem().is_some_and(|pem| pem.starts_with("-----BEGIN PUBLIC KEY-----\n")));
    /// assert_eq!(VerifyingKey::from_secret("k1", &[7; 32])?.to_pem(), None);
    /// # Ok::<(), rescind::token::KeyError>(())
    /// ```
    pub fn to_pem(&self) -> Option<String> {
        match &self.inner.material {
            Material::Public { parsed, .. } => parsed.as_der().ok().map(|der| pem::encode(der.as_ref())),
            Material::Secret(_) => None,
        }
    }

    /// Whether `signature` is this key's signature of `message`.
    pub(crate) fn verifies(&self, message: &[u8], signature: &[u8]) -> bool {
        match &self.inner.material {
            Material::Public { parsed, .. } => parsed.verify_sig(message, signature).is_ok(),
            Material::Secret(key) => hmac::verify(key, message, signature).is_ok(),
        }
    }

    /// The encoded header of every access token that we sign with this key.
    pub(crate) fn access_header(&self) -> &str {
        &self.inner.access_header
    }

    /// The encoded header of every refresh token that we sign with this key.
    pub(crate) fn refresh_header(&self) -> &str {
        &self.inner.refresh_header
    }

    pub(super) fn from_numbers(
        kid: &str,
        algorithm: Algorithm,
        numbers: PublicNumbers,
    ) -> Result<Self, KeyError> {
        let parsed = parse(algorithm, &numbers)?;
        Self::new(kid, algorithm, Material::Public { parsed, numbers })
    }

    fn new(kid: &str, algorithm: Algorithm, material: Material) -> Result<Self, KeyError> {
        if !is_acceptable_kid(kid) {
            return Err(KeyError::InvalidKid);
        }
        let inner = Inner {
            access_header: encode_header(algorithm, kid, ACCESS_TYP).into(),
            refresh_header: encode_header(algorithm, kid, REFRESH_TYP).into(),
            kid: kid.into(),
            algorithm,
            material,
        };
        Ok(Self { inner: Arc::new(inner), retired_at: None })
    }
}

impl fmt::Debug for VerifyingKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("VerifyingKey")
            .field("kid", &self.kid())
            .field("algorithm", &self.algorithm())
            .field("retired_at", &self.retired_at)
            .finish_non_exhaustive()
    }
}

/// How each PEM begins.
const PEM: &[u8] = b"-----BEGIN ";

/// Refuses secrets that can be guessed or that anybody holds.
pub(super) fn check_secret(secret: &[u8]) -> Result<(), KeyError> {
    let text = secret.trim_ascii_start();
    let is_jwk = text.starts_with(b"{") && serde_json::from_slice::<Jwk>(text).is_ok();
    // Wherever it begins: a PEM may stand behind a text of its own (RFC 7468 §2), and behind what only some call white space.
    let is_pem = secret.windows(PEM.len()).any(|window| window == PEM);
    if is_pem || is_jwk || is_public_der(secret) {
        Err(KeyError::SecretIsPublicKey)
    } else if secret.len() < 32 {
        Err(KeyError::SecretTooShort)
    } else if secret.len() > 1024 {
        Err(KeyError::SecretTooLong)
    } else {
        Ok(())
    }
}

fn is_public_der(secret: &[u8]) -> bool {
    after::<32>(secret, &der::ED25519_SPKI).is_ok()
        || after::<64>(secret, &der::P256_SPKI).is_ok()
        || RsaPublicKey::from_der(secret).is_ok()
}

fn parse(algorithm: Algorithm, numbers: &PublicNumbers) -> Result<ParsedPublicKey, KeyError> {
    match (algorithm, numbers) {
        (Algorithm::EdDsa, PublicNumbers::Ed25519 { x }) => {
            check_ed25519(x)?;
            ParsedPublicKey::new(&ED25519, x).map_err(|_| KeyError::Malformed)
        }
        (Algorithm::Es256, PublicNumbers::P256 { x, y }) => {
            let point = [&[4], x.as_slice(), y.as_slice()].concat();
            ParsedPublicKey::new(&ECDSA_P256_SHA256_FIXED, point).map_err(|_| KeyError::NotOnCurve)
        }
        (Algorithm::Rs256, PublicNumbers::Rsa { n, e }) => parse_rsa(&RSA_PKCS1_2048_8192_SHA256, n, e),
        (Algorithm::Ps256, PublicNumbers::Rsa { n, e }) => parse_rsa(&RSA_PSS_2048_8192_SHA256, n, e),
        _ => Err(KeyError::WrongAlgorithm),
    }
}

fn parse_rsa(
    algorithm: &'static dyn VerificationAlgorithm,
    n: &[u8],
    e: &[u8],
) -> Result<ParsedPublicKey, KeyError> {
    let bits = n.len() * 8 - n.first().map_or(0, |b| b.leading_zeros() as usize);
    if bits < 2048 {
        return Err(KeyError::RsaTooSmall);
    }
    if bits > 8192 {
        return Err(KeyError::RsaTooLarge);
    }
    let is_odd = |number: &[u8]| number.last().is_some_and(|b| b & 1 == 1);
    let at_most_33_bits = e.len() < 5 || (e.len() == 5 && e[0] == 1);
    if !is_odd(e) || e == [1] || !at_most_33_bits {
        return Err(KeyError::RsaExponent);
    }
    // By way of DER, since only then aws-lc checks the key as a whole.
    let spki = RsaPublicKeyComponents { n, e }.as_der().map_err(|_| KeyError::Malformed)?;
    ParsedPublicKey::new(algorithm, spki.as_ref()).map_err(|_| KeyError::Malformed)
}

pub(super) fn rsa_from_spki(spki: &[u8]) -> Result<PublicNumbers, KeyError> {
    let key = RsaPublicKey::from_der(spki).map_err(|_| KeyError::Malformed)?;
    rsa_from_pkcs1(key.as_ref())
}

pub(super) fn rsa_from_pkcs1(der: &[u8]) -> Result<PublicNumbers, KeyError> {
    let (n, e) = der::rsa_numbers(der)?;
    Ok(PublicNumbers::Rsa { n: n.to_vec(), e: e.to_vec() })
}

/// Refuses the points whose order divides 8, under which one signature fits many messages, and every encoding of
/// a y that is not below p = 2²⁵⁵ − 19. The sign bit does not matter to either.
fn check_ed25519(key: &[u8; 32]) -> Result<(), KeyError> {
    /// The y of the points of order 1, 2, 4 and 8; the last two belong to four points each way up.
    const SMALL_ORDER: [[u8; 32]; 5] = [
        little_endian_y(1, 0, 0),
        little_endian_y(0xec, 0xff, 0x7f),
        [0; 32],
        [
            0x26, 0xe8, 0x95, 0x8f, 0xc2, 0xb2, 0x27, 0xb0, 0x45, 0xc3, 0xf4, 0x89, 0xf2, 0xef, 0x98, 0xf0,
            0xd5, 0xdf, 0xac, 0x05, 0xd3, 0xc6, 0x33, 0x39, 0xb1, 0x38, 0x02, 0x88, 0x6d, 0x53, 0xfc, 0x05,
        ],
        [
            0xc7, 0x17, 0x6a, 0x70, 0x3d, 0x4d, 0xd8, 0x4f, 0xba, 0x3c, 0x0b, 0x76, 0x0d, 0x10, 0x67, 0x0f,
            0x2a, 0x20, 0x53, 0xfa, 0x2c, 0x39, 0xcc, 0xc6, 0x4e, 0xc7, 0xfd, 0x77, 0x92, 0xac, 0x03, 0x7a,
        ],
    ];
    let mut y = *key;
    y[31] &= 0x7f;
    let above_p = y[0] >= 0xed && y[1..31].iter().all(|b| *b == 0xff) && y[31] == 0x7f;
    if above_p || SMALL_ORDER.contains(&y) { Err(KeyError::WeakEd25519) } else { Ok(()) }
}

const fn little_endian_y(first: u8, middle: u8, last: u8) -> [u8; 32] {
    let mut y = [middle; 32];
    y[0] = first;
    y[31] = last;
    y
}

fn after<const N: usize>(der: &[u8], prefix: &[u8]) -> Result<[u8; N], KeyError> {
    fixed(der.strip_prefix(prefix).ok_or(KeyError::WrongAlgorithm)?)
}

fn fixed<const N: usize>(bytes: &[u8]) -> Result<[u8; N], KeyError> {
    bytes.try_into().map_err(|_| KeyError::Malformed)
}
