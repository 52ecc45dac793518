//! A second opinion. Whatever we accept, `jsonwebtoken` accepts; where we are stricter, which is meant, the difference is
//! shown here and listed in docs/token-strictness.md.
//!
//! `jsonwebtoken` asks the operating system for the time, so these tests alone take place now.
#![allow(clippy::unwrap_used, clippy::needless_pass_by_value, reason = "helpers of tests")]

mod support;

use std::time::Duration;

use jsonwebtoken::{DecodingKey, Validation};
use proptest::prelude::*;
use rescind::clock::{Clock, Timestamp};
use rescind::system::SystemClock;
use rescind::token::*;
use serde_json::{Value, json};
use support::{AUD, ISS, b64, forge, header, issuer, key, uuid};

const ALL: [Algorithm; 5] =
    [Algorithm::EdDsa, Algorithm::Es256, Algorithm::Rs256, Algorithm::Ps256, Algorithm::Hs256];

fn claims(now: Timestamp) -> AccessClaims {
    let exp = now.plus(Duration::from_secs(900));
    AccessClaims { exp, nbf: now, iat: now, ..support::access_claims() }
}

fn payload() -> Value {
    serde_json::to_value(claims(SystemClock.now())).unwrap()
}

fn ours(token: &str) -> Result<(), &'static str> {
    let validator = Validator::new(vec![issuer()]).unwrap();
    validator.validate(token, SystemClock.now()).map(|_| ()).map_err(Rejection::code)
}

/// As strict as `jsonwebtoken` can be told to be, short of tests on the claims that its user would write.
fn theirs(key: &SigningKey, token: &str) -> Result<Value, jsonwebtoken::errors::Error> {
    use jsonwebtoken::Algorithm as Theirs;
    let pem = || key.verifying_key().to_pem().unwrap().into_bytes();
    let (algorithm, decoding) = match key.algorithm() {
        Algorithm::EdDsa => (Theirs::EdDSA, DecodingKey::from_ed_pem(&pem()).unwrap()),
        Algorithm::Es256 => (Theirs::ES256, DecodingKey::from_ec_pem(&pem()).unwrap()),
        Algorithm::Rs256 => (Theirs::RS256, DecodingKey::from_rsa_pem(&pem()).unwrap()),
        Algorithm::Ps256 => (Theirs::PS256, DecodingKey::from_rsa_pem(&pem()).unwrap()),
        Algorithm::Hs256 => (Theirs::HS256, DecodingKey::from_secret(&key.secret_bytes())),
    };
    jsonwebtoken::decode(token, &decoding, &validation(algorithm)).map(|data| data.claims)
}

fn validation(algorithm: jsonwebtoken::Algorithm) -> Validation {
    let mut validation = Validation::new(algorithm);
    validation.leeway = 0;
    validation.validate_nbf = true;
    validation.set_audience(&[AUD]);
    validation.set_issuer(&[ISS]);
    validation.set_required_spec_claims(&["exp", "iss", "aud"]);
    validation
}

/// They accept, we refuse with this code.
#[track_caller]
fn assert_stricter(what: &str, token: &str, code: &str) {
    let accepted = theirs(key(Algorithm::EdDsa), token);
    assert!(accepted.is_ok(), "{what}: jsonwebtoken refuses too: {accepted:?}");
    assert_eq!(ours(token), Err(code), "{what}");
}

fn with_header(changes: Value) -> String {
    let mut members = header(key(Algorithm::EdDsa));
    members.as_object_mut().unwrap().extend(changes.as_object().unwrap().clone());
    forge(key(Algorithm::EdDsa), members.to_string(), payload().to_string())
}

fn with_header_text(from: &str, to: &str) -> String {
    let text = header(key(Algorithm::EdDsa)).to_string();
    assert!(text.contains(from));
    forge(key(Algorithm::EdDsa), text.replacen(from, to, 1), payload().to_string())
}

fn with_claims(changes: Value) -> String {
    let mut claims = payload();
    claims.as_object_mut().unwrap().extend(changes.as_object().unwrap().clone());
    sign(&claims.to_string())
}

fn without_claim(name: &str) -> String {
    let mut claims = payload();
    claims.as_object_mut().unwrap().remove(name).unwrap();
    sign(&claims.to_string())
}

fn with_claim_text(name: &str, text: &str) -> String {
    let mut claims = payload();
    claims[name] = json!("(here)");
    sign(&claims.to_string().replacen("\"(here)\"", text, 1))
}

/// Our payload with more text put in front of its members.
fn with_members(text: &str) -> String {
    sign(&payload().to_string().replacen('{', &format!("{{{text},"), 1))
}

fn sign(payload: &str) -> String {
    forge(key(Algorithm::EdDsa), header(key(Algorithm::EdDsa)).to_string(), payload)
}

#[test]
fn what_both_accept() {
    for algorithm in ALL {
        let token = sign_access(key(algorithm), &claims(SystemClock.now())).unwrap();
        assert_eq!(ours(&token), Ok(()), "{algorithm}");
        assert_eq!(theirs(key(algorithm), &token).unwrap()["sub"], json!(uuid(2)), "{algorithm}");
    }
}

#[test]
fn stricter_headers() {
    let jwk = serde_json::to_value(key(Algorithm::Es256).verifying_key().to_jwk().unwrap()).unwrap();
    assert_stricter("H1: typ of another kind", &with_header(json!({ "typ": "rt+jwt" })), "wrong_typ");
    assert_stricter("H1: typ JWT", &with_header(json!({ "typ": "JWT" })), "wrong_typ");
    assert_stricter("H1: typ in another case", &with_header(json!({ "typ": "AT+JWT" })), "wrong_typ");
    assert_stricter("H1: typ missing", &with_header_text(",\"typ\":\"at+jwt\"", ""), "typ_missing");
    assert_stricter("H2: kid unknown", &with_header(json!({ "kid": "x" })), "unknown_key");
    assert_stricter("H2: kid empty", &with_header(json!({ "kid": "" })), "kid_invalid");
    assert_stricter("H2: kid null", &with_header(json!({ "kid": null })), "kid_invalid");
    assert_stricter("H2: kid long", &with_header(json!({ "kid": "k".repeat(200) })), "kid_invalid");
    let other_kid = json!({ "kid": key(Algorithm::Es256).kid() });
    assert_stricter("H2: kid of a key for another algorithm", &with_header(other_kid), "alg_mismatch");
    assert_stricter("H3: crit", &with_header(json!({ "crit": ["x"], "x": 1 })), "crit_not_supported");
    assert_stricter("H3: crit empty", &with_header(json!({ "crit": [] })), "crit_not_supported");
    assert_stricter("H3: crit naming alg", &with_header(json!({ "crit": ["alg"] })), "crit_not_supported");
    assert_stricter("H3: crit null", &with_header(json!({ "crit": null })), "crit_not_supported");
    assert_stricter("H4: b64", &with_header(json!({ "b64": true })), "b64_not_supported");
    assert_stricter("H5: zip", &with_header(json!({ "zip": "DEF" })), "zip_not_supported");
    assert_stricter("H5: enc", &with_header(json!({ "enc": "A256GCM" })), "nested_not_supported");
    assert_stricter("H6: cty", &with_header(json!({ "cty": "JWT" })), "nested_not_supported");
    assert_stricter("H7: jwk", &with_header(json!({ "jwk": jwk })), "embedded_key");
    assert_stricter("H7: jku", &with_header(json!({ "jku": "https://evil.example" })), "embedded_key");
    assert_stricter("H7: x5u", &with_header(json!({ "x5u": "https://evil.example" })), "embedded_key");
    assert_stricter("H7: x5c", &with_header(json!({ "x5c": ["MIIB"] })), "embedded_key");
    let twice = with_header_text("{", "{\"x\":1,\"\\u0078\":2,");
    assert_stricter("H8: a member twice", &twice, "duplicate_header_member");
    let deep = format!("{{\"x\":{}1{},", "[".repeat(30), "]".repeat(30));
    assert_stricter("H9: deep", &with_header_text("{", &deep), "malformed_header");
}

#[test]
fn stricter_payloads() {
    assert_stricter("P1: a claim twice", &with_members(r#""role":"admin""#), "duplicate_claim");
    assert_stricter("P1: by an escape", &with_members(r#""r\u006fle":"admin""#), "duplicate_claim");
    assert_stricter("P1: deep inside", &with_members(r#""x":{"a":1,"a":2}"#), "duplicate_claim");
    let deep = format!("\"x\":{}1{}", "[".repeat(30), "]".repeat(30));
    assert_stricter("P2: deep", &with_members(&deep), "malformed_payload");
    let many: Vec<String> = (0..300).map(|i| format!("\"x{i}\":1")).collect();
    assert_stricter("P2: many members", &with_members(&many.join(",")), "malformed_payload");
    let large = format!("\"x\":\"{}\"", "x".repeat(20_000));
    assert_stricter("P3: large", &with_members(&large), "token_too_large");
}

#[test]
fn stricter_dates() {
    let now = SystemClock.now().as_secs();
    assert_stricter(
        "D1: exp with a fraction",
        &with_claim_text("exp", &format!("{}.5", now + 900)),
        "exp_invalid",
    );
    assert_stricter("D1: exp with an exponent", &with_claim_text("exp", "2e9"), "exp_invalid");
    assert_stricter(
        "D2: exp in milliseconds",
        &with_claims(json!({ "exp": (now + 900) * 1000 })),
        "exp_invalid",
    );
    assert_stricter("D2: exp 2⁶⁴ − 1", &with_claims(json!({ "exp": u64::MAX })), "exp_invalid");
    assert_stricter(
        "D3: lives a year",
        &with_claims(json!({ "exp": now + 31_536_000 })),
        "lifetime_too_long",
    );
    assert_stricter("D4: iat missing", &without_claim("iat"), "iat_missing");
    assert_stricter("D4: iat a string", &with_claims(json!({ "iat": "now" })), "iat_invalid");
    assert_stricter("D4: iat in the future", &with_claims(json!({ "iat": now + 600 })), "issued_in_future");
    assert_stricter("D4: iat after exp", &with_claims(json!({ "iat": now + 1000 })), "lifetime_invalid");
    // A token at its last second is dead to us and alive to them. Should the second end in between, try again.
    let dead_at_exp = (0..10).any(|_| {
        let now = SystemClock.now().as_secs();
        let token = with_claims(json!({ "iat": now - 900, "nbf": now - 900, "exp": now }));
        theirs(key(Algorithm::EdDsa), &token).is_ok() && ours(&token) == Err("token_expired")
    });
    assert!(dead_at_exp, "D5");
}

#[test]
fn stricter_claims() {
    assert_stricter("C1: iss a list with ours", &with_claims(json!({ "iss": [ISS, "x"] })), "iss_invalid");
    assert_stricter("C2: aud with an empty one", &with_claims(json!({ "aud": [AUD, ""] })), "aud_invalid");
    assert_stricter("C3: jti missing", &without_claim("jti"), "jti_missing");
    assert_stricter("C3: jti a number", &with_claims(json!({ "jti": 1 })), "jti_invalid");
    assert_stricter("C4: token_type missing", &without_claim("token_type"), "token_type_missing");
    let refresh = json!({ "token_type": "refresh" });
    assert_stricter("C4: token_type of the other kind", &with_claims(refresh), "token_type_mismatch");
    assert_stricter("C5: sub of another user", &with_claims(json!({ "sub": uuid(99) })), "sub_mismatch");
    assert_stricter("C6: a claim of ours missing", &without_claim("tenant_id"), "tenant_id_missing");
    assert_stricter("C6: of another type", &with_claims(json!({ "ver": "5" })), "ver_invalid");
}

#[test]
fn stricter_keys() {
    let validate = |decoding: &DecodingKey, algorithm, token: &str| {
        jsonwebtoken::decode::<Value>(token, decoding, &validation(algorithm)).is_ok()
    };
    let mac = |secret: &[u8]| {
        let head = json!({ "alg": "HS256", "kid": "k", "typ": "at+jwt" });
        let input = format!("{}.{}", b64(head.to_string()), b64(payload().to_string()));
        let mac_key = aws_lc_rs::hmac::Key::new(aws_lc_rs::hmac::HMAC_SHA256, secret);
        format!("{input}.{}", b64(aws_lc_rs::hmac::sign(&mac_key, input.as_bytes())))
    };
    // K1: a short secret.
    let hs256 = jsonwebtoken::Algorithm::HS256;
    assert!(validate(&DecodingKey::from_secret(b"secret"), hs256, &mac(b"secret")));
    assert_eq!(VerifyingKey::from_secret("k", b"secret").unwrap_err(), KeyError::SecretTooShort);
    // K2: a public key as secret.
    let pem = key(Algorithm::Rs256).verifying_key().to_pem().unwrap();
    assert!(validate(&DecodingKey::from_secret(pem.as_bytes()), hs256, &mac(pem.as_bytes())));
    assert_eq!(VerifyingKey::from_secret("k", pem.as_bytes()).unwrap_err(), KeyError::SecretIsPublicKey);
    // K3: an Ed25519 key of small order, under which one signature fits every message: R = A = the identity, S = 0.
    let identity = {
        let mut point = [0; 32];
        point[0] = 1;
        point
    };
    let head = json!({ "alg": "EdDSA", "kid": "k", "typ": "at+jwt" });
    let signature = b64([identity, [0; 32]].concat());
    let forged = format!("{}.{}.{signature}", b64(head.to_string()), b64(payload().to_string()));
    assert!(validate(&DecodingKey::from_ed_der(&identity), jsonwebtoken::Algorithm::EdDSA, &forged));
    let jwk = json!({ "kty": "OKP", "crv": "Ed25519", "x": b64(identity) });
    let jwk: Jwk = serde_json::from_value(jwk).unwrap();
    assert_eq!(VerifyingKey::from_jwk(&jwk).unwrap_err(), KeyError::WeakEd25519);
    // K4: one RSA key for two algorithms.
    let rs256 = key(Algorithm::Rs256);
    let as_ps256 = SigningKey::from_secret_bytes(Algorithm::Ps256, &rs256.secret_bytes()).unwrap();
    let token = forge(&as_ps256, header(&as_ps256).to_string(), payload().to_string());
    let mut both = validation(jsonwebtoken::Algorithm::RS256);
    both.algorithms.push(jsonwebtoken::Algorithm::PS256);
    let decoding = DecodingKey::from_rsa_pem(pem.as_bytes()).unwrap();
    assert!(jsonwebtoken::decode::<Value>(&token, &decoding, &both).is_ok());
    assert_eq!(ours(&token), Err("alg_mismatch"));
}

/// The two places where we take what they do not.
#[test]
fn laxer() {
    let renamed = with_header(json!({ "alg": "Ed25519" }));
    assert_eq!(ours(&renamed), Ok(()));
    assert!(theirs(key(Algorithm::EdDsa), &renamed).is_err());
    let ignored = with_header(json!({ "x5t": 1 }));
    assert_eq!(ours(&ignored), Ok(()));
    assert!(theirs(key(Algorithm::EdDsa), &ignored).is_err());
}

/// Values that a claim or a header member may be given.
fn odd_value() -> impl Strategy<Value = String> {
    let now = SystemClock.now().as_secs();
    prop_oneof![
        4 => proptest::sample::select(vec![
            "null", "true", "0", "1", "-1", "1.5", "1e3", "1E400", "\"\"", "\"a\"", "[]", "{}", "[\"\"]", "{\"a\":1,\"a\":2}",
            "\"\\u0000\"", "\"\\ud83d\\ude00\"", "\"\\ud83d\"", "9007199254740991", "18446744073709551616",
        ]).prop_map(str::to_owned),
        2 => (-2000_i64..2000).prop_map(move |offset| (now + offset).to_string()),
        1 => proptest::sample::select(vec![ISS, AUD, "at+jwt", "JWT", "EdDSA", "ES256", "none", "access", "refresh"])
            .prop_map(|text| json!(text).to_string()),
        1 => proptest::sample::select(vec![json!([AUD]), json!([AUD, "x"]), json!(["x"]), json!([ISS])])
            .prop_map(|value| value.to_string()),
        1 => (0_u128..20).prop_map(|n| json!(uuid(n)).to_string()),
        1 => any::<String>().prop_map(|text| json!(text).to_string()),
    ]
}

const CLAIMS: [&str; 19] = [
    "iss",
    "sub",
    "aud",
    "client_id",
    "exp",
    "nbf",
    "iat",
    "jti",
    "user_id",
    "tenant_id",
    "email",
    "role",
    "token_type",
    "sid",
    "ver",
    "tver",
    "x",
    "y",
    "gen",
];
const MEMBERS: [&str; 10] = ["alg", "kid", "typ", "cty", "crit", "b64", "zip", "jku", "x", "enc"];

/// Writes an object whose members are those of `base` with some replaced, some dropped and some added, in text, so that
/// odd numbers and doubled names survive.
fn bend(base: &Value, changes: &[(String, Option<String>)]) -> String {
    let mut members: Vec<(String, String)> =
        base.as_object().unwrap().iter().map(|(name, value)| (name.clone(), value.to_string())).collect();
    for (name, value) in changes {
        let doubled = name.len() % 7 == 6;
        if !doubled {
            members.retain(|(existing, _)| existing != name);
        }
        members.extend(value.clone().map(|value| (name.clone(), value)));
    }
    let members: Vec<String> = members.iter().map(|(n, v)| format!("{}:{v}", json!(n))).collect();
    format!("{{{}}}", members.join(","))
}

fn changes(
    names: &'static [&'static str],
    most: usize,
) -> impl Strategy<Value = Vec<(String, Option<String>)>> {
    let name = proptest::sample::select(names).prop_map(str::to_owned);
    proptest::collection::vec((name, proptest::option::weighted(0.8, odd_value())), 0..=most)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1500))]

    /// Whatever we accept, they accept, with the same claims: for tokens rightly signed over bent headers and payloads.
    #[test]
    fn what_we_accept_they_accept(
        algorithm in proptest::sample::select(&ALL[..]),
        claim_changes in changes(&CLAIMS, 2),
        header_changes in changes(&MEMBERS, 1),
        touch_header in proptest::bool::weighted(0.3),
    ) {
        let key = key(algorithm);
        let head = if touch_header { bend(&header(key), &header_changes) } else { header(key).to_string() };
        let token = forge(key, head, bend(&payload(), &claim_changes));
        let validator = Validator::new(vec![issuer()]).unwrap();
        if let Ok(valid) = validator.validate(&token, SystemClock.now()) {
            let theirs = theirs(key, &token);
            prop_assert!(theirs.is_ok(), "we accept, they do not: {theirs:?}");
            prop_assert_eq!(valid.claims_json(), theirs.unwrap());
        }
    }

    /// The same for tokens whose text was changed after they were signed.
    #[test]
    fn what_we_accept_of_changed_texts_they_accept(
        algorithm in proptest::sample::select(&ALL[..]),
        at in any::<proptest::sample::Index>(),
        put in "[A-Za-z0-9_=+/. \\-]{0,3}",
        cut in 0_usize..3,
    ) {
        let mut token = sign_access(key(algorithm), &claims(SystemClock.now())).unwrap();
        let at = at.index(token.len());
        let end = (at + cut).min(token.len());
        token.replace_range(at..end, &put);
        if ours(&token).is_ok() {
            prop_assert!(theirs(key(algorithm), &token).is_ok());
        }
    }
}
