//! Published keys (RFC 7517 §5), as a remote verifier and a foreign issuer's set read them.
//!
//! What is taken is one JSON object without doubled members. No two usable keys have one name; none is lost: it is usable or
//! said to be skipped. Written and read anew they are the same.

use rescind::token::{Algorithm, JwkSet, KeySet};

use crate::Seed;
use crate::support::{json, tokens, world};

/// Reads the keys.
pub fn run(data: &[u8]) {
    let Ok(set) = JwkSet::from_json(data) else { return };
    assert!(json::object(data).is_some(), "not one object without doubled members");
    let Ok(usable) = set.usable(Some(Algorithm::Rs256)) else { return };
    assert_eq!(usable.keys.len() + usable.skipped.len(), set.keys.len());
    let keys = KeySet::new(usable.keys.iter().cloned()).expect("each has a name of its own");
    let written = serde_json::to_vec(&keys.to_jwks()).expect("text");
    let read = JwkSet::from_json(&written).expect("what we wrote").usable(None).expect("what we wrote");
    let names = |keys: &[rescind::token::VerifyingKey]| {
        keys.iter().map(|key| (key.kid().to_owned(), key.algorithm())).collect::<Vec<_>>()
    };
    assert_eq!(names(&read.keys), names(&usable.keys));
    assert!(read.skipped.is_empty());
}

/// Sets of keys, and what has to be refused.
pub fn seeds() -> Vec<Seed> {
    let json =
        |key: rescind::token::SigningKey| serde_json::to_string(&key.verifying_key().to_jwk()).expect("text");
    let (ed25519, p256) = (json(world::eddsa_key()), json(world::es256_key()));
    let rsa = tokens::RS256_KEY.replace("\"alg\":\"RS256\",", "");
    let set = |keys: &[&str]| format!("{{\"keys\":[{}]}}", keys.join(",")).into_bytes();
    vec![
        ("none", set(&[])),
        ("all_kinds", set(&[&ed25519, &p256, &rsa])),
        ("twice_the_same", set(&[&ed25519, &ed25519])),
        ("with_strangers", set(&[r#"{"kty":"oct","k":"AAAA"}"#, "7", "{}", &p256])),
        ("doubled", [b"{\"keys\":[],", set(&[&ed25519]).strip_prefix(b"{").unwrap_or_default()].concat()),
    ]
}
