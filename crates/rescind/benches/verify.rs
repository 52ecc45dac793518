//! What checking an unseen access token costs, beside the bare signature and beside `jsonwebtoken`.
//!
//! Each group holds its own floor and a peer. What they are held to are ratios, `…/ours_to_bare` and
//! `…/jsonwebtoken_to_ours`, which are measured in turn.
#![allow(clippy::unwrap_used, missing_docs, reason = "a benchmark")]

mod paired;

use std::hint::black_box;
use std::time::Duration;

use aws_lc_rs::hmac;
use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_FIXED, ED25519, ParsedPublicKey, RSA_PKCS1_2048_8192_SHA256, VerificationAlgorithm,
};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use criterion::{Criterion, criterion_group, criterion_main};
use jsonwebtoken::{DecodingKey, Validation};
use rescind::clock::{Clock, Timestamp};
use rescind::entropy::uuid_v7;
use rescind::id::{Jti, SessionId, TenantId, UserId};
use rescind::system::{SystemClock, SystemEntropy};
use rescind::token::{
    AccessClaims, Algorithm, ExtraClaims, Issuer, KeySet, SigningKey, Validator, sign_access,
};
use serde::Deserialize;

use self::paired::Ratio;

criterion_group!(benches, verify);
criterion_group!(name = ratios; config = paired::criterion(); targets = in_turn);
criterion_main!(benches, ratios);

const ISS: &str = "https://auth.example";
const AUD: &str = "https://api.example";

fn verify(c: &mut Criterion) {
    for contest in Contest::all() {
        let mut group = c.benchmark_group(contest.name);
        group.bench_function("bare", |b| b.iter(&contest.bare));
        group.bench_function("ours", |b| b.iter(&contest.ours));
        group.bench_function("jsonwebtoken", |b| b.iter(&contest.jsonwebtoken));
        group.finish();
    }
}

fn in_turn(c: &mut Criterion<Ratio>) {
    for Contest { name, bare, ours, jsonwebtoken } in Contest::all() {
        paired::measure(c, &format!("{name}/ours_to_bare"), 16, &ours, bare);
        paired::measure(c, &format!("{name}/jsonwebtoken_to_ours"), 16, jsonwebtoken, &ours);
    }
}

/// One token, checked in three ways.
struct Contest {
    name: &'static str,
    bare: Box<dyn Fn()>,
    ours: Box<dyn Fn()>,
    jsonwebtoken: Box<dyn Fn()>,
}

impl Contest {
    fn all() -> [Self; 4] {
        [
            Self::new("verify_ed25519", Algorithm::EdDsa),
            Self::new("verify_hs256", Algorithm::Hs256),
            Self::new("verify_es256", Algorithm::Es256),
            Self::new("verify_rs256", Algorithm::Rs256),
        ]
    }

    fn new(name: &'static str, algorithm: Algorithm) -> Self {
        let now = SystemClock.now();
        let key = SigningKey::generate(algorithm, &SystemEntropy).unwrap();
        let token = sign_access(&key, &claims(now)).unwrap();
        let bare = bare_check(&key, &token);

        let keys = KeySet::new([key.verifying_key()]).unwrap();
        let issuer = Issuer::ours(ISS, keys).with_algorithms([algorithm]).with_audiences([AUD]);
        let validator = Validator::new(vec![issuer]).unwrap();
        let (theirs, validation) = theirs(&key);
        let same = token.clone();
        Self {
            name,
            bare: Box::new(move || assert!(bare())),
            ours: Box::new(move || {
                black_box(validator.validate(black_box(&token), black_box(now)).unwrap());
            }),
            jsonwebtoken: Box::new(move || {
                black_box(jsonwebtoken::decode::<Claims>(black_box(&same), &theirs, &validation).unwrap());
            }),
        }
    }
}

/// The check of the signature alone, over the same bytes, by a key that is already parsed.
fn bare_check(key: &SigningKey, token: &str) -> Box<dyn Fn() -> bool> {
    let (input, signature) = token.rsplit_once('.').unwrap();
    let (input, signature) = (input.as_bytes().to_vec(), URL_SAFE_NO_PAD.decode(signature).unwrap());
    let algorithm: &'static dyn VerificationAlgorithm = match key.algorithm() {
        Algorithm::EdDsa => &ED25519,
        Algorithm::Es256 => &ECDSA_P256_SHA256_FIXED,
        Algorithm::Rs256 | Algorithm::Ps256 => &RSA_PKCS1_2048_8192_SHA256,
        Algorithm::Hs256 => {
            let secret = hmac::Key::new(hmac::HMAC_SHA256, &key.secret_bytes());
            return Box::new(move || hmac::verify(&secret, black_box(&input), &signature).is_ok());
        }
    };
    let pem = key.verifying_key().to_pem().unwrap();
    let text: String = pem.lines().filter(|line| !line.starts_with('-')).collect();
    let spki = base64::engine::general_purpose::STANDARD.decode(text).unwrap();
    let parsed = ParsedPublicKey::new(algorithm, spki).unwrap();
    Box::new(move || parsed.verify_sig(black_box(&input), &signature).is_ok())
}

/// `jsonwebtoken` set to the checks that it has: issuer, audience, `exp` and `nbf`, into a typed struct.
fn theirs(key: &SigningKey) -> (DecodingKey, Validation) {
    use jsonwebtoken::Algorithm as Theirs;
    let pem = || key.verifying_key().to_pem().unwrap();
    let (algorithm, decoding) = match key.algorithm() {
        Algorithm::EdDsa => (Theirs::EdDSA, DecodingKey::from_ed_pem(pem().as_bytes()).unwrap()),
        Algorithm::Es256 => (Theirs::ES256, DecodingKey::from_ec_pem(pem().as_bytes()).unwrap()),
        Algorithm::Rs256 => (Theirs::RS256, DecodingKey::from_rsa_pem(pem().as_bytes()).unwrap()),
        Algorithm::Ps256 => (Theirs::PS256, DecodingKey::from_rsa_pem(pem().as_bytes()).unwrap()),
        Algorithm::Hs256 => (Theirs::HS256, DecodingKey::from_secret(&key.secret_bytes())),
    };
    let mut validation = Validation::new(algorithm);
    validation.set_audience(&[AUD]);
    validation.set_issuer(&[ISS]);
    validation.set_required_spec_claims(&["exp", "iss", "aud"]);
    validation.validate_nbf = true;
    (decoding, validation)
}

/// What a service that uses `jsonwebtoken` would write for the same tokens.
#[derive(Deserialize)]
#[allow(dead_code, reason = "filled, as a service would have it filled")]
struct Claims {
    iss: String,
    sub: uuid::Uuid,
    aud: String,
    client_id: String,
    exp: i64,
    nbf: i64,
    iat: i64,
    jti: uuid::Uuid,
    user_id: uuid::Uuid,
    tenant_id: uuid::Uuid,
    email: String,
    role: String,
    token_type: String,
    sid: uuid::Uuid,
    ver: i64,
    tver: i64,
}

fn claims(now: Timestamp) -> AccessClaims {
    let id = || uuid_v7(now, &SystemEntropy);
    AccessClaims {
        iss: ISS.to_owned(),
        aud: vec![AUD.to_owned()],
        client_id: "rescind".to_owned(),
        exp: now.plus(Duration::from_secs(3600)),
        nbf: now,
        iat: now,
        jti: Jti(id()),
        user_id: UserId(id()),
        tenant_id: TenantId(id()),
        email: "ada@example.com".to_owned(),
        role: "member".to_owned(),
        sid: SessionId(id()),
        ver: now.as_millis(),
        tver: now.as_millis(),
        extra: ExtraClaims::none(),
    }
}
