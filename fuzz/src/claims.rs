//! The payload of an access token whose issuer signs whatever it likes.
//!
//! What is taken is one JSON object without doubled members, and a second reader finds in it the very claims that we found;
//! the token lives from its `iat` and `nbf` until its `exp`, to the second.

use rescind::clock::Timestamp;
use rescind::token::{Expected, SignedToken};
use serde_json::{Map, Value};

use crate::Seed;
use crate::support::world::{NOW, OURS, PLATFORM_LEEWAY, WORLD};
use crate::support::{json, jws, tokens};

/// Signs the payload and checks the token.
pub fn run(data: &[u8]) {
    for header in [tokens::ACCESS_HEADER, br#"{"alg":"HS256","kid":"shared","typ":"JWT"}"#] {
        let token = jws::sign(header, data);
        let verdict = WORLD.verdict(&token);
        let Ok(signed) = WORLD.validator.verify(&token) else {
            assert!(verdict.is_err(), "a verifier took what its validator refuses");
            continue;
        };
        let claims = json::object(data).expect("an object without doubled members");
        assert_eq!(signed.claims_json(), Value::Object(claims.clone()));
        assert_eq!(signed.digest(), jws::digest_of(&token));
        check_claims(&signed, &claims);
        check_times(&signed, &claims);
        assert!(WORLD.refresh.validate_ignoring_time(&token).is_err(), "taken for a refresh token");
    }
}

fn check_claims(signed: &SignedToken, claims: &Map<String, Value>) {
    let text = |name: &str| claims.get(name).and_then(Value::as_str);
    let number = |name: &str| claims.get(name).and_then(Value::as_i64);
    assert_eq!(text("iss"), Some(signed.iss()));
    assert_eq!(text("jti"), signed.jti());
    assert_eq!(text("sub"), signed.sub());
    assert_eq!(number("ver"), signed.ver());
    assert_eq!(number("exp").map(Timestamp::from_secs), Some(signed.expires_at()));
    assert_eq!(number("iat").map(Timestamp::from_secs), Some(signed.issued_at()));
    assert_eq!(number("nbf").map(Timestamp::from_secs), signed.not_before());
    let audiences: Vec<&str> = match &claims["aud"] {
        Value::Array(many) => many.iter().filter_map(Value::as_str).collect(),
        one => one.as_str().into_iter().collect(),
    };
    assert_eq!(signed.audiences().collect::<Vec<_>>(), audiences);
    assert!(!audiences.is_empty());
    let user = if signed.is_ours() { "user_id" } else { "sub" };
    // In whichever spelling.
    let is_named = |id: uuid::Uuid| text(user).is_some_and(|text| text.parse() == Ok(id));
    assert!(signed.user_id().is_none_or(|id| is_named(id.0)), "somebody else's id");
    if signed.is_ours() {
        check_ours(signed, claims);
    }
}

fn check_ours(signed: &SignedToken, claims: &Map<String, Value>) {
    let text = |name: &str| claims.get(name).and_then(Value::as_str);
    let is = |name: &str, id: uuid::Uuid| text(name).is_some_and(|text| text.parse() == Ok(id));
    let ids = signed.own_ids().expect("ours have all of them");
    assert_eq!(text("iss"), Some(OURS));
    assert_eq!(text("token_type"), Some("access"));
    assert_eq!(text("sub"), text("user_id"));
    assert_eq!(text("email"), signed.email());
    assert_eq!(text("role"), signed.role());
    assert_eq!(text("client_id"), signed.client_id());
    assert!(is("jti", ids.jti.0) && is("user_id", ids.user_id.0) && is("tenant_id", ids.tenant_id.0));
    assert!(is("sid", ids.session_id.0));
    assert_eq!((claims["ver"].as_i64(), claims["tver"].as_i64()), (Some(ids.ver), Some(ids.tver)));
}

/// Alive on `[max(iat, nbf), exp)`, give or take the leeway, and for at most a day.
fn check_times(signed: &SignedToken, claims: &Map<String, Value>) {
    let number = |name: &str| claims.get(name).and_then(Value::as_i64);
    let (iat, exp) = (number("iat").unwrap_or(0), number("exp").unwrap_or(0));
    assert!((1..=86_400).contains(&(exp - iat)), "it lives for {} s", exp - iat);
    let leeway = if signed.is_ours() { 0 } else { i64::try_from(PLATFORM_LEEWAY.as_secs()).unwrap_or(0) };
    let begin = iat.max(number("nbf").unwrap_or(0)) - leeway;
    for at in [begin - 1, begin, exp + leeway - 1, exp + leeway, NOW.as_secs()] {
        // Timestamps end with the years 1970 and 9999.
        let moment = Timestamp::from_secs(at);
        let alive = begin <= moment.as_secs() && moment.as_secs() < exp + leeway;
        let said = signed.validate(moment, Expected::Any);
        assert_eq!(said.is_ok(), alive, "at {at} of {begin}..{}", exp + leeway);
    }
}

/// Our own claims, a platform's, and what has to be refused.
pub fn seeds() -> Vec<Seed> {
    let ours = tokens::access_payload();
    let bent = |from: &str, to: &str| ours.replacen(from, to, 1).into_bytes();
    vec![
        ("ours", ours.clone().into_bytes()),
        ("platform", tokens::PLATFORM_PAYLOAD.as_bytes().to_vec()),
        ("doubled", bent("\"role\":", "\"ver\":7,\"role\":")),
        ("doubled_by_an_escape", bent("\"role\":", "\"\\u0076er\":7,\"role\":")),
        ("escaped_values", bent("member", "m\\u0065mb\\ud83d\\ude00er\\n")),
        ("nested", bent("\"role\":", "\"x\":{\"a\":[1,2.5e3,null,{\"b\":true}]},\"role\":")),
        ("a_number_that_is_not_whole", bent("\"ver\":7", "\"ver\":7.0")),
        ("spaces", bent(",", " ,\n\t")),
        ("refresh", tokens::payload_of(&tokens::refresh_token()).into_bytes()),
    ]
}
