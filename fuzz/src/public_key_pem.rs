//! A public key in PEM (RFC 7468), as somebody configures one.
//!
//! What is taken is the same key again when it is written and read anew, and is taken for one kind of key only.

use rescind::token::{Algorithm, VerifyingKey};

use crate::Seed;
use crate::jwk::assert_is_written_and_read;
use crate::support::world;

/// Reads the key for each algorithm.
pub fn run(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else { return };
    let mut kinds: Vec<String> = Vec::new();
    for algorithm in [Algorithm::EdDsa, Algorithm::Es256, Algorithm::Rs256, Algorithm::Ps256] {
        let Ok(key) = VerifyingKey::from_pem("key", algorithm, text) else { continue };
        assert_eq!((key.kid(), key.algorithm()), ("key", algorithm));
        assert_is_written_and_read(&key);
        kinds.extend(key.to_jwk().map(|jwk| jwk.kty));
    }
    kinds.dedup();
    assert!(kinds.len() <= 1, "one key of several kinds: {kinds:?}");
    assert!(VerifyingKey::from_pem("key", Algorithm::Hs256, text).is_err(), "a PEM is no secret");
    if !kinds.is_empty() {
        assert!(VerifyingKey::from_secret("key", data).is_err(), "a public key, taken for a secret");
    }
}

/// A key of each kind.
pub fn seeds() -> Vec<Seed> {
    let pem = |key: VerifyingKey| key.to_pem().expect("a public key");
    let p256 = pem(world::es256_key().verifying_key());
    vec![
        ("ed25519", pem(world::eddsa_key().verifying_key()).into_bytes()),
        ("p256", p256.clone().into_bytes()),
        ("rsa", pem(world::rs256_key()).into_bytes()),
        ("carriage_returns", p256.replace('\n', "\r\n").into_bytes()),
        ("text_before", format!("text\n{p256}").into_bytes()),
    ]
}
