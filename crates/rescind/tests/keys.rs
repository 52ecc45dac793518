//! Keys that are refused and why, and what a key publishes of itself.
#![allow(clippy::unwrap_used, clippy::needless_pass_by_value, reason = "helpers of tests")]

mod support;

use std::sync::Mutex;

use aws_lc_rs::encoding::AsDer;
use aws_lc_rs::signature::{ECDSA_P384_SHA384_FIXED_SIGNING, EcdsaKeyPair, KeyPair};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use rescind::entropy::Entropy;
use rescind::token::*;
use serde_json::{Value, json};
use support::*;

fn jwk(value: Value) -> Jwk {
    serde_json::from_value(value).unwrap()
}

fn refusal(value: Value) -> &'static str {
    VerifyingKey::from_jwk(&jwk(value)).map_or_else(KeyError::code, |_| "accepted")
}

fn published(algorithm: Algorithm) -> Value {
    serde_json::to_value(key(algorithm).verifying_key().to_jwk().unwrap()).unwrap()
}

fn with(algorithm: Algorithm, changes: Value) -> Value {
    let mut jwk = published(algorithm);
    for (name, value) in changes.as_object().unwrap() {
        jwk[name] = value.clone();
    }
    jwk
}

#[test]
fn ed25519_keys_of_small_order_or_not_canonical() {
    let with_x = |x: [u8; 32]| refusal(json!({ "kty": "OKP", "crv": "Ed25519", "x": b64(x) }));
    let bytes = |text: &str| -> [u8; 32] {
        let bytes: Vec<u8> =
            (0..64).step_by(2).map(|i| u8::from_str_radix(&text[i..i + 2], 16).unwrap()).collect();
        bytes.try_into().unwrap()
    };
    for y in [
        "0000000000000000000000000000000000000000000000000000000000000000",
        "0100000000000000000000000000000000000000000000000000000000000000",
        "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05",
        "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a",
        "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
        "edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
        "eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
        "f0ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
        "ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
    ] {
        let mut encoding = bytes(y);
        assert_eq!(with_x(encoding), "ed25519_weak", "{y}");
        encoding[31] |= 0x80;
        assert_eq!(with_x(encoding), "ed25519_weak", "{y} with its sign");
    }
}

#[test]
fn rsa_keys_that_are_small_large_or_have_a_bad_exponent() {
    let rsa = |n: &[u8], e: &[u8]| refusal(json!({ "kty": "RSA", "alg": "RS256", "n": b64(n), "e": b64(e) }));
    let good_n = unb64(published(Algorithm::Rs256)["n"].as_str().unwrap());
    let f4 = [1, 0, 1];
    let mut even = good_n.clone();
    even[255] &= 0xfe;
    let mut of_2047_bits = good_n.clone();
    of_2047_bits[0] &= 0x7f;
    for (name, n, e, code) in [
        ("good", good_n.as_slice(), f4.as_slice(), "accepted"),
        ("e = 3", &good_n, &[3], "accepted"),
        ("512 bits", &good_n[..64], &f4, "rsa_too_small"),
        ("1024 bits", &good_n[..128], &f4, "rsa_too_small"),
        ("2047 bits", &of_2047_bits, &f4, "rsa_too_small"),
        ("one bit", &[1], &f4, "rsa_too_small"),
        ("above 8192 bits", &[good_n.repeat(4), vec![1]].concat(), &f4, "rsa_too_large"),
        ("e = 1", &good_n, &[1], "rsa_exponent"),
        ("e = 2", &good_n, &[2], "rsa_exponent"),
        ("e even", &good_n, &[1, 0, 0], "rsa_exponent"),
        ("e of 34 bits", &good_n, &[3, 0, 0, 0, 1], "rsa_exponent"),
        ("e = n", &good_n, &good_n, "rsa_exponent"),
        ("e = 0", &good_n, &[0], "key_malformed"),
        ("e empty", &good_n, &[], "key_malformed"),
        ("n empty", &[], &f4, "key_malformed"),
        ("n with a leading zero", &[&[0], good_n.as_slice()].concat(), &f4, "key_malformed"),
        ("n even", &even, &f4, "key_malformed"),
    ] {
        assert_eq!(rsa(n, e), code, "{name}");
    }
}

#[test]
fn ec_keys_that_are_off_the_curve_or_on_another() {
    let good = published(Algorithm::Es256);
    let mut y = unb64(good["y"].as_str().unwrap());
    y[0] ^= 1;
    let zero = b64([0; 32]);
    let full = b64([0xff; 32]);
    for (name, changes, code) in [
        ("good", json!({}), "accepted"),
        ("a point beside the curve", json!({ "y": b64(&y) }), "ec_not_on_curve"),
        ("x and y exchanged", json!({ "x": good["y"], "y": good["x"] }), "ec_not_on_curve"),
        ("the origin", json!({ "x": zero, "y": zero }), "ec_not_on_curve"),
        ("beyond the field", json!({ "x": full, "y": full }), "ec_not_on_curve"),
        ("x cut short", json!({ "x": b64(&y[1..]) }), "key_malformed"),
        ("x with a leading zero", json!({ "x": b64([&[0], y.as_slice()].concat()) }), "key_malformed"),
        ("y missing", json!({ "y": null }), "key_malformed"),
        ("P-384", json!({ "crv": "P-384" }), "key_kind_unsupported"),
        ("secp256k1", json!({ "crv": "secp256k1" }), "key_kind_unsupported"),
        ("no curve", json!({ "crv": null }), "key_kind_unsupported"),
    ] {
        assert_eq!(refusal(with(Algorithm::Es256, changes)), code, "{name}");
    }
}

#[test]
fn jwks_that_are_not_for_us() {
    for (name, changes, code) in [
        ("good", json!({}), "accepted"),
        ("with a private half", json!({ "d": b64([1; 32]) }), "key_private_members"),
        ("for encryption", json!({ "use": "enc" }), "key_not_for_signatures"),
        ("for signing only", json!({ "key_ops": ["sign"] }), "key_not_for_signatures"),
        ("for verifying", json!({ "key_ops": ["verify"] }), "accepted"),
        ("for another algorithm", json!({ "alg": "ES256" }), "key_alg_wrong"),
        ("a public key for HS256", json!({ "alg": "HS256" }), "key_alg_wrong"),
        ("for an unknown algorithm", json!({ "alg": "none" }), "key_alg_unsupported"),
        ("without an algorithm", json!({ "alg": null }), "accepted"),
        ("by its RFC 9864 name", json!({ "alg": "Ed25519" }), "accepted"),
        ("Ed448", json!({ "crv": "Ed448" }), "key_kind_unsupported"),
        ("X25519", json!({ "crv": "X25519" }), "key_kind_unsupported"),
        ("symmetric", json!({ "kty": "oct", "k": b64([1; 32]) }), "key_kind_unsupported"),
        ("kty in another case", json!({ "kty": "okp" }), "key_kind_unsupported"),
        ("x padded", json!({ "x": format!("{}=", b64([1; 32])) }), "key_malformed"),
        ("x short", json!({ "x": b64([1; 31]) }), "key_malformed"),
        ("kid empty", json!({ "kid": "" }), "kid_invalid"),
        ("kid with a line break", json!({ "kid": "a\nb" }), "kid_invalid"),
        ("kid too long", json!({ "kid": "k".repeat(MAX_KID_BYTES + 1) }), "kid_invalid"),
    ] {
        assert_eq!(refusal(with(Algorithm::EdDsa, changes)), code, "{name}");
    }
    let rsa = with(Algorithm::Rs256, json!({ "alg": null }));
    assert_eq!(refusal(rsa.clone()), "key_alg_missing");
    let told = VerifyingKey::from_jwk_for(&jwk(rsa), Some(Algorithm::Ps256)).unwrap();
    assert_eq!(told.algorithm(), Algorithm::Ps256);
}

#[test]
fn hmac_secrets_that_are_empty_short_or_public() {
    for (secret, code) in [
        (vec![], "secret_too_short"),
        (vec![0], "secret_too_short"),
        (b"secret".to_vec(), "secret_too_short"),
        (vec![7; 31], "secret_too_short"),
        (vec![7; 32], "accepted"),
        (vec![7; 1024], "accepted"),
        (vec![7; 1025], "secret_too_long"),
        (b"-----BEGIN PUBLIC KEY-----\nrest".to_vec(), "secret_is_public_key"),
        (b"\n -----BEGIN CERTIFICATE-----\n".to_vec(), "secret_is_public_key"),
        (published(Algorithm::Es256).to_string().into_bytes(), "secret_is_public_key"),
    ] {
        let verifying = VerifyingKey::from_secret("k", &secret).map_or_else(KeyError::code, |_| "accepted");
        assert_eq!(verifying, code);
        let signing = SigningKey::from_secret_bytes(Algorithm::Hs256, &secret)
            .map_or_else(KeyError::code, |_| "accepted");
        assert_eq!(signing, code);
    }
}

#[test]
fn pem_is_read_back_and_nothing_else_is_read() {
    for algorithm in Algorithm::ASYMMETRIC {
        let pem = key(algorithm).verifying_key().to_pem().unwrap();
        let again = VerifyingKey::from_pem(key(algorithm).kid(), algorithm, &pem).unwrap();
        assert_eq!(again.to_pem().unwrap(), pem);
        let keys = KeySet::new([again]).unwrap();
        let validator = Validator::new(vec![Issuer::ours(ISS, keys).with_audiences([AUD])]).unwrap();
        let token = sign_access(key(algorithm), &access_claims()).unwrap();
        assert!(validator.validate(&token, now()).is_ok(), "{algorithm}");
    }
    let ed = key(Algorithm::EdDsa).verifying_key().to_pem().unwrap();
    let p384 = EcdsaKeyPair::generate(&ECDSA_P384_SHA384_FIXED_SIGNING).unwrap();
    let p384 = STANDARD.encode(p384.public_key().as_der().unwrap().as_ref());
    let p384 = format!("-----BEGIN PUBLIC KEY-----\n{p384}\n-----END PUBLIC KEY-----\n");
    let private = STANDARD.encode(&*key(Algorithm::EdDsa).secret_bytes());
    for (name, algorithm, pem, code) in [
        ("empty", Algorithm::EdDsa, String::new(), "key_malformed"),
        ("no armour", Algorithm::EdDsa, ed.lines().nth(1).unwrap().to_owned(), "key_malformed"),
        ("two blocks", Algorithm::EdDsa, ed.repeat(2), "key_malformed"),
        ("something after it", Algorithm::EdDsa, format!("{ed}x"), "key_malformed"),
        (
            "a private key",
            Algorithm::EdDsa,
            format!("-----BEGIN PRIVATE KEY-----\n{private}\n-----END PRIVATE KEY-----"),
            "key_malformed",
        ),
        (
            "a private key, relabelled",
            Algorithm::EdDsa,
            format!("-----BEGIN PUBLIC KEY-----\n{private}\n-----END PUBLIC KEY-----"),
            "key_alg_wrong",
        ),
        ("for another algorithm", Algorithm::Es256, ed.clone(), "key_alg_wrong"),
        ("for RSA", Algorithm::Rs256, ed.clone(), "key_malformed"),
        ("for HS256", Algorithm::Hs256, ed, "key_alg_wrong"),
        ("P-384 for ES256", Algorithm::Es256, p384, "key_alg_wrong"),
    ] {
        let refused =
            VerifyingKey::from_pem("k", algorithm, &pem).map_or_else(KeyError::code, |_| "accepted");
        assert_eq!(refused, code, "{name}");
    }
}

#[test]
fn what_is_published_has_no_private_member_and_hs256_publishes_nothing() {
    for algorithm in Algorithm::ASYMMETRIC {
        let jwk = published(algorithm);
        let mut members: Vec<&str> = jwk.as_object().unwrap().keys().map(String::as_str).collect();
        members.sort_unstable();
        let expected: &[&str] = match algorithm {
            Algorithm::EdDsa => &["alg", "crv", "kid", "kty", "use", "x"],
            Algorithm::Es256 => &["alg", "crv", "kid", "kty", "use", "x", "y"],
            _ => &["alg", "e", "kid", "kty", "n", "use"],
        };
        assert_eq!(members, expected);
        assert_eq!(jwk["kid"], json!(key(algorithm).verifying_key().to_jwk().unwrap().thumbprint().unwrap()));
    }
    let secret = key(Algorithm::Hs256).verifying_key();
    assert!(secret.to_jwk().is_none() && secret.to_pem().is_none());
    assert!(KeySet::new([secret]).unwrap().to_jwks().keys.is_empty());
    // Even a document that came with a private half is written without it.
    let leaked = jwk(with(Algorithm::EdDsa, json!({ "d": b64([1; 32]) })));
    assert!(!serde_json::to_string(&leaked).unwrap().contains("\"d\""));
    assert!(!format!("{leaked:?}").contains(&b64([1; 32])));
}

#[test]
fn the_kid_of_a_secret_says_nothing_of_it() {
    let secret = key(Algorithm::Hs256).secret_bytes();
    let kid = key(Algorithm::Hs256).kid();
    let one_bit_off = {
        let mut other = secret.to_vec();
        other[0] ^= 1;
        SigningKey::from_secret_bytes(Algorithm::Hs256, &other).unwrap()
    };
    let sha256 = aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, &secret);
    assert_ne!(kid, one_bit_off.kid());
    assert!(!b64(&*secret).contains(kid));
    assert!(!b64(sha256).contains(kid), "a bare hash could be searched for");
}

#[test]
fn foreign_sets_are_read_for_what_can_be_used() {
    let set = json!({ "keys": [
        published(Algorithm::EdDsa),
        { "kty": "EC", "crv": "P-521", "kid": "p521", "x": "AA", "y": "AA" },
        { "kty": "AKP", "kid": "future", "alg": "ML-DSA-65", "pub": "AA" },
        { "kty": "oct", "kid": "leaked", "k": b64([1; 32]) },
        with(Algorithm::Rs256, json!({ "use": "enc", "kid": "enc" })),
        with(Algorithm::Es256, json!({ "d": "AA", "kid": "private" })),
        "not a key",
        published(Algorithm::Rs256),
    ], "extra": 1 });
    let usable = JwkSet::from_json(set.to_string().as_bytes()).unwrap().usable(None).unwrap();
    let kids: Vec<&str> = usable.keys.iter().map(VerifyingKey::kid).collect();
    assert_eq!(kids, [key(Algorithm::EdDsa).kid(), key(Algorithm::Rs256).kid()]);
    let skipped: Vec<_> =
        usable.skipped.iter().map(|(kid, error)| (kid.as_deref().unwrap(), error.code())).collect();
    assert_eq!(
        skipped,
        [
            ("p521", "key_kind_unsupported"),
            ("future", "key_kind_unsupported"),
            ("leaked", "key_kind_unsupported"),
            ("enc", "key_not_for_signatures"),
            ("private", "key_private_members"),
        ]
    );
}

#[test]
fn a_set_that_could_be_read_in_two_ways_is_refused_whole() {
    let one = published(Algorithm::EdDsa);
    let same_kid = with(Algorithm::Es256, json!({ "kid": one["kid"] }));
    let set = json!({ "keys": [one, same_kid] });
    let refused = JwkSet::from_json(set.to_string().as_bytes()).unwrap().usable(None).unwrap_err();
    assert_eq!(refused, KeyError::DuplicateKid);
    let keys = [key(Algorithm::EdDsa).verifying_key(), key(Algorithm::EdDsa).verifying_key()];
    assert_eq!(KeySet::new(keys).unwrap_err(), KeyError::DuplicateKid);
    for bad in [
        "",
        "[]",
        "{}",
        "{\"keys\":{}}",
        "{\"keys\":[],\"keys\":[]}",
        "{\"keys\":[{\"kty\":\"OKP\",\"kty\":\"EC\"}]}",
    ] {
        assert_eq!(JwkSet::from_json(bad.as_bytes()).unwrap_err(), KeyError::Malformed, "{bad}");
    }
}

#[test]
fn a_private_key_of_another_kind_or_broken_is_refused() {
    for algorithm in Algorithm::ASYMMETRIC {
        for other in Algorithm::ASYMMETRIC {
            let is_rsa = |a| matches!(a, Algorithm::Rs256 | Algorithm::Ps256);
            let result = SigningKey::from_secret_bytes(algorithm, &key(other).secret_bytes());
            assert_eq!(result.is_ok(), algorithm == other || (is_rsa(algorithm) && is_rsa(other)));
        }
        let secret = key(algorithm).secret_bytes();
        for broken in [&[][..], &[0; 32], &secret[..secret.len() - 1], b"-----BEGIN PRIVATE KEY-----"] {
            assert_eq!(SigningKey::from_secret_bytes(algorithm, broken).unwrap_err(), KeyError::Malformed);
        }
    }
}

#[test]
fn keys_come_from_the_randomness_that_is_given() {
    struct Scripted(Mutex<Vec<u8>>);
    impl Entropy for Scripted {
        fn fill(&self, buffer: &mut [u8]) {
            buffer.fill(self.0.lock().unwrap().pop().unwrap());
        }
    }
    for algorithm in [Algorithm::EdDsa, Algorithm::Es256, Algorithm::Hs256] {
        let made = |bytes: &[u8]| {
            let script = Scripted(Mutex::new(bytes.iter().rev().copied().collect()));
            SigningKey::generate(algorithm, &script).unwrap()
        };
        assert_eq!(made(&[1]).kid(), made(&[1]).kid());
        assert_ne!(made(&[1]).kid(), made(&[2]).kid());
    }
    // Scalars that are zero or not below the order of the curve are drawn again.
    let script = Scripted(Mutex::new(vec![1, 0xff, 0]));
    let drawn_again = SigningKey::generate(Algorithm::Es256, &script).unwrap();
    let script = Scripted(Mutex::new(vec![1]));
    assert_eq!(drawn_again.kid(), SigningKey::generate(Algorithm::Es256, &script).unwrap().kid());
}
