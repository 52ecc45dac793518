//! The header of an access token whose issuer signs whatever it likes.
//!
//! What is taken is one JSON object without doubled members that names the key's own algorithm and a type that the issuer has,
//! and holds nothing that would change what is signed or who vouches for it. No header makes a token both kinds.

use serde_json::Value;

use crate::Seed;
use crate::support::world::WORLD;
use crate::support::{json, jws, tokens};

/// Signs under the header, for each issuer and each kind of token.
pub fn run(data: &[u8]) {
    let refresh = tokens::payload_of(&tokens::refresh_token());
    let mut kinds = [false; 2];
    for payload in [tokens::access_payload().as_str(), tokens::PLATFORM_PAYLOAD, &refresh] {
        let token = jws::sign(data, payload.as_bytes());
        let verdict = WORLD.verdict(&token);
        let is_platform = payload == tokens::PLATFORM_PAYLOAD;
        if let Ok(signed) = WORLD.validator.verify(&token) {
            check(data, if is_platform { &["JWT"] } else { &["at+jwt"] }, is_platform);
            assert_eq!(
                signed.digest(),
                jws::digest_of(&token),
                "whatever the header, the digest is of its text"
            );
            kinds[0] |= !is_platform;
        } else {
            assert!(verdict.is_err(), "a verifier took what its validator refuses");
        }
        if WORLD.refresh.validate_ignoring_time(&token).is_ok() {
            check(data, &["rt+jwt"], false);
            kinds[1] = true;
        }
    }
    assert_ne!(kinds, [true, true], "a header for both kinds of token");
}

fn check(header: &[u8], types: &[&str], may_lack: bool) {
    let members = json::object(header).expect("an object without doubled members");
    let text = |name: &str| members.get(name).map(|value| value.as_str().unwrap_or_default());
    assert_eq!(text("alg"), Some("HS256"));
    assert!(text("kid").map_or(may_lack, |kid| kid == jws::KID), "another key: {:?}", text("kid"));
    let is_type = |typ: &str| {
        let short = typ.to_ascii_lowercase();
        let short = short.strip_prefix("application/").unwrap_or(&short);
        types.iter().any(|one| one.eq_ignore_ascii_case(short))
    };
    assert!(text("typ").map_or(may_lack, is_type), "another type: {:?}", text("typ"));
    for name in ["crit", "b64", "zip", "enc", "jwk", "jku", "x5u", "x5c"] {
        assert!(!members.contains_key(name), "{name} was taken");
    }
    assert!(!members.get("cty").and_then(Value::as_str).is_some_and(|cty| cty.eq_ignore_ascii_case("jwt")));
}

/// Good ones, and what has to be refused.
pub fn seeds() -> Vec<Seed> {
    let header = |text: &str| text.as_bytes().to_vec();
    vec![
        ("access", tokens::ACCESS_HEADER.to_vec()),
        ("refresh", tokens::REFRESH_HEADER.to_vec()),
        ("platform", header(r#"{"alg":"HS256","kid":"shared","typ":"JWT"}"#)),
        ("alg_only", header(r#"{"alg":"HS256"}"#)),
        ("media_type", header(r#"{"alg":"HS256","kid":"shared","typ":"Application/jwt"}"#)),
        ("none", header(r#"{"alg":"none"}"#)),
        ("another_algorithm", header(r#"{"alg":"EdDSA","kid":"shared","typ":"at+jwt"}"#)),
        ("crit", header(r#"{"alg":"HS256","kid":"shared","typ":"at+jwt","crit":["b64"],"b64":true}"#)),
        ("embedded", header(r#"{"alg":"HS256","kid":"shared","typ":"at+jwt","jwk":{"kty":"oct","k":"AA"}}"#)),
        ("doubled", header(r#"{"alg":"HS256","\u0061lg":"none","kid":"shared","typ":"at+jwt"}"#)),
        ("cty", header(r#"{"alg":"HS256","kid":"shared","typ":"JWT","cty":"text","x":[{}]}"#)),
    ]
}
