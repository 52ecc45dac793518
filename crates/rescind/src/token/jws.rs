//! The compact serialisation of a JWS (RFC 7515 §7.1): taking it apart, checking it, making it.

use memchr::{memchr, memrchr};

use super::rejection::Rejection;
use super::{Algorithm, KeyError, SigningKey, VerifyingKey, base64url};

/// The longest token in bytes that is looked at, and that is made.
///
/// ```
/// use rescind::clock::Timestamp;
/// use rescind::token::{Issuer, KeySet, MAX_TOKEN_BYTES, Rejection, Validator};
///
/// let validator = Validator::new(vec![Issuer::ours("https://auth.example", KeySet::empty())])?;
/// let refused = validator.validate(&"a".repeat(MAX_TOKEN_BYTES + 1), Timestamp::from_secs(0));
/// assert_eq!(refused.unwrap_err(), Rejection::TooLarge);
/// # Ok::<(), rescind::token::InvalidIssuers>(())
/// ```
pub const MAX_TOKEN_BYTES: usize = 16 * 1024;

/// `typ` of an access token (RFC 9068 §2.1).
pub(crate) const ACCESS_TYP: &str = "at+jwt";
/// `typ` of a refresh token.
pub(crate) const REFRESH_TYP: &str = "rt+jwt";

/// The longest signature: RSA of 8192 bits.
const MAX_SIGNATURE_BYTES: usize = 1024;

/// A token's three parts, still encoded.
#[derive(Clone, Copy)]
pub(crate) struct Compact<'a> {
    pub(crate) header: &'a [u8],
    pub(crate) payload: &'a [u8],
    signature: &'a [u8],
    signing_input: &'a [u8],
}

impl<'a> Compact<'a> {
    pub(crate) fn split(token: &'a str) -> Result<Self, Rejection> {
        if token.is_empty() {
            return Err(Rejection::Empty);
        }
        if token.len() > MAX_TOKEN_BYTES {
            return Err(Rejection::TooLarge);
        }
        let token = token.as_bytes();
        let first = memchr(b'.', token).ok_or(Rejection::NotCompact)?;
        let last = memrchr(b'.', token).unwrap_or(first);
        let payload = token.get(first + 1..last).unwrap_or_default();
        if first == 0 || payload.is_empty() || memchr(b'.', payload).is_some() {
            return Err(Rejection::NotCompact);
        }
        let signature = &token[last + 1..];
        if signature.is_empty() {
            return Err(Rejection::SignatureMissing);
        }
        Ok(Self { header: &token[..first], payload, signature, signing_input: &token[..last] })
    }

    pub(crate) fn decode_payload(&self) -> Result<Vec<u8>, Rejection> {
        base64url::decode(self.payload).ok_or(Rejection::InvalidBase64)
    }

    pub(crate) fn check_signature(&self, key: &VerifyingKey) -> Result<(), Rejection> {
        let mut buffer = [0; MAX_SIGNATURE_BYTES + 3];
        if self.signature.len() > MAX_SIGNATURE_BYTES.div_ceil(3) * 4 {
            return Err(Rejection::BadSignature);
        }
        let signature =
            base64url::decode_into(self.signature, &mut buffer).ok_or(Rejection::InvalidBase64)?;
        if key.verifies(self.signing_input, signature) { Ok(()) } else { Err(Rejection::BadSignature) }
    }
}

/// The encoded header of the tokens that we mint: these three members in this order.
pub(crate) fn encode_header(algorithm: Algorithm, kid: &str, typ: &str) -> String {
    let kid = serde_json::Value::from(kid);
    base64url::encode(format!(r#"{{"alg":"{algorithm}","kid":{kid},"typ":"{typ}"}}"#))
}

/// Signs `payload` under an encoded `header`.
pub(crate) fn sign(key: &SigningKey, header: &str, payload: &[u8]) -> Result<String, KeyError> {
    let mut token = String::with_capacity(header.len() + payload.len() * 4 / 3 + 100);
    token.push_str(header);
    token.push('.');
    base64url::encode_to(payload, &mut token);
    let signature = key.sign(token.as_bytes())?;
    token.push('.');
    base64url::encode_to(&signature, &mut token);
    if token.len() > MAX_TOKEN_BYTES { Err(KeyError::TokenTooLarge) } else { Ok(token) }
}
