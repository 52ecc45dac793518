//! PEM (RFC 7468) around a `SubjectPublicKeyInfo`.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use super::KeyError;

const BEGIN: &str = "-----BEGIN PUBLIC KEY-----";
const END: &str = "-----END PUBLIC KEY-----";

/// The DER within the one block `PUBLIC KEY` of `pem`. Other labels (certificates, PKCS#1, private keys) are refused.
pub(super) fn decode(pem: &str) -> Result<Vec<u8>, KeyError> {
    let body = pem.trim().strip_prefix(BEGIN).and_then(|rest| rest.strip_suffix(END));
    let text: String =
        body.ok_or(KeyError::Malformed)?.chars().filter(|c| !c.is_ascii_whitespace()).collect();
    STANDARD.decode(text).map_err(|_| KeyError::Malformed)
}

/// `der` in PEM, in lines of 64 characters.
pub(super) fn encode(der: &[u8]) -> String {
    let mut pem = format!("{BEGIN}\n");
    for (i, c) in STANDARD.encode(der).chars().enumerate() {
        if i > 0 && i % 64 == 0 {
            pem.push('\n');
        }
        pem.push(c);
    }
    pem.push('\n');
    pem.push_str(END);
    pem.push('\n');
    pem
}
