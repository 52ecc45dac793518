//! Why a key is refused, or does not sign.

/// Why a key was refused, or could not be used to sign. Holds nothing of the key.
///
/// ```
/// use rescind::token::{KeyError, VerifyingKey};
///
/// // Whoever has the public key of an issuer could sign by it (RFC 8725 §2.1).
/// let public = b"-----BEGIN PUBLIC KEY-----\nMCowBQYDK2VwAyEA\n-----END PUBLIC KEY-----\n";
/// assert_eq!(VerifyingKey::from_secret("k1", public).unwrap_err(), KeyError::SecretIsPublicKey);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, thiserror::Error)]
#[non_exhaustive]
pub enum KeyError {
    /// A `kty` or `crv` that no algorithm of ours uses.
    #[error("a key of a type or curve that no supported algorithm uses")]
    UnsupportedKind,
    /// An `alg` that we do not know.
    #[error("a key for an unsupported algorithm")]
    UnsupportedAlgorithm,
    /// The algorithm does not fit the kind of key.
    #[error("the key is not one for this algorithm")]
    WrongAlgorithm,
    /// An RSA key that does not say whether it is for RS256 or PS256.
    #[error("an RSA key without `alg`: say whether it is for RS256 or PS256")]
    MissingAlgorithm,
    /// `use` or `key_ops` reserve the key for something other than signatures.
    #[error("a key that is not for verifying signatures")]
    NotForSignatures,
    /// A public key document that holds private members: it was published by mistake and anyone may hold it.
    #[error("a public key document that contains a private key")]
    PrivateMembers,
    /// The encoding (DER, PEM, base64url, JSON) is broken, or has more or fewer bytes than the kind of key has.
    #[error("the key's encoding is malformed")]
    Malformed,
    /// An RSA modulus below 2048 bits (RFC 7518 §3.3).
    #[error("an RSA key must have at least 2048 bits")]
    RsaTooSmall,
    /// An RSA modulus above 8192 bits: slow enough to be an attack.
    #[error("an RSA key must have at most 8192 bits")]
    RsaTooLarge,
    /// An RSA exponent that is 1, even, or above 33 bits.
    #[error("the RSA public exponent must be odd, above 1 and of at most 33 bits")]
    RsaExponent,
    /// A point that is not on P-256.
    #[error("not a point of the curve P-256")]
    NotOnCurve,
    /// An Ed25519 point of small order, under which one signature fits many messages, or not canonically encoded.
    #[error("an Ed25519 key of small order or not canonically encoded")]
    WeakEd25519,
    /// An HMAC secret below 32 bytes (RFC 7518 §3.2).
    #[error("an HS256 secret must have at least 32 bytes")]
    SecretTooShort,
    /// An HMAC secret above 1024 bytes.
    #[error("an HS256 secret must have at most 1024 bytes")]
    SecretTooLong,
    /// An HMAC secret that is a public key (PEM, DER or JWK): what anybody could sign with (RFC 8725 §2.1).
    #[error("an HS256 secret must not be a public key")]
    SecretIsPublicKey,
    /// A `kid` that is empty, above 128 bytes, or has control characters.
    #[error("a key id must have 1 to 128 bytes and no control characters")]
    InvalidKid,
    /// Two keys of one set with the same `kid`: which one signed would be a guess.
    #[error("two keys of one set have the same key id")]
    DuplicateKid,
    /// The key could not be made.
    #[error("the key could not be generated")]
    Generation,
    /// The signature could not be made.
    #[error("the signature could not be made")]
    Signing,
    /// The claims do not fit into a token that a verifier would accept.
    #[error("the claims are too large for a token")]
    TokenTooLarge,
}

impl KeyError {
    /// The stable name of the cause.
    ///
    /// ```
    /// use rescind::token::{KeyError, VerifyingKey};
    ///
    /// let refused = VerifyingKey::from_secret("k1", b"too short").unwrap_err();
    /// assert_eq!((&refused, refused.code()), (&KeyError::SecretTooShort, "secret_too_short"));
    /// ```
    pub const fn code(self) -> &'static str {
        match self {
            Self::UnsupportedKind => "key_kind_unsupported",
            Self::UnsupportedAlgorithm => "key_alg_unsupported",
            Self::WrongAlgorithm => "key_alg_wrong",
            Self::MissingAlgorithm => "key_alg_missing",
            Self::NotForSignatures => "key_not_for_signatures",
            Self::PrivateMembers => "key_private_members",
            Self::Malformed => "key_malformed",
            Self::RsaTooSmall => "rsa_too_small",
            Self::RsaTooLarge => "rsa_too_large",
            Self::RsaExponent => "rsa_exponent",
            Self::NotOnCurve => "ec_not_on_curve",
            Self::WeakEd25519 => "ed25519_weak",
            Self::SecretTooShort => "secret_too_short",
            Self::SecretTooLong => "secret_too_long",
            Self::SecretIsPublicKey => "secret_is_public_key",
            Self::InvalidKid => "kid_invalid",
            Self::DuplicateKid => "kid_duplicate",
            Self::Generation => "key_generation_failed",
            Self::Signing => "signing_failed",
            Self::TokenTooLarge => "token_too_large",
        }
    }
}
