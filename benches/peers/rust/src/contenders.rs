//! Who checks the token, each as a service would have it: keys parsed beforehand, issuer, audience and times checked, the
//! claims read into a struct.

use std::collections::HashSet;
use std::hint::black_box;

use aws_lc_rs::hmac;
use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_FIXED, ED25519, ParsedPublicKey, RSA_PKCS1_2048_8192_SHA256, VerificationAlgorithm,
};
use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use jsonwebtoken::{DecodingKey, Validation};
use jwt_simple::prelude::{
    ECDSAP256PublicKeyLike as _, ES256PublicKey, Ed25519PublicKey, EdDSAPublicKeyLike as _, HS256Key,
    MACLike as _, RS256PublicKey, RSAPublicKeyLike as _, VerificationOptions,
};
use rescind::clock::Clock as _;
use rescind::system::SystemClock;
use rescind::token::{Algorithm, Issuer, KeySet, Validator};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::token::{AUD, ISS, Token};

/// One way of checking.
pub(crate) struct Contender {
    pub(crate) name: &'static str,
    /// Whether the token is good.
    pub(crate) check: Box<dyn Fn() -> bool>,
}

/// All of them, the floor first.
pub(crate) fn contenders(token: &Token) -> Vec<Contender> {
    vec![
        Contender { name: "floor", check: signature_alone(token) },
        Contender { name: "rescind", check: rescind(token) },
        Contender { name: "jsonwebtoken", check: jsonwebtoken(token) },
        Contender { name: "jwt-simple", check: jwt_simple(token) },
    ]
}

/// The signature over the same bytes, by aws-lc-rs with a key that is parsed: nothing is decoded.
fn signature_alone(token: &Token) -> Box<dyn Fn() -> bool> {
    let (input, signature) = token.text.rsplit_once('.').expect("a JWS");
    let input = input.as_bytes().to_vec();
    let signature = URL_SAFE_NO_PAD.decode(signature).expect("base64url");
    let algorithm: &'static dyn VerificationAlgorithm = match token.key.algorithm() {
        Algorithm::EdDsa => &ED25519,
        Algorithm::Es256 => &ECDSA_P256_SHA256_FIXED,
        Algorithm::Rs256 | Algorithm::Ps256 => &RSA_PKCS1_2048_8192_SHA256,
        Algorithm::Hs256 => {
            let secret = hmac::Key::new(hmac::HMAC_SHA256, &token.key.secret_bytes());
            return Box::new(move || hmac::verify(&secret, black_box(&input), &signature).is_ok());
        }
    };
    let pem = pem(token);
    let spki: String = pem.lines().filter(|line| !line.starts_with('-')).collect();
    let spki = STANDARD.decode(spki).expect("PEM is base64");
    let key = ParsedPublicKey::new(algorithm, spki).expect("a public key");
    Box::new(move || key.verify_sig(black_box(&input), &signature).is_ok())
}

fn rescind(token: &Token) -> Box<dyn Fn() -> bool> {
    let keys = KeySet::new([token.key.verifying_key()]).expect("one key");
    let issuer = Issuer::ours(ISS, keys).with_algorithms([token.key.algorithm()]).with_audiences([AUD]);
    let validator = Validator::new(vec![issuer]).expect("one issuer");
    let text = token.text.clone();
    Box::new(move || validator.validate(black_box(&text), SystemClock.now()).is_ok())
}

fn jsonwebtoken(token: &Token) -> Box<dyn Fn() -> bool> {
    use jsonwebtoken::Algorithm as Theirs;
    let pem = || pem(token).into_bytes();
    let (algorithm, key) = match token.key.algorithm() {
        Algorithm::EdDsa => (Theirs::EdDSA, DecodingKey::from_ed_pem(&pem())),
        Algorithm::Es256 => (Theirs::ES256, DecodingKey::from_ec_pem(&pem())),
        Algorithm::Rs256 => (Theirs::RS256, DecodingKey::from_rsa_pem(&pem())),
        Algorithm::Ps256 => (Theirs::PS256, DecodingKey::from_rsa_pem(&pem())),
        Algorithm::Hs256 => (Theirs::HS256, Ok(DecodingKey::from_secret(&token.key.secret_bytes()))),
    };
    let key = key.expect("a public key");
    let mut validation = Validation::new(algorithm);
    validation.set_audience(&[AUD]);
    validation.set_issuer(&[ISS]);
    validation.set_required_spec_claims(&["exp", "iss", "aud"]);
    validation.validate_nbf = true;
    let text = token.text.clone();
    Box::new(move || black_box(jsonwebtoken::decode::<Claims>(black_box(&text), &key, &validation)).is_ok())
}

fn jwt_simple(token: &Token) -> Box<dyn Fn() -> bool> {
    let options = VerificationOptions {
        allowed_issuers: Some(HashSet::from([ISS.to_owned()])),
        allowed_audiences: Some(HashSet::from([AUD.to_owned()])),
        ..VerificationOptions::default()
    };
    let text = token.text.clone();
    let pem = || pem(token);
    // Four types of key with no common trait.
    macro_rules! with {
        ($key:expr) => {{
            let key = $key;
            Box::new(move || {
                black_box(key.verify_token::<Own>(black_box(&text), Some(options.clone()))).is_ok()
            })
        }};
    }
    match token.key.algorithm() {
        Algorithm::EdDsa => with!(Ed25519PublicKey::from_pem(&pem()).expect("a public key")),
        Algorithm::Es256 => with!(ES256PublicKey::from_pem(&pem()).expect("a public key")),
        Algorithm::Rs256 | Algorithm::Ps256 => with!(RS256PublicKey::from_pem(&pem()).expect("a public key")),
        Algorithm::Hs256 => with!(HS256Key::from_bytes(&token.key.secret_bytes())),
    }
}

fn pem(token: &Token) -> String {
    token.key.verifying_key().to_pem().expect("a public key can be written")
}

/// What a service with `jsonwebtoken` would write.
#[derive(Deserialize)]
#[allow(dead_code, reason = "filled, as a service would have it filled")]
struct Claims {
    iss: String,
    sub: Uuid,
    aud: String,
    client_id: String,
    exp: i64,
    nbf: i64,
    iat: i64,
    jti: Uuid,
    user_id: Uuid,
    tenant_id: Uuid,
    email: String,
    role: String,
    token_type: String,
    sid: Uuid,
    ver: i64,
    tver: i64,
}

/// What a service with `jwt-simple` would write: the registered claims are in a struct of its own.
#[derive(Serialize, Deserialize)]
#[allow(dead_code, reason = "filled, as a service would have it filled")]
struct Own {
    client_id: String,
    user_id: Uuid,
    tenant_id: Uuid,
    email: String,
    role: String,
    token_type: String,
    sid: Uuid,
    ver: i64,
    tver: i64,
}
