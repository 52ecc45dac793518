//! A fixed authority for the token tests: its clock, its keys, its claims, and a way to sign what no honest code would.
#![allow(dead_code, unreachable_pub, reason = "each test binary uses its own part")]
#![allow(clippy::unwrap_used, reason = "it serves tests only")]

use std::sync::OnceLock;
use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use rescind::clock::Timestamp;
use rescind::id::{Jti, SessionId, TenantId, UserId};
use rescind::system::SystemEntropy;
use rescind::token::*;
use serde_json::{Value, json};
use uuid::Uuid;

pub const ISS: &str = "https://auth.example";
pub const AUD: &str = "https://api.example";
/// The moment at which all tests take place, in seconds.
pub const NOW: i64 = 1_767_323_045;

pub fn now() -> Timestamp {
    Timestamp::from_secs(NOW)
}

pub fn uuid(n: u128) -> Uuid {
    Uuid::from_u128(0x018f_0000_0000_7000_8000_0000_0000_0000 | n)
}

/// One key of each algorithm, made once for a test binary: RSA keys are slow to make.
pub fn key(algorithm: Algorithm) -> &'static SigningKey {
    static KEYS: OnceLock<Vec<SigningKey>> = OnceLock::new();
    let keys = KEYS.get_or_init(|| {
        let all = Algorithm::ASYMMETRIC.into_iter().chain([Algorithm::Hs256]);
        all.map(|a| SigningKey::generate(a, &SystemEntropy).unwrap()).collect()
    });
    keys.iter().find(|key| key.algorithm() == algorithm).unwrap()
}

pub fn access_claims() -> AccessClaims {
    AccessClaims {
        iss: ISS.to_owned(),
        aud: vec![AUD.to_owned()],
        client_id: "rescind".to_owned(),
        exp: Timestamp::from_secs(NOW + 900),
        nbf: now(),
        iat: now(),
        jti: Jti(uuid(1)),
        user_id: UserId(uuid(2)),
        tenant_id: TenantId(uuid(3)),
        email: "ada@example.com".to_owned(),
        role: "member".to_owned(),
        sid: SessionId(uuid(4)),
        ver: 5,
        tver: 6,
        extra: ExtraClaims::none(),
    }
}

pub fn refresh_claims() -> RefreshClaims {
    RefreshClaims {
        iss: ISS.to_owned(),
        exp: Timestamp::from_secs(NOW + 86_400),
        nbf: now(),
        iat: now(),
        jti: Jti(uuid(7)),
        user_id: UserId(uuid(2)),
        session_id: SessionId(uuid(4)),
        token_id: TokenId::from_bytes([9; 32]),
        generation: 3,
    }
}

/// Trusts every key of [`key`], HS256 too, for [`ISS`] and [`AUD`], without leeway.
pub fn validator() -> Validator {
    Validator::new(vec![issuer()]).unwrap()
}

pub fn issuer() -> Issuer {
    let all = Algorithm::ASYMMETRIC.into_iter().chain([Algorithm::Hs256]);
    let keys = KeySet::new(all.clone().map(|a| key(a).verifying_key())).unwrap();
    Issuer::ours(ISS, keys).with_algorithms(all).with_audiences([AUD])
}

pub fn refresh_validator() -> RefreshValidator {
    let keys = KeySet::new([key(Algorithm::Hs256).verifying_key()]).unwrap();
    RefreshValidator::new(ISS, keys, Duration::ZERO)
}

pub fn b64(bytes: impl AsRef<[u8]>) -> String {
    URL_SAFE_NO_PAD.encode(bytes)
}

pub fn unb64(text: &str) -> Vec<u8> {
    URL_SAFE_NO_PAD.decode(text).unwrap()
}

/// The header that our tokens have, as JSON.
pub fn header(key: &SigningKey) -> Value {
    json!({ "alg": key.algorithm().name(), "kid": key.kid(), "typ": "at+jwt" })
}

/// The payload that our access tokens have, as JSON.
pub fn payload() -> Value {
    serde_json::to_value(access_claims()).unwrap()
}

/// Signs any header and any payload, true to the bytes, with the bare algorithm.
pub fn forge(key: &SigningKey, header: impl AsRef<[u8]>, payload: impl AsRef<[u8]>) -> String {
    let input = format!("{}.{}", b64(header), b64(payload));
    let signature = raw_signature(key, input.as_bytes());
    format!("{input}.{}", b64(signature))
}

/// The bare signature, by aws-lc alone.
pub fn raw_signature(key: &SigningKey, message: &[u8]) -> Vec<u8> {
    use aws_lc_rs::signature::*;
    use aws_lc_rs::{hmac, rand::SystemRandom};
    let secret = key.secret_bytes();
    #[allow(clippy::disallowed_methods, reason = "this signs what our own code would not sign")]
    let random = SystemRandom::new();
    let rsa = |padding: &'static dyn RsaEncoding| {
        let pair = RsaKeyPair::from_pkcs8(&secret).unwrap();
        let mut signature = vec![0; pair.public_modulus_len()];
        pair.sign(padding, &random, message, &mut signature).unwrap();
        signature
    };
    match key.algorithm() {
        Algorithm::EdDsa => Ed25519KeyPair::from_pkcs8(&secret).unwrap().sign(message).as_ref().to_vec(),
        Algorithm::Es256 => EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, &secret)
            .unwrap()
            .sign(&random, message)
            .unwrap()
            .as_ref()
            .to_vec(),
        Algorithm::Rs256 => rsa(&RSA_PKCS1_SHA256),
        Algorithm::Ps256 => rsa(&RSA_PSS_SHA256),
        Algorithm::Hs256 => {
            hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, &secret), message).as_ref().to_vec()
        }
    }
}
