//! The few fixed shapes of DER that keys come in. aws-lc parses keys; this only takes out the numbers that a JWK
//! spells, and puts an EC scalar into a document that aws-lc reads.

use super::KeyError;

/// `SubjectPublicKeyInfo` of Ed25519 (RFC 8410 §4) up to the 32 bytes of the key.
pub(super) const ED25519_SPKI: [u8; 12] =
    [0x30, 0x2a, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70, 0x03, 0x21, 0x00];

/// `SubjectPublicKeyInfo` of P-256 (RFC 5480 §2) up to the 64 bytes of an uncompressed point's X and Y.
pub(super) const P256_SPKI: [u8; 27] = [
    0x30, 0x59, 0x30, 0x13, 0x06, 0x07, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x02, 0x01, 0x06, 0x08, 0x2a, 0x86,
    0x48, 0xce, 0x3d, 0x03, 0x01, 0x07, 0x03, 0x42, 0x00, 0x04,
];

/// `PrivateKeyInfo` (RFC 5208) around an `ECPrivateKey` (RFC 5915) of P-256 without its public half, up to the 32
/// bytes of the scalar.
pub(super) const P256_PKCS8: [u8; 35] = [
    0x30, 0x41, 0x02, 0x01, 0x00, 0x30, 0x13, 0x06, 0x07, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x02, 0x01, 0x06,
    0x08, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x03, 0x01, 0x07, 0x04, 0x27, 0x30, 0x25, 0x02, 0x01, 0x01, 0x04,
    0x20,
];

/// The modulus and the exponent of an `RSAPublicKey` (RFC 8017 §A.1.1), without leading zeros.
pub(super) fn rsa_numbers(der: &[u8]) -> Result<(&[u8], &[u8]), KeyError> {
    let (body, rest) = element(der, 0x30)?;
    let (n, after_n) = element(body, 0x02)?;
    let (e, after_e) = element(after_n, 0x02)?;
    if rest.is_empty() && after_e.is_empty() {
        Ok((without_leading_zero(n), without_leading_zero(e)))
    } else {
        Err(KeyError::Malformed)
    }
}

/// The body of the element with this tag at the front of `der`, and what follows it.
fn element(der: &[u8], tag: u8) -> Result<(&[u8], &[u8]), KeyError> {
    let [first, length, rest @ ..] = der else { return Err(KeyError::Malformed) };
    if *first != tag {
        return Err(KeyError::Malformed);
    }
    let (length, rest) = match (*length, rest) {
        (short @ 0..=0x7f, rest) => (usize::from(short), rest),
        (0x81, [a, rest @ ..]) => (usize::from(*a), rest),
        (0x82, [a, b, rest @ ..]) => (usize::from(*a) << 8 | usize::from(*b), rest),
        _ => return Err(KeyError::Malformed),
    };
    rest.split_at_checked(length).ok_or(KeyError::Malformed)
}

fn without_leading_zero(number: &[u8]) -> &[u8] {
    match number {
        [0, rest @ ..] => rest,
        number => number,
    }
}
