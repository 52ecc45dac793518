//! One public key as JSON (RFC 7517).
//!
//! What is taken holds no private member, is bound to an asymmetric algorithm, and is the same key again when it is written as a
//! JWK or as PEM and read anew.

use rescind::token::{Algorithm, Jwk, VerifyingKey};
use serde_json::Value;

use crate::Seed;
use crate::support::{tokens, world};

/// Reads the key, with and without being told what its RSA is for.
pub fn run(data: &[u8]) {
    let Ok(jwk) = serde_json::from_slice::<Jwk>(data) else { return };
    for for_rsa in [None, Some(Algorithm::Rs256), Some(Algorithm::Ps256), Some(Algorithm::Hs256)] {
        let Ok(key) = VerifyingKey::from_jwk_for(&jwk, for_rsa) else { continue };
        assert!(Algorithm::ASYMMETRIC.contains(&key.algorithm()));
        let thumbprint = jwk.thumbprint().expect("a key has one");
        assert_eq!(key.kid(), jwk.kid.as_deref().unwrap_or(&thumbprint));
        assert_is_written_and_read(&key);
    }
    if VerifyingKey::from_jwk(&jwk).is_ok()
        && let Ok(Value::Object(members)) = serde_json::from_slice(data)
    {
        let private =
            ["d", "p", "q", "k"].into_iter().find(|name| members.get(*name).is_some_and(|m| !m.is_null()));
        assert_eq!(private, None, "a private key was taken for a public one");
    }
}

/// As a JWK and as PEM.
pub(crate) fn assert_is_written_and_read(key: &VerifyingKey) {
    let jwk = key.to_jwk().expect("a public key");
    let json = serde_json::to_vec(&jwk).expect("text");
    let read: Jwk = serde_json::from_slice(&json).expect("what we wrote");
    let again = VerifyingKey::from_jwk(&read).expect("the same key");
    assert_eq!((again.kid(), again.algorithm()), (key.kid(), key.algorithm()));
    assert_eq!(read.thumbprint(), jwk.thumbprint());

    let pem = key.to_pem().expect("a public key");
    let again = VerifyingKey::from_pem(key.kid(), key.algorithm(), &pem).expect("the same key");
    assert_eq!(again.to_jwk().map(|jwk| jwk.thumbprint()), Some(jwk.thumbprint()));
}

/// A key of each kind, and what has to be refused.
pub fn seeds() -> Vec<Seed> {
    let json = |key: VerifyingKey| serde_json::to_string(&key.to_jwk()).expect("text");
    let ed25519 = json(world::eddsa_key().verifying_key());
    let p256 = json(world::es256_key().verifying_key());
    vec![
        ("ed25519", ed25519.clone().into_bytes()),
        ("p256", p256.clone().into_bytes()),
        ("rsa", tokens::RS256_KEY.as_bytes().to_vec()),
        ("without_alg", ed25519.replace("\"alg\":\"EdDSA\",", "").into_bytes()),
        ("private", p256.replacen('{', r#"{"d":"AQ","#, 1).into_bytes()),
        (
            "small_order",
            br#"{"kty":"OKP","crv":"Ed25519","x":"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"}"#.to_vec(),
        ),
        ("for_encryption", ed25519.replacen('{', r#"{"use":"enc","key_ops":["verify"],"#, 1).into_bytes()),
        ("symmetric", br#"{"kty":"oct","k":"AAAA","alg":"HS256"}"#.to_vec()),
    ]
}
