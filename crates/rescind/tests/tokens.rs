//! What we sign, we accept, and it says what it said.
#![allow(clippy::unwrap_used, clippy::needless_pass_by_value, reason = "helpers of tests")]

mod support;

use rescind::clock::Timestamp;
use rescind::token::*;
use serde_json::json;
use support::*;

const ALL: [Algorithm; 5] =
    [Algorithm::EdDsa, Algorithm::Es256, Algorithm::Rs256, Algorithm::Ps256, Algorithm::Hs256];

#[test]
fn an_access_token_of_every_algorithm_is_accepted_and_says_what_it_said() {
    let mut claims = access_claims();
    let extra = json!({ "plan": "pro", "quota": { "seats": [1, 2] } });
    claims.extra = ExtraClaims::new(extra.as_object().unwrap().clone()).unwrap();
    for algorithm in ALL {
        let token = sign_access(key(algorithm), &claims).unwrap();
        let valid = validator().validate(&token, now()).unwrap();
        assert_eq!(valid.algorithm(), algorithm);
        assert_eq!(valid.kid(), key(algorithm).kid());
        assert_eq!(valid.iss(), ISS);
        assert!(valid.audiences().eq([AUD]));
        assert_eq!(
            (valid.client_id(), valid.email(), valid.role()),
            (Some("rescind"), Some("ada@example.com"), Some("member"))
        );
        assert_eq!(
            (valid.issued_at(), valid.not_before(), valid.expires_at()),
            (claims.iat, Some(claims.nbf), claims.exp)
        );
        let ids = valid.own_ids().unwrap();
        assert_eq!((ids.jti, ids.user_id, ids.tenant_id), (claims.jti, claims.user_id, claims.tenant_id));
        assert_eq!((ids.session_id, ids.ver, ids.tver), (claims.sid, claims.ver, claims.tver));
        assert_eq!(serde_json::Value::from(valid.extra()), extra);
        assert_eq!(valid.claims_json(), serde_json::to_value(&claims).unwrap());
    }
}

#[test]
fn a_refresh_token_is_accepted_says_what_it_said_and_is_rebuilt_to_the_byte() {
    let claims = refresh_claims();
    let token = sign_refresh(key(Algorithm::Hs256), &claims).unwrap();
    assert_eq!(token, sign_refresh(key(Algorithm::Hs256), &claims).unwrap());
    let valid = refresh_validator().validate(&token, now()).unwrap();
    assert_eq!(
        (valid.jti(), valid.user_id(), valid.session_id()),
        (claims.jti, claims.user_id, claims.session_id)
    );
    assert_eq!((valid.generation(), valid.token_id()), (3, &claims.token_id));
    assert_eq!((valid.issued_at(), valid.expires_at()), (claims.iat, claims.exp));
    assert_eq!(valid.kid(), key(Algorithm::Hs256).kid());
}

#[test]
fn a_refresh_token_is_signed_with_hs256_only() {
    for algorithm in Algorithm::ASYMMETRIC {
        assert_eq!(sign_refresh(key(algorithm), &refresh_claims()), Err(KeyError::WrongAlgorithm));
    }
}

#[test]
fn a_stored_key_is_the_same_key() {
    for algorithm in ALL {
        let again = SigningKey::from_secret_bytes(algorithm, &key(algorithm).secret_bytes()).unwrap();
        assert_eq!(again.kid(), key(algorithm).kid());
        let token = sign_access(&again, &access_claims()).unwrap();
        assert!(validator().validate(&token, now()).is_ok(), "{algorithm}");
    }
}

#[test]
fn one_audience_is_a_string_and_several_are_an_array() {
    let mut claims = access_claims();
    assert_eq!(serde_json::to_value(&claims).unwrap()["aud"], json!(AUD));
    claims.aud.push("https://other.example".to_owned());
    assert_eq!(serde_json::to_value(&claims).unwrap()["aud"], json!([AUD, "https://other.example"]));
    let token = sign_access(key(Algorithm::EdDsa), &claims).unwrap();
    let valid = validator().validate_for(&token, now(), "https://other.example").unwrap();
    assert!(valid.has_audience(AUD));
}

#[test]
fn a_digest_names_the_signing_input_and_not_the_signature() {
    let token = sign_access(key(Algorithm::Es256), &access_claims()).unwrap();
    let (input, _) = token.rsplit_once('.').unwrap();
    let signed_again = format!("{input}.{}", b64(raw_signature(key(Algorithm::Es256), input.as_bytes())));
    assert_ne!(token, signed_again);
    let digest = |token: &str| validator().verify(token).unwrap().digest();
    let expected = aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, input.as_bytes());
    assert_eq!(digest(&token), expected.as_ref());
    assert_eq!(digest(&signed_again), expected.as_ref());
    // With a header that is not ours to the byte, the header as it came counts.
    let spaced =
        forge(key(Algorithm::EdDsa), format!("{:#}", header(key(Algorithm::EdDsa))), payload().to_string());
    let (input, _) = spaced.rsplit_once('.').unwrap();
    let expected = aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, input.as_bytes());
    assert_eq!(digest(&spaced), expected.as_ref());
}

#[test]
fn a_new_key_is_taken_at_once_and_a_removed_one_no_more() {
    let keys = KeySet::empty();
    let validator = Validator::new(vec![Issuer::ours(ISS, keys.clone()).with_audiences([AUD])]).unwrap();
    let token = sign_access(key(Algorithm::EdDsa), &access_claims()).unwrap();
    assert_eq!(validator.validate(&token, now()).unwrap_err(), Rejection::UnknownKey);
    keys.replace([key(Algorithm::EdDsa).verifying_key()]).unwrap();
    assert!(validator.validate(&token, now()).is_ok());
    keys.replace([]).unwrap();
    assert_eq!(validator.validate(&token, now()).unwrap_err(), Rejection::UnknownKey);
}

#[test]
fn time_is_checked_to_the_millisecond_with_the_leeway_and_expiry_last() {
    let issuer = issuer().with_leeway(std::time::Duration::from_millis(1500));
    let validator = Validator::new(vec![issuer]).unwrap();
    let token = sign_access(key(Algorithm::EdDsa), &access_claims()).unwrap();
    let at = |millis: i64| {
        validator.validate(&token, Timestamp::from_millis(millis)).map(|_| ()).map_err(Rejection::code)
    };
    assert_eq!(at(NOW * 1000 - 1501), Err("issued_in_future"));
    assert_eq!(at(NOW * 1000 - 1500), Ok(()));
    assert_eq!(at((NOW + 900) * 1000 + 1499), Ok(()));
    assert_eq!(at((NOW + 900) * 1000 + 1500), Err("token_expired"));
    let elsewhere = validator.validate_for(&token, Timestamp::MAX, "https://other.example");
    assert_eq!(elsewhere.unwrap_err(), Rejection::WrongAudience);
}

#[test]
fn an_expired_token_still_names_what_to_end() {
    let access = sign_access(key(Algorithm::EdDsa), &access_claims()).unwrap();
    assert_eq!(validator().validate(&access, Timestamp::MAX).unwrap_err(), Rejection::Expired);
    assert_eq!(validator().validate_ignoring_time(&access).unwrap().session_id(), Some(access_claims().sid));
    let refresh = sign_refresh(key(Algorithm::Hs256), &refresh_claims()).unwrap();
    assert_eq!(refresh_validator().validate(&refresh, Timestamp::MAX).unwrap_err(), Rejection::Expired);
    let signed = refresh_validator().validate_ignoring_time(&refresh).unwrap();
    assert_eq!(signed.session_id(), refresh_claims().session_id);
}

#[test]
fn debug_of_keys_and_tokens_shows_no_secret() {
    let refresh = sign_refresh(key(Algorithm::Hs256), &refresh_claims()).unwrap();
    let access = sign_access(key(Algorithm::Hs256), &access_claims()).unwrap();
    let shown = format!(
        "{:?} {:?} {:?} {:?} {:?} {:?}",
        key(Algorithm::Hs256),
        key(Algorithm::EdDsa),
        refresh_claims(),
        refresh_validator().validate(&refresh, now()).unwrap(),
        validator().validate(&access, now()).unwrap(),
        validator(),
    );
    for secret in [key(Algorithm::Hs256).secret_bytes(), key(Algorithm::EdDsa).secret_bytes()] {
        assert!(!shown.contains(&b64(&*secret)) && !shown.contains(&format!("{:?}", &secret[..])));
    }
    assert!(!shown.contains(&b64([9; 32])) && !shown.contains("9, 9, 9, 9"));
    assert!(!shown.contains("ada@example.com") && !shown.contains(access.rsplit('.').next().unwrap()));
}
