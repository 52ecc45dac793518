//! Tokens that are refused, and the exact reason each is given. Tables follow the groups of bad input that every
//! reader of tokens meets: the token as a text, its header, its signature, its claims.
//!
//! Every token here is refused also as a refresh token, and, apart from those that are only out of their time or for
//! another audience, also where time and audience do not matter.
#![allow(clippy::disallowed_methods, reason = "keys that are not ours sign what our own code would not")]
#![allow(clippy::unwrap_used, clippy::needless_pass_by_value, reason = "helpers of tests")]

mod support;

use std::time::Duration;

use rescind::clock::Timestamp;
use rescind::token::*;
use serde_json::{Value, json};
use support::*;

fn ed() -> &'static SigningKey {
    key(Algorithm::EdDsa)
}

fn good() -> String {
    sign_access(ed(), &access_claims()).unwrap()
}

fn refuse_all(cases: Vec<(&str, String, &str)>) {
    for (name, token, code) in cases {
        assert_eq!(refusal(&validator(), &token), code, "{name}");
        assert!(refresh_validator().validate_ignoring_time(&token).is_err(), "{name}: as a refresh token");
    }
}

/// The reason, which is the same where time and audience are not looked at, unless it is one of those.
fn refusal(validator: &Validator, token: &str) -> &'static str {
    let code = match validator.validate(token, now()) {
        Ok(_) => return "accepted",
        Err(rejection) => rejection.code(),
    };
    let of_the_moment = ["token_expired", "not_yet_valid", "issued_in_future", "wrong_audience"];
    match validator.validate_ignoring_time(token) {
        Ok(_) => assert!(of_the_moment.contains(&code), "accepted without time and audience: {code}"),
        Err(rejection) => assert_eq!(rejection.code(), code),
    }
    code
}

/// Our payload under a header with these members changed; `null` as a JSON text stays, `Value::Null` removes.
fn with_header(changes: Value) -> String {
    let mut members = header(ed());
    merge(&mut members, changes);
    forge(ed(), members.to_string(), payload().to_string())
}

/// Our header over a payload with these members changed.
fn with_claims(changes: Value) -> String {
    let mut claims = payload();
    merge(&mut claims, changes);
    forge(ed(), header(ed()).to_string(), claims.to_string())
}

fn merge(into: &mut Value, changes: Value) {
    let into = into.as_object_mut().unwrap();
    for (name, value) in changes.as_object().unwrap().clone() {
        if value == json!(ABSENT) {
            into.remove(&name);
        } else {
            into.insert(name, value);
        }
    }
}

const ABSENT: &str = "(absent)";

/// Our header over our payload with one member's text replaced by `text`, which need not be JSON.
fn with_claim_text(name: &str, text: &str) -> String {
    let mut claims = payload();
    claims[name] = json!("(here)");
    forge(ed(), header(ed()).to_string(), claims.to_string().replace("\"(here)\"", text))
}

fn with_payload(payload: impl AsRef<[u8]>) -> String {
    forge(ed(), header(ed()).to_string(), payload)
}

#[test]
fn the_token_that_all_others_differ_from_is_good() {
    assert_eq!(refusal(&validator(), &good()), "accepted");
    assert_eq!(refusal(&validator(), &with_header(json!({}))), "accepted");
    assert_eq!(refusal(&validator(), &with_claims(json!({}))), "accepted");
    assert_eq!(refusal(&validator(), &with_claim_text("ver", "5")), "accepted");
}

#[test]
fn tokens_as_texts() {
    let good = good();
    let (input, signature) = good.rsplit_once('.').unwrap();
    let (head, body) = input.split_once('.').unwrap();
    let last = |c: &str| format!("{}{c}", &good[..good.len() - 1]);
    let json_general =
        json!({ "payload": body, "signatures": [{ "protected": head, "signature": signature }] });
    let json_flat = json!({ "payload": body, "protected": head, "signature": signature });
    refuse_all(vec![
        ("empty", String::new(), "empty_token"),
        ("one part", head.to_owned(), "not_compact_jws"),
        ("two parts", input.to_owned(), "not_compact_jws"),
        ("four parts", format!("{good}.{signature}"), "not_compact_jws"),
        ("five parts", format!("{good}.{signature}.{signature}"), "not_compact_jws"),
        ("trailing dot", format!("{good}."), "not_compact_jws"),
        ("leading dot", format!(".{good}"), "not_compact_jws"),
        ("dots only", "..".to_owned(), "not_compact_jws"),
        ("empty header", format!(".{body}.{signature}"), "not_compact_jws"),
        ("empty payload", format!("{head}..{signature}"), "not_compact_jws"),
        ("empty signature", format!("{input}."), "signature_missing"),
        ("padded signature", format!("{good}=="), "invalid_base64url"),
        ("padded header", format!("{head}=.{body}.{signature}"), "invalid_base64url"),
        ("padded payload", format!("{head}.{body}=.{signature}"), "invalid_base64url"),
        ("plus", format!("{head}.{body}.+{}", &signature[1..]), "invalid_base64url"),
        ("slash", format!("{head}.{body}./{}", &signature[1..]), "invalid_base64url"),
        ("plus in payload", format!("{head}.+{}.{signature}", &body[1..]), "invalid_base64url"),
        ("space before", format!(" {good}"), "invalid_base64url"),
        ("space after", format!("{good} "), "invalid_base64url"),
        ("space inside", format!("{head}. {body}.{signature}"), "invalid_base64url"),
        ("line break after", format!("{good}\n"), "invalid_base64url"),
        ("carriage return after", format!("{good}\r\n"), "invalid_base64url"),
        ("tab before", format!("\t{good}"), "invalid_base64url"),
        ("NUL after", format!("{good}\0"), "invalid_base64url"),
        ("NUL before", format!("\0{good}"), "invalid_base64url"),
        ("BOM before", format!("\u{feff}{good}"), "invalid_base64url"),
        ("no-break space after", format!("{good}\u{a0}"), "invalid_base64url"),
        ("full-width dot", good.replace('.', "\u{ff0e}"), "not_compact_jws"),
        ("quoted", format!("\"{good}\""), "invalid_base64url"),
        ("with its scheme", format!("Bearer {good}"), "invalid_base64url"),
        ("one megabyte", "a".repeat(1 << 20), "token_too_large"),
        ("one megabyte of payload", format!("{head}.{}.{signature}", "e".repeat(1 << 20)), "token_too_large"),
        ("one byte too many", "a".repeat(MAX_TOKEN_BYTES + 1), "token_too_large"),
        ("100,000 dots", ".".repeat(100_000), "token_too_large"),
        ("as many dots as fit", ".".repeat(MAX_TOKEN_BYTES), "not_compact_jws"),
        ("JSON serialisation, general", json_general.to_string(), "not_compact_jws"),
        ("JSON serialisation, flattened", json_flat.to_string(), "not_compact_jws"),
        (
            "not canonical low bits",
            last(if signature.ends_with('A') { "B" } else { "_" }),
            "invalid_base64url",
        ),
    ]);
    // A 64-byte signature leaves four unused bits in its last character: all fifteen other spellings are refused.
    let alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    for c in alphabet.chars().filter(|c| !good.ends_with(*c)) {
        assert_ne!(refusal(&validator(), &last(&c.to_string())), "accepted");
    }
}

#[test]
fn json_that_is_not_one_object() {
    let deep = |open: &str, close: &str| format!("{}{}", open.repeat(5_000), close.repeat(5_000));
    let bad: Vec<(&str, Vec<u8>)> = vec![
        ("an array", b"[]".to_vec()),
        ("null", b"null".to_vec()),
        ("a string", b"\"a\"".to_vec()),
        ("a number", b"1".to_vec()),
        ("nothing but space", b" ".to_vec()),
        ("invalid UTF-8", b"{\"a\":\"\xff\"}".to_vec()),
        ("overlong UTF-8", b"{\"a\":\"\xc0\xaf\"}".to_vec()),
        ("UTF-16", "{\"a\":1}".encode_utf16().flat_map(u16::to_le_bytes).collect()),
        ("a BOM", "\u{feff}{}".as_bytes().to_vec()),
        ("thousands of levels of arrays", deep("[", "]").into_bytes()),
        ("thousands of open objects", "{\"a\":".repeat(2_000).into_bytes()),
        ("17 levels", format!("{}1{}", "{\"a\":".repeat(17), "}".repeat(17)).into_bytes()),
        ("trailing bytes", b"{}x".to_vec()),
        ("two objects", b"{}{}".to_vec()),
        ("a trailing NUL", b"{}\0".to_vec()),
        ("a trailing comma", b"{\"a\":1,}".to_vec()),
        ("a comment", b"{/**/}".to_vec()),
        ("a lone surrogate", br#"{"a":"\ud800"}"#.to_vec()),
        ("a raw line break in a string", b"{\"a\":\"\n\"}".to_vec()),
        ("a number beyond a double", b"{\"a\":1e400}".to_vec()),
        ("NaN", b"{\"a\":NaN}".to_vec()),
    ];
    for (name, bytes) in bad {
        let as_payload = with_payload(&bytes);
        assert_eq!(refusal(&validator(), &as_payload), "malformed_payload", "{name}");
        let as_header = forge(ed(), &bytes, payload().to_string());
        assert_eq!(refusal(&validator(), &as_header), "malformed_header", "{name}");
        let as_refresh = forge(key(Algorithm::Hs256), &bytes, "{}");
        assert_eq!(refresh_validator().validate(&as_refresh, now()).unwrap_err(), Rejection::MalformedHeader);
    }
    let within_the_limits = "{\"a\":".repeat(2_730);
    assert!(with_payload(&within_the_limits).len() > MAX_TOKEN_BYTES, "10,000 levels never reach the parser");
}

#[test]
fn members_that_occur_twice() {
    let claims = payload().to_string();
    let twice = |second: &str| with_payload(claims.replacen('{', &format!("{{{second},"), 1));
    let head = header(ed()).to_string();
    let twice_in_header =
        |second: &str| forge(ed(), head.replacen('{', &format!("{{{second},"), 1), claims.as_str());
    refuse_all(vec![
        ("a claim of ours", twice(r#""role":"admin""#), "duplicate_claim"),
        ("spelled with an escape", twice(r#""r\u006fle":"admin""#), "duplicate_claim"),
        ("with the same value", twice(r#""role":"member""#), "duplicate_claim"),
        ("exp", twice(r#""exp":99999999999"#), "duplicate_claim"),
        ("iss", twice(r#""\u0069ss":"https://evil.example""#), "duplicate_claim"),
        ("a claim that is not ours", twice(r#""x":1,"x":1"#), "duplicate_claim"),
        ("deep inside", twice(r#""x":[{"a":{"b":1,"\u0062":2}}]"#), "duplicate_claim"),
        ("alg", twice_in_header(r#""alg":"none""#), "duplicate_header_member"),
        ("kid spelled with an escape", twice_in_header(r#""k\u0069d":"x""#), "duplicate_header_member"),
        ("an unknown member", twice_in_header(r#""x":1,"x":1"#), "duplicate_header_member"),
    ]);
}

#[test]
fn headers_alg() {
    let (input, _) = good().rsplit_once('.').map(|(a, b)| (a.to_owned(), b.to_owned())).unwrap();
    let body = input.split_once('.').unwrap().1;
    let none = b64(json!({ "alg": "none", "typ": "at+jwt", "kid": ed().kid() }).to_string());
    let mut cases = vec![
        ("none without a signature", format!("{none}.{body}."), "signature_missing"),
        ("missing", with_header(json!({ "alg": ABSENT })), "alg_missing"),
    ];
    let alg = |value: Value| with_header(json!({ "alg": value }));
    for bad in [
        json!("none"),
        json!("noNE"),
        json!("None"),
        json!("NONE"),
        Value::Null,
        json!(""),
        json!("eddsa"),
        json!("EDDSA"),
        json!("EdDSA "),
        json!(" EdDSA"),
        json!("EdDSA\0"),
        json!("HS512"),
        json!("ES384"),
        json!("RS1"),
        json!("Ed448"),
        json!(1),
        json!(true),
        json!(["EdDSA"]),
        json!({ "a": 1 }),
    ] {
        cases.push(("not an algorithm", alg(bad), "alg_not_allowed"));
    }
    for other in ["ES256", "RS256", "PS256", "HS256"] {
        cases.push(("that of another key", alg(json!(other)), "alg_mismatch"));
    }
    refuse_all(cases);
    // The name that RFC 9864 gives to the same algorithm and key.
    assert_eq!(refusal(&validator(), &alg(json!("Ed25519"))), "accepted");
}

#[test]
fn headers_an_algorithm_that_the_issuer_is_not_trusted_with() {
    for algorithm in Algorithm::ASYMMETRIC {
        let others = Algorithm::ASYMMETRIC.into_iter().filter(|a| *a != algorithm);
        let validator = Validator::new(vec![issuer().with_algorithms(others)]).unwrap();
        let token = sign_access(key(algorithm), &access_claims()).unwrap();
        assert_eq!(refusal(&validator, &token), "alg_not_allowed", "{algorithm}");
    }
}

#[test]
fn headers_hs256_with_the_public_key_as_secret() {
    for algorithm in Algorithm::ASYMMETRIC {
        let public = key(algorithm).verifying_key();
        let pem = public.to_pem().unwrap();
        let der = {
            let text: String = pem.lines().filter(|line| !line.starts_with('-')).collect();
            base64::Engine::decode(&base64::engine::general_purpose::STANDARD, text).unwrap()
        };
        let jwk = serde_json::to_vec(&public.to_jwk().unwrap()).unwrap();
        for secret in [pem.clone().into_bytes(), pem.trim().as_bytes().to_vec(), der, jwk] {
            let head = json!({ "alg": "HS256", "kid": public.kid(), "typ": "at+jwt" });
            let input = format!("{}.{}", b64(head.to_string()), b64(payload().to_string()));
            let hmac_key = aws_lc_rs::hmac::Key::new(aws_lc_rs::hmac::HMAC_SHA256, &secret);
            let token = format!("{input}.{}", b64(aws_lc_rs::hmac::sign(&hmac_key, input.as_bytes())));
            assert_eq!(refusal(&validator(), &token), "alg_mismatch");
            let public_only = Validator::new(vec![issuer().with_algorithms([algorithm])]).unwrap();
            assert_eq!(refusal(&public_only, &token), "alg_not_allowed");
            // Nor can it be configured by mistake.
            let refused = VerifyingKey::from_secret("k", &secret).unwrap_err();
            assert_eq!(refused, KeyError::SecretIsPublicKey);
            let refused = SigningKey::from_secret_bytes(Algorithm::Hs256, &secret).unwrap_err();
            assert_eq!(refused, KeyError::SecretIsPublicKey);
        }
    }
}

#[test]
fn headers_one_padding_or_curve_for_another() {
    let (rs, ps, es) = (key(Algorithm::Rs256), key(Algorithm::Ps256), key(Algorithm::Es256));
    let token = |alg: &str, named: &SigningKey, signer: &SigningKey| {
        let head = json!({ "alg": alg, "kid": named.kid(), "typ": "at+jwt" });
        forge(signer, head.to_string(), payload().to_string())
    };
    // The same RSA key, for the other padding.
    let rs_as_ps = SigningKey::from_secret_bytes(Algorithm::Ps256, &rs.secret_bytes()).unwrap();
    refuse_all(vec![
        ("RS256 under a PS256 key", token("RS256", ps, rs), "alg_mismatch"),
        ("PS256 under an RS256 key", token("PS256", rs, &rs_as_ps), "alg_mismatch"),
        ("PSS padding called RS256", token("RS256", rs, &rs_as_ps), "bad_signature"),
        ("ES256 called ES384", token("ES384", es, es), "alg_not_allowed"),
    ]);
    let input = format!("{}.{}", b64(header(es).to_string()), b64(payload().to_string()));
    let signature = {
        use aws_lc_rs::signature::{ECDSA_P384_SHA384_FIXED_SIGNING, EcdsaKeyPair};
        let pair = EcdsaKeyPair::generate(&ECDSA_P384_SHA384_FIXED_SIGNING).unwrap();
        pair.sign(&aws_lc_rs::rand::SystemRandom::new(), input.as_bytes()).unwrap()
    };
    let other_curve = format!("{input}.{}", b64(signature.as_ref()));
    refuse_all(vec![("a signature of P-384", other_curve, "bad_signature")]);
}

#[test]
fn headers_kid() {
    let kid = |value: Value| with_header(json!({ "kid": value }));
    refuse_all(vec![
        ("missing", kid(json!(ABSENT)), "kid_missing"),
        ("unknown", kid(json!("nobody")), "unknown_key"),
        ("null", kid(Value::Null), "kid_invalid"),
        ("a number", kid(json!(1)), "kid_invalid"),
        ("an array", kid(json!([ed().kid()])), "kid_invalid"),
        ("empty", kid(json!("")), "kid_invalid"),
        ("129 bytes", kid(json!("k".repeat(MAX_KID_BYTES + 1))), "kid_invalid"),
        ("one megabyte", kid(json!("k".repeat(1 << 20))), "token_too_large"),
        ("a path", kid(json!("../../../../dev/null")), "unknown_key"),
        ("a URL", kid(json!("https://evil.example/key.pem")), "unknown_key"),
        ("SQL", kid(json!("x' UNION SELECT 'secret' --")), "unknown_key"),
        ("ours with a NUL", kid(json!(format!("{}\0", ed().kid()))), "unknown_key"),
        ("ours in another case", kid(json!(ed().kid().to_uppercase())), "unknown_key"),
    ]);
}

#[test]
fn headers_a_retired_or_revoked_kid() {
    let retired = |at: i64, leeway: u64| {
        let keys = KeySet::new([ed().verifying_key().with_retired_at(Timestamp::from_secs(at))]).unwrap();
        let leeway = Duration::from_secs(leeway);
        Validator::new(vec![Issuer::ours(ISS, keys).with_audiences([AUD]).with_leeway(leeway)]).unwrap()
    };
    assert_eq!(refusal(&retired(NOW - 1, 0), &good()), "key_retired");
    assert_eq!(refusal(&retired(NOW, 0), &good()), "accepted");
    assert_eq!(refusal(&retired(NOW - 30, 30), &good()), "accepted");
    assert_eq!(refusal(&retired(NOW - 31, 30), &good()), "key_retired");
    let without = KeySet::new([key(Algorithm::Es256).verifying_key()]).unwrap();
    let revoked = Validator::new(vec![Issuer::ours(ISS, without).with_audiences([AUD])]).unwrap();
    assert_eq!(refusal(&revoked, &good()), "unknown_key");
}

#[test]
fn headers_that_bring_their_own_key() {
    let evil = SigningKey::generate(Algorithm::EdDsa, &rescind::system::SystemEntropy).unwrap();
    let jwk = serde_json::to_value(evil.verifying_key().to_jwk().unwrap()).unwrap();
    let mut cases = Vec::new();
    for (name, value) in [
        ("jwk", jwk),
        ("jku", json!("https://evil.example/jwks.json")),
        ("jku", json!("http://169.254.169.254/")),
        ("x5u", json!("https://evil.example/cert.pem")),
        ("x5c", json!(["MIIB"])),
        ("jwk", Value::Null),
    ] {
        let mut members = header(ed());
        members[name] = value;
        // Vouched for by the key that it brings, and by ours.
        for signer in [&evil, ed()] {
            cases.push((name, forge(signer, members.to_string(), payload().to_string()), "embedded_key"));
        }
    }
    refuse_all(cases);
}

#[test]
fn headers_that_change_what_the_token_means() {
    let nested = b64(good());
    refuse_all(vec![
        ("crit unknown", with_header(json!({ "crit": ["x"], "x": 1 })), "crit_not_supported"),
        ("crit empty", with_header(json!({ "crit": [] })), "crit_not_supported"),
        ("crit not an array", with_header(json!({ "crit": "exp" })), "crit_not_supported"),
        ("crit null", with_header(json!({ "crit": null })), "crit_not_supported"),
        ("crit naming alg", with_header(json!({ "crit": ["alg"] })), "crit_not_supported"),
        ("crit naming what is absent", with_header(json!({ "crit": ["exp"] })), "crit_not_supported"),
        ("crit naming one twice", with_header(json!({ "crit": ["x", "x"], "x": 1 })), "crit_not_supported"),
        ("b64 with crit", with_header(json!({ "crit": ["b64"], "b64": false })), "crit_not_supported"),
        ("b64 false", with_header(json!({ "b64": false })), "b64_not_supported"),
        ("b64 true", with_header(json!({ "b64": true })), "b64_not_supported"),
        ("zip", with_header(json!({ "zip": "DEF" })), "zip_not_supported"),
        ("enc", with_header(json!({ "enc": "A256GCM" })), "nested_not_supported"),
        ("nested by cty", with_header(json!({ "cty": "JWT" })), "nested_not_supported"),
        ("nested by cty, in full", with_header(json!({ "cty": "application/jwt" })), "nested_not_supported"),
        ("nested by content", with_payload(good()), "malformed_payload"),
        ("nested by content, encoded twice", with_payload(nested), "malformed_payload"),
        ("nested by content, as a string", with_payload(format!("\"{}\"", good())), "malformed_payload"),
    ]);
}

#[test]
fn headers_typ() {
    let typ = |value: Value| with_header(json!({ "typ": value }));
    let mut cases = vec![("missing", typ(json!(ABSENT)), "typ_missing")];
    for bad in [
        json!("JWT"),
        json!("rt+jwt"),
        json!("AT+JWT"),
        json!("application/at+jwt"),
        json!("at+jwt "),
        json!("at"),
        json!(""),
        json!("dpop+jwt"),
        json!("logout+jwt"),
        Value::Null,
        json!(1),
        json!(["at+jwt"]),
    ] {
        cases.push(("of another kind", typ(bad), "wrong_typ"));
    }
    refuse_all(cases);
}

#[test]
fn one_kind_of_token_in_the_place_of_the_other() {
    let hs = key(Algorithm::Hs256);
    let refresh = sign_refresh(hs, &refresh_claims()).unwrap();
    assert_eq!(refusal(&validator(), &refresh), "wrong_typ");
    let access = sign_access(hs, &access_claims()).unwrap();
    assert_eq!(refresh_validator().validate(&access, now()).unwrap_err(), Rejection::WrongTyp);
    // With the header of the one and the claims of the other, under a key that both trust.
    let refresh_payload = unb64(refresh.split('.').nth(1).unwrap());
    let dressed_as_access = forge(hs, header(hs).to_string(), &refresh_payload);
    assert_eq!(refusal(&validator(), &dressed_as_access), "token_type_mismatch");
    let mut rt_header = header(hs);
    rt_header["typ"] = json!("rt+jwt");
    let dressed_as_refresh = forge(hs, rt_header.to_string(), payload().to_string());
    assert!(refresh_validator().validate(&dressed_as_refresh, now()).is_err());
}

#[test]
fn signatures_of_every_algorithm_bent() {
    for algorithm in Algorithm::ASYMMETRIC.into_iter().chain([Algorithm::Hs256]) {
        let token = sign_access(key(algorithm), &access_claims()).unwrap();
        let (input, signature) = token.rsplit_once('.').unwrap();
        let signature = unb64(signature);
        let refused = |name: &str, bytes: &[u8]| {
            let bent = format!("{input}.{}", b64(bytes));
            assert_eq!(refusal(&validator(), &bent), "bad_signature", "{algorithm}: {name}");
        };
        for bit in (0..signature.len() * 8).step_by(if signature.len() > 64 { 13 } else { 1 }) {
            let mut bent = signature.clone();
            bent[bit / 8] ^= 1 << (bit % 8);
            refused("one flipped bit", &bent);
        }
        refused("cut short by one", &signature[..signature.len() - 1]);
        refused("cut to half", &signature[..signature.len() / 2]);
        refused("one byte", &signature[..1]);
        refused("a zero appended", &[signature.as_slice(), &[0]].concat());
        refused("zeros appended", &[signature.as_slice(), &[0; 32]].concat());
        refused("zeros prepended", &[&[0; 2], signature.as_slice()].concat());
        refused("all zero", &vec![0; signature.len()]);
        refused("all ones", &vec![0xff; signature.len()]);
        refused("twice", &signature.repeat(2));
        refused("longer than any", &[7; 4096]);
        let other = sign_access(key(algorithm), &AccessClaims { ver: 6, ..access_claims() }).unwrap();
        refused("that of another token", &unb64(other.rsplit('.').next().unwrap()));
    }
}

#[test]
fn signatures_ecdsa() {
    let es = key(Algorithm::Es256);
    let token = sign_access(es, &access_claims()).unwrap();
    let (input, signature) = token.rsplit_once('.').unwrap();
    let fixed = unb64(signature);
    let (r, s) = fixed.split_at(32);
    let order = hex("ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551");
    let der = {
        use aws_lc_rs::signature::{ECDSA_P256_SHA256_ASN1_SIGNING, EcdsaKeyPair};
        let pair = EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_ASN1_SIGNING, &es.secret_bytes()).unwrap();
        pair.sign(&aws_lc_rs::rand::SystemRandom::new(), input.as_bytes()).unwrap().as_ref().to_vec()
    };
    let zero = [0; 32];
    for (name, bytes) in [
        ("DER", der),
        ("r = s = 0", [zero, zero].concat()),
        ("r = 0", [&zero, s].concat()),
        ("s = 0", [r, &zero].concat()),
        ("r = n", [&order, s].concat()),
        ("s = n", [r, &order].concat()),
        ("r above n", [&[0xff; 32], s].concat()),
        ("s above n", [r, &[0xff; 32]].concat()),
        ("r and s exchanged", [s, r].concat()),
    ] {
        let bent = format!("{input}.{}", b64(bytes));
        assert_eq!(refusal(&validator(), &bent), "bad_signature", "{name}");
    }
    // (r, n − s) is as valid as (r, s) to every ECDSA verifier: another text for the same token, so that a cut by digest
    // must not look at the signature.
    let mirrored = [r, &subtract(&order, s)].concat();
    let respelled = format!("{input}.{}", b64(mirrored));
    let (one, two) = (validator().verify(&token).unwrap(), validator().verify(&respelled).unwrap());
    assert_ne!(token, respelled);
    assert_eq!(one.digest(), two.digest());
}

#[test]
fn signatures_ed25519_with_s_plus_l() {
    let token = good();
    let (input, signature) = token.rsplit_once('.').unwrap();
    let mut bytes = unb64(signature);
    // L = 2²⁵² + 27742317777372353535851937790883648493, little-endian.
    let mut order = hex("1000000000000000000000000000000014def9dea2f79cd65812631a5cf5d3ed");
    order.reverse();
    let mut carry = 0;
    for (byte, add) in bytes[32..].iter_mut().zip(&order) {
        let sum = u16::from(*byte) + u16::from(*add) + carry;
        *byte = sum.to_le_bytes()[0];
        carry = sum >> 8;
    }
    assert_eq!(carry, 0, "S + L still fits");
    let bent = format!("{input}.{}", b64(bytes));
    assert_eq!(refusal(&validator(), &bent), "bad_signature");
}

#[test]
fn claims_exp() {
    let exp = |text: &str| with_claim_text("exp", text);
    refuse_all(vec![
        ("missing", with_claims(json!({ "exp": ABSENT })), "exp_missing"),
        ("equal to now", exp(&NOW.to_string()), "lifetime_invalid"),
        ("a string", exp(&format!("\"{}\"", NOW + 900)), "exp_invalid"),
        ("null", exp("null"), "exp_invalid"),
        ("true", exp("true"), "exp_invalid"),
        ("an array", exp("[1]"), "exp_invalid"),
        ("1.5", exp("1.5"), "exp_invalid"),
        ("a fraction in the future", exp(&format!("{}.5", NOW + 900)), "exp_invalid"),
        ("a whole number with a fraction", exp(&format!("{}.0", NOW + 900)), "exp_invalid"),
        ("with an exponent", exp("1.767323945e9"), "exp_invalid"),
        ("negative", exp("-1"), "exp_invalid"),
        ("minus zero", exp("-0"), "exp_invalid"),
        ("zero", exp("0"), "lifetime_invalid"),
        ("with a leading zero", exp(&format!("0{}", NOW + 900)), "malformed_payload"),
        ("1e400", exp("1e400"), "malformed_payload"),
        ("NaN", exp("NaN"), "malformed_payload"),
        ("Infinity", exp("Infinity"), "malformed_payload"),
        ("2⁵³ + 1", exp("9007199254740993"), "exp_invalid"),
        ("2⁶³", exp("9223372036854775808"), "exp_invalid"),
        ("2⁶⁴", exp("18446744073709551616"), "exp_invalid"),
        ("in milliseconds", exp(&format!("{}", (NOW + 900) * 1000)), "exp_invalid"),
        ("the year 10000", exp("253402300800"), "exp_invalid"),
        ("the year 9999", exp("253402300799"), "lifetime_too_long"),
        ("a second beyond the longest lifetime", exp(&(NOW + 86_401).to_string()), "lifetime_too_long"),
    ]);
    let earlier = |exp: i64| with_claims(json!({ "iat": NOW - 900, "nbf": NOW - 900, "exp": exp }));
    assert_eq!(refusal(&validator(), &earlier(NOW)), "token_expired", "equal to now");
    assert_eq!(refusal(&validator(), &earlier(NOW - 1)), "token_expired");
    assert_eq!(refusal(&validator(), &earlier(NOW + 1)), "accepted");
    assert_eq!(refusal(&validator(), &exp(&(NOW + 86_400).to_string())), "accepted");
}

#[test]
fn claims_nbf_and_iat() {
    refuse_all(vec![
        ("nbf in the future", with_claims(json!({ "nbf": NOW + 1 })), "not_yet_valid"),
        ("iat in the future", with_claims(json!({ "iat": NOW + 1 })), "issued_in_future"),
        ("nbf a string", with_claims(json!({ "nbf": NOW.to_string() })), "nbf_invalid"),
        ("nbf null", with_claims(json!({ "nbf": null })), "nbf_invalid"),
        ("nbf a fraction", with_claim_text("nbf", "1.5"), "nbf_invalid"),
        ("nbf in milliseconds", with_claims(json!({ "nbf": NOW * 1000 })), "nbf_invalid"),
        ("iat missing", with_claims(json!({ "iat": ABSENT })), "iat_missing"),
        ("iat a string", with_claims(json!({ "iat": NOW.to_string() })), "iat_invalid"),
        ("iat null", with_claims(json!({ "iat": null })), "iat_invalid"),
        ("iat negative", with_claim_text("iat", "-1"), "iat_invalid"),
        ("iat in milliseconds", with_claims(json!({ "iat": NOW * 1000 })), "iat_invalid"),
        ("iat equal to exp", with_claims(json!({ "iat": NOW + 900 })), "lifetime_invalid"),
        ("iat after exp", with_claims(json!({ "iat": NOW + 901 })), "lifetime_invalid"),
        ("iat so early that it lives too long", with_claims(json!({ "iat": 0 })), "lifetime_too_long"),
    ]);
}

#[test]
fn claims_aud() {
    let aud = |value: Value| with_claims(json!({ "aud": value }));
    refuse_all(vec![
        ("missing", aud(json!(ABSENT)), "aud_missing"),
        ("null", aud(Value::Null), "aud_invalid"),
        ("a number", aud(json!(1)), "aud_invalid"),
        ("empty", aud(json!("")), "aud_invalid"),
        ("an empty array", aud(json!([])), "aud_invalid"),
        ("an array with an empty one", aud(json!([AUD, ""])), "aud_invalid"),
        ("an array with a number", aud(json!([AUD, 1])), "aud_invalid"),
        ("an array in an array", aud(json!([[AUD]])), "aud_invalid"),
        ("an object", aud(json!({ "aud": AUD })), "aud_invalid"),
        ("a prefix of ours", aud(json!(&AUD[..AUD.len() - 1])), "wrong_audience"),
        ("ours and more", aud(json!(format!("{AUD}/admin"))), "wrong_audience"),
        ("ours with a slash", aud(json!(format!("{AUD}/"))), "wrong_audience"),
        ("ours in another case", aud(json!(AUD.to_uppercase())), "wrong_audience"),
        ("ours with a blank", aud(json!(format!("{AUD} "))), "wrong_audience"),
        ("ours among others in one string", aud(json!(format!("{AUD} https://b.example"))), "wrong_audience"),
        ("the issuer", aud(json!(ISS)), "wrong_audience"),
        ("others", aud(json!(["https://b.example", "https://c.example"])), "wrong_audience"),
    ]);
    assert_eq!(refusal(&validator(), &aud(json!(["https://b.example", AUD]))), "accepted");
    // What one audience accepts, another does not: the admin's calls and everybody's.
    let admin = format!("{ISS}/admin");
    let for_admin = aud(json!(admin));
    assert!(validator().validate_for(&for_admin, now(), &admin).is_ok());
    assert_eq!(validator().validate_for(&good(), now(), &admin).unwrap_err(), Rejection::WrongAudience);
    assert_eq!(validator().validate_for(&for_admin, now(), AUD).unwrap_err(), Rejection::WrongAudience);
    assert!(validator().validate_expecting(&for_admin, now(), Expected::Any).is_ok());
}

#[test]
fn claims_iss() {
    let iss = |value: Value| with_claims(json!({ "iss": value }));
    refuse_all(vec![
        ("missing", iss(json!(ABSENT)), "iss_missing"),
        ("null", iss(Value::Null), "iss_invalid"),
        ("an array with ours", iss(json!([ISS])), "iss_invalid"),
        ("empty", iss(json!("")), "unknown_issuer"),
        ("in another case", iss(json!("https://AUTH.example")), "unknown_issuer"),
        ("with a slash", iss(json!(format!("{ISS}/"))), "unknown_issuer"),
        ("with a port", iss(json!(format!("{ISS}:443"))), "unknown_issuer"),
        ("with a blank", iss(json!(format!("{ISS} "))), "unknown_issuer"),
        ("with a NUL", iss(json!(format!("{ISS}\0"))), "unknown_issuer"),
        ("a prefix", iss(json!(&ISS[..ISS.len() - 1])), "unknown_issuer"),
        ("another", iss(json!("https://evil.example")), "unknown_issuer"),
    ]);
}

#[test]
fn claims_ids() {
    let one = |name: &str, value: Value| {
        let mut changes = json!({});
        changes[name] = value;
        with_claims(changes)
    };
    let mut cases = vec![
        ("jti of 64 KB", one("jti", json!("j".repeat(64 * 1024))), "token_too_large"),
        ("jti of 8 KB", one("jti", json!("j".repeat(8 * 1024))), "jti_invalid"),
        ("sub of another user", one("sub", json!(uuid(99))), "sub_mismatch"),
        ("sub in another spelling", one("sub", json!(uuid(2).simple())), "sub_mismatch"),
        ("sub missing", one("sub", json!(ABSENT)), "sub_missing"),
        ("sub a number", one("sub", json!(2)), "sub_invalid"),
        ("user_id of another user", one("user_id", json!(uuid(99))), "sub_mismatch"),
    ];
    for (name, missing, invalid) in [
        ("jti", "jti_missing", "jti_invalid"),
        ("tenant_id", "tenant_id_missing", "tenant_id_invalid"),
        ("sid", "sid_missing", "sid_invalid"),
    ] {
        cases.push((name, one(name, json!(ABSENT)), missing));
        for bad in [
            json!(7),
            Value::Null,
            json!(""),
            json!("x"),
            json!([uuid(1)]),
            json!(format!("{}\n", uuid(1))),
            json!(uuid(1).simple()),
            json!(uuid(1).urn()),
            json!(uuid(1).braced()),
            json!("018f0000-0000-7000-8000-00000000000g"),
        ] {
            cases.push((name, one(name, bad), invalid));
        }
    }
    for (name, missing, invalid) in [
        ("user_id", "user_id_missing", "user_id_invalid"),
        ("client_id", "client_id_missing", "client_id_invalid"),
        ("email", "email_missing", "email_invalid"),
        ("role", "role_missing", "role_invalid"),
        ("ver", "ver_missing", "ver_invalid"),
        ("tver", "tver_missing", "tver_invalid"),
        ("token_type", "token_type_missing", "token_type_invalid"),
    ] {
        cases.push((name, one(name, json!(ABSENT)), missing));
        cases.push((name, one(name, Value::Null), invalid));
        cases.push((name, one(name, json!([1])), invalid));
    }
    for version in [json!("5"), json!(-1), json!(5.5), json!(9_007_199_254_740_993_u64), json!(true)] {
        cases.push(("ver", one("ver", version.clone()), "ver_invalid"));
        cases.push(("tver", one("tver", version), "tver_invalid"));
    }
    let both = json!({ "sub": "ada", "user_id": "ada" });
    cases.push(("a user that is not a UUID", with_claims(both), "user_id_invalid"));
    refuse_all(cases);
}

#[test]
fn claims_token_type() {
    let token_type = |value: Value| with_claims(json!({ "token_type": value }));
    let mut cases = Vec::new();
    for other in ["refresh", "Access", "ACCESS", "access ", "", "Bearer", "id"] {
        cases.push((other, token_type(json!(other)), "token_type_mismatch"));
    }
    refuse_all(cases);
}

#[test]
fn claims_that_would_shadow_ours() {
    for name in RESERVED_CLAIMS {
        let mut map = serde_json::Map::new();
        map.insert(name.to_owned(), json!("admin"));
        assert_eq!(ExtraClaims::new(map).unwrap_err(), ExtraClaimsError::Reserved(name.to_owned()));
    }
    // A name that only looks like one of ours is a claim of its own and changes nothing of ours.
    let extra = json!({ "Role": "admin", "role ": "admin", "rοle": "admin" });
    let extra = ExtraClaims::new(extra.as_object().unwrap().clone()).unwrap();
    let token = sign_access(ed(), &AccessClaims { extra, ..access_claims() }).unwrap();
    assert_eq!(validator().validate(&token, now()).unwrap().role(), Some("member"));
}

#[test]
fn a_right_jti_of_another_tenant_is_still_of_that_tenant() {
    let token = with_claims(json!({ "tenant_id": uuid(77) }));
    let valid = validator().validate(&token, now()).unwrap();
    assert_eq!(valid.jti_uuid(), Some(access_claims().jti));
    assert_ne!(valid.tenant_id(), Some(access_claims().tenant_id));
}

#[test]
fn refresh_tokens() {
    let hs = key(Algorithm::Hs256);
    let token = sign_refresh(hs, &refresh_claims()).unwrap();
    let claims: Value = serde_json::from_slice(&unb64(token.split('.').nth(1).unwrap())).unwrap();
    let mut head = header(hs);
    head["typ"] = json!("rt+jwt");
    let changed = |name: &str, value: Value| {
        let mut claims = claims.clone();
        let mut changes = json!({});
        changes[name] = value;
        merge(&mut claims, changes);
        forge(hs, head.to_string(), claims.to_string())
    };
    let dressed = |name: &str, value: Value| {
        let mut head = head.clone();
        let mut changes = json!({});
        changes[name] = value;
        merge(&mut head, changes);
        forge(hs, head.to_string(), claims.to_string())
    };
    let other_secret = SigningKey::generate(Algorithm::Hs256, &rescind::system::SystemEntropy).unwrap();
    let by_ed25519 = {
        let mut head = header(ed());
        head["typ"] = json!("rt+jwt");
        forge(ed(), head.to_string(), claims.to_string())
    };
    let cases = vec![
        ("unchanged", changed("gen", json!(3)), "accepted"),
        ("typ of access", dressed("typ", json!("at+jwt")), "wrong_typ"),
        ("typ JWT", dressed("typ", json!("JWT")), "wrong_typ"),
        ("typ missing", dressed("typ", json!(ABSENT)), "typ_missing"),
        ("alg none", dressed("alg", json!("none")), "alg_not_allowed"),
        ("alg of a public key", by_ed25519, "alg_not_allowed"),
        ("kid unknown", dressed("kid", json!("nobody")), "unknown_key"),
        ("kid missing", dressed("kid", json!(ABSENT)), "kid_missing"),
        ("crit", dressed("crit", json!(["x"])), "crit_not_supported"),
        ("another secret", sign_refresh(&other_secret, &refresh_claims()).unwrap(), "unknown_key"),
        (
            "another secret, our kid",
            forge(&other_secret, head.to_string(), claims.to_string()),
            "bad_signature",
        ),
        ("iss of another", changed("iss", json!("https://evil.example")), "unknown_issuer"),
        ("iss missing", changed("iss", json!(ABSENT)), "iss_missing"),
        ("aud of another", changed("aud", json!(AUD)), "wrong_audience"),
        ("aud of us and another", changed("aud", json!([ISS, AUD])), "wrong_audience"),
        ("aud missing", changed("aud", json!(ABSENT)), "aud_missing"),
        ("token_type access", changed("token_type", json!("access")), "token_type_mismatch"),
        ("token_type missing", changed("token_type", json!(ABSENT)), "token_type_missing"),
        ("exp missing", changed("exp", json!(ABSENT)), "exp_missing"),
        ("exp a string", changed("exp", json!("9")), "exp_invalid"),
        ("exp before iat", changed("exp", json!(NOW - 1)), "lifetime_invalid"),
        ("iat missing", changed("iat", json!(ABSENT)), "iat_missing"),
        ("iat in the future", changed("iat", json!(NOW + 1)), "issued_in_future"),
        ("nbf in the future", changed("nbf", json!(NOW + 1)), "not_yet_valid"),
        ("jti missing", changed("jti", json!(ABSENT)), "jti_missing"),
        ("jti a number", changed("jti", json!(1)), "jti_invalid"),
        ("user_id missing", changed("user_id", json!(ABSENT)), "user_id_missing"),
        ("session_id missing", changed("session_id", json!(ABSENT)), "session_id_missing"),
        ("session_id rubbish", changed("session_id", json!("x")), "session_id_invalid"),
        ("token_id missing", changed("token_id", json!(ABSENT)), "token_id_missing"),
        ("token_id short", changed("token_id", json!(b64([1; 31]))), "token_id_invalid"),
        ("token_id long", changed("token_id", json!(b64([1; 33]))), "token_id_invalid"),
        ("token_id padded", changed("token_id", json!(format!("{}=", b64([1; 32])))), "token_id_invalid"),
        ("gen missing", changed("gen", json!(ABSENT)), "gen_missing"),
        ("gen negative", changed("gen", json!(-1)), "gen_invalid"),
        ("gen a string", changed("gen", json!("3")), "gen_invalid"),
    ];
    for (name, token, code) in cases {
        let got = refresh_validator().validate(&token, now()).map_or_else(Rejection::code, |_| "accepted");
        assert_eq!(got, code, "{name}");
        assert!(validator().validate_ignoring_time(&token).is_err(), "{name}: as an access token");
    }
}

#[test]
fn refresh_tokens_of_a_retired_mac_key() {
    let hs = key(Algorithm::Hs256);
    let token = sign_refresh(hs, &refresh_claims()).unwrap();
    let with = |at: i64| {
        let keys = KeySet::new([hs.verifying_key().with_retired_at(Timestamp::from_secs(at))]).unwrap();
        RefreshValidator::new(ISS, keys, Duration::ZERO).validate(&token, now()).map(|_| ())
    };
    assert_eq!(with(NOW), Ok(()));
    assert_eq!(with(NOW - 1), Err(Rejection::KeyRetired));
}

fn hex(text: &str) -> Vec<u8> {
    (0..text.len()).step_by(2).map(|i| u8::from_str_radix(&text[i..i + 2], 16).unwrap()).collect()
}

/// `a − b`, big-endian, for `a > b`.
fn subtract(a: &[u8], b: &[u8]) -> Vec<u8> {
    let mut borrow = 0;
    let mut out = vec![0; a.len()];
    for i in (0..a.len()).rev() {
        let difference = i16::from(a[i]) - i16::from(b[i]) - borrow;
        borrow = i16::from(difference < 0);
        out[i] = difference.rem_euclid(256) as u8;
    }
    out
}
