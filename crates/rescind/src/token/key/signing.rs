//! The half of a key that signs.

use std::fmt;

use aws_lc_rs::encoding::AsDer;
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::rsa::KeySize;
use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, Ed25519KeyPair, KeyPair, RSA_PKCS1_SHA256, RSA_PSS_SHA256,
    RsaEncoding, RsaKeyPair,
};
use aws_lc_rs::{hkdf, hmac};
use zeroize::Zeroizing;

use super::jwk::PublicNumbers;
use super::verifying::{check_secret, rsa_from_pkcs1};
use super::{KeyError, VerifyingKey, der};
use crate::entropy::{Entropy, random_bytes};
use crate::token::{Algorithm, base64url};

/// A key that signs tokens with one algorithm. Its `Debug` shows the public half only.
///
/// ```
/// # use std::time::Duration;
/// # use rescind::clock::Timestamp;
/// # use rescind::id::{Jti, SessionId, TenantId, UserId};
/// use rescind::system::SystemEntropy;
/// use rescind::token::*;
///
/// # let now = Timestamp::from_secs(1_767_323_045);
/// # let id = uuid::Uuid::from_u128;
/// # let claims = AccessClaims {
/// #     iss: "https://auth.example".into(),
/// #     aud: vec!["https://auth.example".into()],
/// #     client_id: "rescind".into(),
/// #     exp: now.plus(Duration::from_secs(900)),
/// #     nbf: now,
/// #     iat: now,
/// #     jti: Jti(id(1)),
/// #     user_id: UserId(id(2)),
/// #     tenant_id: TenantId(id(3)),
/// #     email: "ada@example.com".into(),
/// #     role: "member".into(),
/// #     sid: SessionId(id(4)),
/// #     ver: 1,
/// #     tver: 1,
/// #     extra: ExtraClaims::none(),
/// # };
/// let key = SigningKey::generate(Algorithm::EdDsa, &SystemEntropy)?;
/// let token = sign_access(&key, &claims)?;
///
/// // What is kept of it, encrypted, is the same key again: its name and its signatures are the same.
/// let again = SigningKey::from_secret_bytes(Algorithm::EdDsa, &key.secret_bytes())?;
/// assert_eq!(again.kid(), key.kid());
/// assert_eq!(sign_access(&again, &claims)?, token);
///
/// // Whoever trusts its public half takes its tokens, and no other key's.
/// let keys = KeySet::new([key.verifying_key()])?;
/// let validator = Validator::new(vec![Issuer::ours("https://auth.example", keys)])?;
/// assert_eq!(validator.validate(&token, now)?.jti_uuid(), Some(claims.jti));
/// let other = SigningKey::generate(Algorithm::EdDsa, &SystemEntropy)?;
/// let refused = validator.validate(&sign_access(&other, &claims)?, now);
/// assert_eq!(refused.unwrap_err(), Rejection::UnknownKey);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct SigningKey {
    material: Material,
    secret: Zeroizing<Vec<u8>>,
    verifying: VerifyingKey,
}

enum Material {
    Ed25519(Ed25519KeyPair),
    P256(EcdsaKeyPair),
    Rsa(RsaKeyPair, &'static dyn RsaEncoding),
    Hmac(Box<hmac::Key>),
}

impl SigningKey {
    /// A new key. RSA keys have 2048 bits: 112 bits of strength for the short life that rotation gives a key, at a
    /// quarter of the signing time of 3072; who wants more has Ed25519.
    ///
    /// RSA primes, and the nonces of ECDSA and PSS, come from aws-lc's own generator, which takes no source.
    ///
    /// ```
    /// use rescind::system::SystemEntropy;
    /// use rescind::token::{Algorithm, SigningKey};
    ///
    /// let key = SigningKey::generate(Algorithm::Es256, &SystemEntropy)?;
    /// assert_eq!(key.algorithm(), Algorithm::Es256);
    /// # Ok::<(), rescind::token::KeyError>(())
    /// ```
    ///
    /// # Errors
    /// [`KeyError::Generation`], which does not happen on a sane machine.
    pub fn generate(algorithm: Algorithm, entropy: &dyn Entropy) -> Result<Self, KeyError> {
        let secret = match algorithm {
            Algorithm::EdDsa => generate_ed25519(entropy)?,
            Algorithm::Es256 => generate_p256(entropy)?,
            Algorithm::Rs256 | Algorithm::Ps256 => generate_rsa()?,
            Algorithm::Hs256 => Zeroizing::new(random_bytes::<32>(entropy).to_vec()),
        };
        Self::from_secret_bytes(algorithm, &secret)
    }

    /// The key that [`SigningKey::secret_bytes`] gave: PKCS#8 in DER, or for HS256 the secret itself, of 32 to 1024
    /// bytes.
    ///
    /// ```
    /// use rescind::token::{Algorithm, KeyError, SigningKey};
    ///
    /// let refused = SigningKey::from_secret_bytes(Algorithm::EdDsa, b"no key").unwrap_err();
    /// assert_eq!(refused, KeyError::Malformed);
    /// ```
    ///
    /// # Errors
    /// A [`KeyError`] that says what is wrong with the key.
    pub fn from_secret_bytes(algorithm: Algorithm, secret: &[u8]) -> Result<Self, KeyError> {
        let malformed = |_| KeyError::Malformed;
        let (material, verifying) = match algorithm {
            Algorithm::EdDsa => {
                let pair = Ed25519KeyPair::from_pkcs8(secret).map_err(malformed)?;
                let verifying = public(algorithm, ed25519_numbers(&pair)?)?;
                (Material::Ed25519(pair), verifying)
            }
            Algorithm::Es256 => {
                let pair =
                    EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, secret).map_err(malformed)?;
                let verifying = public(algorithm, p256_numbers(&pair)?)?;
                (Material::P256(pair), verifying)
            }
            Algorithm::Rs256 | Algorithm::Ps256 => {
                let pair = RsaKeyPair::from_pkcs8(secret).map_err(malformed)?;
                let verifying = public(algorithm, rsa_from_pkcs1(pair.public_key().as_ref())?)?;
                let padding: &'static dyn RsaEncoding =
                    if algorithm == Algorithm::Ps256 { &RSA_PSS_SHA256 } else { &RSA_PKCS1_SHA256 };
                (Material::Rsa(pair, padding), verifying)
            }
            Algorithm::Hs256 => {
                check_secret(secret)?;
                let verifying = VerifyingKey::from_secret(&secret_kid(secret), secret)?;
                (Material::Hmac(Box::new(hmac::Key::new(hmac::HMAC_SHA256, secret))), verifying)
            }
        };
        Ok(Self { material, secret: Zeroizing::new(secret.to_vec()), verifying })
    }

    /// What [`SigningKey::from_secret_bytes`] takes. To be stored encrypted only.
    ///
    /// ```
    /// use rescind::system::SystemEntropy;
    /// use rescind::token::{Algorithm, SigningKey};
    ///
    /// let key = SigningKey::generate(Algorithm::EdDsa, &SystemEntropy)?;
    /// let again = SigningKey::from_secret_bytes(Algorithm::EdDsa, &key.secret_bytes())?;
    /// assert_eq!(again.kid(), key.kid());
    /// # Ok::<(), rescind::token::KeyError>(())
    /// ```
    pub fn secret_bytes(&self) -> Zeroizing<Vec<u8>> {
        self.secret.clone()
    }

    /// The name of the key: its RFC 7638 thumbprint, or for HS256 a one-way function of the secret.
    ///
    /// ```
    /// use rescind::system::SystemEntropy;
    /// use rescind::token::{Algorithm, SigningKey};
    ///
    /// let key = SigningKey::generate(Algorithm::EdDsa, &SystemEntropy)?;
    /// let published = key.verifying_key().to_jwk().expect("it has a public half");
    /// assert_eq!(key.kid(), published.thumbprint()?);
    /// # Ok::<(), rescind::token::KeyError>(())
    /// ```
    pub fn kid(&self) -> &str {
        self.verifying.kid()
    }

    /// The one algorithm of the key.
    ///
    /// ```
    /// use rescind::system::SystemEntropy;
    /// use rescind::token::{Algorithm, SigningKey};
    ///
    /// let key = SigningKey::generate(Algorithm::Hs256, &SystemEntropy)?;
    /// assert!(key.algorithm().is_symmetric());
    /// # Ok::<(), rescind::token::KeyError>(())
    /// ```
    pub fn algorithm(&self) -> Algorithm {
        self.verifying.algorithm()
    }

    /// The half that checks what this one signs.
    ///
    /// ```
    /// use rescind::system::SystemEntropy;
    /// use rescind::token::{Algorithm, SigningKey};
    ///
    /// let key = SigningKey::generate(Algorithm::EdDsa, &SystemEntropy)?;
    /// assert_eq!(key.verifying_key().kid(), key.kid());
    /// # Ok::<(), rescind::token::KeyError>(())
    /// ```
    pub fn verifying_key(&self) -> VerifyingKey {
        self.verifying.clone()
    }

    #[allow(
        clippy::disallowed_methods,
        reason = "aws-lc takes a source of randomness for the sake of its interface and ignores it"
    )]
    pub(crate) fn sign(&self, message: &[u8]) -> Result<Vec<u8>, KeyError> {
        let ignored = SystemRandom::new();
        match &self.material {
            Material::Ed25519(pair) => Ok(pair.sign(message).as_ref().to_vec()),
            Material::P256(pair) => {
                let signature = pair.sign(&ignored, message).map_err(|_| KeyError::Signing)?;
                Ok(signature.as_ref().to_vec())
            }
            Material::Rsa(pair, padding) => {
                let mut signature = vec![0; pair.public_modulus_len()];
                pair.sign(*padding, &ignored, message, &mut signature).map_err(|_| KeyError::Signing)?;
                Ok(signature)
            }
            Material::Hmac(key) => Ok(hmac::sign(key, message).as_ref().to_vec()),
        }
    }
}

impl fmt::Debug for SigningKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SigningKey")
            .field("kid", &self.kid())
            .field("algorithm", &self.algorithm())
            .finish_non_exhaustive()
    }
}

fn public(algorithm: Algorithm, numbers: PublicNumbers) -> Result<VerifyingKey, KeyError> {
    VerifyingKey::from_numbers(&numbers.thumbprint(), algorithm, numbers)
}

fn ed25519_numbers(pair: &Ed25519KeyPair) -> Result<PublicNumbers, KeyError> {
    let x = pair.public_key().as_ref().try_into().map_err(|_| KeyError::Malformed)?;
    Ok(PublicNumbers::Ed25519 { x })
}

fn p256_numbers(pair: &EcdsaKeyPair) -> Result<PublicNumbers, KeyError> {
    let point: &[u8; 65] = pair.public_key().as_ref().try_into().map_err(|_| KeyError::Malformed)?;
    let (mut x, mut y) = ([0; 32], [0; 32]);
    x.copy_from_slice(&point[1..33]);
    y.copy_from_slice(&point[33..]);
    Ok(PublicNumbers::P256 { x, y })
}

fn generate_ed25519(entropy: &dyn Entropy) -> Result<Zeroizing<Vec<u8>>, KeyError> {
    let seed = Zeroizing::new(random_bytes::<32>(entropy));
    let pair = Ed25519KeyPair::from_seed_unchecked(seed.as_ref()).map_err(|_| KeyError::Generation)?;
    let document = pair.to_pkcs8v1().map_err(|_| KeyError::Generation)?;
    Ok(Zeroizing::new(document.as_ref().to_vec()))
}

/// Draws scalars until one is below the order of the curve, which the first nearly always is (1 − 2⁻³²).
fn generate_p256(entropy: &dyn Entropy) -> Result<Zeroizing<Vec<u8>>, KeyError> {
    for _ in 0..16 {
        let scalar = Zeroizing::new(random_bytes::<32>(entropy));
        let bare = Zeroizing::new([der::P256_PKCS8.as_slice(), scalar.as_slice()].concat());
        if let Ok(pair) = EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, &bare) {
            let document = pair.to_pkcs8v1().map_err(|_| KeyError::Generation)?;
            return Ok(Zeroizing::new(document.as_ref().to_vec()));
        }
    }
    Err(KeyError::Generation)
}

fn generate_rsa() -> Result<Zeroizing<Vec<u8>>, KeyError> {
    let pair = RsaKeyPair::generate(KeySize::Rsa2048).map_err(|_| KeyError::Generation)?;
    let document = pair.as_der().map_err(|_| KeyError::Generation)?;
    Ok(Zeroizing::new(document.as_ref().to_vec()))
}

/// A name for a secret that says nothing of it: half of an HKDF output under a label of its own.
#[allow(clippy::expect_used, reason = "HKDF fails for outputs above 255 blocks only; this is one")]
fn secret_kid(secret: &[u8]) -> String {
    let mut out = [0; 32];
    hkdf::Salt::new(hkdf::HKDF_SHA256, b"rescind hs256 key id")
        .extract(secret)
        .expand(&[b"kid"], hkdf::HKDF_SHA256)
        .and_then(|okm| okm.fill(&mut out))
        .expect("one block is a length that HKDF gives");
    base64url::encode(&out[..16])
}
