//! A refresh token: its text, or the payload of one that is signed as ours are. The first byte chooses.
//!
//! No text but the one that was signed is taken. What is taken has every claim, as a second reader reads them, and is taken for
//! an access token nowhere.

use rescind::clock::Timestamp;
use serde_json::Value;

use crate::Seed;
use crate::support::world::{OURS, WORLD};
use crate::support::{json, jws, tokens};

/// The first byte of an input that is a whole token.
const WHOLE: u8 = b'=';

/// Checks the token.
pub fn run(data: &[u8]) {
    match data.split_first() {
        Some((&WHOLE, text)) => whole(text),
        _ => payload(data),
    }
}

fn whole(text: &[u8]) {
    let Ok(text) = std::str::from_utf8(text) else { return };
    let taken = WORLD.refresh.validate_ignoring_time(text).is_ok();
    assert!(!taken || text == tokens::refresh_token(), "nobody signed this");
    assert!(!taken || WORLD.validator.verify(text).is_err(), "taken for an access token");
}

fn payload(payload: &[u8]) {
    let token = jws::sign(tokens::REFRESH_HEADER, payload);
    assert!(WORLD.validator.verify(&token).is_err(), "a refresh token, taken for an access token");
    let Ok(signed) = WORLD.refresh.validate_ignoring_time(&token) else { return };
    let claims = json::object(payload).expect("an object without doubled members");
    let text = |name: &str| claims.get(name).and_then(Value::as_str).unwrap_or_default();
    let number = |name: &str| claims.get(name).and_then(Value::as_i64);
    assert_eq!((text("iss"), text("token_type")), (OURS, "refresh"));
    assert!(claims["aud"] == OURS || claims["aud"] == serde_json::json!([OURS]));
    assert_eq!(text("jti").parse(), Ok(signed.jti().0));
    assert_eq!(text("user_id").parse(), Ok(signed.user_id().0));
    assert_eq!(text("session_id").parse(), Ok(signed.session_id().0));
    assert_eq!(number("gen"), Some(signed.generation()));
    assert_eq!(number("exp").map(Timestamp::from_secs), Some(signed.expires_at()));
    assert_eq!(number("iat").map(Timestamp::from_secs), Some(signed.issued_at()));
    assert!(number("iat") < number("exp"));
    let shown = format!("{signed:?}");
    assert!(!shown.contains(text("token_id")), "the secret is printed");
}

/// A good one, its payload, and what has to be refused.
pub fn seeds() -> Vec<Seed> {
    let token = tokens::refresh_token();
    let payload = tokens::payload_of(&token);
    let whole = |text: &str| [&[WHOLE], text.as_bytes()].concat();
    vec![
        ("whole", whole(&token)),
        ("padded", whole(&format!("{token}="))),
        ("payload", payload.clone().into_bytes()),
        ("access", tokens::access_payload().into_bytes()),
        (
            "a_list_of_one",
            payload
                .replace(r#""aud":"https://auth.example""#, r#""aud":["https://auth.example"]"#)
                .into_bytes(),
        ),
        ("doubled", payload.replacen(r#""gen":6"#, r#""gen":6,"\u0067en":7"#, 1).into_bytes()),
    ]
}
